/** A small registry of metrics and its text exposition. Recording is a map look-up and an addition. */
type Kind = 'counter' | 'gauge' | 'histogram';

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface Counter {
  /** What was counted elsewhere comes to this. */
  to(value: number, ...labels: string[]): void;
  inc(by?: number, ...labels: string[]): void;
  /** The one series of these labels, for hot paths: found once, then only added to. */
  with(...labels: string[]): (by: number) => void;
}

export interface Gauge {
  set(value: number, ...labels: string[]): void;
  /** It is not there any more. */
  remove(...labels: string[]): void;
  add(by: number, ...labels: string[]): void;
}

export interface Histogram {
  observe(value: number, ...labels: string[]): void;
  /** A value that counts as many times as its weight says. */
  weighted(...labels: string[]): (value: number, weight: number) => void;
  with(...labels: string[]): (value: number) => void;
}

/** What an operator says about metrics. */
export interface MetricsSettings {
  /** Names of metrics that are neither recorded nor shown. */
  readonly disabled?: readonly string[];
  /** By `metric,label` or `*,label`: values that are shown; others are `unexpected`. */
  readonly labelValues?: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Family {
  readonly kind: Kind;
  readonly options: MetricOptions;
  readonly buckets: readonly number[];
  /** Makes values of labels that are not to be seen into one. */
  readonly shown: ((labels: readonly string[]) => readonly string[]) | undefined;
  /** For histograms one slot a bucket, then the count of all, then the sum. */
  readonly series: Map<string, { readonly labels: readonly string[]; readonly values: number[] }>;
}

/** Counts values of labels that are not among those to be shown. */
export const unexpectedValues: MetricOptions = { name: 'cardinality_enforcement_unexpected_categorizations_total', help: '[ALPHA] Values of labels that were not among those to be shown.' };

/** Upstream's default buckets, in seconds. */
export const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

export class Metrics {
  readonly #settings: MetricsSettings;
  readonly #families = new Map<string, Family>();
  readonly #disabled: ReadonlySet<string>;
  readonly #collectors: (() => void)[] = [];

  constructor(settings: MetricsSettings = {}) {
    this.#settings = settings;
    this.#disabled = new Set(settings.disabled);
  }

  /** How many there are of each stability, and how many are switched off. */
  census(): { readonly byStability: ReadonlyMap<string, number>; readonly disabled: number } {
    const byStability = new Map<string, number>();
    let disabled = 0;
    for (const [name, { options }] of this.#families) {
      if (this.#disabled.has(name)) disabled++;
      const level = /^\[(\w+)\]/.exec(options.help)?.[1] ?? '';
      byStability.set(level, (byStability.get(level) ?? 0) + 1);
    }
    return { byStability, disabled };
  }

  counter(options: MetricOptions): Counter {
    const family = this.#family('counter', options);
    return {
      to: (value, ...labels) => void (slot(family, labels)[0] = value),
      inc: (by = 1, ...labels) => void (slot(family, labels)[0]! += by),
      with: (...labels) => {
        const values = slot(family, labels);
        return (by) => void (values[0]! += by);
      },
    };
  }

  gauge(options: MetricOptions): Gauge {
    const family = this.#family('gauge', options);
    return {
      set: (value, ...labels) => void (slot(family, labels)[0] = value),
      remove: (...labels) => void family.series.delete(keyOf(labels)),
      add: (by, ...labels) => void (slot(family, labels)[0]! += by),
    };
  }

  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram {
    const family = this.#family('histogram', options, options.buckets ?? defaultBuckets);
    const { buckets } = family;
    const add = (values: number[], value: number, weight = 1): void => {
      let i = 0;
      while (i < buckets.length && value > buckets[i]!) i++;
      if (i < buckets.length) values[i]! += weight;
      values[buckets.length]! += weight;
      values[buckets.length + 1]! += value * weight;
    };
    return {
      observe: (value, ...labels) => add(slot(family, labels), value),
      with: (...labels) => {
        const values = slot(family, labels);
        return (value) => add(values, value);
      },
      weighted: (...labels) => {
        const values = slot(family, labels);
        return (value, weight) => add(values, value, weight);
      },
    };
  }

  /** Runs before each exposition: the place to set gauges that are read, not counted. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** The text exposition format, families and series in the order of their names. */
  expose(): string {
    for (const collect of this.#collectors) collect();
    const out: string[] = [];
    for (const family of [...this.#families.values()].sort((a, b) => (a.options.name < b.options.name ? -1 : 1))) if (!this.#disabled.has(family.options.name)) exposeFamily(family, out);
    return out.join('');
  }

  #family(kind: Kind, options: MetricOptions, buckets: readonly number[] = []): Family {
    const known = this.#families.get(options.name);
    if (known) return known;
    const family: Family = { kind, options, buckets, shown: this.#shownLabels(options), series: new Map() };
    this.#families.set(options.name, family);
    if (!options.labels?.length) slot(family, []);
    return family;
  }

  #shownLabels({ name, labels = [] }: MetricOptions): Family['shown'] {
    const { labelValues } = this.#settings;
    if (!labelValues?.size) return undefined;
    const allowed = labels.map((label) => labelValues.get(`${name},${label}`) ?? labelValues.get(`*,${label}`));
    if (!allowed.some(Boolean)) return undefined;
    const unexpected = this.counter(unexpectedValues);
    return (given) => given.map((value, i) => {
      if (allowed[i]?.has(value) ?? true) return value;
      unexpected.inc();
      return 'unexpected';
    });
  }
}

function slot(family: Family, given: readonly string[]): number[] {
  const labels = family.shown ? family.shown(given) : given;
  const key = keyOf(labels);
  let series = family.series.get(key);
  if (!series) {
    series = { labels, values: Array<number>(family.kind === 'histogram' ? family.buckets.length + 2 : 1).fill(0) };
    family.series.set(key, series);
  }
  return series.values;
}

function keyOf(labels: readonly string[]): string {
  return labels.length === 1 ? labels[0]! : labels.join('\u0000');
}

export function escapeLabel(value: string): string {
  return /["\\\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"') : value;
}

export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

/** Bounds are labels: they have to read as Go writes numbers. */
function boundText(bound: number): string {
  const [digits, exponent] = bound.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (bound === 0 || (power >= -4 && power < 6)) return String(bound);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function exposeFamily(family: Family, out: string[]): void {
  if (family.series.size === 0) return;
  const { name, help, labels: names = [] } = family.options;
  out.push(`# HELP ${name} ${help}\n# TYPE ${name} ${family.kind}\n`);
  for (const key of [...family.series.keys()].sort()) {
    const { labels, values } = family.series.get(key)!;
    const pairs = names.map((n, i) => `${n}="${escapeLabel(labels[i] ?? '')}"`);
    const suffix = pairs.length > 0 ? `{${pairs.join(',')}}` : '';
    if (family.kind !== 'histogram') {
      out.push(`${name}${suffix} ${formatValue(values[0]!)}\n`);
      continue;
    }
    const lead = pairs.length > 0 ? `${pairs.join(',')},` : '';
    let sum = 0;
    for (let i = 0; i < family.buckets.length; i++) {
      sum += values[i]!;
      out.push(`${name}_bucket{${lead}le="${boundText(family.buckets[i]!)}"} ${sum}\n`);
    }
    out.push(`${name}_bucket{${lead}le="+Inf"} ${values[family.buckets.length]}\n`);
    out.push(`${name}_sum${suffix} ${formatValue(values[family.buckets.length + 1]!)}\n${name}_count${suffix} ${values[family.buckets.length]}\n`);
  }
}
