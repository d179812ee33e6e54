/** Scales whatever has a scale subresource so that its metrics meet their targets. */
import { timestamp } from '../../base/clock.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { parseLabelSelector, type Selector } from '../../machinery/selectors.ts';
import { hasReason, qualified } from '../../machinery/status.ts';
import type { Scale } from '../../api/autoscaling/v1/index.ts';
import {
  horizontalpodautoscalers, type CrossVersionObjectReference, type HorizontalPodAutoscaler, type HorizontalPodAutoscalerCondition, type HorizontalPodAutoscalerStatus, type MetricStatus,
} from '../../api/autoscaling/v2/index.ts';
import { pods, type Pod } from '../../api/core/v1/index.ts';
import type { ResourceRef } from '../../api/reference.ts';
import { discover, type Discovery } from '../../client/discovery.ts';
import type { AutoscalerOptions, Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';
import { evaluate, type Evaluated, type Failed } from './evaluate.ts';
import { bounded, History } from './limits.ts';

type Autoscaler = DeepReadonly<HorizontalPodAutoscaler>;

const defaults: Required<AutoscalerOptions> = {
  syncPeriodMs: 15_000, downscaleStabilizationMs: 300_000, tolerance: 0.1, cpuInitializationPeriodMs: 300_000, initialReadinessDelayMs: 30_000, configurableTolerance: false,
};
/** How often a size is set anew after somebody else's change, and after how long. */
const conflictAttempts = 5;
const conflictDelayMs = 10;
/** What the server serves is asked for again after this long. */
const discoveryMs = 30_000;

/** A status in the making. */
class StatusDraft {
  readonly #now: string;
  readonly old: DeepReadonly<HorizontalPodAutoscalerStatus>;
  readonly conditions: HorizontalPodAutoscalerCondition[];

  constructor(hpa: Autoscaler, now: string) {
    this.#now = now;
    this.old = hpa.status;
    this.conditions = (hpa.status?.conditions ?? []).map((c) => ({ ...c }));
  }

  set(type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited', status: 'True' | 'False', reason: string, message: string): void {
    const at = this.conditions.findIndex((c) => c.type === type);
    const before = this.conditions[at];
    const lastTransitionTime = before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : this.#now;
    const condition = { type, status, lastTransitionTime, reason, message };
    if (before) this.conditions[at] = condition;
    else this.conditions.push(condition);
  }

  /** Without figures: what could not be found out stays as it was. */
  status(figures?: { currentReplicas: number; desiredReplicas?: number; currentMetrics: MetricStatus[]; rescaled?: boolean }): HorizontalPodAutoscalerStatus {
    const before = { ...this.old, desiredReplicas: this.old?.desiredReplicas ?? 0, currentMetrics: this.old?.currentMetrics ?? [] } as HorizontalPodAutoscalerStatus;
    if (!figures) return { ...before, conditions: this.conditions };
    const { currentReplicas, desiredReplicas = before.desiredReplicas, currentMetrics, rescaled } = figures;
    return { ...before, currentReplicas, desiredReplicas, currentMetrics, conditions: this.conditions, ...(rescaled ? { lastScaleTime: this.#now } : {}) };
  }
}

/** What an autoscaler is about, and its size. */
interface Scaled {
  readonly ref: ResourceRef<Scale>;
  readonly scale: DeepReadonly<Scale>;
}

/** What the metrics say; `replicas` is absent when nothing may be done upon them. */
interface Advice {
  readonly replicas?: number;
  readonly name: string;
  readonly statuses: MetricStatus[];
  /** Why one or all of them could not be evaluated. */
  readonly failure?: string;
}

class Autoscaling {
  readonly #context: ControllerContext;
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #pods: Informer<Pod>;
  readonly #options: Required<AutoscalerOptions>;
  readonly #histories = new Map<string, History>();
  /** Of autoscalers that were looked at, by namespace and key. */
  readonly #selectors = new Map<string, Map<string, Selector>>();
  #discovery: { readonly found: Discovery; readonly at: number } | undefined;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#options = { ...defaults, ...context.options.autoscaler };
    this.#autoscalers = context.informer(horizontalpodautoscalers);
    this.#pods = context.informer(pods);
    const queue = context.queue((key) => this.#reconcile(key), 5);
    this.#autoscalers.on({
      added: (hpa) => queue.add(keyOf(hpa)),
      updated: (hpa, old) => (canonicalJson(hpa.spec) === canonicalJson(old.spec) ? undefined : queue.add(keyOf(hpa))),
      deleted: (hpa) => queue.add(keyOf(hpa)),
    });
  }

  async #reconcile(key: string): Promise<Reconciled> {
    const hpa = this.#autoscalers.getByKey(key);
    if (!hpa) {
      this.#histories.delete(key);
      for (const [namespace, selectors] of this.#selectors) if (selectors.delete(key) && selectors.size === 0) this.#selectors.delete(namespace);
      return;
    }
    try {
      await this.#scale(hpa, key);
    } catch (error) {
      // It has been said in an event and a condition; the next look is at its usual time.
      this.#context.log.info('Not scaled', { key, err: error });
    }
    return this.#options.syncPeriodMs;
  }

  async #scale(hpa: Autoscaler, key: string): Promise<void> {
    const { surroundings: { clock } } = this.#context;
    const now = clock.now();
    const draft = new StatusDraft(hpa, timestamp(now));
    const { kind, name } = hpa.spec.scaleTargetRef;
    const target = await this.#target(hpa, draft);
    if (!target) return;
    const { scale } = target;
    const current = scale.spec?.replicas ?? 0;
    const { minReplicas = 1, maxReplicas } = hpa.spec;
    let history = this.#histories.get(key);
    if (!history) this.#histories.set(key, (history = new History(current, now)));

    let desired = current;
    let reason = '';
    let statuses: MetricStatus[] = [];
    if (current === 0 && minReplicas !== 0) draft.set('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
    else if (current > maxReplicas) [desired, reason] = [maxReplicas, 'Current number of replicas above Spec.MaxReplicas'];
    else if (current < minReplicas) [desired, reason] = [minReplicas, 'Current number of replicas below Spec.MinReplicas'];
    else {
      const advice = await this.#advice(hpa, key, scale, draft);
      statuses = advice.statuses;
      if (advice.replicas === undefined) {
        await this.#write(hpa, draft.status({ currentReplicas: current, currentMetrics: statuses }));
        this.#warn(hpa, 'FailedComputeMetricsReplicas', advice.failure ?? '');
        return;
      }
      if (advice.failure) this.#context.log.info('Some metrics failed', { key, failure: advice.failure });
      if (advice.replicas > current) reason = `${advice.name} above target`;
      else if (advice.replicas < current) reason = 'All metrics below target';
      const outcome = bounded(hpa.spec, history, { current, wanted: advice.replicas, now, downscaleStabilizationMs: this.#options.downscaleStabilizationMs });
      draft.set('AbleToScale', 'True', outcome.able.reason, outcome.able.message);
      draft.set('ScalingLimited', outcome.limited.status, outcome.limited.reason, outcome.limited.message);
      desired = outcome.replicas;
    }
    const rescaled = desired !== current;
    if (rescaled) {
      try {
        await this.#resize(target, desired);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#warn(hpa, 'FailedRescale', `New size: ${desired}; reason: ${reason}; error: ${why}`);
        draft.set('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${why}`);
        await this.#write(hpa, draft.status({ currentReplicas: current, currentMetrics: statuses }));
        return;
      }
      draft.set('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${desired}`);
      this.#context.events.event(horizontalpodautoscalers, hpa, 'Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${reason}`);
      history.rescaled(desired - current, now, hpa.spec);
      this.#context.log.info('Rescaled', { key, target: `${kind}/${name}`, from: current, to: desired, reason });
    }
    await this.#write(hpa, draft.status({ currentReplicas: current, desiredReplicas: desired, currentMetrics: statuses, rescaled }));
  }

  /** The size is what counts: where somebody else has changed the object meanwhile, it is set on what they made of it. */
  async #resize({ ref, scale }: Scaled, replicas: number): Promise<void> {
    const { client, surroundings: { clock }, signal } = this.#context;
    const { name, namespace = '' } = scale.metadata;
    let present = scale;
    for (let attempt = 1; ; attempt++) {
      try {
        await client.update(ref, { ...present, spec: { replicas } }, { subresource: 'scale' });
        return;
      } catch (error) {
        if (!hasReason(error, 'Conflict') || attempt === conflictAttempts) throw error;
        await clock.sleep(conflictDelayMs, signal);
        present = await client.get(ref, name, { namespace, subresource: 'scale' });
      }
    }
  }

  /** The scale of what the autoscaler names; undefined when there is none, which is said on the autoscaler. */
  async #target(hpa: Autoscaler, draft: StatusDraft): Promise<Scaled | undefined> {
    const { scaleTargetRef } = hpa.spec;
    try {
      const ref = (await this.#resourceOf(scaleTargetRef)) as ResourceRef<Scale>;
      const scale = await this.#context.client.get(ref, scaleTargetRef.name, { namespace: hpa.metadata.namespace ?? '', subresource: 'scale' });
      draft.set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
      return { ref, scale };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#warn(hpa, 'FailedGetScale', message);
      draft.set('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${message}`);
      await this.#write(hpa, draft.status());
      return undefined;
    }
  }

  async #resourceOf({ apiVersion = '', kind }: DeepReadonly<CrossVersionObjectReference>): Promise<ResourceRef<unknown>> {
    const parts = apiVersion.split('/');
    if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
    const group = parts.length === 2 ? parts[0]! : '';
    const find = (discovery: Discovery): ResourceRef<unknown> | undefined => discovery.resources.find(({ ref }) => ref.kind === kind && ref.group === group)?.ref;
    const { client, signal, surroundings: { clock } } = this.#context;
    const now = clock.monotonic();
    let found = this.#discovery && now - this.#discovery.at < discoveryMs ? find(this.#discovery.found) : undefined;
    if (!found) {
      this.#discovery = { found: await discover(client, signal), at: now };
      found = find(this.#discovery.found);
    }
    if (!found) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    return found;
  }

  async #advice(hpa: Autoscaler, key: string, scale: DeepReadonly<Scale>, draft: StatusDraft): Promise<Advice> {
    const { client, surroundings: { clock } } = this.#context;
    const namespace = hpa.metadata.namespace ?? '';
    const specReplicas = scale.spec?.replicas ?? 0;
    const chosen = this.#selector(hpa, key, scale.status?.selector ?? '', draft);
    if ('failure' in chosen) return { name: '', statuses: [], failure: chosen.failure };
    const metrics = hpa.spec.metrics ?? [];
    const target = {
      client, namespace, ...chosen, specReplicas, statusReplicas: scale.status?.replicas ?? 0, rules: { now: clock.now(), ...this.#options, tolerance: this.#tolerance(hpa) },
      resourceOf: async (reference: DeepReadonly<CrossVersionObjectReference>) => qualified(await this.#resourceOf(reference)),
    };
    const results = await Promise.all(metrics.map((metric) => evaluate(metric, target)));
    const statuses = results.map((r): MetricStatus => ('reason' in r ? { type: '' } : r.status));
    const failures = results.filter((r): r is Failed => 'reason' in r);
    for (const { reason, message } of failures) this.#warn(hpa, reason, message);
    let best: Evaluated | undefined;
    for (const result of results) if (!('reason' in result) && (!best || best.replicas === 0 || result.replicas > best.replicas)) best = result;
    const [first] = failures;
    const failure = first && `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${first.summary}`;
    // Who does not know all does not take away.
    if (!best || (first && best.replicas < specReplicas)) {
      if (first) draft.set('ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.message}`);
      return { name: '', statuses, ...(failure ? { failure } : {}) };
    }
    draft.set('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${best.name}`);
    return { replicas: best.replicas, name: best.name, statuses, ...(failure ? { failure } : {}) };
  }

  /** An autoscaler's own, where the gate for them is on. */
  #tolerance({ spec: { behavior } }: Autoscaler): { up: number; down: number } {
    const { tolerance, configurableTolerance } = this.#options;
    const own = (text: string | undefined): number => (configurableTolerance && text !== undefined ? parseQuantity(text).milli() / 1000 : tolerance);
    return { up: own(behavior?.scaleUp?.tolerance), down: own(behavior?.scaleDown?.tolerance) };
  }

  /** The pods that are meant, unless another autoscaler means one of them too. */
  #selector(hpa: Autoscaler, key: string, text: string, draft: StatusDraft): { selector: Selector; pods: DeepReadonly<Pod>[] } | { failure: string } {
    const refuse = (reason: string, event: string, message: string, failure = message): { failure: string } => {
      this.#warn(hpa, event, failure);
      draft.set('ScalingActive', 'False', reason, message);
      return { failure };
    };
    if (text === '') return refuse('InvalidSelector', 'SelectorRequired', "the HPA target's scale is missing a selector", 'selector is required');
    let selector: Selector;
    try {
      selector = parseLabelSelector(text);
    } catch (error) {
      return refuse('InvalidSelector', 'InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${error instanceof Error ? error.message : String(error)}`);
    }
    const namespace = hpa.metadata.namespace ?? '';
    const selectors = this.#selectors.get(namespace) ?? new Map<string, Selector>();
    this.#selectors.set(namespace, selectors.set(key, selector));
    const matching = this.#pods.list(namespace).filter((pod) => selector.matches(pod.metadata.labels));
    const rivals = [...selectors].filter(([, other]) => matching.some((pod) => other.matches(pod.metadata.labels))).map(([name]) => name).sort();
    if (rivals.length > 1) return refuse('AmbiguousSelector', 'AmbiguousSelector', `pods by selector ${text} are controlled by multiple HPAs: [${rivals.join(' ')}]`);
    return { selector, pods: matching };
  }

  #warn(hpa: Autoscaler, reason: string, message: string): void {
    this.#context.events.event(horizontalpodautoscalers, hpa, 'Warning', reason, message);
  }

  async #write(hpa: Autoscaler, status: HorizontalPodAutoscalerStatus): Promise<void> {
    const before = { ...hpa.status, desiredReplicas: hpa.status?.desiredReplicas ?? 0, currentMetrics: hpa.status?.currentMetrics ?? [], conditions: hpa.status?.conditions ?? [] };
    if (canonicalJson(before) === canonicalJson({ ...status, conditions: status.conditions ?? [] })) return;
    try {
      await this.#context.client.update(horizontalpodautoscalers, { ...hpa, status } as Autoscaler, { subresource: 'status' });
    } catch (error) {
      this.#warn(hpa, 'FailedUpdateStatus', error instanceof Error ? error.message : String(error));
      throw error;
    }
  }
}

export const horizontalPodAutoscalerController: Controller = {
  name: 'horizontal-pod-autoscaler-controller',
  account: 'horizontal-pod-autoscaler',
  source: 'horizontal-pod-autoscaler',
  setup: (context) => void new Autoscaling(context),
};
