/** Which resources are served: the default, and what `--runtime-config` switches on or off. */
import type { ResourceDefinition } from '../schema/vocabulary.ts';
import { apiVersionOf, parseApiVersion } from './objects.ts';

/** In upstream's order: the later ones have the last word. */
const stages: Readonly<Record<string, (version: string) => boolean>> = {
  'api/all': () => true,
  'api/ga': (version) => /^v\d+$/.test(version),
  'api/beta': (version) => /^v\d+beta\d+$/.test(version),
  'api/alpha': (version) => /^v\d+alpha\d+$/.test(version),
};

/** Versions that upstream knows and serves nothing of: to name them is no mistake. */
const unserved = new Set([
  'apps/v1beta1', 'apps/v1beta2', 'authentication.k8s.io/v1alpha1', 'authentication.k8s.io/v1beta1', 'authorization.k8s.io/v1beta1', 'autoscaling/v2beta1', 'autoscaling/v2beta2', 'batch/v1beta1',
  'certificates.k8s.io/v1beta1', 'coordination.k8s.io/v1beta1', 'discovery.k8s.io/v1beta1', 'events.k8s.io/v1beta1', 'extensions/v1beta1', 'flowcontrol.apiserver.k8s.io/v1beta1', 'flowcontrol.apiserver.k8s.io/v1beta2',
  'flowcontrol.apiserver.k8s.io/v1beta3', 'imagepolicy.k8s.io/v1alpha1', 'networking.k8s.io/v1beta1', 'node.k8s.io/v1alpha1', 'node.k8s.io/v1beta1', 'policy/v1beta1', 'rbac.authorization.k8s.io/v1alpha1',
  'rbac.authorization.k8s.io/v1beta1', 'scheduling.k8s.io/v1alpha1', 'scheduling.k8s.io/v1beta1', 'storage.k8s.io/v1alpha1', 'internal.apiserver.k8s.io/v1alpha1', 'apiextensions.k8s.io/v1beta1', 'apiregistration.k8s.io/v1beta1',
]);

/** The narrower entry wins: a resource over its version, that over a stage, that over all. Throws in upstream's words for what there is not; what has a gate that is closed is just not served. */
export function servedResources(all: readonly ResourceDefinition[], entries: readonly string[], features: readonly string[]): ResourceDefinition[] {
  const given = new Map(entries.map(pairOf));
  check(given, all);
  const enabled = new Map([...given].map(([key, value]) => [key, valueOf(key, value)]));
  return all.filter((r) => {
    if (r.gate !== undefined && !features.includes(r.gate)) return false;
    const version = r.group === '' ? `/${r.version}` : apiVersionOf(r.group, r.version);
    const stage = Object.keys(stages).filter((key) => enabled.has(key) && stages[key]!(r.version)).at(-1);
    return enabled.get(`${version}/${r.resource}`) ?? enabled.get(version) ?? (stage === undefined ? !r.offByDefault : enabled.get(stage)!);
  });
}

function pairOf(entry: string): [key: string, value: string | undefined] {
  const at = entry.indexOf('=');
  const [key, value] = at < 0 ? [entry.trim(), undefined] : [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
  // The core group is written either way; upstream takes only the one that is hard to guess.
  return [/^v\d+(\/|$)/.test(key) ? `/${key}` : key, value];
}

function check(given: ReadonlyMap<string, string | undefined>, all: readonly ResourceDefinition[]): void {
  if (given.size === 1 && given.get('api/all') === 'false') throw new Error('invalid key with only api/all=false');
  const groups = new Set([...all.map((r) => r.group), ...[...unserved].map((version) => parseApiVersion(version).group)]);
  const versions = new Set([...all.map((r) => `${r.group}/${r.version}`), ...unserved]);
  const unknown: string[] = [];
  for (const key of given.keys()) {
    if (key in stages) continue;
    const tokens = key.split('/');
    if (tokens.length !== 2 && tokens.length !== 3) throw new Error(`runtime-config invalid key ${key}`);
    if (!groups.has(tokens[0]!)) unknown.push(tokens[0]!);
  }
  if (unknown.length > 0) throw new Error(`unknown api groups ${unknown.join(',')}`);
  for (const key of given.keys()) {
    if (key in stages) continue;
    const [group = '', version = '', resource = ''] = key.split('/');
    if (!versions.has(`${group}/${version}`)) throw new Error(`group version ${group === '' ? version : `${group}/${version}`} that has not been registered`);
    if (resource.toLowerCase() !== resource) throw new Error(`invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(resource)}`);
  }
}

function valueOf(key: string, value: string | undefined): boolean {
  if (key in stages) {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new Error(`invalid value ${key}=${value ?? ''}`);
  }
  if (value === undefined || value === '') return true;
  if (!/^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(value)) throw new Error(`invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  return /^[1tT]/.test(value);
}
