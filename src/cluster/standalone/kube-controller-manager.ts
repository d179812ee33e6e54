/** `k7s kube-controller-manager`: the controllers alone. */
import { serviceaccounts } from '../../api/core/v1/index.ts';
import type { TokenRequest } from '../../api/authentication/v1/types.ts';
import { parseTime } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { httpClient, type HttpClient, type HttpClientConfig } from '../../client/http.ts';
import { controllers, runControllers, type ControllerOptions } from '../../controllers/index.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { hasReason } from '../../machinery/status.ts';
import { connection, electionFlags, electionSettings, healthFlags, serveHealth, whenLeading } from './connection.ts';
import { duration, features, fileOf, ignored, listed, pairOf, type Program } from './program.ts';

const flags: FlagSet = {
  kubeconfig: { type: 'string', help: 'How to reach the API server; as a pod does if absent' },
  controllers: { type: 'strings', default: ['*'], help: 'Which run: * is all, NAME one, -NAME not this one' },
  'use-service-account-credentials': { type: 'bool', help: 'Let each controller act as a service account of its own in kube-system' },
  'service-account-private-key-file': { type: 'string', help: 'The key that signs tokens of service accounts in Secrets' },
  'root-ca-file': { type: 'string', help: 'The authority that is published to pods as kube-root-ca.crt' },
  'cluster-signing-cert-file': { type: 'string', help: 'The authority that signs certificate requests' },
  'cluster-signing-key-file': { type: 'string', help: 'Its key' },
  'allocate-node-cidrs': { type: 'bool', help: 'Give each node a part of --cluster-cidr for its pods' },
  'cluster-cidr': { type: 'string', help: 'Addresses of pods' },
  'node-cidr-mask-size': { type: 'int', default: 24, help: 'How large such a part is' },
  'node-monitor-period': { type: 'duration', default: '5s', help: 'How often nodes are looked at' },
  'node-monitor-grace-period': { type: 'duration', default: '50s', help: 'How long a node may be silent' },
  'legacy-service-account-token-clean-up-period': { type: 'duration', default: '8760h0m0s', help: 'How long tokens that were made for service accounts may go unused before they are marked as invalid, and after that deleted' },
  'terminated-pod-gc-threshold': { type: 'int', default: 12_500, help: 'How many ended pods are kept' },
  'feature-gates': { type: 'strings', help: 'Features beyond the default: HPAConfigurableTolerance=true' },
  'horizontal-pod-autoscaler-sync-period': { type: 'duration', default: '15s', help: 'How often autoscalers look at their metrics' },
  'horizontal-pod-autoscaler-downscale-stabilization': { type: 'duration', default: '5m0s', help: 'How long the highest recommendation counts, where an autoscaler does not say' },
  'horizontal-pod-autoscaler-tolerance': { type: 'string', default: '0.1', help: 'How far from its target a metric may be before anything is done' },
  'horizontal-pod-autoscaler-cpu-initialization-period': { type: 'duration', default: '5m0s', help: 'How long the CPU of a new pod may say nothing about its load' },
  'horizontal-pod-autoscaler-initial-readiness-delay': { type: 'duration', default: '30s', help: 'How long after its start a change of readiness is taken for the first one' },
  ...electionFlags('kube-controller-manager'),
  ...healthFlags(10_257),
  ...ignored('string', 'authentication-kubeconfig', 'authorization-kubeconfig', 'client-ca-file', 'requestheader-client-ca-file', 'requestheader-allowed-names',
    'service-cluster-ip-range', 'cluster-name', 'kube-api-qps', 'kube-api-burst', 'kube-api-content-type', 'concurrent-deployment-syncs', 'concurrent-replicaset-syncs', 'concurrent-endpoint-syncs',
    'concurrent-gc-syncs', 'concurrent-namespace-syncs', 'concurrent-service-syncs', 'concurrent-job-syncs', 'concurrent-statefulset-syncs', 'min-resync-period', 'controller-start-interval'),
  ...ignored('bool', 'authentication-skip-lookup', 'configure-cloud-routes', 'enable-garbage-collector'),
};

export const kubeControllerManager: Program = {
  name: 'kube-controller-manager',
  about: 'The controllers of Kubernetes, alone.',
  flags,
  run: async (given, surroundings, signal) => {
    const options = controllerOptions(given);
    const election = electionSettings(given);
    const config = { ...connection(given.text('kubeconfig')), userAgent: 'kube-controller-manager', surroundings };
    const client = httpClient(config);
    const clients: HttpClient[] = [client];
    const asAccount = (name: string): HttpClient => {
      const { cert: _cert, key: _key, token: _token, tokenFile: _file, ...server } = config;
      const own = httpClient({ ...server, tokenSource: accountTokens(client, name, surroundings) } satisfies HttpClientConfig);
      clients.push(own);
      return own;
    };
    try {
      await serveHealth(given, 'kube-controller-manager', surroundings, signal);
      await whenLeading(election, client, surroundings, signal, (leading) =>
        runControllers({ client, clientFor: given.flag('use-service-account-credentials') ? asAccount : () => client, surroundings, signal: leading, options }));
    } finally {
      for (const each of clients) each.close();
    }
  },
};

function controllerOptions(given: Flags): ControllerOptions {
  const wanted = listed(given, 'controllers');
  const unknown = wanted.find((name) => name !== '*' && !controllers.some((controller) => controller.name === name.replace(/^-/, '')));
  if (unknown !== undefined) throw new CommandError(`"${unknown.replace(/^-/, '')}" is not in the list of known controllers`);
  const [rootCa, serviceAccountKey] = [fileOf(given, 'root-ca-file'), fileOf(given, 'service-account-private-key-file')];
  const signing = pairOf(given, 'cluster-signing-cert-file', 'cluster-signing-key-file');
  if (given.flag('allocate-node-cidrs') && !given.text('cluster-cidr')) throw new CommandError('--allocate-node-cidrs needs --cluster-cidr');
  return {
    controllers: wanted,
    nodeCidrMaskSize: given.number('node-cidr-mask-size'),
    nodeMonitorPeriodMs: duration(given, 'node-monitor-period'),
    nodeMonitorGracePeriodMs: duration(given, 'node-monitor-grace-period'),
    terminatedPodThreshold: given.number('terminated-pod-gc-threshold'),
    legacyTokenCleanUpMs: duration(given, 'legacy-service-account-token-clean-up-period'),
    autoscaler: autoscalerOptions(given),
    ...(given.flag('allocate-node-cidrs') ? { clusterCidr: given.text('cluster-cidr') } : {}),
    ...(rootCa ? { rootCa } : {}),
    ...(serviceAccountKey ? { serviceAccountKey } : {}),
    ...(signing ? { signing: { certPem: signing.cert, keyPem: signing.key } } : {}),
  };
}

function autoscalerOptions(given: Flags): NonNullable<ControllerOptions['autoscaler']> {
  const of = (name: string): number => duration(given, `horizontal-pod-autoscaler-${name}`);
  const tolerance = Number(given.text('horizontal-pod-autoscaler-tolerance'));
  if (!(tolerance >= 0)) throw new CommandError('--horizontal-pod-autoscaler-tolerance must be a number that is not negative');
  return {
    tolerance, configurableTolerance: features(given, ['HPAConfigurableTolerance']).length > 0, syncPeriodMs: of('sync-period'), downscaleStabilizationMs: of('downscale-stabilization'),
    cpuInitializationPeriodMs: of('cpu-initialization-period'), initialReadinessDelayMs: of('initial-readiness-delay'),
  };
}

const tokenSeconds = 3600;

/** Tokens of a service account in kube-system, which is made when it is missing; renewed when four fifths of their life are over. */
function accountTokens(client: HttpClient, name: string, { clock }: Surroundings): () => Promise<string> {
  const namespace = 'kube-system';
  let held: { readonly token: Promise<string>; due: number } | undefined;
  const ask = async (): Promise<string> => {
    await client.create(serviceaccounts, { metadata: { name, namespace } }, { namespace }).catch((error: unknown) => {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    });
    const body = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { audiences: [], expirationSeconds: tokenSeconds } };
    const { status } = await client.post<TokenRequest>(serviceaccounts, name, 'token', body, { namespace });
    const now = clock.now();
    if (held) held.due = now + (parseTime(status.expirationTimestamp) - now) * 0.8;
    return status.token;
  };
  return async () => {
    if (!held || clock.now() >= held.due) {
      const token = ask();
      held = { token, due: Infinity };
      // Who asks next tries again.
      token.catch(() => (held = undefined));
    }
    return held.token;
  };
}
