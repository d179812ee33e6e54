/** `k7s etcd` processes for tests, and the real etcdctl pointed at them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../src/base/command.ts';
import { eventually } from './apiserver.ts';
import { runProgram, type Outcome } from './kubectl.ts';
import { freePort } from './ports.ts';

const main = join(import.meta.dirname, '../src/cluster/main.ts');
const etcdctlProgram = findProgram('etcdctl');

/** Why tests with etcdctl cannot run here; they must where CI is set. */
export const skipWithoutEtcdctl: string | false = etcdctlProgram !== undefined || process.env['CI'] === 'true' ? false : 'there is no etcdctl on this machine';

/** Without the scheme: etcdctl 3.4 puts one into a header of `endpoint status` where none may be. */
const plain = (endpoint: string): string => `--endpoints=${endpoint.replace('http://', '')}`;

export function etcdctl(endpoint: string, args: readonly string[], input?: string): Promise<Outcome> {
  return runProgram(etcdctlProgram ?? 'etcdctl', [plain(endpoint), '--command-timeout=15s', ...args], { env: { ETCDCTL_API: '3' }, timeoutMs: 30_000, ...(input === undefined ? {} : { input }) });
}

/** What `etcdctl watch` prints, once it has printed all of this. */
export async function etcdctlWatch(endpoint: string, args: readonly string[], expected: RegExp): Promise<string> {
  const child = spawn(etcdctlProgram ?? 'etcdctl', [plain(endpoint), 'watch', ...args], { env: { ...process.env, ETCDCTL_API: '3' }, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  try {
    return await eventually(() => (expected.test(text) ? text : undefined), `${String(expected)} of etcdctl watch`);
  } finally {
    child.kill('SIGKILL');
  }
}

export interface OwnEtcd {
  readonly endpoint: string;
  readonly folder: string;
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the code of its end. */
  end(): Promise<number | null>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export async function startOwnEtcd(options: { readonly flags?: readonly string[]; readonly scheme?: string } = {}): Promise<OwnEtcd> {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-own-etcd-'));
  const endpoint = `${options.scheme ?? 'http'}://127.0.0.1:${await freePort()}`;
  let child: ChildProcess | undefined;
  const gone = async (signal: NodeJS.Signals): Promise<number | null> => {
    const ending = child;
    child = undefined;
    if (!ending) return null;
    if (ending.exitCode !== null) return ending.exitCode;
    const exit = once(ending, 'exit') as Promise<[number | null]>;
    ending.kill(signal);
    return (await exit)[0];
  };
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning', main, 'etcd', `--data-dir=${join(folder, 'data')}`, `--listen-client-urls=${endpoint}`, `--advertise-client-urls=${endpoint}`, ...(options.flags ?? []),
    ], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, K7S_HOME: folder } });
    child = started;
    let log = '';
    started.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    await eventually(() => {
      if (started.exitCode !== null) throw new Error(`k7s etcd ended: ${log}`);
      return log.includes('Serving') || undefined;
    }, 'k7s etcd', 30);
  };
  await start();
  return {
    endpoint, folder, start,
    kill: async () => void (await gone('SIGKILL')),
    end: () => gone('SIGTERM'),
    stop: async () => {
      await gone('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
