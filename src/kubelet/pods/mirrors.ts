/** Mirror pods: what shows a part of the control plane that runs as a process of the machine, not as a container. */
import { isDeepStrictEqual } from 'node:util';
import { createHash } from 'node:crypto';
import { timestamp } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { isAbort } from '../../base/abort.ts';
import { pods } from '../../api/core/v1/index.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { Client } from '../../client/client.ts';
import type { Draft } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import type { KubeletConfig, StaticPart } from '../config.ts';
import { annotation, type Pod } from './model.ts';

export const mirrorPodName = (part: StaticPart, nodeName: string): string => `${part.name}-${nodeName}`;
const periodMs = 5_000;

interface Seen {
  pid: number | undefined;
  restarts: number;
  startedAt: string;
}

export interface MirrorOptions {
  readonly config: KubeletConfig;
  readonly client: Client;
  readonly surroundings: Surroundings;
  readonly nodeUid: () => string;
  readonly signal: AbortSignal;
}

function podOf(part: StaticPart, { config, nodeUid }: MirrorOptions): Draft<core.Pod> {
  const hash = createHash('sha256').update(JSON.stringify([part.name, part.image, part.command])).digest('hex').slice(0, 32);
  return {
    metadata: {
      name: mirrorPodName(part, config.nodeName), namespace: part.namespace ?? 'kube-system',
      labels: { component: part.name, tier: 'control-plane', ...part.labels },
      annotations: { ...part.annotations, [annotation.mirror]: hash, [annotation.configHash]: hash, [annotation.source]: 'file' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: config.nodeName, uid: nodeUid(), controller: true }],
    },
    spec: {
      nodeName: config.nodeName, hostNetwork: true, priorityClassName: 'system-node-critical', enableServiceLinks: true,
      tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
      containers: [{ name: part.name, image: part.image, imagePullPolicy: 'IfNotPresent', command: part.command }],
    },
  };
}

function statusOf(part: StaticPart, seen: Seen, old: Pod | undefined, options: MirrorOptions): Draft<core.PodStatus> {
  const { config, surroundings } = options;
  const alive = seen.pid !== undefined;
  const now = timestamp(surroundings.clock.now());
  const condition = (type: string, ok: boolean): Draft<core.PodCondition> => {
    const status = ok ? 'True' : 'False';
    const before = old?.status?.conditions?.find((c) => c.type === type);
    return { type, status, lastTransitionTime: before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : now };
  };
  return {
    phase: 'Running',
    conditions: [condition('PodReadyToStartContainers', true), condition('Initialized', true), condition('Ready', alive), condition('ContainersReady', alive), condition('PodScheduled', true)],
    hostIP: config.nodeIPs[0], podIP: config.nodeIPs[0],
    hostIPs: config.nodeIPs.map((ip) => ({ ip })), podIPs: config.nodeIPs.map((ip) => ({ ip })),
    startTime: seen.startedAt,
    qosClass: 'BestEffort',
    containerStatuses: [
      {
        name: part.name, image: part.image, imageID: '', ready: alive, started: alive, restartCount: seen.restarts, lastState: {},
        state: alive ? { running: { startedAt: seen.startedAt } } : { waiting: { reason: 'ContainerCreating', message: 'the process is being restarted' } },
        ...(alive ? { containerID: `process://${seen.pid}` } : {}),
      },
    ],
  };
}

/** Until the signal: each part has its pod, whose status is that of the process. */
export async function keepMirrors(parts: readonly StaticPart[], options: MirrorOptions): Promise<void> {
  const { surroundings, signal } = options;
  const seen = new Map<string, Seen>();
  while (!signal.aborted) {
    for (const part of parts) {
      await keepOne(part, seen, options).catch((error: unknown) => {
        if (!isAbort(error, signal)) surroundings.log.debug('Keeping a mirror pod failed', { part: part.name, err: String(error) });
      });
    }
    await surroundings.clock.sleep(periodMs, signal).catch(() => undefined);
  }
}

async function keepOne(part: StaticPart, all: Map<string, Seen>, options: MirrorOptions): Promise<void> {
  const { client, surroundings, signal } = options;
  const pid = part.pid();
  const now = timestamp(surroundings.clock.now());
  const seen = all.get(part.name) ?? { pid, restarts: 0, startedAt: now };
  if (pid !== undefined && seen.pid !== pid) Object.assign(seen, { restarts: all.has(part.name) ? seen.restarts + 1 : seen.restarts, startedAt: now });
  seen.pid = pid;
  all.set(part.name, seen);

  const wanted = podOf(part, options);
  const name = wanted.metadata!.name!;
  const namespace = wanted.metadata!.namespace!;
  let pod = await client.get(pods, name, { namespace, signal }).catch((error: unknown) => {
    // A kubelet is not told whether a pod exists that is not on its node.
    if (hasReason(error, 'NotFound') || hasReason(error, 'Forbidden')) return undefined;
    throw error;
  });
  const changed = pod?.metadata.annotations?.[annotation.mirror] !== wanted.metadata!.annotations![annotation.mirror];
  // Deleted by somebody: nothing runs that would have to end first, and the part is still there.
  if (pod && (changed || pod.metadata.deletionTimestamp)) {
    await client.delete(pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid }, signal });
    pod = undefined;
  }
  pod ??= await client.create(pods, wanted, { namespace, signal });
  const status = statusOf(part, seen, pod, options);
  if (covers(pod.status, status)) return;
  await client.patch(pods, name, { type: 'application/strategic-merge-patch+json', body: { metadata: { uid: pod.metadata.uid }, status } }, { namespace, subresource: 'status', signal });
}

/** True when every field that is wanted is there; the server may have added others. */
function covers(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(there) && there.length === wanted.length && wanted.every((w, i) => covers(there[i], w));
  if (typeof wanted !== 'object' || wanted === null) return isDeepStrictEqual(there, wanted) || (wanted === '' && there === undefined);
  return Object.entries(wanted).every(([k, v]) => v === undefined || covers((there as Record<string, unknown> | undefined)?.[k], v));
}
