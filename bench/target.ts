/** What is measured: the program `k7s kube-apiserver` on its durable store, as users start it, or a server that runs already. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from './connection.ts';

export interface Target {
  readonly url: string;
  /** PEM; undefined: whoever answers is believed. */
  readonly authority: string | undefined;
  readonly token: string;
  /** Processes whose memory and CPU count, by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** From the start of the program to /readyz. */
  readonly startMs: number | undefined;
  stop(): Promise<void>;
}

/** `--upstream URL --upstream-token T [--upstream-pids apiserver=1,etcd=2]` */
export function upstreamFromArguments(args: readonly string[]): Target | undefined {
  const value = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const url = value('--upstream');
  if (url === undefined) return undefined;
  const pids = Object.fromEntries((value('--upstream-pids') ?? '').split(',').filter(Boolean).map((pair) => pair.split('=')).map(([name, pid]) => [name!, Number(pid)]));
  return { url, authority: undefined, token: value('--upstream-token') ?? '', pids, startMs: undefined, stop: async () => {} };
}

export async function startTarget(): Promise<Target> {
  const folder = await mkdtemp(join(process.env['K7S_BENCH_DIR'] ?? tmpdir(), 'k7s-bench-'));
  const port = await freePort();
  const token = 'bench-token';
  await writeFile(join(folder, 'tokens.csv'), `${token},bench,1,"system:masters"\n`);
  const launcher = join(import.meta.dirname, '../bin/k7s');
  const args = ['kube-apiserver', `--data-dir=${folder}/data`, `--cert-dir=${folder}/certs`, `--secure-port=${port}`, '--bind-address=127.0.0.1', '--authorization-mode=Node,RBAC', `--token-auth-file=${folder}/tokens.csv`];
  const env = { ...process.env, K7S_HOME: join(folder, 'home') };
  // Bundling, and the first compilation of the bundle, are no part of a start.
  await once(spawn(launcher, ['kube-apiserver', '--help'], { env, stdio: 'ignore' }), 'exit');
  const started = performance.now();
  const child = spawn(launcher, args, { env, stdio: 'ignore' });
  const url = `https://127.0.0.1:${port}`;
  while (!(await ready(url, token))) {
    if (child.exitCode !== null || performance.now() - started > 60_000) throw new Error('the server did not start');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const startMs = Math.round(performance.now() - started);
  return {
    url, token, startMs, pids: { apiserver: child.pid! },
    authority: existsSync(join(folder, 'certs/apiserver.crt')) ? await readFile(join(folder, 'certs/apiserver.crt'), 'utf8') : undefined,
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ready(url: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    request(`${url}/readyz`, { rejectUnauthorized: false, headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false)).end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Milliseconds of CPU that the processes have used until now. Zero where there is no /proc. */
export function cpuMs(target: Target): number {
  let sum = 0;
  for (const pid of Object.values(target.pids)) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      sum += (Number(fields[11]) + Number(fields[12])) * 10;
    } catch {
      return 0;
    }
  }
  return sum;
}

export function residentMib(target: Target): Record<string, number> {
  return Object.fromEntries(Object.entries(target.pids).map(([name, pid]) => {
    try {
      return [name, Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)];
    } catch {
      return [name, 0];
    }
  }));
}

export const pod = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'load' } }, spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] } });

/** A namespace with what pods need; its pods' path. */
export async function namespaceFor(target: Target, name: string): Promise<string> {
  const connection = await Connection.open(target);
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await connection.request('POST', '/api/v1/namespaces', JSON.stringify(body));
  await connection.request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }));
  connection.close();
  return `/api/v1/namespaces/${name}/pods`;
}

export async function fill(target: Target, path: string, from: number, to: number, connections = 32): Promise<void> {
  let next = from;
  await Promise.all(Array.from({ length: connections }, async () => {
    const connection = await Connection.open(target);
    for (let i = next++; i < to; i = next++) {
      const { status } = await connection.request('POST', path, pod(`f-${i}`));
      if (status >= 300) throw new Error(`a pod could not be created: ${status}`);
    }
    connection.close();
  }));
}

export interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function times(all: number[]): Times {
  all.sort((a, b) => a - b);
  const at = (part: number): number => Math.round((all[Math.min(all.length - 1, Math.floor(all.length * part))] ?? 0) * 1000) / 1000;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
