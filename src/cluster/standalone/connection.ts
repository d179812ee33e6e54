/** What components that are clients of an API server have in common: how they reach it, who of several works, whether they are well. */
import { hostname } from 'node:os';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Client } from '../../client/client.ts';
import type { HttpClientConfig } from '../../client/http.ts';
import { inClusterConfig } from '../../client/incluster.ts';
import { leadWhenElected } from '../../client/leases.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { StatusError } from '../../machinery/status.ts';
import { Health, ping } from '../../serving/health.ts';
import { serve } from '../../serving/server.ts';
import { readKubeconfig } from '../kubeconfig.ts';
import { servingPair } from './certificates.ts';
import { duration } from './program.ts';

/** From a kubeconfig when there is one, else as a pod does. */
export function connection(kubeconfig: string | undefined): HttpClientConfig {
  return kubeconfig ? readKubeconfig(kubeconfig) : inClusterConfig(process.env);
}

export const electionFlags = (name: string): FlagSet => ({
  'leader-elect': { type: 'bool', default: true, help: 'Work only while holding the lease, so that one of several does' },
  'leader-elect-lease-duration': { type: 'duration', default: '15s', help: 'How long the others wait for a holder that is silent' },
  'leader-elect-renew-deadline': { type: 'duration', default: '10s', help: 'How long the holder goes on without being able to renew' },
  'leader-elect-retry-period': { type: 'duration', default: '2s', help: 'How often the lease is tried or renewed' },
  'leader-elect-resource-name': { type: 'string', default: name, help: 'The name of the lease' },
  'leader-elect-resource-namespace': { type: 'string', default: 'kube-system', help: 'The namespace of the lease' },
  'leader-elect-resource-lock': { type: 'string', default: 'leases', help: 'Only leases' },
});

export interface ElectionSettings {
  readonly wanted: boolean;
  readonly name: string;
  readonly namespace: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

export function electionSettings(flags: Flags): ElectionSettings {
  if (flags.text('leader-elect-resource-lock') !== 'leases') throw new CommandError('--leader-elect-resource-lock: only leases are supported');
  const settings = {
    wanted: flags.flag('leader-elect'), name: flags.text('leader-elect-resource-name'), namespace: flags.text('leader-elect-resource-namespace'),
    leaseDurationMs: duration(flags, 'leader-elect-lease-duration'), renewDeadlineMs: duration(flags, 'leader-elect-renew-deadline'), retryPeriodMs: duration(flags, 'leader-elect-retry-period'),
  };
  if (settings.leaseDurationMs <= settings.renewDeadlineMs) throw new CommandError('--leader-elect-lease-duration must be greater than --leader-elect-renew-deadline');
  if (settings.retryPeriodMs <= 0 || settings.renewDeadlineMs <= settings.retryPeriodMs) throw new CommandError('--leader-elect-renew-deadline must be greater than --leader-elect-retry-period');
  return settings;
}

/** Does the work while this process leads. It ends, as upstream's do, when leadership is lost: whatever it had in hand is another's now. */
export async function whenLeading(election: ElectionSettings, client: Client, surroundings: Surroundings, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (!election.wanted) return work(signal);
  await leadWhenElected({ ...election, client, identity: `${hostname()}_${surroundings.random.uuid()}`, surroundings, signal }, work);
  if (!signal.aborted) throw new CommandError('leader election lost');
}

export const healthFlags = (port: number): FlagSet => ({
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'Where health is told' },
  'secure-port': { type: 'int', default: port, help: 'The HTTPS port for it; 0: none' },
  'cert-dir': { type: 'string', help: 'Where a certificate is kept when none is given; in memory only if absent' },
  'tls-cert-file': { type: 'string', help: 'The certificate for HTTPS' },
  'tls-private-key-file': { type: 'string', help: 'Its key' },
});

/** /healthz, /livez and /readyz for everybody; nothing else is served. */
export async function serveHealth(flags: Flags, name: string, surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  const port = flags.number('secure-port');
  if (port === 0) return;
  const tls = await servingPair(flags, name, { commonName: name, dnsNames: ['localhost', hostname()], ipAddresses: ['127.0.0.1'] }, surroundings);
  const health = new Health({ '/healthz': [ping], '/livez': [ping], '/readyz': [ping] });
  await serve({
    host: flags.text('bind-address'), port, tls, surroundings, signal,
    handler: async (request) => {
      if (!(await health.handle(request))) throw StatusError.pathNotFound();
    },
  });
}
