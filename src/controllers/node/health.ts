/** Whether nodes still report, judged by our own clock; and what follows: conditions, taints, pods that count as not ready. */
import { timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { leases, type Lease } from '../../api/coordination/v1/index.ts';
import { nodes, pods, type Node, type NodeCondition, type Pod, type Taint } from '../../api/core/v1/index.ts';
import type { Informer } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { byNode, canonicalJson, indexedByNode } from '../pods/pods.ts';
import { ZoneLimits } from './zones.ts';

const defaultMonitorMs = 5_000;
const defaultGraceMs = 50_000;
const startupGraceMs = 60_000;
export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';

/** The taint that each condition stands for, by the condition's status. */
const taintsByCondition: readonly { type: string; status: string; key: string }[] = [
  { type: 'Ready', status: 'False', key: notReadyTaint },
  { type: 'Ready', status: 'Unknown', key: unreachableTaint },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
];
const unschedulable = 'node.kubernetes.io/unschedulable';
const managedNoSchedule = new Set([...taintsByCondition.map((t) => t.key), unschedulable]);
const managedNoExecute = new Set([notReadyTaint, unreachableTaint]);
const watchedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

interface Sighting {
  /** When it changed last, by our clock; `signs` is what would change. */
  at: number;
  signs: string;
  readonly registered: boolean;
}

export const nodeLifecycleController: Controller = {
  name: 'node-lifecycle-controller',
  account: 'node-controller',
  source: 'node-controller',
  setup: (context) => new NodeHealth(context).start(),
};

class NodeHealth {
  readonly #context: ControllerContext;
  readonly #nodes: Informer<Node>;
  readonly #leases: Informer<Lease>;
  readonly #pods: Informer<Pod>;
  readonly #sightings = new Map<string, Sighting>();
  readonly #zones: ZoneLimits;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#nodes = context.informer(nodes);
    this.#leases = context.informer(leases, { namespace: 'kube-node-lease' });
    this.#pods = indexedByNode(context.informer(pods));
    this.#zones = new ZoneLimits(context.surroundings.clock);
  }

  start(): void {
    const queue = this.#context.queue((name) => this.#reconcile(name), 8);
    this.#nodes.on({
      added: (node) => {
        this.#tell(node, 'Normal', 'RegisteredNode', `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`);
        this.#zones.see(node);
        queue.add(node.metadata.name);
      },
      updated: (node) => {
        this.#zones.see(node);
        queue.add(node.metadata.name);
      },
      deleted: (node) => {
        this.#tell(node, 'Normal', 'RemovingNode', `Node ${node.metadata.name} event: Removing Node ${node.metadata.name} from Controller`);
        this.#zones.forget(node.metadata.name);
        this.#sightings.delete(node.metadata.name);
      },
    });
    // A pod that comes to a node that is not ready is not ready either.
    this.#pods.on({ updated: (pod, old) => (pod.spec?.nodeName && !old.spec?.nodeName ? queue.add(pod.spec.nodeName) : undefined) });
    this.#context.every(this.#context.options.nodeMonitorPeriodMs ?? defaultMonitorMs, async () => {
      for (const node of this.#nodes.values()) if (this.#isStale(node) || this.#zones.waits(node.metadata.name)) queue.add(node.metadata.name);
    });
  }

  #tell(node: DeepReadonly<Node>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(nodes, node, type, reason, message);
  }

  /** Notes the latest sign of life; true when it is too long ago. */
  #isStale(node: DeepReadonly<Node>): boolean {
    const { name } = node.metadata;
    const now = this.#context.surroundings.clock.monotonic();
    const lease = this.#leases.get(name, 'kube-node-lease');
    const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
    // What this controller itself writes into the node is no sign of life.
    const posted = ready && ready.reason !== 'NodeStatusUnknown' && ready.reason !== 'NodeStatusNeverUpdated';
    const known = this.#sightings.get(name);
    const signs = `${lease?.spec?.renewTime ?? ''} ${posted ? (ready.lastHeartbeatTime ?? '') : (known?.signs.split(' ')[1] ?? '')}`;
    if (!known || known.signs !== signs) this.#sightings.set(name, { at: known ? now : now - this.#age(lease), signs, registered: !!posted });
    const seen = this.#sightings.get(name)!;
    const grace = seen.registered || lease ? (this.#context.options.nodeMonitorGracePeriodMs ?? defaultGraceMs) : startupGraceMs;
    return now - seen.at > grace;
  }

  /** After a restart a lease that is already old does not get its whole grace again. */
  #age(lease: DeepReadonly<Lease> | undefined): number {
    const renewed = Date.parse(lease?.spec?.renewTime ?? '');
    const age = this.#context.surroundings.clock.now() - renewed;
    return Number.isFinite(age) && age > 0 ? Math.min(age, this.#context.options.nodeMonitorGracePeriodMs ?? defaultGraceMs) : 0;
  }

  async #reconcile(name: string): Promise<void> {
    let node = this.#nodes.get(name);
    if (!node) return;
    if (this.#isStale(node)) node = await this.#markUnknown(node);
    this.#zones.see(node);
    await this.#syncTaints(node);
    const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
    if (ready && ready.status !== 'True') await this.#markPodsNotReady(node);
  }

  async #markUnknown(node: DeepReadonly<Node>): Promise<DeepReadonly<Node>> {
    const now = timestamp(this.#context.surroundings.clock.now());
    const old = node.status?.conditions ?? [];
    const changed: NodeCondition[] = [];
    for (const type of watchedConditions) {
      const before = old.find((c) => c.type === type);
      if (before?.status === 'Unknown') continue;
      changed.push({
        type, status: 'Unknown', lastHeartbeatTime: before?.lastHeartbeatTime ?? node.metadata.creationTimestamp, lastTransitionTime: now,
        ...(before ? { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' } : { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' }),
      });
    }
    if (changed.length === 0) return node;
    const { name } = node.metadata;
    const body = { status: { conditions: changed } };
    const updated = await this.#context.client.patch(nodes, name, { type: 'application/strategic-merge-patch+json', body }, { subresource: 'status' });
    this.#tell(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    await this.#nodes.reached(updated.metadata.resourceVersion);
    return updated;
  }

  async #syncTaints(node: DeepReadonly<Node>): Promise<void> {
    const now = timestamp(this.#context.surroundings.clock.now());
    const old = node.spec?.taints ?? [];
    const conditions = node.status?.conditions ?? [];
    const wanted: Taint[] = taintsByCondition
      .filter(({ type, status }) => conditions.some((c) => c.type === type && c.status === status))
      .map(({ key }) => ({ key, effect: 'NoSchedule' }));
    if (node.spec?.unschedulable) wanted.push({ key: unschedulable, effect: 'NoSchedule' });
    const ready = conditions.find((c) => c.type === 'Ready');
    const evict = ready?.status === 'False' ? notReadyTaint : ready?.status === 'Unknown' ? unreachableTaint : undefined;
    if (!evict) this.#zones.done(node.metadata.name);
    else if (old.some((t) => t.key === evict && t.effect === 'NoExecute') ? this.#zones.mayEvict(node.metadata.name) : this.#zones.takeTurn(node.metadata.name)) {
      wanted.push({ key: evict, effect: 'NoExecute' });
    }
    const isManaged = (t: DeepReadonly<Taint>): boolean => (t.effect === 'NoSchedule' && managedNoSchedule.has(t.key)) || (t.effect === 'NoExecute' && managedNoExecute.has(t.key));
    const same = (a: DeepReadonly<Taint>, b: DeepReadonly<Taint>): boolean => a.key === b.key && a.effect === b.effect;
    const kept = old.filter((t) => !isManaged(t) || wanted.some((w) => same(w, t)));
    const added = wanted.filter((w) => !kept.some((t) => same(w, t))).map((t) => ({ ...t, timeAdded: now }));
    const taints = [...kept, ...added];
    if (canonicalJson(taints) === canonicalJson(old)) return;
    const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints: taints.length ? taints : null } };
    const updated = await this.#context.client.patch(nodes, node.metadata.name, { type: 'application/merge-patch+json', body });
    await this.#nodes.reached(updated.metadata.resourceVersion);
  }

  async #markPodsNotReady(node: DeepReadonly<Node>): Promise<void> {
    const now = timestamp(this.#context.surroundings.clock.now());
    for (const pod of this.#pods.by(byNode, node.metadata.name)) {
      if (!pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) continue;
      const { name, namespace = '' } = pod.metadata;
      const body = { status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: now }] } };
      try {
        await this.#context.client.patch(pods, name, { type: 'application/strategic-merge-patch+json', body }, { namespace, subresource: 'status' });
        this.#context.events.event(pods, pod, 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
  }
}
