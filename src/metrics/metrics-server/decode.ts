/** Reads the kubelet's `/metrics/resource`. Incomplete points are dropped: a figure that is not known is not zero. */
import type { MetricsBatch, MetricsPoint } from './storage.ts';

type Draft = { -readonly [K in keyof MetricsPoint]: MetricsPoint[K] };

const wanted = new Set(['node_cpu_usage_seconds_total', 'node_memory_working_set_bytes', 'container_cpu_usage_seconds_total', 'container_memory_working_set_bytes', 'container_start_time_seconds']);

/** `now`: the time of points that carry none. Throws when a line cannot be read. */
export function decodeResourceMetrics(text: string, nodeName: string, now: number): MetricsBatch {
  const node: Draft = { startTime: 0, timestamp: 0, cumulativeCpu: 0, memory: 0 };
  const pods = new Map<string, Map<string, Draft>>();
  for (const line of text.split('\n')) {
    if (line === '' || line.charCodeAt(0) === 35) continue;
    const brace = line.indexOf('{');
    const name = brace < 0 ? line.slice(0, line.indexOf(' ')) : line.slice(0, brace);
    if (!wanted.has(name)) continue;
    const end = brace < 0 ? name.length : line.lastIndexOf('}') + 1;
    const [valueText, timeText] = line.slice(end).trim().split(/\s+/);
    const value = Number(valueText);
    const timestamp = timeText === undefined ? now : Number(timeText);
    if (valueText === undefined || Number.isNaN(value) || Number.isNaN(timestamp)) throw new Error(`failed parsing metrics: ${line}`);
    if (name.startsWith('node_')) set(node, name.slice(5), value, timestamp);
    else {
      const labels = line.slice(brace, end);
      const key = `${label(labels, 'namespace')}/${label(labels, 'pod')}`;
      const containers = pods.get(key) ?? new Map<string, Draft>();
      pods.set(key, containers);
      const container = label(labels, 'container');
      const point = containers.get(container) ?? { startTime: 0, timestamp: 0, cumulativeCpu: 0, memory: 0 };
      containers.set(container, point);
      set(point, name.slice(10), value, timestamp);
    }
  }
  const complete = (p: Draft): boolean => p.timestamp > 0 && p.cumulativeCpu > 0 && p.memory > 0;
  return {
    nodes: new Map(complete(node) ? [[nodeName, node]] : []),
    pods: new Map([...pods].filter(([, containers]) => containers.size > 0 && [...containers.values()].every(complete))),
  };
}

function set(point: Draft, quantity: string, value: number, timestamp: number): void {
  if (quantity === 'start_time_seconds') {
    point.startTime = value * 1000;
    return;
  }
  point.timestamp = timestamp;
  if (quantity === 'cpu_usage_seconds_total') point.cumulativeCpu = Math.floor(value * 1e9);
  else point.memory = Math.floor(value);
}

function label(labels: string, name: string): string {
  const start = labels.search(new RegExp(`[{,]${name}="`));
  if (start < 0) return '';
  const from = start + name.length + 3;
  return labels.slice(from, labels.indexOf('"', from));
}
