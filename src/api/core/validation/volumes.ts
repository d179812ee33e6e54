/** Volumes of pods. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/fieldpath.ts';
import { nameIsSubdomain } from '../../../machinery/names.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkAnnotations, checkLabel, checkLabels } from '../../../schema/metadata.ts';
import { pullPolicies } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkFieldRef, checkResourceFieldRef } from './env.ts';
import { checkPayloadPath } from './paths.ts';
import { checkGitRepo, checkOneSource, sharedRules, type SourceRule } from './sources.ts';
import { checkClaimSpec } from './storage.ts';

type Volume = DeepReadonly<T.Volume>;
type Source = Exclude<keyof T.Volume, 'name'>;

function checkMode(mode: number | undefined, path: string, out: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) out.push(invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

function checkItems(items: DeepReadonly<T.KeyToPath[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, item] of (items ?? []).entries()) checkItem(item, `${path}[${i}]`, out);
}

function checkItem(item: DeepReadonly<T.KeyToPath>, path: string, out: FieldError[]): void {
  if (!item.key) out.push(required(`${path}.key`));
  if (!item.path) out.push(required(`${path}.path`));
  checkPayloadPath(item.path ?? '', `${path}.path`, out);
  checkMode(item.mode, `${path}.mode`, out);
}

/** Upstream's paths name the volume, not the item. */
function checkDownwardItem(item: DeepReadonly<T.DownwardAPIVolumeFile>, path: string, out: FieldError[]): void {
  if (!item.path) out.push(required(`${path}.path`));
  checkPayloadPath(item.path ?? '', `${path}.path`, out);
  if (item.fieldRef) {
    checkFieldRef(item.fieldRef, `${path}.fieldRef`, out, true);
    if (item.resourceFieldRef) out.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (item.resourceFieldRef) {
    checkResourceFieldRef(item.resourceFieldRef, `${path}.resourceFieldRef`, out, true);
  } else {
    out.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  }
  checkMode(item.mode, `${path}.mode`, out);
}

function checkToken(t: DeepReadonly<T.ServiceAccountTokenProjection>, path: string, volumePath: string, out: FieldError[]): void {
  const seconds = t.expirationSeconds ?? 3600;
  if (seconds < 600) out.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > 2 ** 32) out.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!t.path) out.push(required(`${volumePath}.path`));
  else checkPayloadPath(t.path, `${volumePath}.path`, out);
}

function checkProjected(p: DeepReadonly<T.ProjectedVolumeSource>, path: string, out: FieldError[]): void {
  checkMode(p.defaultMode, `${path}.defaultMode`, out);
  const paths = new Set<string>();
  const once = (file: string | undefined, named: string): void => {
    if (!file) return;
    if (paths.has(file)) out.push(invalid(path, named, 'conflicting duplicate paths'));
    paths.add(file);
  };
  for (const [i, s] of (p.sources ?? []).entries()) {
    const at = `${path}.sources[${i}]`;
    for (const kind of ['secret', 'configMap'] as const) {
      const source = s[kind];
      if (!source) continue;
      if (!source.name) out.push(required(`${at}.${kind}.name`));
      for (const [j, item] of (source.items ?? []).entries()) {
        checkItem(item, `${at}.${kind}.items[${j}]`, out);
        once(item.path, source.name ?? '');
      }
    }
    for (const item of s.downwardAPI?.items ?? []) {
      checkDownwardItem(item, `${at}.downwardAPI`, out);
      once(item.path, item.path ?? '');
    }
    if (s.serviceAccountToken) checkToken(s.serviceAccountToken, `${at}.serviceAccountToken`, path, out);
    if (Object.values(s).filter((source) => source !== undefined).length > 1) out.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  }
}

const notOfTemplates = [
  'name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences', 'finalizers', 'managedFields',
] as const;

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 0 && !(Array.isArray(value) && value.length === 0);
}

/** A claim that is made for a pod, named after both. */
function checkEphemeral(v: DeepReadonly<T.EphemeralVolumeSource>, path: string, out: FieldError[]): void {
  const template = v.volumeClaimTemplate;
  if (!template) return void out.push(required(`${path}.volumeClaimTemplate`));
  const meta = template.metadata ?? {};
  const at = `${path}.volumeClaimTemplate.metadata`;
  checkAnnotations(meta.annotations, `${at}.annotations`, out);
  checkLabels(meta.labels, `${at}.labels`, out);
  for (const key of notOfTemplates) if (isSet(meta[key])) out.push(forbidden(`${at}.${key === 'uid' ? 'uID' : key}`, 'cannot be set'));
  checkClaimSpec(template.spec, `${path}.volumeClaimTemplate.spec`, out);
}

/** Sources that only pods have. */
const own: { readonly [key in Exclude<Source, keyof typeof sharedRules>]: SourceRule<NonNullable<T.Volume[key]>> } = {
  emptyDir: {
    check(s, path, out) {
      if (s.sizeLimit !== undefined && parseQuantity(s.sizeLimit).sign() < 0) out.push(forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
    },
  },
  gitRepo: { needs: { repository: '' }, check: checkGitRepo },
  secret: {
    needs: { secretName: '' },
    check(s, path, out) {
      checkMode(s.defaultMode, `${path}.defaultMode`, out);
      checkItems(s.items, `${path}.items`, out);
    },
  },
  persistentVolumeClaim: { needs: { claimName: '' } },
  downwardAPI: {
    calledBeside: 'downwarAPI',
    check(s, path, out) {
      checkMode(s.defaultMode, `${path}.defaultMode`, out);
      for (const item of s.items ?? []) checkDownwardItem(item, path, out);
    },
  },
  configMap: {
    needs: { name: '' },
    check(s, path, out) {
      checkMode(s.defaultMode, `${path}.defaultMode`, out);
      checkItems(s.items, `${path}.items`, out);
    },
  },
  projected: { check: checkProjected },
  ephemeral: {
    check(s, path, out, { name }) {
      checkEphemeral(s, path, out);
      // `<pod>-<volume>`; where there is no pod yet, nothing can be said of it.
      if (name.includes('/')) for (const c of nameIsSubdomain(name.replace('/', '-'), false)) out.push(invalid(`${path.replace(/\.ephemeral$/, '')}.name`, name.slice(name.indexOf('/') + 1), `PVC name "${name.replace('/', '-')}": ${c}`));
    },
  },
  image: {
    needs: { reference: '' },
    check(s, path, out) {
      if (s.pullPolicy && !pullPolicies.includes(s.pullPolicy)) out.push(notSupported(`${path}.pullPolicy`, s.pullPolicy, pullPolicies));
    },
  },
};

/** In upstream's order: the first that is set is the one that counts. */
const order: readonly Source[] = [
  'emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs', 'flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte',
  'downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos', 'projected', 'scaleIO', 'csi', 'ephemeral', 'image',
];
const all: Readonly<Record<string, SourceRule<never>>> = { ...sharedRules, ...own };
const rules = order.map((key) => [key, all[key]!] as const);

function checkSource(v: Volume, podName: string | undefined, path: string, out: FieldError[]): void {
  const name = v.ephemeral && podName && v.name ? `${podName}/${v.name}` : (v.name ?? '');
  if (checkOneSource(v, rules, path, { persistent: false, name }, out) === 0) out.push(required(path, 'must specify a volume type'));
}

/** Answers with the volumes that are valid, by name: mounts may only refer to those. */
export function checkVolumes(volumes: DeepReadonly<T.Volume[]> | undefined, podName: string | undefined, path: string, out: FieldError[]): ReadonlyMap<string, Volume> {
  const valid = new Map<string, Volume>();
  const made = new Set((volumes ?? []).filter((v) => podName && v.ephemeral).map((v) => `${podName}-${v.name}`));
  for (const [i, v] of (volumes ?? []).entries()) {
    const at = `${path}[${i}]`;
    const found: FieldError[] = [];
    checkSource(v, podName, at, found);
    if (!v.name) found.push(required(`${at}.name`));
    else checkLabel(v.name, `${at}.name`, found);
    if (valid.has(v.name)) found.push(duplicate(`${at}.name`, v.name));
    if (found.length === 0) valid.set(v.name, v);
    out.push(...found);
    const claim = v.persistentVolumeClaim?.claimName;
    if (claim && made.has(claim)) out.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume'));
  }
  return valid;
}
