/** Volumes of pods. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/fieldpath.ts';
import { nameIsSubdomain } from '../../../machinery/names.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabel } from '../../../schema/metadata.ts';
import type * as T from '../v1/types.ts';
import { checkFieldRef, checkResourceFieldRef } from './env.ts';
import { checkNoBacksteps, checkPayloadPath } from './paths.ts';

type Volume = DeepReadonly<T.Volume>;
type Source = Exclude<keyof T.Volume, 'name'>;
type Check = (volume: Volume, path: string, out: FieldError[]) => void;

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

function checkMode(mode: number | undefined, path: string, out: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) out.push(invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

function checkItems(items: DeepReadonly<T.KeyToPath[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, item] of (items ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!item.key) out.push(required(`${at}.key`));
    if (!item.path) out.push(required(`${at}.path`));
    checkPayloadPath(item.path ?? '', `${at}.path`, out);
    checkMode(item.mode, `${at}.mode`, out);
  }
}

function checkDownwardItems(items: DeepReadonly<T.DownwardAPIVolumeFile[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, item] of (items ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!item.path) out.push(required(`${at}.path`));
    checkPayloadPath(item.path ?? '', `${at}.path`, out);
    if (item.fieldRef) {
      checkFieldRef(item.fieldRef, `${at}.fieldRef`, out, true);
      if (item.resourceFieldRef) out.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (item.resourceFieldRef) {
      checkResourceFieldRef(item.resourceFieldRef, `${at}.resourceFieldRef`, out, true);
    } else {
      out.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    }
    checkMode(item.mode, `${at}.mode`, out);
  }
}

function checkToken(t: DeepReadonly<T.ServiceAccountTokenProjection>, path: string, out: FieldError[]): void {
  const seconds = t.expirationSeconds ?? 3600;
  if (seconds < 600) out.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > 2 ** 32) out.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!t.path) out.push(required(`${path}.path`));
  else checkPayloadPath(t.path, `${path}.path`, out);
}

function checkProjected(p: DeepReadonly<T.ProjectedVolumeSource>, path: string, out: FieldError[]): void {
  checkMode(p.defaultMode, `${path}.defaultMode`, out);
  const paths = new Set<string>();
  const once = (file: string | undefined, at: string): void => {
    if (!file) return;
    if (paths.has(file)) out.push(invalid(at, file, `conflicting duplicate paths`));
    paths.add(file);
  };
  for (const [i, s] of (p.sources ?? []).entries()) {
    const at = `${path}.sources[${i}]`;
    const kinds = (['secret', 'configMap', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle', 'podCertificate'] as const).filter((k) => s[k] !== undefined);
    for (const kind of kinds.slice(1)) out.push(forbidden(`${at}.${kind}`, 'may not specify more than 1 volume type'));
    if (kinds.length === 0) out.push(required(at, 'must specify at least one volume projection'));
    for (const kind of ['secret', 'configMap'] as const) {
      const source = s[kind];
      if (!source) continue;
      if (!source.name) out.push(required(`${at}.${kind}.name`));
      checkItems(source.items, `${at}.${kind}.items`, out);
      for (const item of source.items ?? []) once(item.path, at);
    }
    if (s.downwardAPI) {
      checkDownwardItems(s.downwardAPI.items, `${at}.downwardAPI.items`, out);
      for (const item of s.downwardAPI.items ?? []) once(item.path, at);
    }
    if (s.serviceAccountToken) {
      checkToken(s.serviceAccountToken, `${at}.serviceAccountToken`, out);
      once(s.serviceAccountToken.path, at);
    }
  }
}

function needs(values: Readonly<Record<string, string | undefined>>, path: string, out: FieldError[]): void {
  for (const [key, value] of Object.entries(values)) if (!value) out.push(required(`${path}.${key}`));
}

/** One check for each kind of volume, in upstream's order; kinds of no check of their own must only be alone. */
const checks: readonly (readonly [Source, Check?])[] = [
  ['emptyDir', (v, path, out) => {
    const limit = v.emptyDir!.sizeLimit;
    if (limit !== undefined && parseQuantity(limit).sign() < 0) out.push(forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
  }],
  ['hostPath', (v, path, out) => {
    const source = v.hostPath!;
    if (!source.path) return void out.push(required(`${path}.path`));
    checkNoBacksteps(source.path, `${path}.path`, out);
    if (source.type !== undefined && !hostPathTypes.includes(source.type)) out.push(notSupported(`${path}.type`, source.type, hostPathTypes));
  }],
  ['gitRepo', (v, path, out) => needs({ repository: v.gitRepo!.repository }, path, out)],
  ['gcePersistentDisk', (v, path, out) => needs({ pdName: v.gcePersistentDisk!.pdName }, path, out)],
  ['awsElasticBlockStore', (v, path, out) => needs({ volumeID: v.awsElasticBlockStore!.volumeID }, path, out)],
  ['secret', (v, path, out) => {
    needs({ secretName: v.secret!.secretName }, path, out);
    checkMode(v.secret!.defaultMode, `${path}.defaultMode`, out);
    checkItems(v.secret!.items, `${path}.items`, out);
  }],
  ['nfs', (v, path, out) => {
    needs({ server: v.nfs!.server, path: v.nfs!.path }, path, out);
    if (v.nfs!.path && !v.nfs!.path.startsWith('/')) out.push(invalid(`${path}.path`, v.nfs!.path, 'must be an absolute path'));
  }],
  ['iscsi', (v, path, out) => needs({ targetPortal: v.iscsi!.targetPortal, iqn: v.iscsi!.iqn }, path, out)],
  ['glusterfs', (v, path, out) => needs({ endpoints: v.glusterfs!.endpoints, path: v.glusterfs!.path }, path, out)],
  ['flocker'],
  ['persistentVolumeClaim', (v, path, out) => needs({ claimName: v.persistentVolumeClaim!.claimName }, path, out)],
  ['rbd'], ['cinder'], ['cephfs'], ['quobyte'],
  ['downwardAPI', (v, path, out) => {
    checkMode(v.downwardAPI!.defaultMode, `${path}.defaultMode`, out);
    checkDownwardItems(v.downwardAPI!.items, `${path}.items`, out);
  }],
  ['fc'], ['flexVolume'],
  ['configMap', (v, path, out) => {
    needs({ name: v.configMap!.name }, path, out);
    checkMode(v.configMap!.defaultMode, `${path}.defaultMode`, out);
    checkItems(v.configMap!.items, `${path}.items`, out);
  }],
  ['azureFile'], ['vsphereVolume'], ['photonPersistentDisk'], ['portworxVolume'], ['azureDisk'], ['storageos'],
  ['projected', (v, path, out) => checkProjected(v.projected!, path, out)],
  ['scaleIO'],
  ['csi', (v, path, out) => needs({ driver: v.csi!.driver }, path, out)],
  ['ephemeral', (v, path, out) => {
    if (!v.ephemeral!.volumeClaimTemplate) out.push(required(`${path}.volumeClaimTemplate`));
  }],
  ['image', (v, path, out) => {
    needs({ reference: v.image!.reference }, path, out);
    const policy = v.image!.pullPolicy;
    if (policy && !['Always', 'IfNotPresent', 'Never'].includes(policy)) out.push(notSupported(`${path}.pullPolicy`, policy, ['Always', 'IfNotPresent', 'Never']));
  }],
];

function checkSource(v: Volume, podName: string | undefined, path: string, out: FieldError[]): void {
  let found = false;
  for (const [key, check] of checks) {
    if (v[key] === undefined) continue;
    if (found) out.push(forbidden(`${path}.${key}`, 'may not specify more than 1 volume type'));
    else check?.(v, `${path}.${key}`, out);
    found = true;
  }
  if (!found) out.push(required(path, 'must specify a volume type'));
  if (v.ephemeral && podName && v.name) {
    const claim = `${podName}-${v.name}`;
    for (const c of nameIsSubdomain(claim, false)) out.push(invalid(`${path}.name`, v.name, `PVC name "${claim}": ${c}`));
  }
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
