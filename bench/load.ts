/** Starts an API server on the durable store and loads it: requests a second, latencies, CPU of the server, lists, watches. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Connection, type Answer } from './connection.ts';
import type { BenchServer } from './server.ts';

const here = import.meta.dirname;
/** A generator that is shared between projects, so that figures can be compared; where it is absent our own runs. */
const sharedGenerator = process.env['K7S_LOAD_GENERATOR'] ?? join(here, '../../shared/tools/load.mjs');

export interface PhaseFigures {
  readonly phase: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerRequest: number;
  readonly errors: number;
}

/** `quick` does a tenth of the work. */
export async function benchLoad(options: { readonly quick?: boolean } = {}): Promise<unknown> {
  const { child, server } = await startServer();
  try {
    const idle = { startMs: server.startMs, residentMib: residentMib(server.pid) };
    const load = existsSync(sharedGenerator) ? await runShared(server, options.quick === true) : await runOwn(server, options.quick === true);
    return { ...idle, residentMibAfter: residentMib(server.pid), load };
  } finally {
    child.stdin?.end();
    await once(child, 'exit');
  }
}

async function startServer(): Promise<{ child: ChildProcess; server: BenchServer }> {
  const child = spawn(process.execPath, [join(here, 'server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, server: JSON.parse(line) as BenchServer };
  throw new Error('the server did not start');
}

async function runShared(server: BenchServer, quick: boolean): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'k7s-load-'));
  try {
    const authority = join(folder, 'ca.crt');
    await writeFile(authority, server.authority);
    const size = quick ? ['--n', '100,300,500', '--list-n', '500', '--watchers', '1,20'] : [];
    const args = [sharedGenerator, '--server', server.url, '--ca', authority, '--token', server.token, '--pids', `apiserver=${server.pid}`, ...size];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const namespace = 'bench';
const pods = `/api/v1/namespaces/${namespace}/pods`;
const pod = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'load' } }, spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'pause' }] } });
type Request = (connection: Connection, i: number) => Promise<Answer>;

async function runOwn(server: BenchServer, quick: boolean): Promise<unknown> {
  const first = await Connection.open(server);
  await first.request('POST', '/api/v1/namespaces', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  await first.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }));
  const phases: PhaseFigures[] = [];
  for (const [connections, requests] of [[1, 300], [16, 2000], [64, 4000]] as const) {
    const run = (name: string, request: Request): Promise<unknown> => phase(server, name, connections, quick ? Math.ceil(requests / 10) : requests, request).then((p) => phases.push(p));
    const made: string[] = [];
    const name = (i: number): string => `c${connections}-${i}`;
    await run('create', async (c, i) => {
      const answer = await c.request('POST', pods, pod(name(i)));
      made[i] = answer.body.toString();
      return answer;
    });
    await run('get', (c, i) => c.request('GET', `${pods}/${name(i)}`));
    await run('put', (c, i) => c.request('PUT', `${pods}/${name(i)}`, made[i]!.replace('"metadata":{', '"metadata":{"annotations":{"put":"1"},')));
    await run('patch', (c, i) => c.request('PATCH', `${pods}/${name(i)}`, `{"metadata":{"labels":{"n":"${i}"}}}`, 'application/strategic-merge-patch+json'));
    await run('apply', (c, i) => c.request('PATCH', `${pods}/${name(i)}?fieldManager=bench&force=true`, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: name(i), labels: { applied: String(i) } } }), 'application/apply-patch+yaml'));
    await run('delete', (c, i) => c.request('DELETE', `${pods}/${name(i)}?gracePeriodSeconds=0`));
  }
  const objects = quick ? 500 : 5000;
  phases.push(await phase(server, 'fill', 16, objects, (c, i) => c.request('POST', pods, pod(`l-${i}`))));
  for (const [name, path, accept] of [['list', pods, 'application/json'], ['list limit=500', `${pods}?limit=500`, 'application/json'], ['list protobuf', pods, 'application/vnd.kubernetes.protobuf']] as const) {
    phases.push(await phase(server, name, 1, 5, (c) => c.request('GET', path, undefined, undefined, accept)));
  }
  const watches = [await watchers(server, first, 1), await watchers(server, first, quick ? 20 : 200)];
  first.close();
  return { phases, watches };
}

async function phase(server: BenchServer, name: string, connections: number, requests: number, request: Request): Promise<PhaseFigures> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(server)));
  const times: number[] = [];
  let [next, errors] = [0, 0];
  const cpu = cpuSeconds(server.pid);
  const start = performance.now();
  await Promise.all(
    open.map(async (connection) => {
      for (let i = next++; i < requests; i = next++) {
        const sent = performance.now();
        const { status } = await request(connection, i);
        times.push(performance.now() - sent);
        if (status >= 300) errors++;
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const connection of open) connection.close();
  const cpuMsPerRequest = round(((cpuSeconds(server.pid) - cpu) * 1000) / requests);
  return { phase: name, connections, perSecond: Math.round(requests / seconds), ...percentiles(times), cpuMsPerRequest, errors };
}

/** From sending a create to each watcher's having the event. */
async function watchers(server: BenchServer, writer: Connection, count: number): Promise<unknown> {
  const list = JSON.parse((await writer.request('GET', `${pods}?limit=1`)).body.toString()) as { metadata: { resourceVersion: string } };
  const sent = new Map<string, number>();
  const times: number[] = [];
  const open = await Promise.all(Array.from({ length: count }, () => Connection.open(server)));
  for (const connection of open) {
    connection.onPart = (part) => {
      for (const [, name] of part.toString('latin1').matchAll(/"type":"ADDED".*?"name":"(w\d+-\d+)"/g)) times.push(performance.now() - sent.get(name!)!);
    };
    connection.request('GET', `${pods}?watch=1&resourceVersion=${list.metadata.resourceVersion}`).catch(() => {});
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let i = 0; i < 50; i++) {
    const name = `w${count}-${i}`;
    sent.set(name, performance.now());
    await writer.request('POST', pods, pod(name));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  for (let i = 0; i < 50 && times.length < 50 * count; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  for (const connection of open) connection.close();
  return { watchers: count, events: times.length, expected: 50 * count, ...percentiles(times) };
}

function percentiles(times: number[]): { readonly p50Ms: number; readonly p99Ms: number } {
  times.sort((a, b) => a - b);
  return { p50Ms: round(times[times.length >> 1] ?? 0), p99Ms: round(times[Math.floor(times.length * 0.99)] ?? 0) };
}

function round(n: number): number {
  return Math.round(n * 1000) / 1000;
}

/** Zero where there is no /proc. */
function cpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

function residentMib(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchLoad({ quick: process.argv.includes('--quick') }), undefined, 2)}\n`);
