/** Volumes that nothing serves any more, and files that hide one another. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { quoted } from '../../../machinery/fieldpath.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type * as T from '../v1/types.ts';

/** Name in the path, and what is said of it. */
const deprecated: Readonly<Partial<Record<keyof T.Volume, readonly [string, string]>>> = {
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  gitRepo: ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  flocker: ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  quobyte: ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
};
const deprecatedPersistent = ['cephfs', 'photonPersistentDisk', 'scaleIO', 'storageos', 'glusterfs', 'rbd'] as const;

export function warnOfPersistentSource(spec: DeepReadonly<T.PersistentVolumeSpec>, path: string, out: string[]): void {
  for (const key of deprecatedPersistent) if (spec[key]) out.push(`${path}.${deprecated[key]![0]}: ${deprecated[key]![1]}`);
}

export function isFraction(amount: string | undefined): boolean {
  return amount !== undefined && parseQuantity(amount).milli() % 1000 !== 0;
}

export function warnOfFraction(amount: string | undefined, path: string, out: string[]): void {
  if (isFraction(amount)) out.push(`${path}: fractional byte value ${quoted(amount!)} is invalid, must be an integer`);
}

export function warnOfClaim(spec: DeepReadonly<T.PersistentVolumeClaimSpec> | undefined, path: string, out: string[]): void {
  warnOfFraction(spec?.resources?.requests?.['storage'], `${path}.resources.requests[storage]`, out);
  warnOfFraction(spec?.resources?.limits?.['storage'], `${path}.resources.limits[storage]`, out);
}

interface File {
  readonly path: string;
  readonly source: string;
}

const shown = (file: File): string => (file.source === '' ? quoted(file.path) : `${quoted(file.path)} (${file.source})`);

/** Files at the same place, or one where another needs a folder. */
function overlaps(files: readonly File[]): string[] {
  const out: string[] = [];
  for (let i = 1; i < files.length; i++) {
    const file = files[i]!;
    if (file.path === '') continue;
    for (let j = 0; j < i; j++) {
      const other = files[j]!;
      if (other.path !== '' && (isWithin(file.path, other.path) || isWithin(other.path, file.path))) out.push(`${shown(file)} with ${shown(other)}`);
    }
  }
  return out;
}

function isWithin(path: string, folder: string): boolean {
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');
}

function files(items: readonly { readonly path?: string }[] | undefined, source: string): File[] {
  return (items ?? []).map(({ path = '' }) => ({ path: path.endsWith('/') ? path.replace(/\/+$/, '') : path, source }));
}

function projected(s: DeepReadonly<T.VolumeProjection>): File[] {
  if (s.configMap?.items) return files(s.configMap.items, `ConfigMap ${quoted(s.configMap.name ?? '')}`);
  if (s.secret?.items) return files(s.secret.items, `Secret ${quoted(s.secret.name ?? '')}`);
  if (s.downwardAPI?.items) return files(s.downwardAPI.items, 'DownwardAPI');
  return s.serviceAccountToken ? files([s.serviceAccountToken], 'ServiceAccountToken') : [];
}

function warnOfFiles(v: DeepReadonly<T.Volume>, out: string[]): void {
  const say = (what: string, found: readonly string[]): void => {
    for (const overlap of found) out.push(`volume ${quoted(v.name)} (${what}): overlapping paths: ${overlap}`);
  };
  if (v.configMap?.items) say(`ConfigMap ${quoted(v.configMap.name ?? '')}`, overlaps(files(v.configMap.items, '')));
  if (v.secret?.items) say(`Secret ${quoted(v.secret.secretName ?? '')}`, overlaps(files(v.secret.items, '')));
  if (v.downwardAPI?.items) say('DownwardAPI', overlaps(files(v.downwardAPI.items, '')));
  if (!v.projected) return;
  const all: File[] = [];
  for (const source of v.projected.sources ?? []) {
    if (Object.values(source).every((x) => x === undefined)) out.push(`volume ${quoted(v.name)} (Projected) has no sources provided`);
    for (const file of projected(source)) all.push(file);
  }
  say('Projected', overlaps(all));
}

export function warnOfVolumes(volumes: DeepReadonly<T.Volume[]> | undefined, path: string, out: string[]): void {
  for (const [i, v] of (volumes ?? []).entries()) {
    for (const key in v) {
      const found = deprecated[key as keyof T.Volume];
      if (found && v[key as keyof T.Volume]) out.push(`${path}[${i}].${found[0]}: ${found[1]}`);
    }
    if (v.ephemeral?.volumeClaimTemplate) warnOfClaim(v.ephemeral.volumeClaimTemplate.spec, `${path}[${i}].ephemeral.volumeClaimTemplate.spec`, out);
  }
  for (const v of volumes ?? []) warnOfFiles(v, out);
}
