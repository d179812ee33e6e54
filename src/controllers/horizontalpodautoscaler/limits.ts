/**
 * From what the metrics ask for to what is done: recommendations of the past hold back hasty changes, policies limit their rate,
 * the autoscaler's bounds their extent.
 */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from '../../api/autoscaling/v2/index.ts';

interface Recommendation {
  readonly replicas: number;
  readonly at: number;
}

interface Rescaling {
  /** Negative when replicas were taken away. */
  readonly change: number;
  readonly at: number;
}

export interface Outcome {
  readonly replicas: number;
  readonly able: { readonly reason: string; readonly message: string };
  readonly limited: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
}

type ReadRules = DeepReadonly<HPAScalingRules>;
type Limit = { readonly replicas: number; readonly reason: string; readonly message: string };

const ready = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const heldUp = { reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' };
const heldDown = { reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' };
const tooFast = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const tooMany = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const tooFastDown = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' };
const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const inRange = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };

/** What one autoscaler remembers; after a restart it begins with the present size, which is as safe as it gets. */
export class History {
  #recommendations: Recommendation[];
  #rescalings: Rescaling[] = [];

  constructor(current: number, now: number) {
    this.#recommendations = [{ replicas: current, at: now }];
  }

  recommended(): readonly Recommendation[] {
    return this.#recommendations;
  }

  /** `keepMs`: older ones are of no use any more. */
  recommend(replicas: number, now: number, keepMs: number): void {
    this.#recommendations = this.#recommendations.filter((r) => r.at >= now - keepMs);
    this.#recommendations.push({ replicas, at: now });
  }

  rescaled(change: number, now: number, spec: DeepReadonly<HorizontalPodAutoscalerSpec>): void {
    if (!spec.behavior) return;
    const policies = [...(spec.behavior.scaleUp?.policies ?? []), ...(spec.behavior.scaleDown?.policies ?? [])];
    const longest = Math.max(0, ...policies.map((p) => p.periodSeconds)) * 1000;
    this.#rescalings = this.#rescalings.filter((r) => r.at >= now - longest);
    this.#rescalings.push({ change, at: now });
  }

  /** How many there were when the period began, as far as this autoscaler changed them. */
  atStart(current: number, periodSeconds: number, now: number): number {
    return this.#rescalings.reduce((n, { change, at }) => (at > now - periodSeconds * 1000 ? n - change : n), current);
  }
}

export interface Bounds {
  readonly current: number;
  readonly wanted: number;
  readonly now: number;
  /** Where the autoscaler itself does not say. */
  readonly downscaleStabilizationMs: number;
}

/** Stabilises, limits, and remembers the recommendation. */
export function bounded(spec: DeepReadonly<HorizontalPodAutoscalerSpec>, history: History, bounds: Bounds): Outcome {
  const { wanted, current } = bounds;
  const { behavior } = spec;
  const stable = behavior
    ? stabilizedByWindows(history, bounds, behavior.scaleUp?.stabilizationWindowSeconds ?? 0, behavior.scaleDown?.stabilizationWindowSeconds)
    : stabilizedDown(history, bounds);
  const held = !behavior || wanted < current ? heldDown : heldUp;
  const limit = behavior ? limitedByPolicies(spec, history, bounds, stable) : limitedByDefault(spec, current, stable);
  const { replicas, reason, message } = limit;
  return { replicas, able: stable === wanted ? ready : held, limited: { status: replicas === stable ? 'False' : 'True', reason, message } };
}

function stabilizedDown(history: History, { wanted, now, downscaleStabilizationMs: window }: Bounds): number {
  const recent = history.recommended().filter((r) => r.at >= now - window);
  const highest = Math.max(wanted, ...recent.map((r) => r.replicas));
  history.recommend(wanted, now, window);
  return highest;
}

function stabilizedByWindows(history: History, { wanted, current, now, downscaleStabilizationMs }: Bounds, upSeconds: number, downSeconds: number | undefined): number {
  const up = upSeconds * 1000;
  const down = downSeconds === undefined ? downscaleStabilizationMs : downSeconds * 1000;
  let least = wanted;
  let most = wanted;
  for (const { replicas, at } of history.recommended()) {
    if (at > now - up) least = Math.min(least, replicas);
    if (at > now - down) most = Math.max(most, replicas);
  }
  history.recommend(wanted, now, Math.max(up, down));
  return Math.min(Math.max(current, least), most);
}

function limitedByDefault({ minReplicas = 1, maxReplicas }: DeepReadonly<HorizontalPodAutoscalerSpec>, current: number, wanted: number): Limit {
  const rate = Math.max(2 * current, 4);
  const most = Math.min(rate, maxReplicas);
  if (wanted < minReplicas) return { replicas: minReplicas, ...tooFew };
  if (wanted > most) return { replicas: most, ...(maxReplicas > rate ? tooFast : tooMany) };
  return { replicas: wanted, ...inRange };
}

function limitedByPolicies(spec: DeepReadonly<HorizontalPodAutoscalerSpec>, history: History, { current, now }: Bounds, wanted: number): Limit {
  const { minReplicas = 1, maxReplicas, behavior } = spec;
  if (wanted > current) {
    const rate = Math.max(current, rateLimit(behavior?.scaleUp, history, current, now, true));
    const most = Math.min(rate, maxReplicas);
    if (wanted > most) return { replicas: most, ...(maxReplicas > rate ? tooFast : tooMany) };
  } else if (wanted < current) {
    const rate = Math.min(current, rateLimit(behavior?.scaleDown, history, current, now, false));
    const least = Math.max(rate, minReplicas);
    if (wanted < least) return { replicas: least, ...(minReplicas < rate ? tooFastDown : tooFew) };
  }
  return { replicas: wanted, ...inRange };
}

/** How far the policies let it go, up or down. Percentages round so that they always let something happen. */
function rateLimit(rules: ReadRules | undefined, history: History, current: number, now: number, up: boolean): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = history.atStart(current, periodSeconds, now);
    if (type === 'Pods') return up ? start + value : start - value;
    // In this order, as upstream: 110 % of 50 is a little more than 55 in floating point, and so 56.
    return up ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
  });
  // The least change is the least number going up, and the greatest going down.
  return (rules?.selectPolicy === 'Min') === up ? Math.min(...limits) : Math.max(...limits);
}
