/** `k7s prometheus-adapter`: custom, external and resource metrics out of a Prometheus. */
import { hostname } from 'node:os';
import { httpClient, type HttpClient, type HttpClientConfig } from '../../client/http.ts';
import { inClusterConfig } from '../../client/incluster.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { Flags } from '../../kubectl/flags.ts';
import { ConfigError, parseConfig, type AdapterConfig } from '../../metrics/adapter/config.ts';
import { runAdapter } from '../../metrics/adapter/server.ts';
import { readKubeconfig } from '../kubeconfig.ts';
import { servingPair } from './certificates.ts';
import { connection } from './connection.ts';
import { duration, fileOf, ignored, pairOf, type Program } from './program.ts';

export const prometheusAdapter: Program = {
  name: 'prometheus-adapter',
  about: 'Serves custom.metrics.k8s.io, external.metrics.k8s.io and, by resource rules, metrics.k8s.io from what a Prometheus has.',
  flags: {
    'prometheus-url': { type: 'string', default: 'https://localhost', help: 'URL for connecting to Prometheus' },
    'prometheus-auth-incluster': { type: 'bool', help: "Connect to Prometheus with the pod's own credentials" },
    'prometheus-auth-config': { type: 'string', help: 'A kubeconfig whose credentials are used to connect to Prometheus' },
    'prometheus-ca-file': { type: 'string', help: "Who may have signed Prometheus' certificate" },
    'prometheus-client-tls-cert-file': { type: 'string', help: 'Client certificate for Prometheus' },
    'prometheus-client-tls-key-file': { type: 'string', help: 'Its key' },
    'prometheus-token-file': { type: 'string', help: 'Bearer token for Prometheus' },
    'prometheus-header': { type: 'strings', help: 'A header for requests to Prometheus, as name=value; may be repeated' },
    'prometheus-verb': { type: 'string', default: 'GET', help: 'GET or POST' },
    config: { type: 'string', help: 'The rules, as upstream writes them' },
    'metrics-relist-interval': { type: 'duration', default: '10m', help: 'How often Prometheus is asked which series there are' },
    'metrics-max-age': { type: 'duration', default: '0s', help: 'How old series may be; the interval if 0' },
    'lister-kubeconfig': { type: 'string', help: 'How to reach the API server for the objects that metrics describe; as a pod does if absent' },
    'authentication-kubeconfig': { type: 'string', help: 'How to reach the API server to ask who somebody is and what they may do' },
    'authorization-kubeconfig': { type: 'string', help: 'The same API server as --authentication-kubeconfig' },
    'discovery-interval': { type: 'duration', default: '10m', help: 'How often the cluster is asked which resources it has' },
    'bind-address': { type: 'string', default: '0.0.0.0', help: 'Where to listen' },
    'secure-port': { type: 'int', default: 443, help: 'The HTTPS port' },
    'cert-dir': { type: 'string', help: 'Where a certificate is kept when none is given; in memory only if absent' },
    'tls-cert-file': { type: 'string', help: 'The certificate for HTTPS' },
    'tls-private-key-file': { type: 'string', help: 'Its key' },
    'tls-min-version': { type: 'string', default: 'VersionTLS12', help: 'Only VersionTLS12' },
    ...ignored('strings', 'tls-cipher-suites', 'authorization-always-allow-paths', 'authentication-skip-lookup', 'authentication-token-webhook-cache-ttl', 'authorization-webhook-cache-authorized-ttl', 'authorization-webhook-cache-unauthorized-ttl'),
    ...ignored('bool', 'disable-http2', 'authentication-tolerate-lookup-failure'),
  },
  run: async (flags, surroundings, signal) => {
    const relistIntervalMs = duration(flags, 'metrics-relist-interval');
    const maxAgeMs = duration(flags, 'metrics-max-age') || relistIntervalMs;
    if (relistIntervalMs <= 0) throw new CommandError('--metrics-relist-interval must be positive');
    if (maxAgeMs < relistIntervalMs) throw new CommandError('unable to construct custom metrics provider: max age must not be less than relist interval');
    if (flags.text('tls-min-version') !== 'VersionTLS12') throw new CommandError('--tls-min-version: only VersionTLS12 is supported');
    const prometheus = prometheusOptions(flags);
    const config = loadConfig(flags);
    const [authentication, authorization] = [flags.text('authentication-kubeconfig'), flags.text('authorization-kubeconfig')];
    if (authentication && authorization && authentication !== authorization) throw new CommandError('--authorization-kubeconfig must name the same file as --authentication-kubeconfig');
    const clients: HttpClient[] = [];
    const clientOf = (access: HttpClientConfig): HttpClient => {
      const client = httpClient({ ...access, userAgent: 'prometheus-adapter', surroundings });
      clients.push(client);
      return client;
    };
    const tls = await servingPair(flags, 'apiserver', { commonName: 'prometheus-adapter', dnsNames: ['localhost', hostname(), 'prometheus-adapter.kube-system.svc'], ipAddresses: ['127.0.0.1'] }, surroundings);
    const delegate = authentication || authorization;
    try {
      const server = await runAdapter(
        {
          config, relistIntervalMs, maxAgeMs, discoveryIntervalMs: duration(flags, 'discovery-interval'), listen: { host: flags.text('bind-address'), port: flags.number('secure-port'), tls },
          prometheus: { url: prometheus.url, verb: prometheus.verb, headers: prometheus.headers, http: clientOf(prometheus.access) },
        },
        { client: clientOf(connection(flags.text('lister-kubeconfig'))), ...(delegate ? { delegate: clientOf(readKubeconfig(delegate)) } : {}), surroundings, signal },
      );
      await server.stopped;
    } finally {
      clients.forEach((client) => client.close());
    }
  },
};

function loadConfig(flags: Flags): AdapterConfig {
  const failure = 'unable to load metrics discovery config';
  const file = flags.text('config');
  if (!file) throw new CommandError(`${failure}: no metrics discovery configuration file specified (make sure to use --config)`);
  try {
    return parseConfig(fileOf(flags, 'config')!);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(`${failure}: unable to parse metrics discovery config: ${file}: ${error.message}`);
    throw error;
  }
}

interface PrometheusAccess {
  readonly url: string;
  readonly verb: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly access: HttpClientConfig;
}

function prometheusOptions(flags: Flags): PrometheusAccess {
  const refuse = (why: string): never => {
    throw new CommandError(`unable to construct Prometheus client: ${why}`);
  };
  const text = flags.text('prometheus-url');
  const url = URL.canParse(text) ? new URL(text) : refuse(`invalid Prometheus URL ${JSON.stringify(text)}`);
  if (!['http:', 'https:'].includes(url.protocol)) refuse(`invalid Prometheus URL ${JSON.stringify(text)}: it must begin with http:// or https://`);
  const verb = flags.text('prometheus-verb');
  if (verb !== 'GET' && verb !== 'POST') return refuse(`unsupported Prometheus HTTP verb ${JSON.stringify(verb)}; supported verbs: "GET" and "POST"`);
  const headers: Record<string, string> = {};
  if (url.username) headers['authorization'] = `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`;
  for (const header of flags.list('prometheus-header')) {
    const at = header.indexOf('=');
    headers[(at < 0 ? header : header.slice(0, at)).toLowerCase()] = at < 0 ? '' : header.slice(at + 1);
  }
  // The credentials are those of the kubeconfig or the pod, the server is Prometheus.
  const { server: _server, ...credentials } = credentialsFor(flags, refuse);
  const tokenFile = flags.text('prometheus-token-file');
  if (tokenFile) fileOf(flags, 'prometheus-token-file');
  return { url: text, verb, headers, access: { ...credentials, ...(tokenFile ? { tokenFile } : {}), server: `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}` } };
}

function credentialsFor(flags: Flags, refuse: (why: string) => never): HttpClientConfig {
  const ca = fileOf(flags, 'prometheus-ca-file');
  if (ca !== undefined) {
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) refuse('no certs found in prometheus-ca-file');
    return { server: '', ca, ...pairOf(flags, 'prometheus-client-tls-cert-file', 'prometheus-client-tls-key-file') };
  }
  const [inCluster, kubeconfig] = [flags.flag('prometheus-auth-incluster'), flags.text('prometheus-auth-config')];
  if (inCluster && kubeconfig) refuse('may not use both in-cluster auth and an explicit kubeconfig at the same time');
  try {
    if (kubeconfig) return readKubeconfig(kubeconfig);
    if (inCluster) return inClusterConfig(process.env);
  } catch (error) {
    refuse(`unable to construct ${kubeconfig ? `auth configuration from ${JSON.stringify(kubeconfig)}` : 'in-cluster auth configuration'} for connecting to Prometheus: ${(error as Error).message}`);
  }
  return { server: '' };
}
