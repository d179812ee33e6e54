/** Flags of upstream's that cannot be had with every value, or that have nothing to change: what is refused is refused by name. */
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { duration, listed } from './program.ts';

/** Why a value of these cannot be had; undefined: it can. */
const refusals: Readonly<Record<string, (flags: Flags) => string | undefined>> = {
  'tracing-config-file': () => 'no traces are exported',
  'enable-logs-handler': (flags) => (flags.flag('enable-logs-handler') ? 'logs go to stderr, there is no folder to serve' : undefined),
  'enable-garbage-collector': (flags) => (flags.flag('enable-garbage-collector') ? undefined : 'how dependents go is part of every deletion'),
  'watch-cache': (flags) => (flags.flag('watch-cache') ? undefined : 'the watch cache cannot be switched off'),
  'watch-cache-sizes': (flags) => listed(flags, 'watch-cache-sizes').map(cacheSize).find((why) => why !== undefined),
  'peer-ca-file': () => 'requires UnknownVersionInteroperabilityProxy feature to be turned on',
  'peer-advertise-ip': () => 'requires UnknownVersionInteroperabilityProxy feature to be turned on',
  'peer-advertise-port': () => 'requires UnknownVersionInteroperabilityProxy feature to be turned on',
};

const upstreamPhrase = new Set(['peer-ca-file', 'peer-advertise-ip', 'peer-advertise-port']);

function cacheSize(text: string): string | undefined {
  const [, resource, size] = /^([^#]+)#(.+)$/.exec(text) ?? [];
  if (resource === undefined) throw new CommandError(`invalid value of watch cache size: ${text}`);
  if (!/^-?\d+$/.test(size!)) throw new CommandError(`could not parse size of watch cache size: ${text}`);
  if (Number(size) < 0) throw new CommandError(`watch cache size cannot be negative: ${text}`);
  return Number(size) === 0 ? `the watch cache of ${resource} cannot be switched off` : undefined;
}

export const refusedFlags: FlagSet = {
  'tracing-config-file': { type: 'string', help: 'Cannot be had: no traces are exported' },
  'enable-logs-handler': { type: 'bool', help: 'Only false' },
  'enable-garbage-collector': { type: 'bool', default: true, help: 'Only true' },
  'watch-cache': { type: 'bool', default: true, help: 'Only true' },
  'watch-cache-sizes': { type: 'strings', help: 'resource#size; sizes fit themselves to what there is, only 0 is refused' },
  'peer-ca-file': { type: 'string', help: 'Cannot be had: requests are not handed to other API servers' },
  'peer-advertise-ip': { type: 'string', help: 'Cannot be had' },
  'peer-advertise-port': { type: 'string', help: 'Cannot be had' },
  'coordinated-leadership-lease-duration': { type: 'duration', default: '15s', help: 'Only with a feature that is off' },
  'coordinated-leadership-renew-deadline': { type: 'duration', default: '10s', help: 'Only with a feature that is off' },
  'coordinated-leadership-retry-period': { type: 'duration', default: '2s', help: 'Only with a feature that is off' },
  'storage-initialization-timeout': { type: 'duration', default: '1m0s', help: 'The server is not ready before its store is, however long that takes' },
  'lease-reuse-duration-seconds': { type: 'int', default: 60, help: 'No leases of etcd are taken: this server removes events itself' },
  'default-watch-cache-size': { type: 'int', default: 100, help: 'Sizes fit themselves to what there is' },
  'kubelet-timeout': { type: 'duration', default: '5s', help: 'Nothing asks kubelets in a way that this would end, nor does it upstream' },
  'enable-aggregator-routing': { type: 'bool', help: 'Extension servers are always reached by their endpoints' },
  'apiserver-count': { type: 'int', default: 1, help: 'Only for a way of keeping endpoints that is gone' },
  'service-account-lookup': { type: 'bool', default: true, help: 'Tokens are always looked up' },
};

export function checkRefused(flags: Flags): void {
  for (const [name, refuse] of Object.entries(refusals)) {
    const why = Object.hasOwn(refusedFlags, name) && flags.has(name) && flags.text(name) !== '' ? refuse(flags) : undefined;
    if (why !== undefined) throw new CommandError(upstreamPhrase.has(name) ? `--${name} ${why}` : `--${name}=${flags.text(name)}: ${why}`);
  }
  const [lease, renew, retry] = ['lease-duration', 'renew-deadline', 'retry-period'].map((end) => duration(flags, `coordinated-leadership-${end}`)) as [number, number, number];
  if (lease <= renew) throw new CommandError('--coordinated-leadership-lease-duration must be greater than --coordinated-leadership-renew-deadline');
  if (renew <= retry) throw new CommandError('--coordinated-leadership-renew-deadline must be greater than --coordinated-leadership-retry-period');
  if (duration(flags, 'storage-initialization-timeout') < 0) throw new CommandError('--storage-initialization-timeout can not be negative value');
  if (flags.number('apiserver-count') <= 0) throw new CommandError(`--apiserver-count should be a positive number, but value '${flags.number('apiserver-count')}' provided`);
}
