/**
 * `k7s envtest FOLDER`: programs named kube-apiserver, etcd and kubectl that test frameworks start in place of the originals.
 * What stands in for etcd serves none of etcd's API: it holds a folder, says that it is well, and tells our API server where the folder is.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { aborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { Context } from '../context.ts';
import { ignored, listed, type Program } from './program.ts';

/** File names, and the components behind them. */
const programs: Readonly<Record<string, string>> = { 'kube-apiserver': 'kube-apiserver', etcd: 'envtest-etcd', kubectl: 'plain-kubectl' };

function quoted(word: string): string {
  return /^[\w./=:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The programs run this very k7s, where it stands now. */
export async function writeAssets(folder: string, { stdout }: Context): Promise<void> {
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', resolve(process.argv[1]!)].map(quoted).join(' ');
  for (const [name, component] of Object.entries(programs)) {
    const file = join(target, name);
    writeFileSync(file, `#!/bin/sh\n# Written by k7s envtest.\nexec ${command} ${component} "$@"\n`);
    chmodSync(file, 0o755);
  }
  stdout.write(`export KUBEBUILDER_ASSETS=${quoted(target)}\n`);
}

/** What the stand-in tells our API server. */
export interface HeldFolder {
  readonly folder: string;
  /** False: writes are acknowledged before the disk has them. */
  readonly durable: boolean;
}

const heldPath = '/k7s/folder';

export const etcdStandIn: Program = {
  name: 'etcd',
  about: 'Stands in for etcd where a test framework starts one for k7s kube-apiserver. It holds the data folder and serves none of etcd\'s API.',
  flags: {
    'data-dir': { type: 'string', default: 'default.etcd', help: 'The folder for the data' },
    'listen-client-urls': { type: 'strings', default: ['http://localhost:2379'], help: 'Where to listen; http only' },
    'unsafe-no-fsync': { type: 'bool', help: 'Acknowledge writes before the disk has them' },
    ...ignored('string', 'name', 'initial-cluster', 'initial-cluster-state', 'initial-cluster-token', 'log-level', 'logger', 'log-outputs', 'quota-backend-bytes',
      'auto-compaction-mode', 'auto-compaction-retention', 'snapshot-count', 'max-request-bytes', 'heartbeat-interval', 'election-timeout'),
    ...ignored('strings', 'advertise-client-urls', 'listen-peer-urls', 'initial-advertise-peer-urls', 'listen-metrics-urls'),
  },
  run: async (flags, { log }, signal) => {
    const held: HeldFolder = { folder: resolve(flags.text('data-dir'), 'k7s'), durable: !flags.flag('unsafe-no-fsync') };
    mkdirSync(held.folder, { recursive: true, mode: 0o700 });
    const servers = await Promise.all(listed(flags, 'listen-client-urls').map((url) => listen(new URL(url), held)));
    log.info('Holding a data folder for k7s kube-apiserver; this is not etcd', { folder: held.folder });
    await aborted(signal);
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  },
};

async function listen(url: URL, held: HeldFolder): Promise<Server> {
  if (url.protocol !== 'http:') throw new CommandError(`cannot listen on ${url.href}: the stand-in for etcd speaks plain http only`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', url);
    const json = (value: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (pathname === '/health') return json({ health: 'true', reason: '' });
    if (pathname === heldPath) return json(held);
    response.writeHead(404, { 'content-type': 'text/plain' }).end("404 page not found: this stands in for etcd and serves none of etcd's API\n");
  });
  await new Promise<void>((done, reject) => server.once('error', reject).listen(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''), done));
  return server;
}

const patienceMs = 20_000;

/** The folder behind --etcd-servers when our stand-in answers there; undefined when something else does. */
export async function folderBehind(servers: readonly string[], clock: Clock, signal: AbortSignal): Promise<HeldFolder | undefined> {
  const [server] = servers;
  if (servers.length !== 1 || !server!.startsWith('http:')) return undefined;
  for (const deadline = clock.monotonic() + patienceMs; ; await clock.sleep(100, signal)) {
    try {
      return await ask(new URL(heldPath, server));
    } catch (error) {
      if (clock.monotonic() > deadline || (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
    }
  }
}

function ask(url: URL): Promise<HeldFolder | undefined> {
  return new Promise((done, reject) => {
    const request = get(url, { agent: false, timeout: 5_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject).on('end', () => done(response.statusCode === 200 ? (JSON.parse(text) as HeldFolder) : undefined));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url.origin}`)));
    request.on('error', reject);
  });
}

