/**
 * Nodes that exist in the API only: they register, keep their leases, and their pods go through the stages of a life without any
 * container. They report no usage: there is none.
 */
import { microTimestamp, timestamp } from '../base/clock.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Client } from '../client/client.ts';
import { Informers, keyOf, type Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/workqueue.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { hasReason } from '../machinery/status.ts';
import { leases } from '../api/coordination/v1/index.ts';
import { nodes, pods, type Node, type NodeCondition, type NodeStatus, type Pod, type Taint } from '../api/core/v1/index.ts';
import { AddressBook } from './addresses.ts';
import { defaultStages, type Stage } from './stages.ts';

export interface SimulatedNode {
  readonly name: string;
  readonly capacity?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** InternalIP; by default one of 10.0.0.0/8, by the node's place in the list. */
  readonly address?: string;
}

export interface SimulationConfig {
  readonly client: Client;
  readonly nodes: readonly SimulatedNode[];
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
  readonly stages?: readonly Stage[];
  readonly kubeletVersion?: string;
}

const leaseMs = 10_000;
const statusMs = 300_000;
const defaultCapacity = { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '100Gi' };
const workers = 16;

/** Resolves when the signal has fired and everything has come to rest. */
export async function runSimulatedNodes(config: SimulationConfig): Promise<void> {
  await new Simulation(config).run();
}

class Simulation {
  readonly #config: SimulationConfig;
  readonly #nodes: ReadonlyMap<string, { readonly node: SimulatedNode; readonly address: string }>;
  readonly #informers: Informers;
  readonly #pods: Informer<Pod>;
  readonly #registered: Informer<Node>;
  readonly #queue: WorkQueue;
  readonly #addresses = new AddressBook();
  readonly #stages: readonly Stage[];
  /** When the present stage of a pod is due. */
  readonly #due = new Map<string, { stage: string; at: number }>();

  constructor(config: SimulationConfig) {
    this.#config = config;
    this.#stages = config.stages ?? defaultStages;
    this.#nodes = new Map(config.nodes.map((node, i) => [node.name, { node, address: node.address ?? `10.0.${(i >> 8) & 255}.${(i & 255) + 1}` }]));
    this.#informers = new Informers(config.client, config.surroundings, config.signal);
    this.#queue = new WorkQueue(config.surroundings.clock);
    const only = config.nodes.length === 1 ? config.nodes[0]!.name : undefined;
    this.#pods = this.#informers.of(pods, only ? { fieldSelector: `spec.nodeName=${only}` } : {});
    this.#registered = this.#informers.of(nodes, only ? { fieldSelector: `metadata.name=${only}` } : {});
  }

  async run(): Promise<void> {
    const { signal, surroundings: { log } } = this.#config;
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    try {
      await this.#informers.synced();
      this.#pods.on({
        added: (pod) => this.#enqueue(pod),
        updated: (pod) => this.#enqueue(pod),
        deleted: (pod) => {
          this.#due.delete(pod.metadata.uid);
          this.#addresses.release(pod.metadata.uid);
        },
      });
      const heartbeats = [...this.#nodes.keys()].map((name) => this.#keepAlive(name));
      await Promise.all([...heartbeats, ...Array.from({ length: workers }, () => this.#work())]);
    } catch (error) {
      if (!signal.aborted) {
        log.error('The simulation of nodes ended', error);
        throw error;
      }
    }
    await this.#informers.stopped();
  }

  #enqueue(pod: DeepReadonly<Pod>): void {
    if (pod.spec?.nodeName && this.#nodes.has(pod.spec.nodeName)) this.#queue.add(keyOf(pod));
  }

  async #work(): Promise<void> {
    const { signal, surroundings: { log } } = this.#config;
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      try {
        await this.#advance(key);
        this.#queue.forget(key);
      } catch (error) {
        if (!signal.aborted) {
          if (!hasReason(error, 'Conflict')) log.warn('A simulated pod could not go on', { pod: key, err: error });
          this.#queue.addRateLimited(key);
        }
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #advance(key: string): Promise<void> {
    const { client, surroundings: { clock } } = this.#config;
    const pod = this.#pods.getByKey(key);
    const place = pod && this.#nodes.get(pod.spec?.nodeName ?? '');
    const stage = pod && this.#stages.find((s) => s.applies(pod));
    if (!pod || !place || !stage) return;
    const { name, namespace = '', uid } = pod.metadata;
    const now = clock.monotonic();
    let due = this.#due.get(uid);
    if (due?.stage !== stage.name) this.#due.set(uid, (due = { stage: stage.name, at: now + stage.delayMs }));
    if (due.at > now) return this.#queue.addAfter(key, due.at - now);
    this.#due.delete(uid);
    try {
      if (stage.result === 'delete') {
        await client.delete(pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
        return;
      }
      const podIP = (): string => pod.status?.podIP || this.#addresses.take(uid, place.node.name, this.#registered.get(place.node.name)?.spec?.podCIDR);
      if (pod.status?.podIP) this.#addresses.keep(uid, place.node.name, pod.status.podIP);
      const status = stage.result(pod, { now: clock.now(), hostIP: place.address, podIP });
      const body = { metadata: { uid }, status };
      const written = await client.patch(pods, name, { type: 'application/strategic-merge-patch+json', body }, { namespace, subresource: 'status' });
      await this.#pods.reached(written.metadata.resourceVersion);
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  async #keepAlive(name: string): Promise<void> {
    const { surroundings: { clock, random, log }, signal } = this.#config;
    let statusAt = -Infinity;
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (!this.#registered.get(name) || clock.monotonic() - statusAt >= statusMs || this.#lostReadiness(name)) {
          await this.#register(name);
          statusAt = clock.monotonic();
        }
        await this.#renew(name);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        log.debug('A simulated node could not report', { node: name, err: error });
      }
      const wait = failures > 0 ? Math.min(leaseMs, 200 * 2 ** failures) : leaseMs * (0.96 + 0.08 * random.next());
      await clock.sleep(wait, signal).catch(() => undefined);
    }
  }

  /** The controllers gave it up while it was silent. */
  #lostReadiness(name: string): boolean {
    return this.#registered.get(name)?.status?.conditions?.some((c) => c.type === 'Ready' && c.status !== 'True') ?? false;
  }

  async #register(name: string): Promise<void> {
    const { client } = this.#config;
    const { node, address } = this.#nodes.get(name)!;
    const status = this.#status(node, address, this.#registered.get(name));
    const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'amd64', ...node.labels };
    const spec = node.taints?.length ? { taints: [...node.taints] } : {};
    try {
      const made = await client.create(nodes, { metadata: { name, labels }, spec, status });
      await this.#registered.reached(made.metadata.resourceVersion);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
    // Creating keeps the status that a node comes with, an earlier registration has another one.
    await client.patch(nodes, name, { type: 'application/strategic-merge-patch+json', body: { status } }, { subresource: 'status' });
  }

  #status(node: SimulatedNode, address: string, before: DeepReadonly<Node> | undefined): NodeStatus {
    const now = timestamp(this.#config.surroundings.clock.now());
    const capacity = { ...defaultCapacity, ...node.capacity };
    const condition = (type: string, status: string, reason: string, message: string): NodeCondition => {
      const old = before?.status?.conditions?.find((c) => c.type === type);
      const since = old?.status === status ? old.lastTransitionTime : undefined;
      return { type, status, lastHeartbeatTime: now, lastTransitionTime: since ?? now, reason, message };
    };
    return {
      capacity, allocatable: capacity,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'the simulated node is ready'),
      ],
      addresses: [{ type: 'InternalIP', address }, { type: 'Hostname', address: node.name }],
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: {
        machineID: '', systemUUID: '', bootID: '', kernelVersion: 'simulated', osImage: 'simulated', containerRuntimeVersion: 'simulated://1',
        kubeletVersion: this.#config.kubeletVersion ?? 'v1.34.0', kubeProxyVersion: '', operatingSystem: 'linux', architecture: 'amd64',
      },
    };
  }

  async #renew(name: string): Promise<void> {
    const { client, surroundings: { clock } } = this.#config;
    const namespace = 'kube-node-lease';
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimestamp(clock.now()) };
    try {
      await client.patch(leases, name, { type: 'application/merge-patch+json', body: { spec } }, { namespace });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      const uid = this.#registered.get(name)?.metadata.uid;
      const ownerReferences = uid ? [{ apiVersion: 'v1', kind: 'Node', name, uid }] : [];
      await client.create(leases, { metadata: { name, namespace, ownerReferences }, spec });
    }
  }
}
