/** Pods leave nodes whose NoExecute taints they do not tolerate, or no longer. */
import { parseTime, timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { tolerates } from '../../api/core/placement.ts';
import { nodes, pods, type Pod, type Taint } from '../../api/core/v1/index.ts';
import { keyOf } from '../../client/informer.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { byNode, indexedByNode } from '../pods/pods.ts';

export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller',
  account: 'node-controller',
  setup: (context) => {
    const nodeInformer = context.informer(nodes);
    const podInformer = indexedByNode(context.informer(pods));
    const { clock } = context.surroundings;
    const queue = context.queue(async (key): Promise<Reconciled> => {
      const pod = podInformer.getByKey(key);
      const node = pod?.spec?.nodeName ? nodeInformer.get(pod.spec.nodeName) : undefined;
      if (!pod || !node || pod.metadata.deletionTimestamp) return;
      const due = evictAt(pod, noExecute(node.spec?.taints), clock.now());
      if (due === undefined) return;
      const wait = due - clock.now();
      if (wait > 0) return wait;
      await evict(pod, context);
    }, 8);
    const enqueueNode = (name: string): void => podInformer.by(byNode, name).forEach((pod) => queue.add(keyOf(pod)));
    nodeInformer.on({
      added: (node) => (noExecute(node.spec?.taints).length ? enqueueNode(node.metadata.name) : undefined),
      updated: (node, old) => {
        if (JSON.stringify(noExecute(node.spec?.taints)) !== JSON.stringify(noExecute(old.spec?.taints))) enqueueNode(node.metadata.name);
      },
    });
    const enqueuePod = (pod: DeepReadonly<Pod>): void => {
      const node = pod.spec?.nodeName ? nodeInformer.get(pod.spec.nodeName) : undefined;
      if (noExecute(node?.spec?.taints).length) queue.add(keyOf(pod));
    };
    podInformer.on({ added: enqueuePod, updated: (pod, old) => (pod.spec?.nodeName !== old.spec?.nodeName || pod.spec?.tolerations !== old.spec?.tolerations ? enqueuePod(pod) : undefined) });
  },
};

function noExecute(taints: readonly DeepReadonly<Taint>[] | undefined): DeepReadonly<Taint>[] {
  return (taints ?? []).filter((t) => t.effect === 'NoExecute');
}

/** The shortest of what its tolerations allow, counted from when the taint came; undefined: it may stay for ever. */
function evictAt(pod: DeepReadonly<Pod>, taints: readonly DeepReadonly<Taint>[], now: number): number | undefined {
  let due: number | undefined;
  for (const taint of taints) {
    const tolerating = (pod.spec?.tolerations ?? []).filter((t) => tolerates(t, taint));
    if (tolerating.length === 0) return now;
    const since = parseTime(taint.timeAdded ?? '') || now;
    for (const { tolerationSeconds } of tolerating) {
      if (tolerationSeconds === undefined) continue;
      const at = since + Math.max(0, tolerationSeconds) * 1000;
      due = due === undefined ? at : Math.min(due, at);
    }
  }
  return due;
}

async function evict(pod: DeepReadonly<Pod>, { client, events, surroundings }: ControllerContext): Promise<void> {
  const { name, namespace = '', uid } = pod.metadata;
  events.event(pods, pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
  const condition = {
    type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: timestamp(surroundings.clock.now()),
  };
  try {
    await client.patch(pods, name, { type: 'application/strategic-merge-patch+json', body: { status: { conditions: [condition] } } }, { namespace, subresource: 'status' });
    await client.delete(pods, name, { namespace, preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}
