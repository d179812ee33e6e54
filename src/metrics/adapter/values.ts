/** Values of metrics, asked of Prometheus at the moment of the request. */
import { timestamp } from '../../base/clock.ts';
import type { LabelSelector } from '../../api/meta/v1/types.ts';
import type { ExternalMetricValue } from '../../api/externalmetrics/v1beta1/types.ts';
import type { MetricValue } from '../../api/custommetrics/v1beta2/types.ts';
import type { Client } from '../../client/client.ts';
import { Quantity } from '../../machinery/quantity.ts';
import type { Selector } from '../../machinery/selectors.ts';
import { StatusError, type Status } from '../../machinery/status.ts';
import { resourceKey, type MappedResource, type ResourceMapper } from './mapper.ts';
import { PrometheusError, type Prometheus, type QueryResult, type Sample } from './prometheus.ts';
import type { MetricsRegistry } from './registry.ts';
import type { CustomMetric } from './rules.ts';

export interface Source {
  readonly registry: MetricsRegistry;
  readonly mapper: ResourceMapper;
  readonly prometheus: Prometheus;
  readonly client: Client;
  readonly now: () => number;
}

/** What a request for custom metrics is about. */
export interface CustomRequest {
  readonly group: string;
  readonly resource: string;
  /** Empty for objects that are in none. */
  readonly namespace: string;
  /** `*`: all that the selector matches. */
  readonly name: string;
  readonly metric: string;
  readonly selector: Selector;
  readonly metricSelector: Selector;
}

const largest = 9_223_372_036_854_775_807n;
const pageSize = 500;

/** In thousandths, towards zero. No number is zero; what is too large is the largest. */
function quantityOf(value: number): string {
  if (Number.isNaN(value)) return '0';
  const milli = Math.abs(value * 1000) < Number(largest) ? BigInt(Math.trunc(value * 1000)) : value > 0 ? largest : -largest;
  return new Quantity(milli, -3).toString();
}

function notFound(subject: string, metric: string): StatusError {
  return new StatusError({ status: 'Failure', message: `the server could not find the metric ${metric} for ${subject}`, reason: 'NotFound', code: 404 } as Status);
}

/** Unlike upstream, which only says so in its log, the answer names Prometheus and why it did not answer. */
export function unavailable(error: PrometheusError): StatusError {
  return StatusError.internal(`unable to fetch metrics: ${error.message}`);
}

async function asked(prometheus: Prometheus, query: string, signal: AbortSignal): Promise<QueryResult> {
  try {
    return await prometheus.query(query, signal);
  } catch (error) {
    throw error instanceof PrometheusError ? unavailable(error) : error;
  }
}

export async function customValues(source: Source, request: CustomRequest, signal: AbortSignal): Promise<MetricValue[]> {
  const { group, resource, namespace, name, metric, metricSelector } = request;
  const mapped = source.mapper.find(group, resource);
  const subject = mapped ? resourceKey(mapped) : group ? `${resource}.${group}` : resource;
  const found = mapped && mapped.namespaced === (namespace !== '') ? source.registry.custom(`${subject}/${metric}`) : undefined;
  if (!found) {
    if (source.registry.failure) throw unavailable(source.registry.failure);
    throw notFound(subject, metric);
  }
  const names = name === '*' ? await namesOf(source, found.resource, namespace, request.selector, signal) : [name];
  if (names.length === 0) throw notFound(subject, metric);
  const answer = await asked(source.prometheus, queryOf(found, namespace, names, metricSelector), signal);
  if (answer.type !== 'vector') throw StatusError.internal(`unable to fetch metrics: Prometheus at ${source.prometheus.url}: unexpected results: expected vector, got ${answer.type}`);
  const label = found.rule.labels.labelOf(found.resource);
  const values = new Map(answer.samples.map((sample) => [sample.labels[label] ?? '', sample.value]));
  if (name !== '*' && !values.has(name)) throw notFound(`${subject} ${name}`, metric);
  const selector = labelSelectorOf(metricSelector);
  const stamp = timestamp(source.now());
  return names.filter((n) => values.has(n)).map((n) => ({
    describedObject: { kind: found.resource.kind, ...(namespace === '' ? {} : { namespace }), name: n, apiVersion: `${found.resource.group}/${found.resource.version}` },
    metric: { name: found.name, selector } as MetricValue['metric'],
    timestamp: stamp, value: quantityOf(values.get(n)!),
  }));
}

function queryOf(metric: CustomMetric, namespace: string, names: readonly string[], selector: Selector): string {
  try {
    return metric.rule.query.of(metric.series, metric.resource, namespace, names, selector);
  } catch {
    // A selector that cannot be put to Prometheus finds nothing, rather than something else.
    throw notFound(resourceKey(metric.resource), metric.name);
  }
}

async function namesOf({ client }: Source, resource: MappedResource, namespace: string, selector: Selector, signal: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  let next: string | undefined;
  do {
    const page = await client
      .list<{ metadata: { name: string } }>(resource, {
        labelSelector: selector.toString(), metadataOnly: true, limit: pageSize, signal, ...(namespace === '' || namespace === '*' ? {} : { namespace }), ...(next ? { continue: next } : {}),
      })
      .catch((error: unknown) => {
        signal.throwIfAborted();
        throw StatusError.internal(`unable to list matching resources: ${error instanceof Error ? error.message : String(error)}`);
      });
    names.push(...page.items.map((item) => item.metadata.name));
    next = page.metadata.continue;
  } while (next);
  return names;
}

/** The object form of the selector that narrowed the metric; null for none, as upstream's clients are used to. */
function labelSelectorOf(selector: Selector): LabelSelector | null {
  if (selector.isEverything) return null;
  const operators: Readonly<Record<string, string>> = { in: 'In', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist' };
  const matchLabels: Record<string, string> = {};
  const matchExpressions: { key: string; operator: string; values?: string[] }[] = [];
  for (const { key, operator, values } of selector.requirements) {
    if (operator === '=' || operator === '==') matchLabels[key] = values[0]!;
    else if (operators[operator]) matchExpressions.push({ key, operator: operators[operator], ...(values.length > 0 ? { values: [...values].sort() } : {}) });
    else throw StatusError.internal(`${JSON.stringify(operator)} is not a valid label selector operator`);
  }
  return { ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}), ...(matchExpressions.length > 0 ? { matchExpressions } : {}) } as LabelSelector;
}

export async function externalValues(source: Source, namespace: string, metric: string, selector: Selector, signal: AbortSignal): Promise<ExternalMetricValue[]> {
  const found = source.registry.external(metric);
  if (!found) {
    if (source.registry.failure) throw unavailable(source.registry.failure);
    throw notFound(namespace === 'default' ? 'namespaces' : '', metric);
  }
  let query: string;
  try {
    query = found.rule.query.external(found.series, namespace, selector);
  } catch (error) {
    throw StatusError.internal(`unable to fetch metrics: ${(error as Error).message}`);
  }
  const answer = await asked(source.prometheus, query, signal);
  const valueOf = (sample: Sample, metricLabels: Record<string, string> | null): ExternalMetricValue =>
    ({ metricName: metric, metricLabels, timestamp: timestamp(sample.timestamp), value: quantityOf(sample.value) }) as ExternalMetricValue;
  return answer.type === 'scalar' ? [valueOf(answer.sample, null)] : answer.samples.map((sample) => valueOf(sample, { ...sample.labels }));
}
