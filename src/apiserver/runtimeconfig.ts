/** Which resources are served: the default, and what `--runtime-config` switches on or off. */
import type { ResourceDefinition } from '../schema/vocabulary.ts';
import { apiVersionOf } from './objects.ts';

const stages: Readonly<Record<string, (version: string) => boolean>> = {
  'api/all': () => true,
  'api/ga': (version) => /^v\d+$/.test(version),
  'api/beta': (version) => version.includes('beta'),
  'api/alpha': (version) => version.includes('alpha'),
};

/** The narrower entry wins: a resource over its version, that over a stage, that over all. Throws for what there is not; what has a gate that is closed is just not served. */
export function servedResources(all: readonly ResourceDefinition[], entries: readonly string[], features: readonly string[]): ResourceDefinition[] {
  const given = new Map(entries.map(parse));
  const known = new Set(all.flatMap((r) => [apiVersionOf(r.group, r.version), `${apiVersionOf(r.group, r.version)}/${r.resource}`]));
  for (const key of given.keys()) {
    if (!(key in stages) && !known.has(key)) throw new Error(`--runtime-config: there is no API ${JSON.stringify(key)}`);
  }
  return all.filter((r) => {
    if (r.gate !== undefined && !features.includes(r.gate)) return false;
    const version = apiVersionOf(r.group, r.version);
    const stage = Object.keys(stages).filter((key) => given.has(key) && stages[key]!(r.version)).at(-1);
    return given.get(`${version}/${r.resource}`) ?? given.get(version) ?? (stage === undefined ? !r.offByDefault : given.get(stage)!);
  });
}

function parse(entry: string): [key: string, on: boolean] {
  const [, key, value] = /^([^=]*)(?:=(.*))?$/s.exec(entry)!;
  if (value !== undefined && value !== '' && value !== 'true' && value !== 'false') throw new Error(`--runtime-config: invalid value ${JSON.stringify(entry)}: true or false`);
  return [key!, value !== 'false'];
}
