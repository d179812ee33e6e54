/** The server that a kubeconfig names: what a webhook's configuration file looks like. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { TransportConfig } from '../../client/transport.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { ConfigurationError } from './load.ts';

export interface RemoteConfig extends TransportConfig {
  /** Of the Authorization header. */
  readonly authorization?: string;
}

type Fields = Readonly<Record<string, string | boolean | undefined>>;

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster: Fields }[];
  readonly users?: readonly { readonly name: string; readonly user: Fields }[];
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly cluster: string; readonly user?: string } }[];
}

const unsupported = ['exec', 'auth-provider', 'as'];

/** Throws ConfigurationError. */
export function readKubeconfig(file: string): RemoteConfig {
  let config: Kubeconfig;
  try {
    config = (parseYaml(readFileSync(file, 'utf8')).value ?? {}) as unknown as Kubeconfig;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(code === 'ENOENT' ? `stat ${file}: no such file or directory` : `error loading config file ${JSON.stringify(file)}: ${message}`, { cause: error });
  }
  const context = config.contexts?.find((c) => c.name === config['current-context'])?.context;
  if (!context) throw new ConfigurationError(`invalid configuration: no configuration has been provided: ${file} has no current context`);
  const cluster = config.clusters?.find((c) => c.name === context.cluster)?.cluster;
  const user = config.users?.find((u) => u.name === context.user)?.user ?? {};
  if (typeof cluster?.['server'] !== 'string') throw new ConfigurationError(`invalid configuration: ${file} names no server`);
  const refused = unsupported.find((name) => user[name] !== undefined);
  if (refused !== undefined) throw new ConfigurationError(`${file}: users of the kind ${JSON.stringify(refused)} are not supported`);
  const text = (fields: Fields, name: string): string | undefined => {
    const [data, path] = [fields[`${name}-data`], fields[name]];
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString();
    return typeof path === 'string' && path !== '' ? readFileSync(resolve(dirname(file), path), 'utf8') : undefined;
  };
  const [ca, cert, key] = [text(cluster, 'certificate-authority'), text(user, 'client-certificate'), text(user, 'client-key')];
  const token = user['token'] ?? (typeof user['tokenFile'] === 'string' ? readFileSync(resolve(dirname(file), user['tokenFile']), 'utf8').trim() : undefined);
  const basic = user['username'] ? `Basic ${Buffer.from(`${user['username']}:${user['password'] ?? ''}`).toString('base64')}` : undefined;
  const authorization = token ? `Bearer ${String(token)}` : basic;
  return {
    server: cluster['server'],
    ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(typeof cluster['tls-server-name'] === 'string' ? { tlsServerName: cluster['tls-server-name'] } : {}),
    ...(authorization ? { authorization } : {}),
  };
}
