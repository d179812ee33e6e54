/** `k7s kubelet`: the node agent alone, on this machine and whatever container runtime it has. Service proxy and network plugin are others. */
import { hostname, networkInterfaces } from 'node:os';
import type { Taint } from '../../api/core/v1/types.ts';
import { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { httpClient } from '../../client/http.ts';
import type { KubeletConfig } from '../../kubelet/config.ts';
import { runKubelet } from '../../kubelet/kubelet.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import type { Draft } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { servingPair } from './certificates.ts';
import { indifferent, only, readConfigFile } from './configfile.ts';
import { connection } from './connection.ts';
import { duration, fileOf, ignored, listed, type Program } from './program.ts';

const flags: FlagSet = {
  config: { type: 'string', help: 'A KubeletConfiguration; flags win over it' },
  kubeconfig: { type: 'string', help: 'How to reach the API server' },
  'container-runtime-endpoint': { type: 'string', default: 'unix:///run/containerd/containerd.sock', help: "The runtime's CRI socket" },
  'image-service-endpoint': { type: 'string', help: "The image service's, where it is another" },
  'hostname-override': { type: 'string', help: "The node's name; the machine's if absent" },
  'node-ip': { type: 'strings', help: "The node's addresses" },
  'node-labels': { type: 'strings', help: 'key=value of the node, when it registers' },
  'register-node': { type: 'bool', default: true, help: 'Register with the API server' },
  'register-with-taints': { type: 'strings', help: 'key=value:effect of the node, when it registers' },
  'provider-id': { type: 'string', help: 'What the cloud calls this machine' },
  'root-dir': { type: 'string', default: '/var/lib/kubelet', help: 'Where volumes and the state of pods are' },
  'pod-logs-dir': { type: 'string', default: '/var/log/pods', help: 'Where the logs of containers are' },
  'cgroup-root': { type: 'string', default: '/', help: 'The cgroup below which those of pods are made' },
  'cgroup-driver': { type: 'string', default: 'cgroupfs', help: 'Only cgroupfs' },
  address: { type: 'string', default: '0.0.0.0', help: 'Where to listen' },
  port: { type: 'int', default: 10_250, help: 'The port for HTTPS' },
  'read-only-port': { type: 'int', default: 0, help: 'A port that tells statistics, metrics and pods to anybody; 0 for none' },
  'cert-dir': { type: 'string', default: '/var/lib/kubelet/pki', help: 'Where kubelet.crt and kubelet.key are looked for, and made when they are missing' },
  'tls-cert-file': { type: 'string', help: 'The certificate for HTTPS' },
  'tls-private-key-file': { type: 'string', help: 'Its key' },
  'client-ca-file': { type: 'string', help: 'Whose client certificates are believed' },
  'cluster-dns': { type: 'strings', help: "The name servers of pods" },
  'cluster-domain': { type: 'string', default: 'cluster.local', help: 'The domain of the cluster' },
  'resolv-conf': { type: 'string', default: '/etc/resolv.conf', help: 'Where name servers of the outside are named' },
  'pod-cidr': { type: 'string', help: 'Addresses of pods, where there is no API server to tell' },
  'max-pods': { type: 'int', default: 110, help: 'How many pods may run here' },
  'system-reserved': { type: 'strings', help: 'cpu=100m,memory=100Mi that are kept from pods' },
  'container-log-max-size': { type: 'string', default: '10Mi', help: 'When a log is rotated' },
  'container-log-max-files': { type: 'int', default: 5, help: 'How many are kept of each container' },
  'sync-frequency': { type: 'duration', default: '1m', help: 'How often a pod is looked at though nothing happened' },
  ...ignored('bool', 'fail-swap-on', 'rotate-certificates'),
  ...ignored('string', 'container-runtime', 'runtime-cgroups', 'kubelet-cgroups', 'pod-infra-container-image'),
};

export const kubelet: Program = {
  name: 'kubelet',
  about: 'The node agent of Kubernetes, alone.',
  flags,
  run: async (given, surroundings, signal) => {
    readConfig(given);
    if (!given.text('kubeconfig')) throw new CommandError('--kubeconfig is required: a kubelet without an API server is not supported');
    const config = await kubeletConfig(given, surroundings);
    const metrics = new Metrics();
    const client = httpClient({ ...connection(given.text('kubeconfig')), userAgent: 'kubelet', surroundings, metrics });
    try {
      await runKubelet(config, { client, surroundings, signal, metrics });
    } finally {
      client.close();
    }
  },
};

async function kubeletConfig(given: Flags, surroundings: Surroundings): Promise<KubeletConfig> {
  if (given.text('cgroup-driver') !== 'cgroupfs') throw new CommandError(`--cgroup-driver: ${JSON.stringify(given.text('cgroup-driver'))} is not supported; only cgroupfs`);
  const nodeName = (given.text('hostname-override') || hostname()).trim().toLowerCase();
  const nodeIPs = listed(given, 'node-ip');
  if (nodeIPs.length === 0) nodeIPs.push(...outwardAddresses());
  const pair = await servingPair(given, 'kubelet', { commonName: nodeName, dnsNames: [nodeName], ipAddresses: [...nodeIPs, '127.0.0.1'] }, surroundings);
  const optional = <K extends string>(key: K, flag: string): { [P in K]?: string } => (given.text(flag) ? ({ [key]: given.text(flag) } as { [P in K]: string }) : {});
  const systemReserved = pairs(listed(given, 'system-reserved'), 'system-reserved');
  return {
    nodeName, nodeIPs,
    containerRuntimeEndpoint: socketOf(given.text('container-runtime-endpoint')),
    ...(given.text('image-service-endpoint') ? { imageServiceEndpoint: socketOf(given.text('image-service-endpoint')) } : {}),
    rootDir: given.text('root-dir'), podLogsDir: given.text('pod-logs-dir'), cgroupRoot: given.text('cgroup-root'),
    server: { host: given.text('address'), port: given.number('port'), ...pair, clientAuthority: fileOf(given, 'client-ca-file') ?? '', readOnlyPort: given.number('read-only-port') },
    clusterDNS: listed(given, 'cluster-dns'), clusterDomain: given.text('cluster-domain'), resolvConf: given.text('resolv-conf'),
    maxPods: given.number('max-pods'), registerNode: given.flag('register-node'),
    labels: pairs(listed(given, 'node-labels'), 'node-labels'), taints: listed(given, 'register-with-taints').map(taint),
    ...optional('podCIDR', 'pod-cidr'), ...optional('providerID', 'provider-id'),
    ...(Object.keys(systemReserved).length > 0 ? { systemReserved } : {}),
    containerLogMaxSize: bytes(given.text('container-log-max-size')), containerLogMaxFiles: given.number('container-log-max-files'),
    syncPeriodMs: duration(given, 'sync-frequency'),
  };
}

function outwardAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.find((address) => !address.internal && address.family === 'IPv4');
  if (!own) throw new CommandError('this machine has no address besides loopback: give --node-ip');
  return [own.address];
}

function socketOf(endpoint: string): string {
  if (/^unix:\/\/\//.test(endpoint)) return endpoint.slice('unix://'.length);
  if (endpoint.startsWith('/')) return endpoint;
  throw new CommandError(`${JSON.stringify(endpoint)} is no socket: unix:///path`);
}

function pairs(entries: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(entries.map((entry) => {
    const at = entry.indexOf('=');
    if (at < 1) throw new CommandError(`--${flag}: ${JSON.stringify(entry)} is not key=value`);
    return [entry.slice(0, at), entry.slice(at + 1)];
  }));
}

function taint(text: string): Draft<Taint> {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (!match) throw new CommandError(`--register-with-taints: ${JSON.stringify(text)} is not key=value:effect`);
  return { key: match[1]!, ...(match[2] ? { value: match[2] } : {}), effect: match[3]! };
}

function bytes(text: string): number {
  try {
    return parseQuantity(text).value();
  } catch {
    throw new CommandError(`--container-log-max-size: ${JSON.stringify(text)} is no quantity`);
  }
}

/** What the file says, where no flag says otherwise. Fields that would change what we cannot change are refused by name. */
function readConfig(given: Flags): void {
  if (!given.has('config')) return;
  const open = new Set(Object.keys(flags).filter((name) => !given.has(name)));
  const put = (flag: string, text: string): void => {
    if (open.has(flag)) given.set(flag, text, `--${flag}`);
  };
  const set = (flag: string) => (value: unknown): void => put(flag, String(value));
  const each = (flag: string) => (value: unknown): void => (value as unknown[]).forEach((one) => put(flag, String(one)));
  const taints = (value: unknown): void => (value as Taint[]).forEach(({ key, value: text, effect }) => put('register-with-taints', `${key}${text ? `=${text}` : ''}:${effect}`));
  const reserved = (value: unknown): void => Object.entries(value as Record<string, string>).forEach(([name, amount]) => put('system-reserved', `${name}=${amount}`));
  readConfigFile(given.text('config'), { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' }, {
    address: set('address'), port: set('port'), tlsCertFile: set('tls-cert-file'), tlsPrivateKeyFile: set('tls-private-key-file'),
    authentication: { anonymous: { enabled: only(false) }, webhook: { enabled: only(true), cacheTTL: indifferent }, x509: { clientCAFile: set('client-ca-file') } },
    authorization: { mode: only('Webhook'), webhook: { cacheAuthorizedTTL: indifferent, cacheUnauthorizedTTL: indifferent } },
    clusterDNS: each('cluster-dns'), clusterDomain: set('cluster-domain'), resolvConf: set('resolv-conf'), podCIDR: set('pod-cidr'), maxPods: set('max-pods'),
    registerNode: set('register-node'), registerWithTaints: taints, providerID: set('provider-id'), systemReserved: reserved,
    cgroupRoot: set('cgroup-root'), cgroupDriver: set('cgroup-driver'), podLogsDir: set('pod-logs-dir'), syncFrequency: set('sync-frequency'),
    containerRuntimeEndpoint: set('container-runtime-endpoint'), imageServiceEndpoint: set('image-service-endpoint'),
    containerLogMaxSize: set('container-log-max-size'), containerLogMaxFiles: set('container-log-max-files'),
    staticPodPath: only(''), readOnlyPort: set('read-only-port'), serverTLSBootstrap: only(false), rotateCertificates: indifferent, failSwapOn: indifferent, logging: indifferent,
  });
}
