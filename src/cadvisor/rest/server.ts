/** The statistics alone, over HTTP: cAdvisor's API, its metrics, and a page. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { release, version } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { expositionType } from '../../base/exposition.ts';
import { containerMetrics, machineMetrics } from '../exposition.ts';
import { readFilesystem, readMachine, type MachineInfo } from '../machine.ts';
import { Monitor } from '../monitor.ts';
import { detectLayout } from '../layout.ts';
import { containerJson, machineJson, statsV2Json } from './model.ts';
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
  const server = createServer((request, response) => answer(request, response, monitor, machine, clock));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, options.host ?? '127.0.0.1', resolve));
  signal.addEventListener('abort', () => {
    timer.cancel();
    monitor.stop();
    server.close();
    server.closeAllConnections();
  }, { once: true });
  return { port: (server.address() as AddressInfo).port, monitor };
}

function answer(request: IncomingMessage, response: ServerResponse, monitor: Monitor, machine: MachineInfo, clock: Clock): void {
  const send = (status: number, type: string, body: string): void => void response.writeHead(status, { 'content-type': type }).end(body);
  const json = (value: unknown): void => send(200, 'application/json', JSON.stringify(value));
  if (request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'POST') return send(405, 'text/plain', 'Method Not Allowed\n');
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  const below = (prefix: string): string => path.slice(prefix.length).replace(/\/+$/, '') || '/';
  const missing = (name: string): void => send(404, 'text/plain', `unknown container ${JSON.stringify(name)}\n`);
  if (path === '/') return void response.writeHead(307, { location: '/containers/' }).end();
  if (path === '/healthz') return send(200, 'text/plain', 'ok');
  if (path === '/containers' || path.startsWith('/containers/')) return send(200, 'text/html; charset=utf-8', page);
  if (path === '/metrics') {
    const samples = monitor.watchedNames().flatMap((name) => {
      const sample = monitor.latest(name, 1000);
      return sample ? [{ labels: { id: name, image: '', name: '' }, sample }] : [];
    });
    return send(200, expositionType, machineMetrics(machine, { kernel: release(), os: version() }) + containerMetrics(samples));
  }
  if (/^\/api\/v1\.[0-3]\/machine$|^\/api\/v2\.[01]\/machine$/.test(path)) return json(machineJson(machine, readFilesystem('/'), clock.now()));
  const count = Number(url.searchParams.get('num_stats') ?? url.searchParams.get('count') ?? 60) || 60;
  const v1 = /^\/api\/v1\.[0-3]\/(containers|subcontainers)(?=\/|$)/.exec(path);
  if (v1) {
    const name = below(v1[0]);
    const one = containerJson(monitor, name, machine, count, name === '/' ? readFilesystem('/') : undefined);
    if (!one) return missing(name);
    return json(v1[1] === 'containers' ? one : monitor.discover(name).map((n) => containerJson(monitor, n, machine, count)).filter((c) => c !== undefined));
  }
  const v2 = /^\/api\/v2\.[01]\/stats(?=\/|$)/.exec(path);
  if (v2) {
    const name = below(v2[0]);
    if (!monitor.latest(name, 1000)) return missing(name);
    const names = url.searchParams.get('recursive') === 'true' ? monitor.discover(name) : [name];
    return json(Object.fromEntries(names.map((n) => [n, monitor.history(n).slice(-count).map(statsV2Json)])));
  }
  send(404, 'text/plain', 'not found; try /containers/, /metrics, /api/v1.3/containers/, /api/v1.3/machine, /api/v2.1/stats\n');
}
