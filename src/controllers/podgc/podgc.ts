/** Removes pods that nobody else will: too many finished ones, those of nodes that are gone, and those that were deleted before they ran. */
import { parseTime, timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { isFinished } from '../../api/core/podresources.ts';
import { isReady } from '../../api/core/placement.ts';
import { nodes, pods, type Pod } from '../../api/core/v1/index.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';

const periodMs = 20_000;
const quarantineMs = 40_000;
const defaultThreshold = 12_500;
const outOfService = 'node.kubernetes.io/out-of-service';

export const podGarbageCollector: Controller = {
  name: 'pod-garbage-collector-controller',
  account: 'pod-garbage-collector',
  setup: (context) => {
    const podInformer = context.informer(pods);
    const nodeInformer = context.informer(nodes);
    /** Nodes that were missed, and since when: an informer may be behind. */
    const missing = new Map<string, number>();
    context.every(periodMs, async () => {
      const all = podInformer.list();
      const now = context.surroundings.clock.monotonic();
      for (const name of missing.keys()) if (nodeInformer.get(name)) missing.delete(name);
      for (const pod of all) {
        const name = pod.spec?.nodeName;
        if (name && !nodeInformer.get(name) && !missing.has(name)) missing.set(name, now);
      }
      const gone = new Set([...missing].filter(([, since]) => now - since >= quarantineMs).map(([name]) => name));
      for (const name of gone) {
        missing.delete(name);
        // The last word is the server's.
        if (await exists(name, context)) gone.delete(name);
      }
      for (const pod of all) {
        const nodeName = pod.spec?.nodeName;
        if (nodeName && gone.has(nodeName)) await remove(pod, context, { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' });
        else if (!nodeName && pod.metadata.deletionTimestamp) await remove(pod, context);
        else if (nodeName && pod.metadata.deletionTimestamp) {
          const node = nodeInformer.get(nodeName);
          if (node && !isReady(node) && node.spec?.taints?.some((t) => t.key === outOfService)) {
            await remove(pod, context, { reason: 'DeletionByPodGC', message: 'PodGC: node is out of service' });
          }
        }
      }
      const finished = all.filter((pod) => isFinished(pod) && !pod.metadata.deletionTimestamp);
      const excess = finished.length - (context.options.terminatedPodThreshold ?? defaultThreshold);
      if (excess <= 0 || (context.options.terminatedPodThreshold ?? defaultThreshold) <= 0) return;
      const oldest = finished.sort((a, b) => parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp)).slice(0, excess);
      for (const pod of oldest) await remove(pod, context);
    });
  },
};

async function exists(name: string, { client }: ControllerContext): Promise<boolean> {
  try {
    await client.get(nodes, name);
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

async function remove(pod: DeepReadonly<Pod>, { client, surroundings, log }: ControllerContext, disruption?: { reason: string; message: string }): Promise<void> {
  const { name, namespace = '', uid } = pod.metadata;
  try {
    if (disruption && !isFinished(pod)) {
      const condition = { type: 'DisruptionTarget', status: 'True', ...disruption, lastTransitionTime: timestamp(surroundings.clock.now()) };
      const body = { status: { phase: 'Failed', conditions: [condition] } };
      await client.patch(pods, name, { type: 'application/strategic-merge-patch+json', body }, { namespace, subresource: 'status' });
    }
    await client.delete(pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) log.warn('Cannot remove a pod', { pod: `${namespace}/${name}`, err: error });
  }
}
