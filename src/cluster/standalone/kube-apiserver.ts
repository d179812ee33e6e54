/** `k7s kube-apiserver`: the API server alone. */
import { networkInterfaces } from 'node:os';
import type { ApiServerConfig } from '../../apiserver/config.ts';
import { addressAt, parseRange } from '../../apiserver/registry/core/addresses.ts';
import { startApiServer } from '../../apiserver/server.ts';
import { aborted } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { readAdmissionConfiguration, upstreamPlugins } from './admission.ts';
import { authenticationFlags, authenticationOf, type Authentication } from './apiserver-authentication.ts';
import { authorizationFlags, authorizationOf, type Authorization } from './apiserver-authorization.ts';
import { encryptionFlags, encryptionOf } from './apiserver-encryption.ts';
import { auditConfig, auditFlags } from './apiserver-audit.ts';
import { egressFlags, egressProxy } from './apiserver-egress.ts';
import { limitFlags, requestLimits } from './apiserver-limits.ts';
import { servingPair } from './certificates.ts';
import { checkVersions, metricsSettings, observationFlags } from './apiserver-observation.ts';
import { checkRefused, refusedFlags } from './apiserver-refused.ts';
import { servingConfig, servingFlags } from './apiserver-serving.ts';
import { readFeatures } from './featuregates.ts';
import { duration, fileOf, listed, pairOf, type Program } from './program.ts';
import { openOtherStores, openStore, storeCare, storeFlags, storesJson } from './store.ts';

const flags: FlagSet = {
  ...storeFlags,
  ...encryptionFlags,
  ...authenticationFlags,
  ...authorizationFlags,
  ...servingFlags,
  ...observationFlags,
  ...refusedFlags,
  ...egressFlags,
  'advertise-address': { type: 'string', help: 'Under which address members of the cluster reach this server' },
  'enable-admission-plugins': { type: 'strings', help: 'Plugins that must be on besides the default ones' },
  'disable-admission-plugins': { type: 'strings', help: 'Plugins that stay off though they are on by default' },
  'admission-control-config-file': { type: 'string', help: 'What single admission plugins are told: an AdmissionConfiguration' },
  'default-not-ready-toleration-seconds': { type: 'int', default: 300, help: 'How long pods that do not say stay on a node that is not ready' },
  'default-unreachable-toleration-seconds': { type: 'int', default: 300, help: 'How long pods that do not say stay on a node that cannot be reached' },
  'service-cluster-ip-range': { type: 'string', default: '10.0.0.0/24', help: 'Addresses of services' },
  'service-node-port-range': { type: 'string', default: '30000-32767', help: 'Ports of services on nodes' },
  'kubelet-client-certificate': { type: 'string', help: 'The certificate that is shown to kubelets' },
  'kubelet-client-key': { type: 'string', help: 'Its key' },
  'kubelet-certificate-authority': { type: 'string', help: 'Whose kubelet certificates are believed; any if absent' },
  'kubelet-preferred-address-types': { type: 'strings', default: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'], help: 'By which of its addresses a node is reached: the first type that it has' },
  'kubernetes-service-node-port': { type: 'int', help: 'The port of every node that leads to this server; 0 for none' },
  'endpoint-reconciler-type': { type: 'string', default: 'lease', help: 'none: the endpoints of the service kubernetes are not kept; lease, master-count: those of this server' },
  'allow-privileged': { type: 'bool', help: 'Whether there may be privileged containers' },
  'event-ttl': { type: 'duration', default: '1h0m0s', help: 'How long events stay after they were written last' },
  'delete-collection-workers': { type: 'int', default: 1, help: 'How many objects of a collection are deleted at a time; 32 if absent' },
  'max-connection-bytes-per-sec': { type: 'int', help: 'For each upgraded connection through this server; 0 for no limit' },
  'aggregator-reject-forwarding-redirect': { type: 'bool', default: true, help: 'Answer 502 where an extension server wants the client to go elsewhere' },
  'admission-control': { type: 'strings', help: 'The plugins that are on, all of them; the old form of --enable-admission-plugins' },
  'log-text-split-stream': { type: 'bool', help: 'Errors to stderr and all else to stdout; with LoggingAlphaOptions' },
  'log-text-info-buffer-size': { type: 'string', default: '0', help: 'Nothing is buffered; with LoggingAlphaOptions' },
  'feature-gates': { type: 'strings', help: 'Features that are not as by default' },
  'runtime-config': { type: 'strings', help: 'APIs to serve or not: api/all=true, group/version=true, group/version/resource=false' },
  ...limitFlags,
  ...auditFlags,
};

export const kubeApiserver: Program = {
  name: 'kube-apiserver',
  about: 'The Kubernetes API server, alone.',
  flags,
  run: async (given, surroundings, signal) => {
    checkRefused(given);
    checkVersions(given);
    const authorization = await authorizationOf(given, surroundings);
    const authentication = await authenticationOf(given, authorization.alwaysAllows, surroundings);
    const encryption = await encryptionOf(given, surroundings);
    const store = await openStore(given, surroundings);
    const otherStores = await openOtherStores(given, surroundings);
    try {
      const api = await startApiServer({
        ...(await apiConfig(given, authentication, authorization, surroundings)),
        instruments: [...(authentication.config.instruments ?? []), ...authorization.instruments, ...(encryption ? [encryption.instrument] : [])], store: encryption ? encryption.over(store) : store, storesJson: storesJson(given),
        otherStores: otherStores.map((other) => (encryption ? { ...other, store: encryption.over(other.store) } : other)), ...(encryption ? { healthChecks: encryption.checks } : {}),
      }, surroundings);
      surroundings.log.info('Serving', { url: api.url });
      await aborted(signal);
      await api.close();
    } finally {
      authentication.close();
      authorization.close();
      encryption?.close();
      await store.close();
      for (const other of otherStores) await other.store.close();
    }
  },
};

async function apiConfig(given: Flags, authentication: Authentication, authorization: Authorization, surroundings: Surroundings): Promise<Omit<ApiServerConfig, 'store'>> {
  const bindAddress = given.text('bind-address');
  const advertiseAddress = given.text('advertise-address') || (/^(0\.0\.0\.0|::|::1|127\..*|)$/.test(bindAddress) ? outwardAddress() : bindAddress);
  const serviceCidr = given.text('service-cluster-ip-range');
  const first = addressAt(parseRange(serviceCidr), 1);
  const audit = auditConfig(given);
  const features = readFeatures(listed(given, 'feature-gates'), surroundings.log);
  const nodePorts = /^(\d+)-(\d+)$/.exec(given.text('service-node-port-range'));
  if (!nodePorts) throw new CommandError(`--service-node-port-range: ${JSON.stringify(given.text('service-node-port-range'))} is no range of ports`);
  const kubelet = pairOf(given, 'kubelet-client-certificate', 'kubelet-client-key');
  const kubeletAuthority = fileOf(given, 'kubelet-certificate-authority');
  return {
    bindAddress, advertiseAddress, port: given.number('secure-port'), serviceCidr, authorization: authorization.choice,
    ...authentication.config, ...servingConfig(given), ...clusterConfig(given, nodePorts),
    metrics: metricsSettings(given), storeCare: storeCare(given),
    tls: await servingPair(given, 'apiserver', {
      commonName: advertiseAddress,
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
      ipAddresses: [...new Set([advertiseAddress, first, '127.0.0.1'])],
    }, surroundings),
    ...(kubelet ? { kubelet: { ...kubelet, addressTypes: listed(given, 'kubelet-preferred-address-types'), ...(kubeletAuthority ? { authority: kubeletAuthority } : {}) } } : {}),
    ...admission(given),
    ...(given.text('admission-control-config-file') ? { admissionConfiguration: readAdmissionConfiguration(given.text('admission-control-config-file')) } : {}),
    tolerationSeconds: { notReady: given.number('default-not-ready-toleration-seconds'), unreachable: given.number('default-unreachable-toleration-seconds') },
    runtimeConfig: runtimeConfig(given),
    features: features.on, gates: features.all, shownFlags: given.shown(),
    limits: requestLimits(given),
    profiling: given.flag('profiling'),
    ...(audit ? { audit } : {}),
  };
}

/** The address of this machine that others most likely reach. */
function outwardAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find((address) => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}

/** What the cluster is told of this server, and what it may have. */
function clusterConfig(given: Flags, nodePorts: RegExpExecArray): Partial<ApiServerConfig> {
  const [from, to] = [Number(nodePorts[1]), Number(nodePorts[2])];
  const nodePort = given.number('kubernetes-service-node-port');
  if (nodePort < 0 || nodePort > 65_535) throw new CommandError(`--kubernetes-service-node-port ${nodePort} must be between 0 and 65535, inclusive. If 0, the Kubernetes master service will be of type ClusterIP`);
  if (nodePort > 0 && (nodePort < from || nodePort > to)) throw new CommandError(`kubernetes service node port range ${from}-${to} doesn't contain ${nodePort}`);
  const reconciler = given.text('endpoint-reconciler-type');
  if (!['lease', 'master-count', 'none'].includes(reconciler)) throw new CommandError(`endpoint reconciler type not supported: ${reconciler}`);
  const workers = given.number('delete-collection-workers');
  const proxy = egressProxy(given);
  return {
    nodePorts: { from, to }, serviceNodePort: nodePort, publishEndpoints: reconciler !== 'none', allowPrivileged: given.flag('allow-privileged'), eventTtlMs: duration(given, 'event-ttl'),
    connectionBytesPerSecond: given.number('max-connection-bytes-per-sec'), rejectRedirects: given.flag('aggregator-reject-forwarding-redirect'),
    ...(proxy ? { egress: proxy } : {}),
    ...(given.has('delete-collection-workers') && workers > 0 ? { deleteWorkers: workers } : {}),
  };
}

function runtimeConfig(given: Flags): string[] {
  const entries = listed(given, 'runtime-config');
  if (given.flag('enable-priority-and-fairness')) {
    for (const key of ['flowcontrol.apiserver.k8s.io/v1', 'api/ga', 'api/all']) {
      if (entries.includes(`${key}=false`)) throw new CommandError(`--runtime-config=${key}=false conflicts with --enable-priority-and-fairness=true`);
      if (entries.includes(`${key}=true`)) break;
    }
  }
  return entries;
}

function admission(given: Flags): Pick<ApiServerConfig, 'enabledAdmission' | 'disabledAdmission'> {
  const [enabled, disabled] = [plugins(given, 'enable-admission-plugins'), plugins(given, 'disable-admission-plugins')];
  const both = enabled.filter((name) => disabled.includes(name));
  if (both.length > 0) throw new CommandError(`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  if (!given.has('admission-control')) return { enabledAdmission: enabled, disabledAdmission: disabled };
  if (enabled.length + disabled.length > 0) throw new CommandError('admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive');
  const only = plugins(given, 'admission-control');
  return { enabledAdmission: only, disabledAdmission: upstreamPlugins.filter((name) => !only.includes(name)) };
}

function plugins(given: Flags, flag: string): string[] {
  const names = listed(given, flag);
  const unknown = names.find((name) => !upstreamPlugins.includes(name));
  if (unknown !== undefined) throw new CommandError(`${flag} plugin ${JSON.stringify(unknown)} is unknown`);
  return names;
}
