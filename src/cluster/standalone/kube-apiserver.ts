/** `k7s kube-apiserver`: the API server alone. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { ApiServerConfig, ServiceAccountConfig } from '../../apiserver/config.ts';
import { addressAt, parseRange } from '../../apiserver/registry/core/addresses.ts';
import { startApiServer } from '../../apiserver/server.ts';
import { aborted } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { readAdmissionConfiguration, upstreamPlugins } from './admission.ts';
import { encryptionFlags, encryptionOf } from './apiserver-encryption.ts';
import { servingPair } from './certificates.ts';
import { fileOf, ignored, listed, pairOf, readNamed, type Program } from './program.ts';
import { openStore, storeFlags } from './store.ts';

const flags: FlagSet = {
  ...storeFlags,
  ...encryptionFlags,
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'Where to listen' },
  'secure-port': { type: 'int', default: 6443, help: 'The port for HTTPS' },
  'advertise-address': { type: 'string', help: 'Under which address members of the cluster reach this server' },
  'cert-dir': { type: 'string', default: '/var/run/kubernetes', help: 'Where apiserver.crt and apiserver.key are looked for, and made when they are missing' },
  'tls-cert-file': { type: 'string', help: 'The certificate for HTTPS, followed by those of its authorities' },
  'tls-private-key-file': { type: 'string', help: 'Its key' },
  'client-ca-file': { type: 'string', help: 'Whose client certificates are believed' },
  'anonymous-auth': { type: 'bool', default: true, help: 'Serve those who do not say who they are as system:anonymous' },
  'token-auth-file': { type: 'string', help: 'Lines of token,user,uid,"group1,group2"' },
  'authorization-mode': { type: 'strings', default: ['AlwaysAllow'], help: 'Node, RBAC, AlwaysAllow; asked in this order' },
  'enable-admission-plugins': { type: 'strings', help: 'Plugins that must be on besides the default ones' },
  'disable-admission-plugins': { type: 'strings', help: 'Plugins that stay off though they are on by default' },
  'admission-control-config-file': { type: 'string', help: 'What single admission plugins are told: an AdmissionConfiguration' },
  'default-not-ready-toleration-seconds': { type: 'int', default: 300, help: 'How long pods that do not say stay on a node that is not ready' },
  'default-unreachable-toleration-seconds': { type: 'int', default: 300, help: 'How long pods that do not say stay on a node that cannot be reached' },
  'service-account-issuer': { type: 'strings', help: 'The issuer in service-account tokens' },
  'service-account-key-file': { type: 'strings', help: 'Keys or certificates that verify service-account tokens' },
  'service-account-signing-key-file': { type: 'string', help: 'The key that signs service-account tokens' },
  'api-audiences': { type: 'strings', help: 'Audiences of service-account tokens that this server accepts; the issuer if absent' },
  'service-cluster-ip-range': { type: 'string', default: '10.0.0.0/24', help: 'Addresses of services' },
  'service-node-port-range': { type: 'string', default: '30000-32767', help: 'Ports of services on nodes' },
  'kubelet-client-certificate': { type: 'string', help: 'The certificate that is shown to kubelets' },
  'kubelet-client-key': { type: 'string', help: 'Its key' },
  'kubelet-certificate-authority': { type: 'string', help: 'Whose kubelet certificates are believed; any if absent' },
  'proxy-client-cert-file': { type: 'string', help: 'The certificate that is shown to extension servers' },
  'proxy-client-key-file': { type: 'string', help: 'Its key' },
  'requestheader-client-ca-file': { type: 'string', help: 'Whose front proxies are believed about users' },
  'requestheader-allowed-names': { type: 'strings', help: 'Common names of which a front proxy must have one' },
  'requestheader-username-headers': { type: 'strings', default: ['X-Remote-User'], help: 'Only the default is supported' },
  'requestheader-group-headers': { type: 'strings', default: ['X-Remote-Group'], help: 'Only the default is supported' },
  'requestheader-extra-headers-prefix': { type: 'strings', default: ['X-Remote-Extra-'], help: 'Only the default is supported' },
  'runtime-config': { type: 'strings', help: 'APIs to serve or not: api/all=true, group/version=true, group/version/resource=false' },
  ...ignored('bool', 'allow-privileged', 'enable-aggregator-routing', 'enable-bootstrap-token-auth', 'enable-garbage-collector', 'enable-priority-and-fairness', 'service-account-lookup'),
  ...ignored('string', 'kubelet-preferred-address-types', 'event-ttl', 'request-timeout', 'min-request-timeout', 'shutdown-delay-duration', 'max-requests-inflight', 'max-mutating-requests-inflight',
    'endpoint-reconciler-type', 'apiserver-count'),
};

export const kubeApiserver: Program = {
  name: 'kube-apiserver',
  about: 'The Kubernetes API server, alone.',
  flags,
  run: async (given, surroundings, signal) => {
    const encryption = await encryptionOf(given, surroundings);
    const store = await openStore(given, surroundings);
    try {
      const api = await startApiServer({
        ...(await apiConfig(given, surroundings)), store: encryption ? encryption.over(store) : store, ...(encryption ? { healthChecks: encryption.checks } : {}),
      }, surroundings);
      surroundings.log.info('Serving', { url: api.url });
      await aborted(signal);
      await api.close();
    } finally {
      encryption?.close();
      await store.close();
    }
  },
};

async function apiConfig(given: Flags, surroundings: Surroundings): Promise<Omit<ApiServerConfig, 'store'>> {
  const { log } = surroundings;
  const bindAddress = given.text('bind-address');
  const advertiseAddress = given.text('advertise-address') || (/^(0\.0\.0\.0|::|)$/.test(bindAddress) ? outwardAddress() : bindAddress);
  const serviceCidr = given.text('service-cluster-ip-range');
  const first = addressAt(parseRange(serviceCidr), 1);
  const authorization = authorizationModes(given);
  let anonymous = given.flag('anonymous-auth');
  if (anonymous && authorization.includes('AlwaysAllow')) {
    log.warn('--anonymous-auth is off, because --authorization-mode allows everything to everybody');
    anonymous = false;
  }
  const clientAuthority = fileOf(given, 'client-ca-file');
  const tokenFile = fileOf(given, 'token-auth-file');
  const nodePorts = /^(\d+)-(\d+)$/.exec(given.text('service-node-port-range'));
  if (!nodePorts) throw new CommandError(`--service-node-port-range: ${JSON.stringify(given.text('service-node-port-range'))} is no range of ports`);
  const kubelet = pairOf(given, 'kubelet-client-certificate', 'kubelet-client-key');
  const kubeletAuthority = fileOf(given, 'kubelet-certificate-authority');
  return {
    bindAddress, advertiseAddress, port: given.number('secure-port'), serviceCidr, authorization, anonymous,
    nodePorts: { from: Number(nodePorts[1]), to: Number(nodePorts[2]) },
    tls: await servingPair(given, 'apiserver', {
      commonName: advertiseAddress,
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
      ipAddresses: [...new Set([advertiseAddress, first, '127.0.0.1'])],
    }, surroundings),
    serviceAccounts: serviceAccounts(given),
    ...(clientAuthority ? { clientAuthority } : {}),
    ...(tokenFile ? { tokenFile } : {}),
    ...(kubelet ? { kubelet: { ...kubelet, ...(kubeletAuthority ? { authority: kubeletAuthority } : {}) } } : {}),
    frontProxy: frontProxy(given),
    enabledAdmission: plugins(given, 'enable-admission-plugins'),
    disabledAdmission: plugins(given, 'disable-admission-plugins'),
    ...(given.text('admission-control-config-file') ? { admissionConfiguration: readAdmissionConfiguration(given.text('admission-control-config-file')) } : {}),
    tolerationSeconds: { notReady: given.number('default-not-ready-toleration-seconds'), unreachable: given.number('default-unreachable-toleration-seconds') },
    runtimeConfig: listed(given, 'runtime-config'),
  };
}

/** The address of this machine that others most likely reach. */
function outwardAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find((address) => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}

type Mode = NonNullable<ApiServerConfig['authorization']>[number];
const modes: readonly string[] = ['Node', 'RBAC', 'AlwaysAllow'] satisfies Mode[];

function authorizationModes(given: Flags): Mode[] {
  const wanted = listed(given, 'authorization-mode');
  const bad = wanted.find((mode) => !modes.includes(mode));
  if (bad !== undefined) throw new CommandError(`--authorization-mode: ${JSON.stringify(bad)} is not available; there are ${modes.join(', ')}`);
  return wanted as Mode[];
}

function plugins(given: Flags, flag: string): string[] {
  const names = listed(given, flag);
  const unknown = names.find((name) => !upstreamPlugins.includes(name));
  if (unknown !== undefined) throw new CommandError(`${flag} plugin ${JSON.stringify(unknown)} is unknown`);
  return names;
}

function frontProxy(given: Flags): NonNullable<ApiServerConfig['frontProxy']> {
  for (const name of ['requestheader-username-headers', 'requestheader-group-headers', 'requestheader-extra-headers-prefix']) {
    const usual = flags[name]!.default as readonly string[];
    if (listed(given, name).some((header) => header.toLowerCase() !== usual[0]!.toLowerCase())) throw new CommandError(`--${name}: only ${usual[0]} is supported`);
  }
  const authority = fileOf(given, 'requestheader-client-ca-file');
  return {
    ...pairOf(given, 'proxy-client-cert-file', 'proxy-client-key-file'),
    ...(authority ? { authority } : {}),
    allowedNames: listed(given, 'requestheader-allowed-names'),
  };
}

function serviceAccounts(given: Flags): ServiceAccountConfig {
  const issuers = given.list('service-account-issuer');
  if (issuers.length > 1) throw new CommandError('--service-account-issuer: only one is supported');
  const signingKey = fileOf(given, 'service-account-signing-key-file');
  const verifyingKeys = listed(given, 'service-account-key-file').flatMap((file) => pemBlocks(readNamed(file, 'service-account-key-file')));
  if (signingKey === undefined && verifyingKeys.length > 0) throw new CommandError('--service-account-signing-key-file and --service-account-issuer are required flags');
  if (signingKey !== undefined && issuers.length === 0) throw new CommandError('service-account-issuer is a required flag');
  const audiences = listed(given, 'api-audiences');
  return {
    signingKey: signingKey ?? ownSigningKey(given.text('cert-dir')),
    verifyingKeys,
    ...(issuers[0] ? { issuer: issuers[0] } : {}),
    ...(audiences.length > 0 ? { audiences } : {}),
  };
}

function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN ((?:RSA |EC )?(?:PUBLIC|PRIVATE) KEY|CERTIFICATE)-----[\s\S]*?-----END \1-----/g) ?? [];
}

/** None was given: one is made, and kept where certificates are, so that tokens outlive a restart. */
function ownSigningKey(folder: string): string {
  const file = join(folder, 'sa.key');
  if (folder && existsSync(file)) return readFileSync(file, 'utf8');
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, key, { mode: 0o600 });
  }
  return key;
}
