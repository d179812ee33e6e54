/** The entry of a profile in the user's kubeconfig: cluster, user and context of the profile's name. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { dump, load } from 'js-yaml';
import type { HttpClientConfig } from '../client/http.ts';
import type { Clock } from '../base/clock.ts';
import { CliError } from './output.ts';

export interface ClusterAccess {
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

interface Named {
  name: string;
  [key: string]: unknown;
}

interface Kubeconfig {
  [key: string]: unknown;
  clusters?: Named[] | null;
  users?: Named[] | null;
  contexts?: Named[] | null;
  'current-context'?: string;
}

/** The files that KUBECONFIG lists, else ~/.kube/config. */
export function kubeconfigFiles(env: NodeJS.ProcessEnv = process.env): string[] {
  const listed = (env['KUBECONFIG'] ?? '').split(':').filter(Boolean);
  return listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')];
}

/** New entries go where kubectl would write them: the first file that exists, else the last of the list. */
function target(files: readonly string[]): string {
  return files.find((file) => existsSync(file)) ?? files.at(-1)!;
}

export function kubeconfigOf(access: ClusterAccess): Kubeconfig {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: access.name, cluster: { 'certificate-authority-data': base64(access.caPem), server: access.server } }],
    users: [{ name: access.name, user: { 'client-certificate-data': base64(access.certPem), 'client-key-data': base64(access.keyPem) } }],
    contexts: [{ name: access.name, context: { cluster: access.name, namespace: 'default', user: access.name } }],
    'current-context': access.name,
    preferences: {},
  };
}

export function kubeconfigText(access: ClusterAccess): string {
  return dump(kubeconfigOf(access), { lineWidth: -1 });
}

function read(file: string): Kubeconfig {
  if (!existsSync(file) || statSync(file).size === 0) return {};
  let content: unknown;
  try {
    content = load(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CliError(`${file} is no valid YAML`, { mend: 'Mend or move it, then run the same again', cause });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) throw new CliError(`${file} is no kubeconfig`, { mend: 'Mend or move it, then run the same again' });
  return content as Kubeconfig;
}

/** kubectl takes the same lock. */
async function locked(file: string, clock: Clock, change: () => void): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  const lock = `${file}.lock`;
  for (let attempt = 0; ; attempt++) {
    try {
      closeSync(openSync(lock, 'wx', 0));
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (attempt === 100) throw new CliError(`${file} is locked by ${lock}`, { mend: `If no kubectl is at work, remove it: rm ${lock}` });
      await clock.sleep(20);
    }
  }
  try {
    change();
  } finally {
    rmSync(lock, { force: true });
  }
}

function write(file: string, content: Kubeconfig): void {
  writeFileSync(`${file}.k7s`, dump(content, { lineWidth: -1 }), { mode: 0o600 });
  renameSync(`${file}.k7s`, file);
}

/** Puts the profile's entry in and makes it the current context. Gives the file that was written. */
export async function mergeKubeconfig(access: ClusterAccess, clock: Clock, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const file = target(kubeconfigFiles(env));
  await locked(file, clock, () => {
    const content = read(file);
    const own = kubeconfigOf(access);
    const merged: Kubeconfig = { ...own, ...content, 'current-context': access.name };
    for (const key of ['clusters', 'users', 'contexts'] as const) {
      merged[key] = [...(content[key] ?? []).filter((entry) => entry.name !== access.name), ...own[key]!];
    }
    if (JSON.stringify(merged) !== JSON.stringify(content)) write(file, merged);
  });
  return file;
}

/** Takes the profile's entries out of every file of the list. */
export async function removeFromKubeconfig(name: string, clock: Clock, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  for (const file of kubeconfigFiles(env).filter((path) => existsSync(path))) {
    await locked(file, clock, () => {
      const content = read(file);
      const merged: Kubeconfig = { ...content };
      for (const key of ['clusters', 'users', 'contexts'] as const) {
        if (content[key]) merged[key] = content[key].filter((entry) => entry.name !== name);
      }
      if (merged['current-context'] === name) merged['current-context'] = '';
      if (JSON.stringify(merged) !== JSON.stringify(content)) write(file, merged);
    });
  }
}

/** What the user's kubeconfig says of the profile: `undefined` when it has no such cluster. */
export function configuredServer(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const file of kubeconfigFiles(env)) {
    const entry = (read(file).clusters ?? []).find((cluster) => cluster.name === name);
    if (entry) return (entry['cluster'] as { server?: string } | undefined)?.server;
  }
  return undefined;
}

/** The connection of a kubeconfig's current context. Paths in it are relative to the file. */
export function readKubeconfig(file: string): HttpClientConfig {
  const content = read(file);
  const pick = (list: Named[] | null | undefined, name: unknown, key: string): Record<string, string | undefined> =>
    ((list ?? []).find((entry) => entry.name === name)?.[key] ?? {}) as Record<string, string | undefined>;
  const context = pick(content.contexts, content['current-context'], 'context');
  const cluster = pick(content.clusters, context['cluster'], 'cluster');
  const user = pick(content.users, context['user'], 'user');
  if (!cluster['server']) throw new CliError(`the current context of ${file} names no server`);
  const pem = (from: Record<string, string | undefined>, key: string): string | undefined => {
    const data = from[`${key}-data`];
    const path = from[key];
    if (data) return Buffer.from(data, 'base64').toString('utf8');
    return path ? readFileSync(resolve(dirname(file), path), 'utf8') : undefined;
  };
  const [ca, cert, key] = [pem(cluster, 'certificate-authority'), pem(user, 'client-certificate'), pem(user, 'client-key')];
  return {
    server: cluster['server'],
    ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}),
    ...(user['token'] ? { token: user['token'] } : {}), ...(user['tokenFile'] ? { tokenFile: user['tokenFile'] } : {}),
    ...(String(cluster['insecure-skip-tls-verify']) === 'true' ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster['tls-server-name'] ? { tlsServerName: cluster['tls-server-name'] } : {}),
  };
}
