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
import { limitFlags, requestLimits } from './apiserver-limits.ts';
import { servingPair } from './certificates.ts';
import { features, fileOf, ignored, listed, pairOf, type Program } from './program.ts';
import { openStore, storeFlags } from './store.ts';

const flags: FlagSet = {
  ...storeFlags,
  ...encryptionFlags,
  ...authenticationFlags,
  ...authorizationFlags,
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'Where to listen' },
  'secure-port': { type: 'int', default: 6443, help: 'The port for HTTPS' },
  'advertise-address': { type: 'string', help: 'Under which address members of the cluster reach this server' },
  'cert-dir': { type: 'string', default: '/var/run/kubernetes', help: 'Where apiserver.crt and apiserver.key are looked for, and made when they are missing' },
  'tls-cert-file': { type: 'string', help: 'The certificate for HTTPS, followed by those of its authorities' },
  'tls-private-key-file': { type: 'string', help: 'Its key' },
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
  'feature-gates': { type: 'strings', help: 'Features beyond the default: HPAConfigurableTolerance=true' },
  'runtime-config': { type: 'strings', help: 'APIs to serve or not: api/all=true, group/version=true, group/version/resource=false' },
  ...limitFlags,
  ...auditFlags,
  ...ignored('bool', 'allow-privileged', 'enable-aggregator-routing', 'enable-garbage-collector'),
  ...ignored('string', 'kubelet-preferred-address-types', 'event-ttl',
    'endpoint-reconciler-type', 'apiserver-count'),
};

export const kubeApiserver: Program = {
  name: 'kube-apiserver',
  about: 'The Kubernetes API server, alone.',
  flags,
  run: async (given, surroundings, signal) => {
    const authorization = await authorizationOf(given, surroundings);
    const authentication = await authenticationOf(given, authorization.alwaysAllows, surroundings);
    const encryption = await encryptionOf(given, surroundings);
    const store = await openStore(given, surroundings);
    try {
      const api = await startApiServer({
        ...(await apiConfig(given, authentication, authorization, surroundings)), store: encryption ? encryption.over(store) : store, ...(encryption ? { healthChecks: encryption.checks } : {}),
      }, surroundings);
      surroundings.log.info('Serving', { url: api.url });
      await aborted(signal);
      await api.close();
    } finally {
      authentication.close();
      authorization.close();
      encryption?.close();
      await store.close();
    }
  },
};

async function apiConfig(given: Flags, authentication: Authentication, authorization: Authorization, surroundings: Surroundings): Promise<Omit<ApiServerConfig, 'store'>> {
  const bindAddress = given.text('bind-address');
  const advertiseAddress = given.text('advertise-address') || (/^(0\.0\.0\.0|::|::1|127\..*|)$/.test(bindAddress) ? outwardAddress() : bindAddress);
  const serviceCidr = given.text('service-cluster-ip-range');
  const first = addressAt(parseRange(serviceCidr), 1);
  const audit = auditConfig(given);
  const nodePorts = /^(\d+)-(\d+)$/.exec(given.text('service-node-port-range'));
  if (!nodePorts) throw new CommandError(`--service-node-port-range: ${JSON.stringify(given.text('service-node-port-range'))} is no range of ports`);
  const kubelet = pairOf(given, 'kubelet-client-certificate', 'kubelet-client-key');
  const kubeletAuthority = fileOf(given, 'kubelet-certificate-authority');
  return {
    bindAddress, advertiseAddress, port: given.number('secure-port'), serviceCidr, authorization: authorization.choice,
    ...authentication.config,
    nodePorts: { from: Number(nodePorts[1]), to: Number(nodePorts[2]) },
    tls: await servingPair(given, 'apiserver', {
      commonName: advertiseAddress,
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
      ipAddresses: [...new Set([advertiseAddress, first, '127.0.0.1'])],
    }, surroundings),
    ...(kubelet ? { kubelet: { ...kubelet, ...(kubeletAuthority ? { authority: kubeletAuthority } : {}) } } : {}),
    enabledAdmission: plugins(given, 'enable-admission-plugins'),
    disabledAdmission: plugins(given, 'disable-admission-plugins'),
    ...(given.text('admission-control-config-file') ? { admissionConfiguration: readAdmissionConfiguration(given.text('admission-control-config-file')) } : {}),
    tolerationSeconds: { notReady: given.number('default-not-ready-toleration-seconds'), unreachable: given.number('default-unreachable-toleration-seconds') },
    runtimeConfig: listed(given, 'runtime-config'),
    features: features(given, ['ClusterTrustBundle', 'HPAConfigurableTolerance', 'PodCertificateRequest', 'StorageVersionMigrator']),
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

function plugins(given: Flags, flag: string): string[] {
  const names = listed(given, flag);
  const unknown = names.find((name) => !upstreamPlugins.includes(name));
  if (unknown !== undefined) throw new CommandError(`${flag} plugin ${JSON.stringify(unknown)} is unknown`);
  return names;
}
