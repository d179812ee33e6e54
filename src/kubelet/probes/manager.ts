/** Runs the probes of running containers and remembers what they say. */
import { defaultBuckets } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { Runtime } from '../cri/client.ts';
import { containerSpecs, isSidecar, type Container, type ContainerView, type Pod, type PodRuntime } from '../pods/model.ts';
import type { ProbeResults, ProbeVerdict } from '../pods/plan.ts';
import { runProbe } from './checks.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

interface Prober {
  verdict: ProbeVerdict;
  readonly abort: AbortController;
  /** Totals for /metrics/probes. */
  succeeded: number;
  failed: number;
  readonly durations: ProbeDurations;
}

/** Of the answers that were good: how many were within each of the default buckets, and their sum. */
export interface ProbeDurations {
  readonly within: number[];
  sum: number;
}

interface Watched {
  readonly pod: Pod;
  readonly container: Container;
  readonly view: ContainerView;
  readonly ip: string;
}

export interface ProbeManagerOptions {
  readonly runtime: Runtime;
  readonly surroundings: Surroundings;
  readonly unhealthy: (pod: Pod, container: string, message: string) => void;
  /** Something changed: look at the pod again. */
  readonly changed: (uid: string) => void;
  /** Was this container ready when the agent last wrote of it? Then a restart of the agent does not unsay it. */
  readonly wasReady: (pod: Pod, containerId: string) => boolean;
}

const title = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

export class ProbeManager implements ProbeResults {
  readonly #o: ProbeManagerOptions;
  /** By pod uid, then `<container id>/<kind>`. */
  readonly #pods = new Map<string, Map<string, Prober>>();

  constructor(options: ProbeManagerOptions) {
    this.#o = options;
  }

  /** Begins the probes of what runs and ends those of what does not. */
  reconcile(pod: Pod, runtime: PodRuntime): void {
    const sandbox = runtime.sandboxes[0];
    const probers = this.#pods.get(pod.metadata.uid) ?? new Map<string, Prober>();
    this.#pods.set(pod.metadata.uid, probers);
    const wanted = new Set<string>();
    for (const { kind, container } of containerSpecs(pod)) {
      if (kind === 'ephemeral' || (kind === 'init' && !isSidecar(container))) continue;
      const view = runtime.containers.find((c) => c.name === container.name);
      if (view?.state !== 'CONTAINER_RUNNING') continue;
      for (const which of ['startup', 'liveness', 'readiness'] as const) {
        const probe = container[`${which}Probe`];
        if (!probe) continue;
        const key = `${view.id}/${which}`;
        wanted.add(key);
        if (!probers.has(key)) this.#begin(probers, key, which, probe, { pod, container, view, ip: sandbox?.ips[0] ?? pod.status?.hostIP ?? '' });
      }
    }
    for (const [key, prober] of probers) {
      if (wanted.has(key)) continue;
      prober.abort.abort();
      probers.delete(key);
    }
  }

  forget(uid: string): void {
    for (const prober of this.#pods.get(uid)?.values() ?? []) prober.abort.abort();
    this.#pods.delete(uid);
  }

  close(): void {
    for (const uid of this.#pods.keys()) this.forget(uid);
  }

  started(container: Container, view: ContainerView): boolean {
    return view.state === 'CONTAINER_RUNNING' && (!container.startupProbe || this.#verdict(view, 'startup') === 'passed');
  }

  ready(container: Container, view: ContainerView): boolean {
    return this.started(container, view) && (!container.readinessProbe || this.#verdict(view, 'readiness') === 'passed');
  }

  liveness(view: ContainerView): ProbeVerdict {
    return this.#verdict(view, 'liveness');
  }

  startup(view: ContainerView): ProbeVerdict {
    return this.#verdict(view, 'startup');
  }

  /** For /metrics/probes: how often each came out how. */
  *totals(): Generator<{ uid: string; key: string; succeeded: number; failed: number; durations: ProbeDurations }> {
    for (const [uid, probers] of this.#pods) {
      for (const [key, { succeeded, failed, durations }] of probers) yield { uid, key, succeeded, failed, durations };
    }
  }

  #verdict(view: ContainerView, kind: ProbeKind): ProbeVerdict {
    for (const probers of this.#pods.values()) {
      const found = probers.get(`${view.id}/${kind}`);
      if (found) return found.verdict;
    }
    return 'unknown';
  }

  #begin(probers: Map<string, Prober>, key: string, kind: ProbeKind, probe: DeepReadonly<core.Probe>, watched: Watched): void {
    const initially = kind === 'readiness' && this.#o.wasReady(watched.pod, watched.view.id) ? 'passed' : 'unknown';
    const prober: Prober = { verdict: initially, abort: new AbortController(), succeeded: 0, failed: 0, durations: { within: defaultBuckets.map(() => 0), sum: 0 } };
    probers.set(key, prober);
    this.#run(prober, kind, probe, watched).catch((error: unknown) => {
      if (!isAbort(error, prober.abort.signal)) this.#o.surroundings.log.error('A probe ended', error, { probe: key });
    });
  }

  async #run(prober: Prober, kind: ProbeKind, probe: DeepReadonly<core.Probe>, { pod, container, view, ip }: Watched): Promise<void> {
    const { clock, random } = this.#o.surroundings;
    const { signal } = prober.abort;
    const period = (probe.periodSeconds ?? 10) * 1000;
    const delay = view.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    if (delay > 0) await clock.sleep(delay, signal);
    // After a restart of the agent many would begin at once.
    else if (clock.now() - view.startedAt > 2 * period) await clock.sleep(random.next() * period, signal);
    let streak = 0;
    let last: boolean | undefined;
    for (;;) {
      if (kind === 'startup' || this.started(container, view)) {
        const target = { runtime: this.#o.runtime, clock, pod, container, containerId: view.id, ip, signal };
        const begun = clock.monotonic();
        const result = await runProbe(target, probe);
        if (signal.aborted) return;
        streak = last === result.ok ? streak + 1 : 1;
        last = result.ok;
        if (result.ok) {
          prober.succeeded++;
          took(prober.durations, (clock.monotonic() - begun) / 1000);
        } else {
          prober.failed++;
          this.#o.unhealthy(pod, container.name, `${title[kind]} probe failed: ${result.output}`);
        }
        const threshold = result.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
        if (streak >= threshold) this.#settle(prober, result.ok ? 'passed' : 'failed', pod);
        // A container that is to be killed needs no more questions; started once is started.
        if (kind !== 'readiness' && prober.verdict === 'failed') return;
        if (kind === 'startup' && prober.verdict === 'passed') return;
      }
      const soon = kind !== 'startup' && !this.started(container, view) ? Math.min(period, 1000) : period;
      await clock.sleep(soon, signal);
    }
  }

  #settle(prober: Prober, verdict: ProbeVerdict, pod: Pod): void {
    if (prober.verdict === verdict) return;
    prober.verdict = verdict;
    this.#o.changed(pod.metadata.uid);
  }
}

function took(durations: ProbeDurations, seconds: number): void {
  durations.sum += seconds;
  defaultBuckets.forEach((bound, i) => {
    if (seconds <= bound) durations.within[i]!++;
  });
}
