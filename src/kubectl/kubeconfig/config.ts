/** Kubeconfig files: several merge into one, the first to name something wins; flags overrule them all. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parseYaml } from '../../machinery/yaml.ts';
import { CommandError } from '../errors.ts';

export interface Cluster {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
}

export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: string;
}

export interface User {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  exec?: ExecPlugin;
}

export interface Context {
  cluster?: string;
  user?: string;
  namespace?: string;
}

export interface Kubeconfig {
  clusters: Map<string, Cluster>;
  users: Map<string, User>;
  contexts: Map<string, Context>;
  currentContext: string;
  /** Where each entry came from: changes go back to its file. */
  origin: Map<string, string>;
  files: readonly string[];
}

type RawEntries<K extends string, T> = ({ name: string } & Record<K, T>)[] | null | undefined;
export interface RawKubeconfig {
  apiVersion?: string;
  kind?: string;
  clusters?: RawEntries<'cluster', Cluster>;
  users?: RawEntries<'user', User>;
  contexts?: RawEntries<'context', Context>;
  'current-context'?: string;
  preferences?: unknown;
}

/** The files in their order: the flag, KUBECONFIG, or ~/.kube/config. */
export function kubeconfigFiles(flag: string, env: NodeJS.ProcessEnv): string[] {
  if (flag) return [flag];
  const listed = (env['KUBECONFIG'] ?? '').split(':').filter(Boolean);
  return listed.length ? [...new Set(listed)] : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
}

export function readKubeconfigFile(file: string): RawKubeconfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`open ${file}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message}`);
  }
  try {
    const { value } = parseYaml(text);
    if (value !== null && (typeof value !== 'object' || Array.isArray(value))) throw new Error('it is no mapping');
    return (value ?? {}) as RawKubeconfig;
  } catch (error) {
    throw new CommandError(`error loading config file ${JSON.stringify(file)}: ${(error as Error).message}`);
  }
}

/** Reads and merges. A file given by flag must exist; others may be missing. Relative paths are relative to their file. */
export function loadKubeconfig(flag: string, env: NodeJS.ProcessEnv): Kubeconfig {
  const files = kubeconfigFiles(flag, env);
  const merged: Kubeconfig = { clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: '', origin: new Map(), files };
  for (const file of files) {
    if (!existsSync(file)) {
      if (flag) throw new CommandError(`stat ${file}: no such file or directory`);
      continue;
    }
    const raw = readKubeconfigFile(file);
    const absolute = (path: string | undefined): string | undefined => (path === undefined || path === '' || isAbsolute(path) ? path : join(dirname(file), path));
    const add = <T>(kind: string, into: Map<string, T>, name: string, entry: T | null | undefined): void => {
      if (into.has(name)) return;
      into.set(name, entry ?? ({} as T));
      merged.origin.set(`${kind}/${name}`, file);
    };
    for (const { name, cluster } of raw.clusters ?? []) add('cluster', merged.clusters, name, withPaths(cluster, ['certificate-authority'], absolute));
    for (const { name, user } of raw.users ?? []) add('user', merged.users, name, withPaths(user, ['client-certificate', 'client-key', 'tokenFile'], absolute));
    for (const { name, context } of raw.contexts ?? []) add('context', merged.contexts, name, context);
    merged.currentContext ||= raw['current-context'] ?? '';
  }
  return merged;
}

function withPaths<T extends object>(entry: T | null | undefined, keys: readonly (keyof T & string)[], absolute: (path: string | undefined) => string | undefined): T {
  const out = { ...entry } as T;
  for (const key of keys) if (out[key] !== undefined) out[key] = absolute(out[key] as string) as T[typeof key];
  return out;
}
