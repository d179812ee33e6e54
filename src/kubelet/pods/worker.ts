/**
 * One pod, one worker: it looks at what is wanted and what there is, takes the next steps, looks again, and publishes what it
 * saw. It remembers nothing that it could not find again in the runtime and the API.
 */
import { readFile } from 'node:fs/promises';
import { timestamp, type Timer } from '../../base/clock.ts';
import { pods } from '../../api/core/v1/index.ts';
import { hasReason } from '../../machinery/status.ts';
import { StartError } from '../images/manager.ts';
import { podStatus, type WaitingReason } from '../status/podstatus.ts';
import { terminationLog } from '../volumes/containermounts.ts';
import type { MountedVolumes } from '../volumes/manager.ts';
import { defaults } from '../config.ts';
import type { Agent } from './agent.ts';
import { inspectPod } from './inspect.ts';
import { tailOfLog } from '../logs/tail.ts';
import { containerHash, containerSpecs, isStaticMirror, newest, nothingRunning, podFullName, type ContainerView, type Pod, type PodRuntime } from './model.ts';
import { isInitialized, planPod, type Plan, type StartStep } from './plan.ts';
import { createSandbox, errorText, podIPsOf, startContainer } from './start.ts';
import { removeSandboxes, stopContainer, stopPod, stopSandboxes } from './stop.ts';
import { removePodLogs } from '../logs/files.ts';

const messageLimit = 4096;
const maxSteps = 20;
/** Init containers are short, and the next one waits for each. */
const initPollMs = 150;

export class PodWorker {
  readonly uid: string;
  readonly #agent: Agent;
  #pod: Pod;
  #runtime: PodRuntime = nothingRunning;
  #volumes: MountedVolumes | undefined;
  #volumesRefreshedAt = 0;
  readonly #reasons = new Map<string, WaitingReason>();
  readonly #messages = new Map<string, string>();
  #startTime: string;
  #verdict: WaitingReason | undefined;
  #admitted = false;
  /** All has been stopped and cleared; only the API object may remain. */
  #ended = false;
  /** The API object is gone. */
  #deleted = false;
  #finished = false;
  #failures = 0;
  readonly #seenAt: number;
  /** What the next look is for, as it is counted. */
  #operation: 'create' | 'update' | 'sync' = 'create';
  /** The pod was new here, and has not run yet. */
  #fresh: boolean;
  #running = false;
  #again = false;
  #wakeup: Timer | undefined;
  #wakeAt = Infinity;
  /** Cuts short what waits while starting. */
  #starting = new AbortController();
  #stopping: { graceSeconds: number; abort: AbortController } | undefined;

  constructor(agent: Agent, pod: Pod) {
    this.#agent = agent;
    this.#pod = pod;
    this.uid = pod.metadata.uid;
    this.#seenAt = agent.surroundings.clock.monotonic();
    this.#fresh = pod.status?.startTime === undefined;
    this.#startTime = pod.status?.startTime ?? timestamp(agent.surroundings.clock.now());
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** As of the last look. */
  get runtime(): PodRuntime {
    return this.#runtime;
  }

  /** Once they are prepared. */
  get volumes(): MountedVolumes | undefined {
    return this.#volumes;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (this.#operation === 'sync') this.#operation = 'update';
    this.#noteDeletion();
    this.poke();
  }

  /** The API object vanished: whatever still runs ends now. */
  deleted(): void {
    this.#deleted = true;
    this.#noteDeletion();
    this.poke();
  }

  /** Asks for another look, soon. */
  poke(): void {
    this.#again = true;
    if (this.#running || this.#finished) return;
    this.#running = true;
    void this.#loop();
  }

  get #terminating(): boolean {
    return this.#deleted || this.#pod.metadata.deletionTimestamp !== undefined || this.#verdict !== undefined;
  }

  get #isInitializing(): boolean {
    const init = this.#pod.spec.initContainers ?? [];
    if (init.length === 0 || this.#ended || this.#terminating || isInitialized(this.#pod, this.#runtime)) return false;
    return init.some((c) => newest(this.#runtime, c.name)?.state === 'CONTAINER_RUNNING');
  }

  get #grace(): number {
    if (this.#deleted) return this.#pod.metadata.deletionGracePeriodSeconds ?? 1;
    return this.#pod.metadata.deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  #noteDeletion(): void {
    if (!this.#terminating) return;
    this.#starting.abort();
    const stopping = this.#stopping;
    if (!stopping || this.#grace >= stopping.graceSeconds) return;
    // Asked to be quicker: the runtime takes the shorter of two requests.
    stopping.graceSeconds = this.#grace;
    stopping.abort.abort();
    for (const view of this.#runtime.containers.filter((c) => c.state === 'CONTAINER_RUNNING')) {
      void this.#agent.runtime.call('StopContainer', { containerId: view.id, timeout: Math.max(0, this.#grace) }).catch((error: unknown) => {
        this.#agent.surroundings.log.warn('Hastening a stop failed', { container: view.name, err: String(error) });
      });
    }
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#finished) {
      this.#again = false;
      this.#wakeup?.cancel();
      this.#wakeAt = Infinity;
      const measured = this.#measure();
      try {
        await this.#sync();
        this.#failures = 0;
      } catch (error) {
        this.#agent.surroundings.log.error('Syncing a pod failed', errorText(error), { pod: podFullName(this.#pod) });
        this.#wakeIn(Math.min(120_000, 500 * 2 ** this.#failures++));
      } finally {
        measured();
      }
      if (this.#isInitializing) this.#wakeIn(initPollMs);
      this.#wakeIn(this.#agent.config.syncPeriodMs ?? defaults.syncPeriodMs);
    }
    this.#running = false;
  }

  /** Begins to time a look; the answer ends it. */
  #measure(): () => void {
    const { measures, surroundings: { clock } } = this.#agent;
    const begun = clock.monotonic();
    const operation = this.#operation;
    if (operation === 'create') measures.workerStarted((begun - this.#seenAt) / 1000);
    this.#operation = 'sync';
    return () => measures.synced(this.#terminating ? 'kill' : operation, (clock.monotonic() - begun) / 1000);
  }

  #wakeIn(ms: number): void {
    const { clock } = this.#agent.surroundings;
    const at = clock.monotonic() + ms;
    if (this.#finished || at >= this.#wakeAt) return;
    this.#wakeup?.cancel();
    this.#wakeAt = at;
    this.#wakeup = clock.after(ms, () => this.poke());
  }

  async #sync(): Promise<void> {
    if (isStaticMirror(this.#pod)) return;
    await this.#look();
    this.#checkDeadline();
    if (this.#ended || this.#terminating) return this.#terminate();
    const { phase } = this.#pod.status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed') return this.#end();
    if (!this.#admit()) return this.#terminate();
    if (!(await this.#prepare())) return this.#publish();
    for (let step = 0; step < maxSteps && !this.#terminating; step++) {
      const plan = planPod(this.#pod, this.#runtime, this.#agent.probes);
      if (plan.finished) return this.#end();
      const acted = await this.#carryOut(plan);
      if (acted) await this.#look();
      this.#publish();
      if (!acted) break;
    }
    if (this.#terminating) this.#again = true;
  }

  async #look(): Promise<void> {
    this.#runtime = await inspectPod(this.#agent.runtime, this.uid);
    if (!this.#terminating && !this.#ended) this.#agent.probes.reconcile(this.#pod, this.#runtime);
    for (const view of this.#runtime.containers) {
      if (view.state !== 'CONTAINER_EXITED' || this.#messages.has(view.id)) continue;
      this.#messages.set(view.id, await this.#lastWords(view));
    }
  }

  async #lastWords(view: ContainerView): Promise<string> {
    const container = containerSpecs(this.#pod).find((s) => s.container.name === view.name)?.container;
    const file = terminationLog(this.#agent.config, this.uid, view.name, view.restartCount);
    const text = (await readFile(file).catch(() => Buffer.alloc(0))).subarray(0, messageLimit).toString();
    if (text !== '' || container?.terminationMessagePolicy !== 'FallbackToLogsOnError' || view.exitCode === 0) return text;
    return tailOfLog(view.logPath, 80, 2048).catch(() => '');
  }

  /** Once, before anything of the pod is made; what already runs is not refused. */
  #admit(): boolean {
    if (this.#admitted || this.#runtime.sandboxes.length > 0) return true;
    const refusal = this.#agent.refuse(this.#pod);
    if (refusal) {
      this.#agent.note(this.#pod, 'Warning', refusal.reason, refusal.message);
      this.#verdict = { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
      return false;
    }
    this.#admitted = true;
    return true;
  }

  #checkDeadline(): void {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined || this.#terminating || this.#ended) return;
    const left = Date.parse(this.#startTime) + seconds * 1000 - this.#agent.surroundings.clock.now();
    if (left > 0) return this.#wakeIn(left);
    const message = 'Pod was active on the node longer than the specified deadline';
    this.#agent.note(this.#pod, 'Normal', 'DeadlineExceeded', message);
    this.#verdict = { reason: 'DeadlineExceeded', message };
  }

  /** Cgroup and volumes. Answers false when they are not there yet. */
  async #prepare(): Promise<boolean> {
    const agent = this.#agent;
    const pod = this.#pod;
    const { clock } = agent.surroundings;
    if (this.#volumes) {
      if (clock.monotonic() - this.#volumesRefreshedAt >= (agent.config.syncPeriodMs ?? defaults.syncPeriodMs) * 0.9) {
        this.#volumesRefreshedAt = clock.monotonic();
        await agent.volumes.refresh(pod);
      }
      return true;
    }
    try {
      await agent.cgroups.ensure(pod);
      this.#volumes = await agent.volumes.prepare(pod);
      this.#volumesRefreshedAt = clock.monotonic();
      this.#failures = 0;
      return true;
    } catch (error) {
      agent.note(pod, 'Warning', 'FailedMount', errorText(error));
      this.#wakeIn(Math.min(122_000, 500 * 2 ** this.#failures));
      return false;
    }
  }

  /** Answers whether it did anything that makes another look worth while. */
  async #carryOut(plan: Plan): Promise<boolean> {
    const agent = this.#agent;
    const pod = this.#pod;
    const runtime = this.#runtime;
    if (plan.createSandbox) {
      await this.#newSandbox(plan.attempt);
      return true;
    }
    await Promise.all(
      plan.stop.map((s) =>
        stopContainer(agent, pod, s.view, runtime.sandboxes[0]?.ips[0] ?? '', {
          graceSeconds: this.#graceOf(s.view, s.reason), reason: s.reason, message: s.message,
        }),
      ),
    );
    let acted = plan.stop.length > 0;
    for (const step of plan.start) {
      if (this.#terminating) break;
      if (await this.#start(step)) acted = true;
    }
    return acted;
  }

  /** A probe may have a grace period of its own. */
  #graceOf(view: ContainerView, reason: string): number {
    const container = containerSpecs(this.#pod).find((s) => s.container.name === view.name)?.container;
    const probe = this.#agent.probes.startup(view) === 'failed' ? container?.startupProbe : container?.livenessProbe;
    const own = reason === 'Unhealthy' ? probe?.terminationGracePeriodSeconds : undefined;
    return own ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  async #newSandbox(attempt: number): Promise<void> {
    const agent = this.#agent;
    const pod = this.#pod;
    if (this.#runtime.sandboxes.length > 0) {
      agent.note(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await stopPod(agent, pod, this.#runtime, { graceSeconds: pod.spec.terminationGracePeriodSeconds ?? 30 });
    }
    try {
      await createSandbox(agent, pod, attempt);
    } catch (error) {
      agent.note(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${errorText(error)}`);
      throw error;
    }
  }

  async #start(step: StartStep): Promise<boolean> {
    const agent = this.#agent;
    const pod = this.#pod;
    const { container, last } = step;
    const key = `${this.uid}/${container.name}/${containerHash(container)}`;
    if (last?.state === 'CONTAINER_EXITED') {
      const wait = agent.backoff.remaining(key, last.finishedAt);
      if (wait > 0) {
        const seconds = Math.round(agent.backoff.delay(key) / 1000);
        const period = seconds >= 60 ? `${Math.floor(seconds / 60)}m${seconds % 60}s` : `${seconds}s`;
        const message = `back-off ${period} restarting failed container=${container.name} pod=${podFullName(pod)}`;
        if (this.#reasons.get(container.name)?.message !== message) {
          agent.note(pod, 'Warning', 'BackOff', `Back-off restarting failed container ${container.name} in pod ${podFullName(pod)}`, container.name);
        }
        this.#reasons.set(container.name, { reason: 'CrashLoopBackOff', message });
        this.#wakeIn(wait + 10);
        return false;
      }
      agent.backoff.next(key, last.finishedAt);
    }
    try {
      await startContainer(agent, pod, step, this.#runtime, this.#volumes!, this.#starting.signal);
      this.#reasons.delete(container.name);
      return true;
    } catch (error) {
      if (this.#terminating) return false;
      if (!(error instanceof StartError)) throw error;
      this.#reasons.set(container.name, { reason: error.reason, message: error.message });
      this.#wakeIn(Math.min(error.retryInMs ?? 10_000, 20_000));
      // A container that was made but did not run shows in the runtime.
      if (error.reason === 'RunContainerError' || error.reason === 'PostStartHookError') await this.#look();
      return false;
    }
  }

  #publish(): void {
    if (this.#deleted) return;
    const agent = this.#agent;
    const status = podStatus({
      pod: this.#pod, runtime: this.#runtime, probes: agent.probes, reasons: this.#reasons, messages: this.#messages,
      hostIPs: agent.config.nodeIPs, now: agent.surroundings.clock.now(), startTime: this.#startTime, ended: this.#ended, verdict: this.#verdict,
    });
    if (this.#fresh && status.phase === 'Running') {
      this.#fresh = false;
      agent.measures.podRuns((agent.surroundings.clock.monotonic() - this.#seenAt) / 1000);
    }
    agent.statuses.publish(this.#pod, status);
  }

  /** All that was to run has run: the sandbox goes, containers and logs stay until the pod is deleted. */
  async #end(): Promise<void> {
    const agent = this.#agent;
    if (!this.#ended) {
      await stopPod(agent, this.#pod, this.#runtime, { graceSeconds: this.#pod.spec.terminationGracePeriodSeconds ?? 30 });
      await this.#look();
      this.#ended = true;
      this.#publish();
      await this.#clear();
    }
  }

  async #clear(): Promise<void> {
    const agent = this.#agent;
    agent.probes.forget(this.uid);
    await agent.volumes.teardown(this.uid);
    await agent.cgroups.remove(agent.cgroups.pathOf(this.#pod));
    agent.backoff.forget(`${this.uid}/`);
    agent.images.forget(this.uid);
  }

  async #terminate(): Promise<void> {
    const agent = this.#agent;
    if (!this.#ended) {
      agent.probes.forget(this.uid);
      const abort = new AbortController();
      this.#stopping = { graceSeconds: this.#grace, abort };
      await stopPod(agent, this.#pod, this.#runtime, { graceSeconds: this.#grace, signal: abort.signal });
      this.#stopping = undefined;
      await this.#look();
      this.#ended = true;
      this.#publish();
      await agent.statuses.settled(this.uid);
      await this.#clear();
    }
    if (this.#pod.metadata.deletionTimestamp === undefined && !this.#deleted) return;
    if (!this.#deleted) await this.#deleteObject();
    await stopSandboxes(agent, this.#runtime);
    await removeSandboxes(agent, this.#runtime);
    await removePodLogs(agent.config, this.#pod);
    this.#finished = true;
    this.#wakeup?.cancel();
    agent.statuses.forget(this.uid);
    agent.gone(this.uid);
  }

  /** The last step of a graceful deletion is the agent's. */
  async #deleteObject(): Promise<void> {
    const { name, namespace, uid } = this.#pod.metadata;
    try {
      await this.#agent.client.delete(pods, name, { namespace: namespace ?? '', gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  /** Addresses and ids for the server and the statistics. */
  ips(): readonly string[] {
    return podIPsOf(this.#agent, this.#pod, this.#runtime.sandboxes[0]);
  }

  find(name: string): ContainerView | undefined {
    return newest(this.#runtime, name);
  }
}
