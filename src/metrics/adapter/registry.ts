/**
 * Which metrics there are: the series that Prometheus has, seen through the rules, listed anew from time to time. Only names are kept;
 * what a rule could not be asked for keeps its last answer.
 */
import { isAbort } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { resourceKey } from './mapper.ts';
import { PrometheusError, type Prometheus } from './prometheus.ts';
import type { CustomMetric, Metric, Rule } from './rules.ts';

/** A query that matches everything would fill the memory with names. */
const maxMetricsPerRule = 50_000;

export interface Rules {
  readonly custom: readonly Rule[];
  readonly external: readonly Rule[];
}

export class MetricsRegistry {
  readonly #rules: Rules;
  readonly #prometheus: Prometheus;
  readonly #surroundings: Surroundings;
  readonly #maxAgeMs: number;
  readonly #customOf = new Map<Rule, Map<string, CustomMetric>>();
  readonly #externalOf = new Map<Rule, Map<string, Metric>>();
  #custom: ReadonlyMap<string, CustomMetric> = new Map();
  #external: ReadonlyMap<string, Metric> = new Map();
  #failure: PrometheusError | undefined;
  #listed = false;

  constructor(rules: Rules, prometheus: Prometheus, maxAgeMs: number, surroundings: Surroundings) {
    this.#rules = rules;
    this.#prometheus = prometheus;
    this.#maxAgeMs = maxAgeMs;
    this.#surroundings = surroundings;
  }

  /** By `pods/http_requests_per_second`. */
  custom(key: string): CustomMetric | undefined {
    return this.#custom.get(key);
  }

  external(name: string): Metric | undefined {
    return this.#external.get(name);
  }

  customMetrics(): Iterable<[string, CustomMetric]> {
    return this.#custom;
  }

  externalMetrics(): Iterable<string> {
    return this.#external.keys();
  }

  /** Why the last listing failed, if it did: a metric that is not known may well exist then. */
  get failure(): PrometheusError | undefined {
    return this.#failure;
  }

  /** The first listing has been tried, whatever came of it. */
  get listed(): boolean {
    return this.#listed;
  }

  async relist(signal: AbortSignal): Promise<void> {
    const since = this.#surroundings.clock.now() - this.#maxAgeMs;
    let failure: PrometheusError | undefined;
    for (const query of new Set([...this.#rules.custom, ...this.#rules.external].map((rule) => rule.seriesQuery))) {
      try {
        // One after the other: answers are large, and only one has to fit.
        this.#take(query, await this.#prometheus.series(query, since, signal));
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        if (!(error instanceof PrometheusError)) throw error;
        failure ??= error;
        this.#surroundings.log.error('Unable to update list of all metrics', error, { query });
      }
    }
    this.#failure = failure;
    this.#listed = true;
    this.#custom = merged(this.#rules.custom, this.#customOf);
    this.#external = merged(this.#rules.external, this.#externalOf);
  }

  #take(query: string, series: readonly Readonly<Record<string, string>>[]): void {
    // Most series differ by the values of their labels only.
    const shapes = new Map<string, readonly [name: string, labels: readonly string[]]>();
    for (const labels of series) {
      const { __name__: name = '', ...others } = labels;
      const names = Object.keys(others);
      shapes.set(`${name}\0${names.join('\0')}`, [name, names]);
    }
    for (const rule of this.#rules.custom) if (rule.seriesQuery === query) this.#customOf.set(rule, this.#customMetrics(rule, shapes.values()));
    for (const rule of this.#rules.external) if (rule.seriesQuery === query) this.#externalOf.set(rule, this.#externalMetrics(rule, shapes.values()));
  }

  #customMetrics(rule: Rule, shapes: Iterable<readonly [string, readonly string[]]>): Map<string, CustomMetric> {
    const out = new Map<string, CustomMetric>();
    const resources = new Map<string, CustomMetric['resource'] | undefined>();
    for (const [series, labels] of shapes) {
      const name = rule.nameOf(series);
      if (name === undefined) continue;
      for (const label of labels) {
        if (!resources.has(label)) resources.set(label, rule.labels.resourceOf(label));
        const resource = resources.get(label);
        if (!resource) continue;
        if (out.size >= maxMetricsPerRule) return this.#full(rule, out);
        out.set(`${resourceKey(resource)}/${name}`, { series, rule, name, resource });
      }
    }
    return out;
  }

  #externalMetrics(rule: Rule, shapes: Iterable<readonly [string, readonly string[]]>): Map<string, Metric> {
    const out = new Map<string, Metric>();
    for (const [series] of shapes) {
      const name = rule.nameOf(series);
      if (name === undefined) continue;
      if (out.size >= maxMetricsPerRule) return this.#full(rule, out);
      out.set(name, { series, rule });
    }
    return out;
  }

  #full<T>(rule: Rule, metrics: T): T {
    this.#surroundings.log.info('A rule finds too many metrics; the rest is left out', { query: rule.seriesQuery, limit: maxMetricsPerRule });
    return metrics;
  }
}

/** Where several rules find a metric the last one counts, as upstream has it. */
function merged<M>(rules: readonly Rule[], found: ReadonlyMap<Rule, ReadonlyMap<string, M>>): Map<string, M> {
  const all = new Map<string, M>();
  for (const rule of rules) for (const [key, metric] of found.get(rule) ?? []) all.set(key, metric);
  return all;
}
