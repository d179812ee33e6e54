/** The statistics alone, over HTTP: cAdvisor's API, its metrics, and a page. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { release, version as osVersion } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { expositionType } from '../../base/exposition.ts';
import { containerMetrics, machineMetrics, type LabelledSample } from '../exposition.ts';
import { readFilesystem, readMachine, type FilesystemSample, type MachineInfo } from '../machine.ts';
import { Monitor } from '../monitor.ts';
import { detectLayout } from '../layout.ts';
import { readDisks } from '../disks.ts';
import { readProcesses } from '../processes.ts';
import { readSpec } from '../spec.ts';
import { attributesJson, containerJson, machineJson, samplesV2Json, specV2Json, storageJson } from './model.ts';
import { page } from './page.ts';

export interface CadvisorOptions {
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How often a busy cgroup is read. */
  readonly intervalMs?: number;
  readonly cgroupRoot?: string;
  /** What `/api/v2.1/version` and `cadvisor_version_info` say. */
  readonly version?: string;
}

/** New cgroups are looked for this often. */
const discoveryMs = 10_000;

export async function serveCadvisor(options: CadvisorOptions): Promise<{ port: number; monitor: Monitor }> {
  const { clock, signal } = options;
  const monitor = new Monitor({ layout: detectLayout(options.cgroupRoot), clock, ...(options.intervalMs ? { intervalMs: options.intervalMs } : {}) });
  const machine = readMachine();
  const discover = (): void => monitor.reconcile(new Map(monitor.discover().map((name) => [name, name === '/' ? process.pid : undefined])));
  discover();
  monitor.start();
  const timer = clock.every(discoveryMs, discover);
  const server = createServer((request, response) => answer(request, response, { monitor, machine, clock, version: options.version ?? '' }));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, options.host ?? '127.0.0.1', resolve));
  signal.addEventListener('abort', () => {
    timer.cancel();
    monitor.stop();
    server.close();
    server.closeAllConnections();
  }, { once: true });
  return { port: (server.address() as AddressInfo).port, monitor };
}

function answer(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const send = (status: number, type: string, body: string): void => void response.writeHead(status, { 'content-type': type }).end(body);
  const json = (value: unknown): void => send(200, 'application/json', JSON.stringify(value));
  if (request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'POST') return send(405, 'text/plain', 'Method Not Allowed\n');
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  const below = (prefix: string): string => path.slice(prefix.length).replace(/\/+$/, '') || '/';
  if (path === '/') return void response.writeHead(307, { location: '/containers/' }).end();
  if (path === '/healthz') return send(200, 'text/plain', 'ok');
  if (path === '/containers' || path.startsWith('/containers/')) return send(200, 'text/html; charset=utf-8', page);
  if (path === '/metrics') return send(200, expositionType, metricsText(context));
  const api = /^\/api\/(v\d\.\d)\/([a-z]+)(?=\/|$)/.exec(path);
  const found = api && answers(api[1]!, api[2]!, below(api[0]), url.searchParams, context);
  if (found === 'missing') return send(404, 'text/plain', `failed to get container ${JSON.stringify(below(api![0]))} with error: unknown container ${JSON.stringify(below(api![0]))}\n`);
  if (found) return json(found.value);
  send(404, 'text/plain', 'not found; try /containers/, /metrics, /api/v1.3/{containers,subcontainers,machine}, /api/v2.1/{stats,spec,machine,attributes,storage,version}\n');
}

interface Context { readonly monitor: Monitor; readonly machine: MachineInfo; readonly clock: Clock; readonly version: string }

function answers(version: string, what: string, name: string, query: URLSearchParams, { monitor, machine, clock, version: own }: Context): { value: unknown } | 'missing' | undefined {
  const rootFs = (): FilesystemSample | undefined => readFilesystem('/');
  if (['v1.0', 'v1.1', 'v1.2', 'v1.3'].includes(version)) {
    const count = Number(query.get('num_stats') ?? query.get('count') ?? 60) || 60;
    if (what === 'machine') return { value: machineJson(machine, rootFs(), clock.now()) };
    if (what !== 'containers' && (what !== 'subcontainers' || version === 'v1.0')) return undefined;
    const one = containerJson(monitor, name, machine, count, name === '/' ? rootFs() : undefined);
    if (!one) return 'missing';
    return { value: what === 'containers' ? one : monitor.discover(name).map((n) => containerJson(monitor, n, machine, count)).filter((c) => c !== undefined) };
  }
  if (version !== 'v2.0' && version !== 'v2.1') return undefined;
  const count = Number(query.get('count') ?? 64);
  switch (what) {
    case 'machine': return { value: machineJson(machine, rootFs(), clock.now()) };
    case 'attributes': return { value: attributesJson(machine, rootFs(), { kernel: release(), os: osVersion(), version: own }) };
    case 'version': return { value: own };
    case 'storage': return { value: storageJson('/', clock.now()) };
    case 'stats':
    case 'spec': {
      if (!monitor.latest(name, 1000)) return 'missing';
      const names = query.get('recursive') === 'true' ? monitor.discover(name) : [name];
      const entries = names.flatMap((n): [string, unknown][] => {
        const spec = specV2Json(monitor, n, machine);
        if (what === 'spec') return spec ? [[n, spec]] : [];
        if (version === 'v2.0') return [[n, samplesV2Json(monitor, n, count)]];
        // Upstream tells of the root under machinestats alone.
        return spec && n !== '/' ? [[n, { spec, stats: samplesV2Json(monitor, n, count) }]] : [];
      });
      return { value: Object.fromEntries(entries) };
    }
    case 'machinestats': return version === 'v2.1' && monitor.latest('/', 1000) ? { value: samplesV2Json(monitor, '/', count) } : undefined;
    default: return undefined;
  }
}

function metricsText({ monitor, machine, version }: Context): string {
  const disks = readDisks();
  const rootFs = readFilesystem('/');
  const disk = rootFs && disks.get(rootFs.deviceId);
  const samples = monitor.watchedNames().flatMap((name): LabelledSample[] => {
    const sample = monitor.latest(name, 1000);
    if (!sample) return [];
    return [{
      labels: { id: name, image: '', name: '' }, sample, spec: readSpec(monitor.layout, name), processes: readProcesses(monitor.layout, name), disks,
      ...(name === '/' && rootFs ? { filesystems: [{ ...rootFs, ...(disk ? { disk } : {}) }] } : {}),
    }];
  });
  return machineMetrics(machine, { kernel: release(), os: osVersion(), cadvisor: version }) + containerMetrics(samples);
}
