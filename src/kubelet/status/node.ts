/** The node's own object: registration, status and the lease that says it lives. */
import { isDeepStrictEqual } from 'node:util';
import { isAbort } from '../../base/abort.ts';
import { microTimestamp, timestamp } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { leases, type Lease } from '../../api/coordination/v1/index.ts';
import { nodes } from '../../api/core/v1/index.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { Client } from '../../client/client.ts';
import type { DeepReadonly, Draft } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { defaults, type KubeletConfig } from '../config.ts';
import type { Runtime } from '../cri/client.ts';
import { allocatable, capacity, goArchitecture, images, memoryBytes, nodeInfo } from './nodefacts.ts';

type Condition = Draft<core.NodeCondition>;

const leaseNamespace = 'kube-node-lease';
const memoryThreshold = 100 << 20;

export interface NodeReporterOptions {
  readonly config: KubeletConfig;
  readonly client: Client;
  readonly runtime: Runtime;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
  /** Port that the server really has. */
  readonly port: () => number;
  readonly note: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
  /** Not ready for a reason of the agent's own. */
  readonly trouble: () => string | undefined;
}

export class NodeReporter {
  readonly #o: NodeReporterOptions;
  #node: DeepReadonly<core.Node> | undefined;
  #reported: Draft<core.NodeStatus> | undefined;
  #reportedAt = -Infinity;
  #allocatable: Record<string, string> = {};
  #lease: DeepReadonly<Lease> | undefined;

  constructor(options: NodeReporterOptions) {
    this.#o = options;
  }

  get allocatable(): Readonly<Record<string, string>> {
    return this.#allocatable;
  }

  get uid(): string {
    return this.#node?.metadata.uid ?? this.#o.config.nodeName;
  }

  /** Learns what the node has; nothing is written yet. */
  async prepare(): Promise<void> {
    this.#allocatable = allocatable(await capacity(this.#o.config), this.#o.config.systemReserved);
  }

  async register(): Promise<void> {
    const { config, client, signal } = this.#o;
    const labels = {
      'beta.kubernetes.io/arch': goArchitecture(), 'beta.kubernetes.io/os': 'linux', 'kubernetes.io/arch': goArchitecture(),
      'kubernetes.io/hostname': config.hostname ?? config.nodeName, 'kubernetes.io/os': 'linux', ...config.labels,
    };
    const node: Draft<core.Node> = {
      metadata: { name: config.nodeName, labels, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
      spec: {
        ...(config.podCIDR ? { podCIDR: config.podCIDR, podCIDRs: [config.podCIDR] } : {}),
        ...(config.providerID ? { providerID: config.providerID } : {}),
        ...(config.taints?.length ? { taints: config.taints } : {}),
      },
      status: await this.#status(),
    };
    try {
      this.#node = await client.create(nodes, node, { signal });
      this.#reported = node.status;
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const patch = { type: 'application/strategic-merge-patch+json' as const, body: { metadata: { labels } } };
      this.#node = await client.patch(nodes, config.nodeName, patch, { signal });
    }
  }

  /** Until the signal. Often while the node is not ready, so that it becomes so soon. */
  async reportForever(): Promise<void> {
    const { clock, log } = this.#o.surroundings;
    const { signal } = this.#o;
    this.#o.note('Normal', 'Starting', 'Starting kubelet.');
    while (!signal.aborted) {
      let pause: number = defaults.nodeStatusPollMs;
      try {
        if (!(await this.report())) pause = 300;
      } catch (error) {
        if (isAbort(error, signal)) return;
        log.warn('Reporting the node failed', { err: String(error) });
        pause = 1_000;
      }
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  /** Answers whether the node is ready. */
  async report(): Promise<boolean> {
    const { config, client, surroundings, signal } = this.#o;
    const status = await this.#status();
    const ready = status.conditions?.find((c) => c?.type === 'Ready')?.status === 'True';
    const due = surroundings.clock.monotonic() - this.#reportedAt >= (config.nodeStatusPeriodMs ?? defaults.nodeStatusPeriodMs);
    if (!due && this.#reported && isDeepStrictEqual(withoutHeartbeats(this.#reported), withoutHeartbeats(status))) return ready;
    const body = { status };
    try {
      this.#node = await client.patch(nodes, config.nodeName, { type: 'application/strategic-merge-patch+json', body }, { subresource: 'status', signal });
    } catch (error) {
      if (!hasReason(error, 'NotFound') || config.registerNode === false) throw error;
      await this.register();
    }
    const before = this.#reported?.conditions?.find((c) => c?.type === 'Ready')?.status;
    if (ready && before !== 'True') this.#o.note('Normal', 'NodeReady', `Node ${config.nodeName} status is now: NodeReady`);
    if (!ready && before === 'True') this.#o.note('Normal', 'NodeNotReady', `Node ${config.nodeName} status is now: NodeNotReady`);
    this.#reported = status;
    this.#reportedAt = surroundings.clock.monotonic();
    return ready;
  }

  async #status(): Promise<Draft<core.NodeStatus>> {
    const { config, runtime } = this.#o;
    const whole = await capacity(config);
    this.#allocatable = allocatable(whole, config.systemReserved);
    return {
      addresses: [
        ...config.nodeIPs.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: config.hostname ?? config.nodeName },
      ],
      allocatable: this.#allocatable,
      capacity: whole,
      conditions: await this.#conditions(),
      daemonEndpoints: { kubeletEndpoint: { Port: this.#o.port() } },
      images: await images(runtime),
      nodeInfo: await nodeInfo(runtime),
    };
  }

  async #conditions(): Promise<Condition[]> {
    const { runtime, trouble } = this.#o;
    const { available } = await memoryBytes();
    const short = available < memoryThreshold;
    const answer = await runtime.call('Status', {}, { timeoutMs: 10_000 }).catch(() => undefined);
    const failing = (answer?.status?.conditions ?? []).filter((c) => !c.status);
    const problems = [
      ...(answer ? [] : ['container runtime is down']),
      ...failing.map((c) => (c.type === 'NetworkReady' ? 'container runtime network not ready: NetworkReady=false reason:' : `container runtime not ready: ${c.type}=false reason:`) + `${c.reason} message:${c.message}`),
      ...[trouble()].filter((t) => t !== undefined),
    ];
    const fresh: Condition[] = [
      short
        ? { type: 'MemoryPressure', status: 'True', reason: 'KubeletHasInsufficientMemory', message: 'kubelet has insufficient memory available' }
        : { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
      { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
      { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
      problems.length === 0
        ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
        : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]` },
    ];
    const now = timestamp(this.#o.surroundings.clock.now());
    return fresh.map((condition) => {
      const old = this.#node?.status?.conditions?.find((c) => c.type === condition.type);
      const lastTransitionTime = old?.status === condition.status && old?.lastTransitionTime ? old.lastTransitionTime : now;
      return { ...condition, lastHeartbeatTime: now, lastTransitionTime };
    });
  }

  /** Until the signal: a write each quarter of the lease's duration. */
  async keepLease(): Promise<void> {
    const { config, surroundings, signal } = this.#o;
    const seconds = config.leaseDurationSeconds ?? defaults.leaseDurationSeconds;
    while (!signal.aborted) {
      let pause = seconds * 250;
      try {
        await this.#renew(seconds);
      } catch (error) {
        if (isAbort(error, signal)) return;
        this.#lease = undefined;
        pause = 1_000;
        surroundings.log.debug('Renewing the lease failed', { err: String(error) });
      }
      await surroundings.clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  async #renew(leaseDurationSeconds: number): Promise<void> {
    const { config, client, surroundings, signal } = this.#o;
    const name = config.nodeName;
    const spec = { holderIdentity: name, leaseDurationSeconds, renewTime: microTimestamp(surroundings.clock.now()) };
    this.#lease ??= await client.get(leases, name, { namespace: leaseNamespace, signal }).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });
    if (this.#lease) {
      this.#lease = await client.update(leases, { ...this.#lease, spec: { ...this.#lease.spec, ...spec } }, { namespace: leaseNamespace, signal });
      return;
    }
    const ownerReferences = this.#node ? [{ apiVersion: 'v1', kind: 'Node', name, uid: this.#node.metadata.uid }] : [];
    this.#lease = await client.create(leases, { metadata: { name, namespace: leaseNamespace, ownerReferences }, spec }, { namespace: leaseNamespace, signal });
  }
}

function withoutHeartbeats(status: Draft<core.NodeStatus>): unknown {
  return { ...status, conditions: status.conditions?.map((c) => ({ ...c, lastHeartbeatTime: undefined })) };
}
