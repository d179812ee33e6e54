/** Asks the three metrics APIs; the servers behind them are whatever is registered. Values are thousandths. */
import { parseTime } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { Selector } from '../../machinery/selectors.ts';
import type { MetricValue } from '../../api/custommetrics/v1beta2/types.ts';
import type { ExternalMetricValue } from '../../api/externalmetrics/v1beta1/types.ts';
import type { PodMetrics as Reported } from '../../api/metrics/v1beta1/types.ts';
import type { PodMetric, PodMetrics } from './calculate.ts';

const defaultWindowMs = 60_000;
const custom = 'custom.metrics.k8s.io';
const external = 'external.metrics.k8s.io';

async function fetchText(client: Client, path: string): Promise<{ status: number; text: string }> {
  const response = await client.raw({ method: 'GET', path, headers: { accept: 'application/json' } });
  const parts: Uint8Array[] = [];
  for await (const part of response.body) parts.push(part);
  return { status: response.status, text: Buffer.concat(parts).toString() };
}

/** The items of a list. Servers written in Go send null for none. */
async function readItems<T>(client: Client, path: string, subject: string): Promise<T[]> {
  const { status, text } = await fetchText(client, path);
  if (status === 200) return (JSON.parse(text) as { items?: T[] | null }).items ?? [];
  throw new Error(reasonOf(status, text, subject));
}

const notServed = 'the server could not find the requested resource';

/** What the server says of itself, else what its status code says. */
function reasonOf(status: number, text: string, subject: string): string {
  try {
    const { kind, message } = JSON.parse(text) as { kind?: string; message?: string };
    if (kind === 'Status' && message && message !== notServed) return message;
  } catch {
    // Not a Status: a proxy, or an adapter that answers in plain text.
  }
  if (status === 404) return `${notServed} (${subject})`;
  if (status === 503) return `the server is currently unable to handle the request (${subject})`;
  return `an error on the server (${JSON.stringify(text.slice(0, 200))}) has prevented the request from succeeding (${subject})`;
}

async function labelled<T>(what: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw new Error(`unable to fetch metrics from ${what} API: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const query = (parameters: Readonly<Record<string, string>>): string => {
  const text = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '')).toString();
  return text && `?${text}`;
};

/** Of the pods, or of the container of that name in each. */
export async function resourceMetrics(client: Client, namespace: string, selector: Selector, resource: string, container: string): Promise<PodMetrics> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods${query({ labelSelector: selector.toString() })}`;
  const items = await labelled('resource metrics', () => readItems<Reported>(client, path, 'get pods.metrics.k8s.io'));
  if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
  const out = new Map<string, PodMetric>();
  for (const item of items) {
    const value = container ? containerUsage(item, resource, container) : podUsage(item, resource);
    if (value !== undefined) out.set(item.metadata.name, { value, timestamp: parseTime(item.timestamp), windowMs: parseGoDuration(item.window) });
  }
  return out;
}

function podUsage(item: Reported, resource: string): number | undefined {
  const containers = (item.containers as Reported['containers'] | null) ?? [];
  let sum = 0;
  for (const { usage } of containers) {
    const value = usage[resource];
    if (value === undefined) return undefined;
    sum += parseQuantity(value).milli();
  }
  return containers.length > 0 ? sum : undefined;
}

/** A pod without that container counts as one without figures. */
function containerUsage({ containers }: Reported, resource: string, container: string): number | undefined {
  const value = (containers as Reported['containers'] | null)?.find((c) => c.name === container)?.usage[resource];
  return value === undefined ? undefined : parseQuantity(value).milli();
}

async function customValues(client: Client, objects: string, metric: string, labelSelector: string, metricLabelSelector: string): Promise<MetricValue[]> {
  return labelled('custom metrics', async () => {
    const { status, text } = await fetchText(client, `/apis/${custom}`);
    if (status !== 200) throw new Error(`no custom metrics API (${custom}) registered`);
    const { versions = [] } = JSON.parse(text) as { versions?: { version: string }[] };
    const version = versions.some((v) => v.version === 'v1beta2') ? 'v1beta2' : 'v1beta1';
    const path = `/apis/${custom}/${version}/${objects}/${encodeURIComponent(metric)}${query({ labelSelector, metricLabelSelector })}`;
    return readItems<MetricValue>(client, path, `get ${objects.split('/').at(-2) ?? ''}.${custom}`);
  });
}

export async function podsMetric(client: Client, namespace: string, metric: string, selector: Selector, metricSelector: Selector): Promise<PodMetrics> {
  const items = await customValues(client, `namespaces/${namespace}/pods/*`, metric, selector.toString(), metricSelector.toString());
  if (items.length === 0) throw new Error('no metrics returned from custom metrics API');
  return new Map(items.map(({ describedObject, value, timestamp, windowSeconds }) => [
    describedObject.name ?? '',
    { value: parseQuantity(value).milli(), timestamp: parseTime(timestamp), windowMs: windowSeconds === undefined ? defaultWindowMs : windowSeconds * 1000 },
  ]));
}

/** `resource` as `services` or `ingresses.networking.k8s.io`; a namespace's own metrics are those of the one the autoscaler is in. */
export async function objectMetric(client: Client, namespace: string, resource: string, name: string, metric: string, metricSelector: Selector): Promise<number> {
  const path = resource === 'namespaces' ? `namespaces/${namespace}/metrics` : `namespaces/${namespace}/${resource}/${name}`;
  const items = await customValues(client, path, metric, '', metricSelector.toString());
  if (items.length !== 1) throw new Error(`unable to fetch metrics from custom metrics API: the custom metrics API server returned ${items.length} results when we asked for exactly one`);
  return parseQuantity(items[0]!.value).milli();
}

/** The sum of all values that match. */
export async function externalMetric(client: Client, namespace: string, metric: string, selector: Selector): Promise<number> {
  const path = `/apis/${external}/v1beta1/namespaces/${namespace}/${encodeURIComponent(metric)}${query({ labelSelector: selector.toString() })}`;
  const items = await labelled('external metrics', () => readItems<ExternalMetricValue>(client, path, `get ${metric}.${external}`));
  if (items.length === 0) throw new Error('no metrics returned from external metrics API');
  return items.reduce((sum, { value }) => sum + parseQuantity(value).milli(), 0);
}
