/** `k7s kube-scheduler`: the scheduler alone. */
import { httpClient } from '../../client/http.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { runScheduler } from '../../scheduler/index.ts';
import { indifferent, readConfigFile } from './configfile.ts';
import { connection, electionFlags, electionSettings, healthFlags, serveHealth, whenLeading } from './connection.ts';
import { ignored, type Program } from './program.ts';

const flags: FlagSet = {
  config: { type: 'string', help: 'A KubeSchedulerConfiguration: client connection, leader election and the name of one profile' },
  kubeconfig: { type: 'string', help: 'How to reach the API server; as a pod does if absent' },
  ...electionFlags('kube-scheduler'),
  ...healthFlags(10_259),
  ...ignored('string', 'authentication-kubeconfig', 'authorization-kubeconfig', 'client-ca-file', 'requestheader-client-ca-file', 'requestheader-allowed-names', 'kube-api-qps', 'kube-api-burst', 'kube-api-content-type'),
  ...ignored('bool', 'authentication-skip-lookup'),
};

export const kubeScheduler: Program = {
  name: 'kube-scheduler',
  about: 'The Kubernetes scheduler, alone.',
  flags,
  run: async (given, surroundings, signal) => {
    const schedulerName = readConfig(given);
    const election = electionSettings(given);
    const client = httpClient({ ...connection(given.text('kubeconfig')), userAgent: 'kube-scheduler', surroundings });
    try {
      await serveHealth(given, 'kube-scheduler', surroundings, signal);
      await whenLeading(election, client, surroundings, signal, (leading) => runScheduler({ client, surroundings, signal: leading, ...(schedulerName ? { schedulerName } : {}) }));
    } finally {
      client.close();
    }
  },
};

/** The file stands in for flags that were not given, except those it sets. Gives the scheduler's name. */
function readConfig(given: Flags): string | undefined {
  if (!given.has('config')) return undefined;
  const set = (flag: string) => (value: unknown): void => {
    if (!given.has(flag)) given.set(flag, String(value), `--${flag}`);
  };
  let name: string | undefined;
  readConfigFile(given.text('config'), { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' }, {
    clientConnection: { kubeconfig: set('kubeconfig'), acceptContentTypes: indifferent, contentType: indifferent, qps: indifferent, burst: indifferent },
    leaderElection: {
      leaderElect: set('leader-elect'), leaseDuration: set('leader-elect-lease-duration'), renewDeadline: set('leader-elect-renew-deadline'), retryPeriod: set('leader-elect-retry-period'),
      resourceLock: set('leader-elect-resource-lock'), resourceName: set('leader-elect-resource-name'), resourceNamespace: set('leader-elect-resource-namespace'),
    },
    parallelism: indifferent, enableProfiling: indifferent, enableContentionProfiling: indifferent,
    profiles: (value) => (name = profileName(value)),
  });
  return name;
}

function profileName(value: unknown): string | undefined {
  const profiles = Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : [];
  if (profiles.length > 1) throw new CommandError('--config: profiles: more than one profile is not supported');
  const { schedulerName, ...rest } = profiles[0] ?? {};
  const [more] = Object.keys(rest);
  if (more !== undefined) throw new CommandError(`--config: the field "profiles[0].${more}" is not supported`);
  return typeof schedulerName === 'string' ? schedulerName : undefined;
}
