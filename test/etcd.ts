/** Real etcd processes for tests; K7S_ETCD names another program than the one on PATH. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../src/base/command.ts';
import { eventually } from './apiserver.ts';
import { runProgram } from './kubectl.ts';

const program = process.env['K7S_ETCD'] ?? findProgram('etcd');

/** Why tests with etcd cannot run here; they must where CI is set. */
export const skipWithoutEtcd: string | false = program !== undefined || process.env['CI'] === 'true' ? false : 'there is no etcd on this machine';

export interface EtcdCluster {
  readonly endpoints: readonly string[];
  /** kill -9. */
  kill(member: number): Promise<void>;
  start(member: number): Promise<void>;
  stop(): Promise<void>;
}

interface EtcdTlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }));
  return Promise.all(servers.map(async (server) => {
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    return port;
  }));
}

function listens(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(undefined));
  });
}

/** One member with the data of a snapshot. */
export async function restoreEtcd(snapshot: string): Promise<EtcdCluster> {
  return startEtcd({
    prepare: async (folder) => {
      const { code, stderr } = await runProgram('etcdctl', ['snapshot', 'restore', snapshot, '--data-dir', folder, '--name', 'm0', '--initial-cluster', 'm0=http://127.0.0.1:1', '--initial-advertise-peer-urls', 'http://127.0.0.1:1'], { env: { ETCDCTL_API: '3' } });
      if (code !== 0) throw new Error(stderr);
    },
  });
}

export interface EtcdOptions {
  readonly members?: number;
  readonly tls?: EtcdTlsFiles;
  readonly flags?: readonly string[];
  /** Fills a member's folder before its first start. */
  readonly prepare?: (folder: string) => Promise<void>;
}

export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdCluster> {
  const { members = 1, tls, flags = [], prepare } = options;
  const folder = mkdtempSync(join(tmpdir(), 'k7s-etcd-'));
  const ports = await freePorts(members * 2);
  const scheme = tls ? 'https' : 'http';
  const client = (i: number): string => `${scheme}://127.0.0.1:${ports[i * 2]!}`;
  const peer = (i: number): string => `http://127.0.0.1:${ports[i * 2 + 1]!}`;
  const everyone = Array.from({ length: members }, (_, i) => i);
  const running = new Map<number, ChildProcess>();
  const start = async (i: number): Promise<void> => {
    const child = spawn(program ?? 'etcd', [
      '--name', `m${i}`, '--data-dir', join(folder, `m${i}`), '--listen-client-urls', client(i), '--advertise-client-urls', client(i),
      '--listen-peer-urls', peer(i), '--initial-advertise-peer-urls', peer(i), '--initial-cluster', everyone.map((n) => `m${n}=${peer(n)}`).join(','),
      '--heartbeat-interval', '50', '--election-timeout', '500', ...flags,
      ...(tls ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth'] : []),
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    running.set(i, child);
    let log = '';
    child.stderr.on('data', (chunk) => (log += String(chunk)));
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`etcd ended: ${log.slice(-2000)}`);
      return listens(ports[i * 2]!);
    }, 'etcd', 30);
  };
  const kill = async (i: number): Promise<void> => {
    const child = running.get(i);
    running.delete(i);
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  for (const i of everyone) await prepare?.(join(folder, `m${i}`));
  await Promise.all(everyone.map(start));
  return {
    endpoints: everyone.map(client),
    kill, start,
    stop: async () => {
      await Promise.all(everyone.map(kill));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
