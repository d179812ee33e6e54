/** The flags of kube-apiserver about auditing. */
import type { AuditConfig } from '../../apiserver/audit/audit.ts';
import { parsePolicy } from '../../apiserver/audit/policy.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { readKubeconfig } from '../kubeconfig.ts';
import { duration, fileOf, ignored } from './program.ts';

const modes = ['batch', 'blocking', 'blocking-strict'] as const;
type Mode = (typeof modes)[number];

function backendFlags(name: 'log' | 'webhook', mode: Mode, size: number): FlagSet {
  return {
    [`audit-${name}-mode`]: { type: 'string', default: mode, help: `How events are handed on: ${modes.join(', ')}` },
    [`audit-${name}-batch-buffer-size`]: { type: 'int', default: 10_000, help: 'How many events may wait' },
    [`audit-${name}-batch-max-size`]: { type: 'int', default: size, help: 'How many events go together' },
    [`audit-${name}-batch-max-wait`]: { type: 'duration', default: '30s', help: 'How long a batch waits to be filled' },
    [`audit-${name}-batch-throttle-enable`]: { type: 'bool', default: name === 'webhook', help: 'Whether batches are held to a rate' },
    [`audit-${name}-batch-throttle-qps`]: { type: 'int', default: 10, help: 'Batches a second' },
    [`audit-${name}-batch-throttle-burst`]: { type: 'int', default: 15, help: 'Batches at once' },
    [`audit-${name}-truncate-enabled`]: { type: 'bool', help: 'Take the objects out of events that are too long' },
    [`audit-${name}-truncate-max-event-size`]: { type: 'int', default: 102_400, help: 'From how many bytes on an event is too long' },
    ...ignored('int', `audit-${name}-truncate-max-batch-size`),
    [`audit-${name}-version`]: { type: 'string', default: 'audit.k8s.io/v1', help: 'Only audit.k8s.io/v1' },
  };
}

export const auditFlags: FlagSet = {
  'audit-policy-file': { type: 'string', help: 'The policy that says what is audited; nothing is without one' },
  'audit-log-path': { type: 'string', help: 'The file for audit events; - for standard output' },
  'audit-log-maxage': { type: 'int', help: 'For how many days old files are kept' },
  'audit-log-maxbackup': { type: 'int', help: 'How many old files are kept' },
  'audit-log-maxsize': { type: 'int', help: 'At how many megabytes a new file is begun; 100 if absent' },
  'audit-log-compress': { type: 'bool', help: 'Pack old files' },
  'audit-log-format': { type: 'string', default: 'json', help: 'json or legacy' },
  ...backendFlags('log', 'blocking', 1),
  'audit-webhook-config-file': { type: 'string', help: 'A kubeconfig of the server that is sent audit events' },
  'audit-webhook-initial-backoff': { type: 'duration', default: '10s', help: 'How long to wait before the first retry' },
  ...backendFlags('webhook', 'batch', 400),
};

export function auditConfig(flags: Flags): AuditConfig | undefined {
  if (!['json', 'legacy'].includes(flags.text('audit-log-format'))) throw new CommandError(`invalid audit log format ${flags.text('audit-log-format')}, allowed formats are "legacy,json"`);
  const backends = { log: backend(flags, 'log'), webhook: backend(flags, 'webhook') };
  const policy = fileOf(flags, 'audit-policy-file');
  if (policy === undefined) return undefined;
  try {
    parsePolicy(policy);
  } catch (error) {
    throw new CommandError(`loading audit policy file: ${(error as Error).message}`);
  }
  const path = flags.text('audit-log-path');
  const webhook = flags.text('audit-webhook-config-file');
  return {
    policy,
    ...(path ? { log: { ...backends.log, path, maxAgeDays: flags.number('audit-log-maxage'), maxBackups: flags.number('audit-log-maxbackup'), maxSizeMb: flags.number('audit-log-maxsize'), compress: flags.flag('audit-log-compress'), format: flags.text('audit-log-format') as 'json' | 'legacy' } } : {}),
    ...(webhook ? { webhook: { ...backends.webhook, server: readKubeconfig(webhook), initialBackoffMs: duration(flags, 'audit-webhook-initial-backoff') } } : {}),
  };
}

function backend(flags: Flags, name: 'log' | 'webhook') {
  const flag = (end: string): string => `audit-${name}-${end}`;
  const mode = flags.text(flag('mode')) as Mode;
  if (!modes.includes(mode)) throw new CommandError(`invalid audit ${name} mode ${mode}, allowed modes are ${JSON.stringify(modes.join(','))}`);
  if (flags.text(flag('version')) !== 'audit.k8s.io/v1') throw new CommandError(`--${flag('version')}: only audit.k8s.io/v1 is supported`);
  const throttle = flags.flag(flag('batch-throttle-enable')) ? { perSecond: flags.number(flag('batch-throttle-qps')), burst: flags.number(flag('batch-throttle-burst')) } : undefined;
  return {
    mode, batch: { bufferSize: flags.number(flag('batch-buffer-size')), maxSize: flags.number(flag('batch-max-size')), maxWaitMs: duration(flags, flag('batch-max-wait')), throttle },
    ...(flags.flag(flag('truncate-enabled')) ? { truncateBytes: flags.number(flag('truncate-max-event-size')) } : {}),
  };
}
