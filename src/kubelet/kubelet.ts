/** The node agent: puts the parts together and runs them until the signal. */
import { mkdir } from 'node:fs/promises';
import { isAbort } from '../base/abort.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Surroundings } from '../base/surroundings.ts';
import { configmaps, nodes, pods, secrets, services } from '../api/core/v1/index.ts';
import type * as core from '../api/core/v1/types.ts';
import type { ResourceRef } from '../api/reference.ts';
import type { Client } from '../client/client.ts';
import { eventRecorder } from '../client/events.ts';
import { Informer } from '../client/informer.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { hasReason } from '../machinery/status.ts';
import { defaults, type KubeletConfig } from './config.ts';
import { connectRuntime, type Runtime } from './cri/client.ts';
import { imageManager } from './images/manager.ts';
import { keepLogsSmall } from './logs/rotation.ts';
import { kubeletMeasures, measuredRuntime, type Measures } from './measures.ts';
import { refusal } from './pods/admission.ts';
import type { Agent } from './pods/agent.ts';
import { BackoffTable } from './pods/backoff.ts';
import { podCgroups } from './pods/cgroups.ts';
import type { Lookup } from './pods/environment.ts';
import { PodManager } from './pods/manager.ts';
import { keepMirrors } from './pods/mirrors.ts';
import { fieldPathOf, type Pod } from './pods/model.ts';
import { cpuShares, milliCpu, qosClass, requested } from './pods/resources.ts';
import { ProbeManager } from './probes/manager.ts';
import { serveKubelet } from './server/server.ts';
import { NodeReporter } from './status/node.ts';
import { memoryBytes } from './status/nodefacts.ts';
import { StatusWriter } from './status/writer.ts';
import { VolumeManager } from './volumes/manager.ts';
import { systemMounter } from './volumes/mounts.ts';
import { TokenSource } from './volumes/tokens.ts';

export interface KubeletDependencies {
  readonly client: Client;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
  /** Where the client counts already; what the agent counts joins it. */
  readonly metrics?: Metrics;
  /** Told where the server listens, once it does. */
  readonly onListening?: (address: { host: string; port: number }) => void;
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

function lookupOf(client: Client): Lookup {
  const get = <T>(ref: ResourceRef<T>) => (namespace: string, name: string): Promise<DeepReadonly<T> | undefined> => orUndefined(client.get(ref, name, { namespace }));
  return { configMap: get(configmaps), secret: get(secrets) };
}

/** The runtime may come up after the agent. */
async function runtimeAnswers(runtime: Runtime, { clock, log }: Surroundings, signal: AbortSignal): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      await runtime.call('Version', {}, { timeoutMs: 5_000, signal });
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!told) log.info('Waiting for the container runtime', { err: String(error) });
      await clock.sleep(100, signal);
    }
  }
}

export async function runKubelet(config: KubeletConfig, dependencies: KubeletDependencies): Promise<void> {
  const { signal } = dependencies;
  const surroundings = { ...dependencies.surroundings, log: dependencies.surroundings.log.named('kubelet') };
  const { log, clock } = surroundings;
  await mkdir(config.rootDir, { recursive: true });
  await mkdir(config.podLogsDir, { recursive: true });
  const measures = kubeletMeasures(config.nodeName, dependencies.metrics);
  const endpoints = { runtime: config.containerRuntimeEndpoint, ...(config.imageServiceEndpoint ? { image: config.imageServiceEndpoint } : {}) };
  const runtime = measuredRuntime(connectRuntime(endpoints, clock), measures.registry, clock);
  try {
    await runtimeAnswers(runtime, surroundings, signal);
    const kubelet = await assemble(config, { ...dependencies, surroundings }, runtime, measures);
    await kubelet.run();
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  } finally {
    log.info('Stopped; containers go on');
    runtime.close();
  }
}

async function assemble(config: KubeletConfig, dependencies: KubeletDependencies, runtime: Runtime, measures: Measures): Promise<{ run(): Promise<void> }> {
  const { client, surroundings, signal } = dependencies;
  const { clock, log } = surroundings;
  const recorder = eventRecorder(client, { component: 'kubelet', host: config.nodeName }, surroundings, signal);
  const lookup = lookupOf(client);
  const tokens = new TokenSource(client, surroundings);
  const serviceInformer = new Informer(client, services, surroundings);
  const podInformer = new Informer(client, pods, surroundings, { fieldSelector: `spec.nodeName=${config.nodeName}` });
  const cgroups = podCgroups(config.cgroupRoot, config.cgroupMount);
  const note: Agent['note'] = (pod, type, reason, message, container) =>
    recorder.event(pods, pod, type, reason, message, container ? { fieldPath: fieldPathOf(pod, container) } : {});

  let port = config.server?.port ?? 10250;
  const node = new NodeReporter({
    config, client, runtime, surroundings, signal, port: () => port, trouble: () => undefined,
    note: (type, reason, message) => recorder.eventFor({ kind: 'Node', name: config.nodeName, uid: config.nodeName }, type, reason, message),
  });
  await node.prepare();

  const probes = new ProbeManager({
    runtime, surroundings,
    unhealthy: (pod, container, message) => note(pod, 'Warning', 'Unhealthy', message, container),
    changed: (uid) => manager.poke(uid),
    wasReady: (pod, id) => [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].some((s) => s.containerID === `containerd://${id}` && s.ready),
  });
  const volumes = new VolumeManager({
    config, client, surroundings, mounter: systemMounter(),
    sourcesFor: (pod) => ({
      ...lookup,
      token: (p, audience, seconds) => tokens.token(p, audience, seconds),
      facts: { hostIPs: config.nodeIPs, podIPs: manager.get(pod.metadata.uid)?.ips() ?? [], allocatable: node.allocatable },
    }),
  });
  const agent: Agent = {
    config, client, surroundings, runtime, measures, volumes, probes, cgroups, lookup, note,
    images: imageManager({ runtime, surroundings, secret: lookup.secret, pullTimeoutMs: config.imagePullTimeoutMs ?? defaults.imagePullTimeoutMs }),
    statuses: new StatusWriter(client, surroundings, signal, measures.statusWritten),
    backoff: new BackoffTable(clock, { initialMs: 10_000, maxMs: 300_000 }),
    services: (pod) => linkedServices(serviceInformer, pod),
    allocatable: () => node.allocatable,
    nodeMemory: (await memoryBytes()).total,
    refuse: (pod) => refusal(pod, countedPods(manager, pod), node.allocatable, { 'kubernetes.io/hostname': config.hostname ?? config.nodeName, ...nodeLabels() }),
    gone: (uid) => {
      tokens.forget(uid);
      manager.forget(uid);
      weigh();
    },
  };
  const manager: PodManager = new PodManager(agent, signal);
  const nodeInformer = new Informer(client, nodes, surroundings, { fieldSelector: `metadata.name=${config.nodeName}` });
  const nodeLabels = (): Readonly<Record<string, string>> => nodeInformer.get(config.nodeName)?.metadata.labels ?? {};

  const weigh = (): void => {
    const burstable = manager.allPods().filter((p) => qosClass(p) === 'Burstable');
    const milli = burstable.reduce((sum, p) => sum + p.spec.containers.reduce((s, c) => s + milliCpu(requested(c, 'cpu')), 0), 0);
    cgroups.setBurstableShares(cpuShares(milli)).catch((error: unknown) => log.debug('Weighing the tiers failed', { err: String(error) }));
  };

  const followPods = async (): Promise<void> => {
    await Promise.all([serviceInformer.synced(signal), nodeInformer.synced(signal)]);
    podInformer.on({
      added: (pod) => {
        manager.set(pod);
        weigh();
      },
      updated: (pod, old) => {
        // The name may have passed on to another pod between two lists.
        if (old.metadata.uid !== pod.metadata.uid) manager.deleted(old);
        manager.set(pod);
      },
      deleted: (pod) => manager.deleted(pod),
    });
    await podInformer.synced(signal);
    await manager.sweep().catch((error: unknown) => log.error('Sweeping what earlier runs left failed', error));
  };

  const run = async (): Promise<void> => {
    if (config.server) {
      const server = await serveKubelet({ agent, manager, runtime, node, server: config.server, client, surroundings, signal });
      port = server.port;
      dependencies.onListening?.({ host: config.server.host, port });
    }
    if (config.registerNode !== false) await registered(node, surroundings, signal);
    weigh();
    const parts = config.staticParts ?? [];
    await Promise.all([
      node.reportForever(), node.keepLease(),
      serviceInformer.run(signal), nodeInformer.run(signal), podInformer.run(signal),
      followPods(), manager.watchRuntime(), keepLogsSmall(agent, manager, signal),
      ...(parts.length > 0 ? [keepMirrors(parts, { config, client, surroundings, signal, nodeUid: () => node.uid })] : []),
    ]);
    probes.close();
  };
  return { run };
}

async function registered(node: NodeReporter, { clock, log }: Surroundings, signal: AbortSignal): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      return await node.register();
    } catch (error) {
      if (signal.aborted) throw error;
      if (!told) log.warn('Registering the node failed, trying again', { err: String(error) });
      await clock.sleep(300, signal);
    }
  }
}

/** All of the pod's namespace, and the API server's own. */
function linkedServices(informer: Informer<core.Service>, pod: Pod): DeepReadonly<core.Service>[] {
  const namespace = pod.metadata.namespace ?? '';
  const own = pod.spec.enableServiceLinks === false ? [] : informer.list(namespace);
  const master = informer.get('kubernetes', 'default');
  return master && !own.some((s) => s.metadata.uid === master.metadata.uid) ? [master, ...own] : own;
}

function countedPods(manager: PodManager, pod: Pod): Pod[] {
  return manager.allPods().filter((p) => p.metadata.uid !== pod.metadata.uid && p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed');
}
