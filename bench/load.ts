/** Starts an API server on the durable store and loads it: requests a second, latencies, CPU of the server, lists, watches. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, type Answer } from './connection.ts';
import { cpuMs, fill, namespaceFor, pod, residentMib, startTarget, times, upstreamFromArguments, type Target } from './target.ts';

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

/** `quick` does a tenth of the work. Memory idle, with 5,000 pods, and after everything; rates over HTTP/1.1 and, with the shared generator, HTTP/2. */
export async function benchLoad(target: Target, options: { readonly quick?: boolean } = {}): Promise<unknown> {
  const quick = options.quick === true;
  await pause(3000);
  const idle = residentMib(target);
  const path = await namespaceFor(target, 'filled');
  await fill(target, path, 0, quick ? 500 : 5000);
  await pause(10_000);
  const filled = residentMib(target);
  const cleaner = await Connection.open(target);
  const start = performance.now();
  await cleaner.request('DELETE', `${path}?gracePeriodSeconds=0`);
  const deleteCollectionMs = Math.round(performance.now() - start);
  cleaner.close();
  const shared = existsSync(sharedGenerator);
  const http1 = shared ? await runShared(target, quick, []) : await runOwn(target, quick);
  const http2 = shared ? await runShared(target, quick, ['--h2']) : undefined;
  return { startMs: target.startMs, residentMib: { idle, filled, afterLoad: residentMib(target) }, deleteCollectionMs, http1, http2 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function runShared(target: Target, quick: boolean, more: readonly string[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'k7s-load-'));
  try {
    const authority = join(folder, 'ca.crt');
    await writeFile(authority, target.authority ?? '');
    const size = quick ? ['--n', '100,300,500', '--list-n', '500', '--watchers', '1,20'] : [];
    const trust = target.authority === undefined ? ['--insecure'] : ['--ca', authority];
    const pids = Object.entries(target.pids).map(([name, pid]) => `${name}=${pid}`).join(',');
    const args = [sharedGenerator, '--server', target.url, ...trust, '--token', target.token, '--pids', pids, ...size, ...more];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Request = (connection: Connection, i: number) => Promise<Answer>;

async function runOwn(server: Target, quick: boolean): Promise<unknown> {
  const pods = await namespaceFor(server, 'bench');
  const first = await Connection.open(server);
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
  const as = (kind: string): string => `application/json;as=${kind};v=v1;g=meta.k8s.io`;
  for (const [name, path, accept] of [['list', pods, 'application/json'], ['list limit=500', `${pods}?limit=500`, 'application/json'], ['list protobuf', pods, 'application/vnd.kubernetes.protobuf'], ['list metadata', pods, as('PartialObjectMetadataList')], ['list table', pods, as('Table')]] as const) {
    phases.push(await phase(server, name, 1, 5, (c) => c.request('GET', path, undefined, undefined, accept)));
  }
  const watches = [await watchers(server, pods, first, 1), await watchers(server, pods, first, quick ? 20 : 200)];
  first.close();
  return { phases, watches };
}

async function phase(server: Target, name: string, connections: number, requests: number, request: Request): Promise<PhaseFigures> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(server)));
  const all: number[] = [];
  let [next, errors] = [0, 0];
  const cpu = cpuMs(server);
  const start = performance.now();
  await Promise.all(
    open.map(async (connection) => {
      for (let i = next++; i < requests; i = next++) {
        const sent = performance.now();
        const { status } = await request(connection, i);
        all.push(performance.now() - sent);
        if (status >= 300) errors++;
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const connection of open) connection.close();
  const cpuMsPerRequest = Math.round(((cpuMs(server) - cpu) * 1000) / requests) / 1000;
  return { phase: name, connections, perSecond: Math.round(requests / seconds), ...times(all), cpuMsPerRequest, errors };
}

/** From sending a create to each watcher's having the event. */
async function watchers(server: Target, pods: string, writer: Connection, count: number): Promise<unknown> {
  const list = JSON.parse((await writer.request('GET', `${pods}?limit=1`)).body.toString()) as { metadata: { resourceVersion: string } };
  const sent = new Map<string, number>();
  const all: number[] = [];
  const open = await Promise.all(Array.from({ length: count }, () => Connection.open(server)));
  for (const connection of open) {
    connection.onPart = (part) => {
      for (const [, name] of part.toString('latin1').matchAll(/"type":"ADDED".*?"name":"(w\d+-\d+)"/g)) all.push(performance.now() - sent.get(name!)!);
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
  for (let i = 0; i < 50 && all.length < 50 * count; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  for (const connection of open) connection.close();
  return { watchers: count, events: all.length, expected: 50 * count, ...times(all) };
}

if (import.meta.main) {
  const target = upstreamFromArguments(process.argv) ?? (await startTarget());
  process.stdout.write(`${JSON.stringify(await benchLoad(target, { quick: process.argv.includes('--quick') }), undefined, 2)}\n`);
  await target.stop();
}
