/** The files of ConfigMap, Secret, downward and projected volumes. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { podField, resourceField, type Lookup, type NodeFacts } from '../pods/environment.ts';
import type { Pod } from '../pods/model.ts';
import { checkPath, type PayloadFile } from './atomic.ts';

export interface PayloadSources extends Lookup {
  /** A token bound to the pod, renewed when it is due. */
  token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string>;
  readonly facts: NodeFacts;
}

type Files = Map<string, PayloadFile>;
type Items = readonly DeepReadonly<core.KeyToPath>[] | undefined;

const defaultMode = 0o644;

/** All keys, or the chosen ones under their new names. */
function choose(values: ReadonlyMap<string, Uint8Array>, items: Items, mode: number, optional: boolean, what: string, into: Files): void {
  if (!items) {
    for (const [key, content] of values) into.set(checkPath(key), { content, mode });
    return;
  }
  for (const item of items) {
    const content = values.get(item.key);
    if (content) into.set(checkPath(item.path), { content, mode: item.mode ?? mode });
    else if (!optional) throw new Error(`${what} references non-existent ${what.startsWith('configmap') ? 'config' : 'secret'} key: ${item.key}`);
  }
}

interface KeyedSource {
  readonly name?: string | undefined;
  readonly items?: Items;
  readonly optional?: boolean | undefined;
}

async function configMapFiles(pod: Pod, source: KeyedSource, mode: number, from: PayloadSources, into: Files): Promise<void> {
  const namespace = pod.metadata.namespace ?? '';
  const map = await from.configMap(namespace, source.name ?? '');
  if (!map) {
    if (source.optional) return;
    throw new Error(`configmap ${JSON.stringify(source.name ?? '')} not found`);
  }
  const values = new Map<string, Uint8Array>();
  for (const [k, v] of Object.entries(map.data ?? {})) values.set(k, Buffer.from(v));
  for (const [k, v] of Object.entries(map.binaryData ?? {})) values.set(k, Buffer.from(v, 'base64'));
  choose(values, source.items, mode, source.optional ?? false, 'configmap', into);
}

async function secretFiles(pod: Pod, source: KeyedSource, mode: number, from: PayloadSources, into: Files): Promise<void> {
  const secret = await from.secret(pod.metadata.namespace ?? '', source.name ?? '');
  if (!secret) {
    if (source.optional) return;
    throw new Error(`secret ${JSON.stringify(source.name ?? '')} not found`);
  }
  const values = new Map(Object.entries(secret.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')] as const));
  choose(values, source.items, mode, source.optional ?? false, 'secret', into);
}

function downwardFiles(
  pod: Pod, items: readonly DeepReadonly<core.DownwardAPIVolumeFile>[] | undefined, mode: number, facts: NodeFacts, into: Files,
): void {
  for (const item of items ?? []) {
    let text = '';
    if (item.fieldRef) text = podField(pod, item.fieldRef.fieldPath, facts);
    else if (item.resourceFieldRef) {
      const { containerName, resource, divisor } = item.resourceFieldRef;
      const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === containerName);
      if (!container) throw new Error(`container ${JSON.stringify(containerName ?? '')} not found`);
      text = resourceField(container, resource, divisor, facts);
    }
    into.set(checkPath(item.path), { content: Buffer.from(text), mode: item.mode ?? mode });
  }
}

/** The one user that all containers run as, if there is one: then it owns the token. */
function commonUser(pod: Pod): number | undefined {
  const users = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(
    (c) => c.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser,
  );
  return users.every((u) => u === users[0]) ? users[0] : undefined;
}

async function projectedFiles(pod: Pod, source: DeepReadonly<core.ProjectedVolumeSource>, from: PayloadSources, into: Files): Promise<void> {
  const mode = source.defaultMode ?? defaultMode;
  for (const part of source.sources ?? []) {
    if (part.configMap) await configMapFiles(pod, part.configMap, mode, from, into);
    if (part.secret) await secretFiles(pod, part.secret, mode, from, into);
    if (part.downwardAPI) downwardFiles(pod, part.downwardAPI.items, mode, from.facts, into);
    if (part.serviceAccountToken) {
      const { audience, expirationSeconds, path } = part.serviceAccountToken;
      const token = await from.token(pod, audience, expirationSeconds ?? 3600);
      const uid = pod.spec.securityContext?.fsGroup === undefined ? commonUser(pod) : undefined;
      const own = uid === undefined ? { mode } : { mode: 0o600, uid };
      into.set(checkPath(path), { content: Buffer.from(token), ...own });
    }
    if (part.clusterTrustBundle) throw new Error('projected clusterTrustBundle sources are not supported');
  }
}

/** `undefined` for a volume of another kind. */
export async function payloadOf(pod: Pod, volume: DeepReadonly<core.Volume>, from: PayloadSources): Promise<Files | undefined> {
  const files: Files = new Map();
  if (volume.configMap) await configMapFiles(pod, volume.configMap, volume.configMap.defaultMode ?? defaultMode, from, files);
  else if (volume.secret) {
    const { secretName: name, items, optional, defaultMode: mode } = volume.secret;
    await secretFiles(pod, { name, items, optional }, mode ?? defaultMode, from, files);
  } else if (volume.downwardAPI) downwardFiles(pod, volume.downwardAPI.items, volume.downwardAPI.defaultMode ?? defaultMode, from.facts, files);
  else if (volume.projected) await projectedFiles(pod, volume.projected, from, files);
  else return undefined;
  return files;
}
