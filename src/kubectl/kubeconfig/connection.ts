/** From kubeconfig and flags to what a connection needs. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { HttpClientConfig } from '../../client/http.ts';
import { CommandError } from '../errors.ts';
import type { Flags, FlagSet } from '../flags.ts';
import { loadKubeconfig, type Cluster, type Context, type ExecPlugin, type Kubeconfig, type User } from './config.ts';

/** Flags of every command. */
export const connectionFlags: FlagSet = {
  kubeconfig: { type: 'string', help: 'Path to the kubeconfig file to use for CLI requests.' },
  context: { type: 'string', help: 'The name of the kubeconfig context to use' },
  cluster: { type: 'string', help: 'The name of the kubeconfig cluster to use' },
  user: { type: 'string', help: 'The name of the kubeconfig user to use' },
  namespace: { type: 'string', short: 'n', help: 'If present, the namespace scope for this CLI request' },
  server: { type: 'string', short: 's', help: 'The address and port of the Kubernetes API server' },
  token: { type: 'string', help: 'Bearer token for authentication to the API server' },
  as: { type: 'string', help: 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.' },
  'as-group': { type: 'strings', help: 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.' },
  'as-uid': { type: 'string', help: 'UID to impersonate for the operation.' },
  'certificate-authority': { type: 'string', help: 'Path to a cert file for the certificate authority' },
  'client-certificate': { type: 'string', help: 'Path to a client certificate file for TLS' },
  'client-key': { type: 'string', help: 'Path to a client key file for TLS' },
  'insecure-skip-tls-verify': { type: 'bool', help: "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure" },
  'tls-server-name': { type: 'string', help: 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' },
  'request-timeout': { type: 'string', default: '0', help: 'The length of time to wait before giving up on a single server request.' },
  'cache-dir': { type: 'string', help: 'Default cache directory' },
  'match-server-version': { type: 'bool', help: 'Require server version to match client version' },
  'disable-compression': { type: 'bool', help: 'If true, opt-out of response compression for all requests to the server' },
  'warnings-as-errors': { type: 'bool', help: 'Treat warnings received from the server as errors and exit with a non-zero exit code' },
  v: { type: 'int', short: 'v', help: 'number for the log level verbosity' },
};

export interface Connection {
  readonly config: HttpClientConfig;
  readonly namespace: string;
  /** Whether a flag said so. */
  readonly explicitNamespace: boolean;
}

export function currentContext(kubeconfig: Kubeconfig, flags: Flags): { name: string; context: Context; cluster: Cluster; user: User } {
  const name = flags.text('context') || kubeconfig.currentContext;
  const context = kubeconfig.contexts.get(name);
  if (name && !context) {
    if (flags.text('context')) throw new CommandError(`context ${JSON.stringify(name)} does not exist`);
    throw new CommandError(`Error in configuration: context was not found for specified context: ${name}`.replace(/^Error in configuration: /, ''));
  }
  const clusterName = flags.text('cluster') || context?.cluster || '';
  const userName = flags.text('user') || context?.user || '';
  const cluster = kubeconfig.clusters.get(clusterName);
  const user = kubeconfig.users.get(userName);
  if (flags.text('cluster') && !cluster) throw new CommandError(`cluster ${JSON.stringify(clusterName)} does not exist`);
  if (flags.text('user') && !user) throw new CommandError(`auth info ${JSON.stringify(userName)} does not exist`);
  return { name, context: context ?? {}, cluster: cluster ?? {}, user: user ?? {} };
}

const inClusterFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

export function connect(flags: Flags, env: NodeJS.ProcessEnv): Connection {
  const kubeconfig = loadKubeconfig(flags.text('kubeconfig'), env);
  const { context, cluster, user } = currentContext(kubeconfig, flags);
  const inCluster = kubeconfig.clusters.size === 0 && !flags.text('server') && env['KUBERNETES_SERVICE_HOST'] && existsSync(`${inClusterFolder}/token`);
  if (inCluster) return inClusterConnection(flags, env);
  const server = flags.text('server') || cluster.server || 'http://localhost:8080';
  const pem = (data: string | undefined, file: string | undefined): string | undefined => (data ? Buffer.from(data, 'base64').toString() : file ? readPem(file) : undefined);
  const ca = flags.text('certificate-authority') ? readPem(flags.text('certificate-authority')) : pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
  let cert = flags.text('client-certificate') ? readPem(flags.text('client-certificate')) : pem(user['client-certificate-data'], user['client-certificate']);
  let key = flags.text('client-key') ? readPem(flags.text('client-key')) : pem(user['client-key-data'], user['client-key']);
  let token = flags.text('token') || user.token;
  if (user.exec && !token && !cert) {
    const credential = runExecPlugin(user.exec, env);
    token = credential.token;
    cert = credential.clientCertificateData;
    key = credential.clientKeyData;
  }
  const tlsServerName = flags.text('tls-server-name') || cluster['tls-server-name'];
  return {
    namespace: flags.text('namespace') || context.namespace || 'default',
    explicitNamespace: flags.has('namespace'),
    config: {
      server: /^https?:\/\//.test(server) ? server : `https://${server}`,
      insecureSkipTlsVerify: flags.flag('insecure-skip-tls-verify') || cluster['insecure-skip-tls-verify'] === true,
      headers: impersonation(flags, user),
      userAgent: 'kubectl/v1.34.0 (linux/amd64) kubernetes/k7s',
      ...(ca ? { ca } : {}),
      ...(token ? { token } : cert && key ? { cert, key } : {}),
      ...(!token && user.tokenFile ? { tokenFile: user.tokenFile } : {}),
      ...(tlsServerName ? { tlsServerName } : {}),
    },
  };
}

function inClusterConnection(flags: Flags, env: NodeJS.ProcessEnv): Connection {
  const host = env['KUBERNETES_SERVICE_HOST']!;
  const ownNamespace = `${inClusterFolder}/namespace`;
  return {
    namespace: flags.text('namespace') || (existsSync(ownNamespace) ? readFileSync(ownNamespace, 'utf8').trim() : 'default'),
    explicitNamespace: flags.has('namespace'),
    config: { server: `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`, ca: readPem(`${inClusterFolder}/ca.crt`), tokenFile: `${inClusterFolder}/token`, headers: impersonation(flags, {}) },
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`unable to read ${file}: ${(error as Error).message}`);
  }
}

function impersonation(flags: Flags, user: User): Record<string, string> {
  const as = flags.text('as') || user.as;
  const uid = flags.text('as-uid') || user['as-uid'];
  const groups = flags.list('as-group').length ? flags.list('as-group') : (user['as-groups'] ?? []);
  return { ...(as ? { 'impersonate-user': as } : {}), ...(uid ? { 'impersonate-uid': uid } : {}), ...(groups.length ? { 'impersonate-group': groups.join(',') } : {}) };
}

interface ExecCredential {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
}

/** Runs the program that gives credentials. */
function runExecPlugin(plugin: ExecPlugin, env: NodeJS.ProcessEnv): ExecCredential {
  const info = JSON.stringify({ kind: 'ExecCredential', apiVersion: plugin.apiVersion, spec: { interactive: false } });
  const extra = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  const result = spawnSync(plugin.command, plugin.args ?? [], { env: { ...env, ...extra, KUBERNETES_EXEC_INFO: info }, stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8' });
  if (result.error) throw new CommandError(`getting credentials: exec: executable ${plugin.command} not found${plugin.installHint ? `\n\n${plugin.installHint}` : ''}`);
  if (result.status !== 0) throw new CommandError(`getting credentials: exec: executable ${plugin.command} failed with exit code ${result.status}`);
  try {
    const answer = JSON.parse(result.stdout) as { status?: ExecCredential };
    if (!answer.status) throw new Error('it has no status');
    return answer.status;
  } catch (error) {
    throw new CommandError(`getting credentials: decoding stdout: ${(error as Error).message}`);
  }
}
