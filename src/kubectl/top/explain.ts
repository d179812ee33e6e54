/** `top explain`: the live numbers of a pod or node (or a recording), and why tools disagree about them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseTime, type Clock } from '../../base/clock.ts';
import { nodes, pods } from '../../api/core/v1/index.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1/types.ts';
import type { Client } from '../../client/client.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { StatusError, type Status } from '../../machinery/status.ts';
import { figures, type MemoryFacts, type ProcessFacts } from '../../explain/facts.ts';
import { recordedFacts } from '../../explain/recorded.ts';
import { containerReport, reportJson, type MemoryReport, type SampleAge } from '../../explain/report.ts';
import { reportText } from '../../explain/text.ts';
import { oomDistance } from '../../explain/views.ts';
import { languageOf } from '../../explain/words.ts';

/** The part of the kubelet's `/stats/memory` answer that is used here. */
interface Reading {
  readonly time: string;
  readonly cgroupVersion: 1 | 2;
  readonly meminfo: string;
  readonly root: Cgroup;
  readonly pods?: Cgroup;
  readonly pod?: Cgroup;
  readonly sandbox?: Cgroup;
  readonly containers: readonly (Cgroup & { readonly name: string; readonly processes: readonly ProcessFacts[] })[];
}

interface Cgroup {
  readonly cgroup: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface ExplainOptions {
  /** `pod/NAME`, `NAME`, `node/NAME`; absent with `from`. */
  readonly target?: string;
  readonly namespace: string;
  readonly container?: string;
  /** A folder of recorded files. */
  readonly from?: string;
  readonly output?: string;
  readonly language?: string;
  /** Where the locale stands. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The text to print. Throws StatusError, or Error with one line. */
export async function explainMemory(options: ExplainOptions, client: Client | undefined, clock: Clock): Promise<string> {
  const report = options.from ? fromFolder(options.from) : await fromCluster(options, client!, clock);
  if (options.output === 'json') return `${JSON.stringify(reportJson(report), undefined, 2)}\n`;
  if (options.output !== undefined && options.output !== '') throw new Error(`unable to match a printer suitable for the output format "${options.output}", allowed formats are: json`);
  return reportText(report, languageOf(options.language, options.env));
}

function fromFolder(folder: string): MemoryReport {
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  const facts = recordedFacts(new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])));
  return { subject: folder, containers: [containerReport('recorded', facts)] };
}

async function fromCluster(options: ExplainOptions, client: Client, clock: Clock): Promise<MemoryReport> {
  const [kind, name] = options.target?.includes('/') ? (options.target.split('/', 2) as [string, string]) : ['pod', options.target ?? ''];
  if (!name) throw new Error('name what to explain: top explain pod/NAME, top explain node/NAME, or top explain --from DIR');
  if (['node', 'nodes', 'no'].includes(kind)) return explainNode(name, client, clock);
  if (!['pod', 'pods', 'po'].includes(kind)) throw new Error(`top explain knows pods and nodes, not "${kind}"`);
  return explainPod(options, name, client, clock);
}

async function explainPod(options: ExplainOptions, name: string, client: Client, clock: Clock): Promise<MemoryReport> {
  const pod = await client.get(pods, name, { namespace: options.namespace });
  if (!pod.spec.nodeName) throw new Error(`pod ${name} is not scheduled yet: it has no memory to explain`);
  const [reading, metrics] = await Promise.all([
    fetchJson<Reading>(client, `/api/v1/nodes/${pod.spec.nodeName}/proxy/stats/memory/${options.namespace}/${name}`),
    fetchJson<PodMetrics>(client, `/apis/metrics.k8s.io/v1beta1/namespaces/${options.namespace}/pods/${name}`).catch(none),
  ]);
  const chosen = reading.containers.filter((c) => options.container === undefined || c.name === options.container);
  if (chosen.length === 0) throw new Error(options.container ? `container ${options.container} is not running in pod ${name}` : `no container of pod ${name} is running`);
  const pause = reading.sandbox ? figures(facts(reading.sandbox, reading)) : undefined;
  const whole = reading.pod ? facts(reading.pod, reading) : undefined;
  const podOom = whole?.limit === undefined ? undefined : oomDistance(whole);
  return {
    subject: `pod/${name}`, time: reading.time,
    containers: chosen.map((c) => {
      const usage = metrics?.containers.find((m) => m.name === c.name)?.usage['memory'];
      return containerReport(c.name, { ...facts(c, reading), processes: c.processes, ...(usage ? { top: { workingSet: parseQuantity(usage).value() } } : {}) });
    }),
    ...(pause ? { pause: { usage: pause.usage, workingSet: pause.workingSet } } : {}),
    ...(podOom ? { podOom } : {}),
    ...(metrics ? { sample: age(metrics, clock), path: path(`${chosen[0]!.cgroup}`, pod.spec.nodeName) } : { noSample: true as const }),
  };
}

/** Where the figure of kubectl top comes along. */
function path(cgroup: string, node: string): string[] {
  return [cgroup, `kubelet of ${node} /metrics/resource`, 'metrics-server', 'APIService v1beta1.metrics.k8s.io', '/apis/metrics.k8s.io', 'kubectl'];
}

async function explainNode(name: string, client: Client, clock: Clock): Promise<MemoryReport> {
  await client.get(nodes, name);
  const [reading, metrics, all] = await Promise.all([
    fetchJson<Reading>(client, `/api/v1/nodes/${name}/proxy/stats/memory`),
    fetchJson<NodeMetrics>(client, `/apis/metrics.k8s.io/v1beta1/nodes/${name}`).catch(none),
    fetchJson<{ items: PodMetrics[] }>(client, '/apis/metrics.k8s.io/v1beta1/pods').catch(none),
  ]);
  const here = new Set((await client.list(pods, { fieldSelector: `spec.nodeName=${name}` })).items.map((p) => `${p.metadata.namespace}/${p.metadata.name}`));
  const total = all?.items.filter((p) => here.has(`${p.metadata.namespace}/${p.metadata.name}`)).flatMap((p) => p.containers).reduce((sum, c) => sum + parseQuantity(c.usage['memory'] ?? '0').value(), 0);
  const usage = metrics?.usage['memory'];
  const report = containerReport(name, { ...facts(reading.root, reading), ...(reading.root.cgroup === '/' ? { wholeMachine: true } : {}), ...(usage ? { top: { workingSet: parseQuantity(usage).value() } } : {}) });
  const cgroup = reading.pods && { name: reading.pods.cgroup, workingSet: figures(facts(reading.pods, reading)).workingSet };
  return {
    subject: `node/${name}`, time: reading.time, containers: [report],
    ...(total !== undefined ? { podsTotal: total, pods: { containers: total, ...(cgroup ? { cgroup } : {}), node: figures(report.facts).workingSet } } : {}),
    ...(metrics ? { sample: age(metrics, clock), path: path(reading.root.cgroup, name) } : { noSample: true as const }),
  };
}

/** The root of v2 has no memory.current: what the kubelet takes instead is anon + file. */
function facts(of: Cgroup, { cgroupVersion, meminfo }: Reading): MemoryFacts {
  const map = new Map(Object.entries({ ...of.files, meminfo }));
  if (cgroupVersion === 2 && !map.has('memory.current')) {
    const value = (key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(map.get('memory.stat') ?? '')?.[1] ?? 0);
    map.set('memory.current', String(value('anon') + value('file')));
  }
  return { ...recordedFacts(map), cgroup: of.cgroup };
}

function age(metrics: { timestamp: string; window: string }, clock: Clock): SampleAge {
  return { timestamp: metrics.timestamp, window: metrics.window, ageSeconds: Math.max(0, Math.round((clock.now() - parseTime(metrics.timestamp)) / 1000)) };
}

/** Figures that are not there (no metrics-server, too young a pod) are left out of the report. */
function none(error: unknown): undefined {
  if (error instanceof StatusError && [404, 503].includes(error.code)) return undefined;
  throw error;
}

async function fetchJson<T>(client: Client, path: string): Promise<T> {
  const response = await client.raw({ method: 'GET', path });
  const parts: Uint8Array[] = [];
  for await (const part of response.body) parts.push(part);
  const text = Buffer.concat(parts).toString();
  if (response.status === 200) return JSON.parse(text) as T;
  let status: Partial<Status> = {};
  try {
    status = JSON.parse(text) as Status;
  } catch {
    status = { message: text.trim() };
  }
  throw new StatusError({ status: 'Failure', message: status.message ?? `the server answered ${response.status}`, reason: status.reason ?? '', code: response.status });
}
