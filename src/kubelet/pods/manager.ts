/** The workers of all pods of the node, and the loop that tells them when the runtime has changed under them. */
import { isAbort } from '../../base/abort.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { RuntimeError } from '../cri/client.ts';
import { defaults } from '../config.ts';
import { removeOrphanLogs } from '../logs/files.ts';
import { podDir } from './naming.ts';
import type { Agent } from './agent.ts';
import { inspectPod } from './inspect.ts';
import { isStaticMirror, label, type Pod } from './model.ts';
import { PodWorker } from './worker.ts';
import { readdir } from 'node:fs/promises';

const unimplemented = 12;

export class PodManager {
  readonly #agent: Agent;
  readonly #signal: AbortSignal;
  readonly #workers = new Map<string, PodWorker>();
  /** Mirror pods: they show parts that live elsewhere and have no worker. */
  readonly #mirrors = new Map<string, Pod>();
  /** What the runtime had of each pod when last asked. */
  #fingerprints = new Map<string, string>();
  #relistedAt: number | undefined;
  /** Process of each sandbox, for network statistics. */
  readonly #sandboxPids = new Map<string, number>();

  constructor(agent: Agent, signal: AbortSignal) {
    this.#agent = agent;
    this.#signal = signal;
  }

  get workers(): IterableIterator<PodWorker> {
    return this.#workers.values();
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  byName(namespace: string, name: string): PodWorker | undefined {
    return this.#workers.values().find((w) => w.pod.metadata.name === name && w.pod.metadata.namespace === namespace);
  }

  mirror(namespace: string, name: string): Pod | undefined {
    return this.#mirrors.values().find((p) => p.metadata.name === name && p.metadata.namespace === namespace);
  }

  allPods(): Pod[] {
    return [...this.#mirrors.values(), ...this.#workers.values().map((w) => w.pod)];
  }

  sandboxPid(sandboxId: string): number | undefined {
    return this.#sandboxPids.get(sandboxId);
  }

  set(pod: Pod): void {
    const { uid } = pod.metadata;
    if (isStaticMirror(pod)) {
      this.#mirrors.set(uid, pod);
      return;
    }
    const known = this.#workers.get(uid);
    if (known) return known.update(pod);
    const worker = new PodWorker(this.#agent, pod);
    this.#workers.set(uid, worker);
    worker.poke();
  }

  deleted(pod: Pod): void {
    this.#mirrors.delete(pod.metadata.uid);
    this.#workers.get(pod.metadata.uid)?.deleted();
  }

  forget(uid: string): void {
    this.#workers.delete(uid);
  }

  poke(uid: string): void {
    this.#workers.get(uid)?.poke();
  }

  /** What earlier runs left of pods that the API does not know any more. Call when all pods of the node are known. */
  async sweep(): Promise<void> {
    const agent = this.#agent;
    const { items } = await agent.runtime.call('ListPodSandbox', {});
    const orphans = new Set(items.map((s) => s.labels[label.podUid] ?? '').filter((uid) => uid !== '' && !this.#workers.has(uid)));
    for (const uid of orphans) {
      agent.surroundings.log.info('Removing a pod that is no longer known', { uid });
      const { containers, sandboxes } = await inspectPod(agent.runtime, uid);
      for (const c of containers.filter((v) => v.state === 'CONTAINER_RUNNING')) await agent.runtime.call('StopContainer', { containerId: c.id, timeout: 2 });
      for (const { id } of sandboxes) {
        await agent.runtime.call('StopPodSandbox', { podSandboxId: id });
        await agent.runtime.call('RemovePodSandbox', { podSandboxId: id });
      }
    }
    const root = podDir(agent.config, '');
    for (const uid of await readdir(root).catch(() => [])) if (!this.#workers.has(uid)) await agent.volumes.teardown(uid);
    for (const { uid, path } of await agent.cgroups.list()) if (!this.#workers.has(uid)) await agent.cgroups.remove(path);
    await removeOrphanLogs(agent.config, (uid) => this.#workers.has(uid));
  }

  /** Until the signal: events where the runtime sends them, and a regular look in any case. */
  async watchRuntime(): Promise<void> {
    const { surroundings, config } = this.#agent;
    const events = this.#followEvents();
    const period = config.relistPeriodMs ?? defaults.relistPeriodMs;
    while (!this.#signal.aborted) {
      await this.#relist().catch((error: unknown) => {
        if (!isAbort(error, this.#signal)) surroundings.log.warn('Asking the runtime for its pods failed', { err: String(error) });
      });
      await surroundings.clock.sleep(period, this.#signal).catch(() => undefined);
    }
    await events;
  }

  async #followEvents(): Promise<void> {
    const { runtime, surroundings } = this.#agent;
    while (!this.#signal.aborted) {
      try {
        for await (const event of runtime.events(this.#signal)) {
          const uid = event.podSandboxStatus?.metadata?.uid;
          if (uid) this.poke(uid);
        }
      } catch (error) {
        if (error instanceof RuntimeError && error.code === unimplemented) return;
        if (!this.#signal.aborted) surroundings.log.debug('The stream of runtime events ended', { err: String(error) });
      }
      await surroundings.clock.sleep(1_000, this.#signal).catch(() => undefined);
    }
  }

  async #relist(): Promise<void> {
    const { runtime, measures, surroundings: { clock } } = this.#agent;
    const begun = clock.monotonic();
    const [sandboxes, containers] = await Promise.all([runtime.call('ListPodSandbox', {}), runtime.call('ListContainers', {})]);
    const fresh = new Map<string, string>();
    const add = (uid: string | undefined, id: string, state: string): void => {
      if (uid) fresh.set(uid, `${fresh.get(uid) ?? ''}${id}=${state};`);
    };
    const live = new Set<string>();
    for (const s of sandboxes.items) {
      add(s.labels[label.podUid], s.id, s.state);
      live.add(s.id);
      if (s.state === 'SANDBOX_READY' && !this.#sandboxPids.has(s.id)) await this.#learnPid(s.id);
    }
    for (const id of this.#sandboxPids.keys()) if (!live.has(id)) this.#sandboxPids.delete(id);
    for (const c of containers.containers) add(c.labels[label.podUid], c.id, c.state);
    for (const uid of new Set([...fresh.keys(), ...this.#fingerprints.keys()])) {
      if (fresh.get(uid) !== this.#fingerprints.get(uid)) this.poke(uid);
    }
    this.#fingerprints = fresh;
    measures.relisted((clock.monotonic() - begun) / 1000, this.#relistedAt === undefined ? undefined : (begun - this.#relistedAt) / 1000, clock.now());
    this.#relistedAt = begun;
  }

  async #learnPid(id: string): Promise<void> {
    const answer = await this.#agent.runtime.call('PodSandboxStatus', { podSandboxId: id, verbose: true }).catch(() => undefined);
    const text = answer?.info['info'];
    const pid = text === undefined ? undefined : (JSON.parse(text) as JsonObject)['pid'];
    this.#sandboxPids.set(id, typeof pid === 'number' ? pid : 0);
  }
}
