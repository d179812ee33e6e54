/** Watches pods and nodes, places pods one by one, binds them side by side. */
import { timestamp } from '../base/clock.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Client } from '../client/client.ts';
import { eventRecorder, type EventRecorder } from '../client/events.ts';
import { Informers, type Informer } from '../client/informer.ts';
import { controllerOf } from '../client/owner.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { Selector, selectorFromObject } from '../machinery/selectors.ts';
import { hasReason } from '../machinery/status.ts';
import { replicasets, statefulsets } from '../api/apps/v1/index.ts';
import { isFinished } from '../api/core/podresources.ts';
import { namespaces, nodes, pods, replicationcontrollers, services, type Node, type Pod, type PodCondition } from '../api/core/v1/index.ts';
import { poddisruptionbudgets, type PodDisruptionBudget } from '../api/policy/v1/index.ts';
import { defaultPlugins } from './plugins/index.ts';
import { preempt, type Candidate } from './preemption.ts';
import type { Plugin } from './plugin.ts';
import { SchedulingQueue, type QueuedPod } from './queue.ts';
import { decide, explain, type Misfit } from './schedule.ts';
import { ClusterState, type PodInfo } from './state.ts';
import { Volumes } from './volumes.ts';

export interface SchedulerConfig {
  readonly client: Client;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
  readonly schedulerName?: string;
  readonly plugins?: readonly Plugin[];
}

/** How long one turn of the event loop may be spent on placing pods. */
const turnMs = 8;

/** Resolves when the signal has fired and nothing is under way. */
export async function runScheduler(config: SchedulerConfig): Promise<void> {
  const scheduler = new Scheduler(config);
  await scheduler.run();
}

class Scheduler {
  readonly #config: SchedulerConfig;
  readonly #name: string;
  readonly #plugins: readonly Plugin[];
  readonly #informers: Informers;
  readonly #queue: SchedulingQueue;
  readonly #state: ClusterState;
  readonly #events: EventRecorder;
  readonly #pods: Informer<Pod>;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #volumes: Volumes;
  readonly #binding = new Set<Promise<void>>();
  /** Where the next search for a node starts. */
  #start = 0;

  constructor(config: SchedulerConfig) {
    const { client, signal } = config;
    const surroundings = { ...config.surroundings, log: config.surroundings.log.named('scheduler') };
    this.#config = { ...config, surroundings };
    this.#name = config.schedulerName ?? 'default-scheduler';
    this.#plugins = config.plugins ?? defaultPlugins;
    this.#informers = new Informers(client, surroundings, signal);
    this.#queue = new SchedulingQueue(surroundings.clock, this.#plugins);
    this.#events = eventRecorder(client, { component: this.#name }, surroundings, signal);
    const spaces = this.#informers.of(namespaces);
    this.#volumes = new Volumes(client, this.#informers, () => this.#queue.notify({ kind: 'volumes' }));
    this.#state = new ClusterState({ namespaceLabels: (name) => spaces.get(name)?.metadata.labels, siblings: siblingsFinder(this.#informers), volumes: this.#volumes });
    this.#budgets = this.#informers.of(poddisruptionbudgets);
    this.#pods = this.#informers.of(pods);
    this.#watchNodes(this.#informers.of(nodes));
    this.#watchPods();
  }

  async run(): Promise<void> {
    const { signal, surroundings: { log, clock } } = this.#config;
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    try {
      await this.#informers.synced();
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    let turnStarted = clock.monotonic();
    for (;;) {
      const queued = await this.#queue.take();
      if (!queued) break;
      try {
        this.#scheduleOne(queued);
      } catch (error) {
        log.error('Scheduling failed', error, { pod: queued.info.key });
        this.#queue.retry(queued);
      }
      if (clock.monotonic() - turnStarted < turnMs) continue;
      await new Promise<void>((resolve) => setImmediate(resolve));
      turnStarted = clock.monotonic();
    }
    await Promise.allSettled(this.#binding);
    await this.#informers.stopped();
  }

  #watchNodes(informer: Informer<Node>): void {
    const seen = (node: DeepReadonly<Node>, old?: DeepReadonly<Node>): void => {
      this.#state.setNode(node);
      if (!old || mattersToScheduling(node, old)) this.#queue.notify({ kind: 'node', node, ...(old ? { old } : {}) });
    };
    informer.on({ added: (node) => seen(node), updated: seen, deleted: (node) => this.#state.removeNode(node.metadata.name) });
  }

  #watchPods(): void {
    const seen = (pod: DeepReadonly<Pod>, old?: DeepReadonly<Pod>): void => {
      const { uid } = pod.metadata;
      if (!pod.spec?.nodeName) {
        if (isFinished(pod) || pod.metadata.deletionTimestamp) this.#queue.delete(uid);
        else if ((pod.spec?.schedulerName ?? 'default-scheduler') === this.#name && !this.#state.isAssumed(uid)) this.#queue.set(pod);
        return;
      }
      this.#queue.delete(uid);
      this.#state.setPod(pod);
      if (isFinished(pod)) {
        if (old && !isFinished(old)) this.#queue.notify({ kind: 'pod-removed', pod });
      } else if (!old?.spec?.nodeName) this.#queue.notify({ kind: 'pod-added', pod });
      else if (podMatters(pod, old)) this.#queue.notify({ kind: 'pod-updated', pod, old });
    };
    this.#pods.on({
      added: (pod) => seen(pod),
      updated: seen,
      deleted: (pod) => {
        this.#queue.delete(pod.metadata.uid);
        this.#state.removePod(pod.metadata.uid);
        if (pod.spec?.nodeName) this.#queue.notify({ kind: 'pod-removed', pod });
      },
    });
  }

  #scheduleOne(queued: QueuedPod): void {
    const { info } = queued;
    const { random } = this.#config.surroundings;
    if (this.#state.nodes.length === 0) {
      return this.#refused(queued, { total: 0, refusals: new Map(), plugins: new Set() }, 'no nodes available to schedule pods');
    }
    const decision = decide(info, this.#state, this.#plugins, random, this.#start);
    if ('node' in decision) {
      this.#start = (this.#start + decision.feasible) % this.#state.nodes.length;
      this.#state.assume(info, decision.node.name);
      const binding = this.#bind(queued, decision.node.name).finally(() => this.#binding.delete(binding));
      this.#binding.add(binding);
      return;
    }
    const { misfit } = decision;
    if (misfit.general) return this.#refused(queued, misfit, explain(misfit));
    const preemption = preempt(info, misfit, decision.filters, this.#state, this.#budgets.list(), () => random.next());
    if ('why' in preemption) return this.#refused(queued, misfit, `${explain(misfit)} preemption: ${preemption.why}`, preemption.asked ? '' : undefined);
    const { candidate } = preemption;
    this.#state.nominate(info, candidate.node);
    this.#refused(queued, misfit, explain(misfit), candidate.node);
    this.#track(this.#evict(info, candidate));
  }

  async #bind(queued: QueuedPod, nodeName: string): Promise<void> {
    const { client, signal, surroundings: { log } } = this.#config;
    const { info } = queued;
    const { name, namespace = '', uid } = info.pod.metadata;
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { apiVersion: 'v1', kind: 'Node', name: nodeName } };
    let plugin = 'PreBind plugin "VolumeBinding"';
    try {
      const node = this.#state.node(nodeName)?.node;
      if (node) await this.#volumes.bind(info, node, signal);
      plugin = 'Bind plugin "DefaultBinder"';
      await client.post(pods, name, 'binding', body, { namespace, signal });
      this.#queue.delete(uid);
      this.#events.event(pods, info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${nodeName}`);
    } catch (error) {
      this.#state.forget(uid);
      if (signal.aborted) return;
      // Deleted or bound by somebody else: the informer tells.
      if (hasReason(error, 'NotFound')) return this.#queue.delete(uid);
      log.warn('Binding failed', { pod: info.key, node: nodeName, err: error });
      this.#events.event(pods, info.pod, 'Warning', 'FailedScheduling', `running ${plugin}: ${(error as Error).message}`);
      this.#queue.retry(queued);
    }
  }

  /** `nominated`: a node where room is being made; empty takes an earlier promise back; undefined leaves it. */
  #refused(queued: QueuedPod, misfit: Misfit, message: string, nominated?: string): void {
    const { pod } = queued.info;
    if (nominated === '') this.#state.denominate(pod.metadata.uid);
    this.#queue.reject(queued, misfit.plugins);
    this.#events.event(pods, pod, 'Warning', 'FailedScheduling', message);
    this.#track(this.#writeStatus(queued.info, message, nominated));
  }

  async #writeStatus({ pod, key }: PodInfo, message: string, nominated: string | undefined): Promise<void> {
    const { client, signal, surroundings: { clock, log } } = this.#config;
    const before = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
    const renominate = nominated !== undefined && nominated !== (pod.status?.nominatedNodeName ?? '');
    if (before?.status === 'False' && before.reason === 'Unschedulable' && before.message === message && !renominate) return;
    const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : timestamp(clock.now());
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastProbeTime: null, lastTransitionTime };
    const body = { status: { conditions: [condition], ...(renominate ? { nominatedNodeName: nominated === '' ? null : nominated } : {}) } };
    try {
      const { name, namespace = '' } = pod.metadata;
      await client.patch(pods, name, { type: 'application/strategic-merge-patch+json', body }, { namespace, subresource: 'status', signal });
    } catch (error) {
      if (!signal.aborted && !hasReason(error, 'NotFound')) log.warn('Cannot write why a pod is not scheduled', { pod: key, err: error });
    }
  }

  async #evict(preemptor: PodInfo, { node, victims }: Candidate): Promise<void> {
    const { client, signal, surroundings: { clock, log } } = this.#config;
    const condition: PodCondition = {
      type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: `${this.#name}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: timestamp(clock.now()),
    };
    await Promise.all(victims.map(async ({ pod: { metadata: { name, namespace = '', uid, deletionTimestamp } }, pod }) => {
      if (deletionTimestamp) return;
      try {
        const type = 'application/strategic-merge-patch+json';
        await client.patch(pods, name, { type, body: { status: { conditions: [condition] } } }, { namespace, subresource: 'status', signal });
        await client.delete(pods, name, { namespace, preconditions: { uid }, signal });
        this.#events.event(pods, pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.uid} on node ${node}`);
      } catch (error) {
        if (signal.aborted || hasReason(error, 'NotFound')) return;
        log.warn('Cannot preempt a pod', { pod: `${namespace}/${name}`, err: error });
        this.#state.denominate(preemptor.uid);
      }
    }));
  }

  #track(task: Promise<void>): void {
    const tracked = task.finally(() => this.#binding.delete(tracked));
    this.#binding.add(tracked);
  }
}

/** Heartbeats are not news to pods that wait. */
function mattersToScheduling(node: DeepReadonly<Node>, old: DeepReadonly<Node>): boolean {
  const facts = (n: DeepReadonly<Node>): string => JSON.stringify([n.spec, n.metadata.labels, n.status?.allocatable]);
  return facts(node) !== facts(old);
}

function podMatters(pod: DeepReadonly<Pod>, old: DeepReadonly<Pod>): boolean {
  const facts = (p: DeepReadonly<Pod>): string => JSON.stringify([p.metadata.labels, p.metadata.deletionTimestamp, p.spec?.containers.map((c) => c.resources)]);
  return facts(pod) !== facts(old);
}

/** What upstream spreads by default: the selectors of the services and of the controller that a pod belongs to. */
function siblingsFinder(informers: Informers): (pod: PodInfo) => Selector {
  const serviceInformer = informers.of(services);
  const owners = { ReplicaSet: informers.of(replicasets), StatefulSet: informers.of(statefulsets), ReplicationController: informers.of(replicationcontrollers) };
  return ({ pod, namespace, labels }) => {
    const requirements = [];
    for (const service of serviceInformer.list(namespace)) {
      const wanted = Object.entries(service.spec?.selector ?? {});
      if (wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)) {
        requirements.push(...wanted.map(([key, value]) => ({ key, operator: '=' as const, values: [value] })));
      }
    }
    const owner = controllerOf(pod);
    const selector = owner && owners[owner.kind as keyof typeof owners]?.get(owner.name, namespace)?.spec?.selector;
    if (selector) {
      const labelSelector = owner.kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector;
      requirements.push(...selectorFromObject(labelSelector).requirements);
    }
    return requirements.length > 0 ? new Selector(requirements) : Selector.nothing;
  };
}
