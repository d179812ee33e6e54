/** What pods mount and what persistent volumes stand for: one entry for each kind of volume that both know. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { invalid, notSupported, required, tooLong } from '../../../machinery/fieldpath.ts';
import { inclusiveRange, nameIsLabel, nameIsSubdomain, subdomainComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabel } from '../../../schema/metadata.ts';
import { diskCachingModes, diskKinds, hostPathTypes } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkNoBacksteps, checkRelativePath } from './paths.ts';

type Both = T.Volume & T.PersistentVolumeSpec;

/** Where a source stands. */
export interface Holder {
  /** A persistent volume, not a pod. */
  readonly persistent: boolean;
  readonly name: string;
}

export interface SourceRule<S> {
  /** Fields that may not be empty, with words where upstream has some. */
  readonly needs?: Readonly<Partial<Record<keyof S, string>>>;
  readonly check?: (source: DeepReadonly<S>, path: string, out: FieldError[], holder: Holder) => void;
  /** Name of the source in the paths of its findings, where it is not the field's. */
  readonly calledInside?: string;
  /** The same, in the refusal of a second source. */
  readonly calledBeside?: string;
}

type Rules<K extends keyof Both> = { readonly [key in K]: SourceRule<NonNullable<Both[key]>> };

const iscsiNames: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

export function checkDriverName(driver: string, path: string, out: FieldError[]): void {
  if (!driver) out.push(required(path));
  if (driver.length > 63) out.push(tooLong(path, 63));
  for (const c of subdomainComplaints(driver.toLowerCase())) out.push(invalid(path, driver, c));
}

function checkPartition(disk: { readonly partition?: number }, path: string, out: FieldError[]): void {
  const partition = disk.partition ?? 0;
  if (partition < 0 || partition > 255) out.push(invalid(`${path}.partition`, partition, inclusiveRange(1, 255)));
}

function checkSecret(secret: { readonly name?: string; readonly namespace?: string } | undefined, path: string, out: FieldError[], { persistent }: Holder): void {
  if (!secret) return;
  if (!secret.name) out.push(required(`${path}.secretRef.name`));
  if (persistent && !secret.namespace) out.push(required(`${path}.secretRef.namespace`));
}

function checkIscsiName(name: string, path: string, words: string, out: FieldError[]): void {
  const form = iscsiNames[name.slice(0, 3)];
  if (!form) out.push(invalid(path, name, words));
  else if (!form.test(name)) out.push(invalid(path, name, 'must be valid format'));
}

const iscsi: SourceRule<NonNullable<Both['iscsi']>> = {
  needs: { targetPortal: '' },
  check(s, path, out, { persistent, name }) {
    const words = persistent ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa';
    const isLong = s.initiatorName !== undefined && `${name}:${s.targetPortal}`.length > 64;
    const lengthWords = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
    if (isLong && persistent) out.push(invalid(`${path}.targetportal`, s.targetPortal ?? '', lengthWords));
    if (!s.iqn) out.push(required(`${path}.iqn`));
    else checkIscsiName(s.iqn, `${path}.iqn`, words, out);
    if (s.lun < 0 || s.lun > 255) out.push(invalid(`${path}.lun`, s.lun, inclusiveRange(0, 255)));
    if ((s.chapAuthDiscovery || s.chapAuthSession) && !s.secretRef) out.push(required(`${path}.secretRef`));
    if (persistent && s.secretRef && !s.secretRef.name) out.push(required(`${path}.secretRef.name`));
    if (s.initiatorName !== undefined) checkIscsiName(s.initiatorName, `${path}.initiatorname`, words, out);
    if (isLong && !persistent) out.push(invalid(`${path.replace(/\.iscsi$/, '')}.name`, name, lengthWords));
  },
};

const azureDisk: SourceRule<NonNullable<Both['azureDisk']>> = {
  needs: { diskName: '', diskURI: '' },
  check(s, path, out) {
    if (s.cachingMode !== undefined && !diskCachingModes.includes(s.cachingMode)) out.push(notSupported(`${path}.cachingMode`, s.cachingMode, diskCachingModes));
    if (s.kind === undefined) return;
    if (!diskKinds.includes(s.kind)) out.push(notSupported(`${path}.kind`, s.kind, diskKinds));
    const [start, example] = s.kind === 'Managed'
      ? ['/subscriptions/', '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}']
      : ['https://', 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'];
    if (!(s.diskURI ?? '').startsWith(start)) out.push(notSupported(`${path}.diskURI`, s.diskURI ?? '', [example]));
  },
};

const csi: SourceRule<NonNullable<Both['csi']>> = {
  check(s, path, out, { persistent }) {
    checkDriverName(s.driver ?? '', `${path}.driver`, out);
    if (!persistent) {
      const name = s.nodePublishSecretRef?.name;
      if (s.nodePublishSecretRef && !name) out.push(required(`${path}.nodePublishSecretRef.name`));
      else if (name) for (const c of nameIsSubdomain(name, false)) out.push(invalid(`${path}.name`, name, c));
      return;
    }
    if (!s.volumeHandle) out.push(required(`${path}.volumeHandle`));
    for (const key of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const) {
      const secret = s[key];
      if (!secret) continue;
      if (!secret.name) out.push(required(`${path}.${key}.name`));
      else for (const c of nameIsSubdomain(secret.name, false)) out.push(invalid(`${path}.${key}.name`, secret.name, c));
      if (!secret.namespace) out.push(required(`${path}.${key}.namespace`));
      else checkLabel(secret.namespace, `${path}.${key}.namespace`, out);
    }
  },
};

function checkHostPath(s: DeepReadonly<T.HostPathVolumeSource | T.LocalVolumeSource>, path: string, out: FieldError[]): void {
  if (!s.path) return void out.push(required(`${path}.path`));
  checkNoBacksteps(s.path, `${path}.path`, out);
  if ('type' in s && s.type !== undefined && !hostPathTypes.includes(s.type)) out.push(notSupported(`${path}.type`, s.type, hostPathTypes));
}

const fibreChannel: SourceRule<NonNullable<Both['fc']>> = {
  check(s, path, out) {
    const targets = s.targetWWNs ?? [];
    const ids = s.wwids ?? [];
    if (targets.length + ids.length === 0) out.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
    if (targets.length > 0 && ids.length > 0) out.push(invalid(`${path}.targetWWNs`, targets, 'targetWWNs and wwids can not be specified simultaneously'));
    if (targets.length === 0) return;
    if (s.lun === undefined) out.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
    else if (s.lun < 0 || s.lun > 255) out.push(invalid(`${path}.lun`, s.lun, inclusiveRange(0, 255)));
  },
};

const registryWords = 'must be a host:port pair or multiple pairs separated by commas';

export const sharedRules: Rules<
  | 'hostPath' | 'gcePersistentDisk' | 'awsElasticBlockStore' | 'nfs' | 'iscsi' | 'glusterfs' | 'flocker' | 'rbd' | 'cinder' | 'cephfs' | 'quobyte' | 'fc' | 'flexVolume'
  | 'azureFile' | 'vsphereVolume' | 'photonPersistentDisk' | 'portworxVolume' | 'azureDisk' | 'storageos' | 'scaleIO' | 'csi' | 'local'
> = {
  hostPath: { check: checkHostPath },
  local: { check: checkHostPath },
  gcePersistentDisk: { needs: { pdName: '' }, calledInside: 'persistentDisk', check: checkPartition },
  awsElasticBlockStore: { needs: { volumeID: '' }, check: checkPartition },
  nfs: {
    needs: { server: '', path: '' },
    check(s, path, out) {
      if (!(s.path ?? '').startsWith('/')) out.push(invalid(`${path}.path`, s.path ?? '', 'must be an absolute path'));
    },
  },
  iscsi,
  glusterfs: {
    needs: { endpoints: '', path: '' },
    check(s, path, out) {
      const namespace = s.endpointsNamespace;
      const at = `${path}.endpointsNamespace`;
      if (namespace === '') out.push(invalid(at, namespace, 'if the endpointnamespace is set, it must be a valid namespace name'));
      else if (namespace !== undefined) for (const c of nameIsLabel(namespace, false)) out.push(invalid(at, namespace, c));
    },
  },
  flocker: {
    check(s, path, out) {
      if (!s.datasetName && !s.datasetUUID) out.push(required(path, 'one of datasetName and datasetUUID is required'));
      if (s.datasetName && s.datasetUUID) out.push(invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
      if (s.datasetName?.includes('/')) out.push(invalid(`${path}.datasetName`, s.datasetName, "must not contain '/'"));
    },
  },
  rbd: { needs: { monitors: '', image: '' } },
  cinder: { needs: { volumeID: '' }, check: (s, path, out, holder) => checkSecret(s.secretRef, path, out, holder) },
  cephfs: { needs: { monitors: '' }, calledBeside: 'cephFS' },
  quobyte: {
    check(s, path, out) {
      if (!s.registry) out.push(required(`${path}.registry`, registryWords));
      else if ((s.tenant ?? '').length > 64) out.push(required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
      else for (const pair of s.registry.split(',')) if (!/^(\[[^[\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) out.push(invalid(`${path}.registry`, s.registry, registryWords));
      if (!s.volume) out.push(required(`${path}.volume`));
    },
  },
  fc: fibreChannel,
  flexVolume: {
    needs: { driver: '' },
    check(s, path, out) {
      for (const key of Object.keys(s.options ?? {})) {
        const domain = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`;
        if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) out.push(invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'));
      }
    },
  },
  azureFile: {
    needs: { secretName: '', shareName: '' },
    check(s, path, out) {
      if (s.secretNamespace === '') out.push(required(`${path}.secretNamespace`));
    },
  },
  vsphereVolume: { needs: { volumePath: '' } },
  photonPersistentDisk: { needs: { pdID: '' } },
  portworxVolume: { needs: { volumeID: '' } },
  azureDisk,
  storageos: {
    needs: { volumeName: '' },
    check(s, path, out, holder) {
      for (const key of ['volumeName', 'volumeNamespace'] as const) if (s[key]) checkLabel(s[key], `${path}.${key}`, out);
      checkSecret(s.secretRef, path, out, holder);
    },
  },
  scaleIO: { needs: { gateway: '', system: '', volumeName: '' } },
  csi,
};

export function checkGitRepo(s: DeepReadonly<T.GitRepoVolumeSource>, path: string, out: FieldError[]): void {
  checkRelativePath(s.directory ?? '', `${path}.directory`, out);
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** Of several sources the first that is there is judged, the others are one too many. Answers how many there are. */
export function checkOneSource(sources: object, rules: readonly (readonly [string, SourceRule<never>])[], path: string, holder: Holder, out: FieldError[], beside?: (key: string, at: string) => boolean): number {
  let found = 0;
  // Nearly all of them are not there: not even taken apart.
  for (const pair of rules) {
    const source = (sources as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>)[pair[0]];
    if (source === undefined) continue;
    const [key, rule] = pair;
    found++;
    if (found > 1 && beside?.(key, `${path}.${key}`) !== true) {
      out.push({ type: 'FieldValueForbidden', field: `${path}.${rule.calledBeside ?? key}`, detail: 'Forbidden: may not specify more than 1 volume type' });
      continue;
    }
    const at = `${path}.${rule.calledInside ?? key}`;
    for (const [field, words] of Object.entries(rule.needs ?? {})) if (isEmpty(source[field])) out.push(required(`${at}.${field}`, words as string));
    rule.check?.(source as never, at, out, holder);
  }
  return found;
}
