/** The flags of kube-apiserver about auditing. */
import type { AuditConfig } from '../../apiserver/audit/audit.ts';
import type { BackendOptions } from '../../apiserver/audit/backends.ts';
import { parsePolicy } from '../../apiserver/audit/policy.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { readKubeconfig } from '../kubeconfig.ts';
import { duration, fileOf } from './program.ts';

const modes = ['batch', 'blocking', 'blocking-strict'] as const;
type Mode = (typeof modes)[number];

function backendFlags(name: 'log' | 'webhook', mode: Mode, size: number): FlagSet {
  return {
    [`audit-${name}-mode`]: { type: 'string', default: mode, help: `How events are handed on: ${modes.join(', ')}` },
    [`audit-${name}-batch-buffer-size`]: { type: 'int', default: 10_000, help: 'How many events may wait' },
    [`audit-${name}-batch-max-size`]: { type: 'int', default: size, help: 'How many events go together' },
    [`audit-${name}-batch-max-wait`]: { type: 'duration', default: name === 'webhook' ? '30s' : '0s', help: 'How long a batch waits to be filled' },
    [`audit-${name}-batch-throttle-enable`]: { type: 'bool', default: name === 'webhook', help: 'Whether batches are held to a rate' },
    [`audit-${name}-batch-throttle-qps`]: { type: 'float', default: name === 'webhook' ? 10 : 0, help: 'Batches a second' },
    [`audit-${name}-batch-throttle-burst`]: { type: 'int', default: name === 'webhook' ? 15 : 0, help: 'Batches at once' },
    [`audit-${name}-truncate-enabled`]: { type: 'bool', help: 'Take the objects out of events that are too long' },
    [`audit-${name}-truncate-max-event-size`]: { type: 'int', default: 102_400, help: 'From how many bytes on an event is too long' },
    [`audit-${name}-truncate-max-batch-size`]: { type: 'int', default: 10_485_760, help: 'The most bytes that may come together; events come one by one' },
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
  'audit-webhook-batch-initial-backoff': { type: 'duration', help: 'The old name of --audit-webhook-initial-backoff' },
  ...backendFlags('webhook', 'batch', 400),
};

export function auditConfig(flags: Flags): AuditConfig | undefined {
  const path = flags.text('audit-log-path');
  const webhook = flags.text('audit-webhook-config-file');
  const backends = { log: path ? backend(flags, 'log') : undefined, webhook: webhook ? backend(flags, 'webhook') : undefined };
  if (path) checkLog(flags);
  const policy = fileOf(flags, 'audit-policy-file');
  if (policy === undefined) return undefined;
  try {
    parsePolicy(policy);
  } catch (error) {
    throw new CommandError(`loading audit policy file: ${(error as Error).message}`);
  }
  return {
    policy,
    ...(backends.log ? { log: { ...backends.log, path, maxAgeDays: flags.number('audit-log-maxage'), maxBackups: flags.number('audit-log-maxbackup'), maxSizeMb: flags.number('audit-log-maxsize'), compress: flags.flag('audit-log-compress'), format: flags.text('audit-log-format') as 'json' | 'legacy' } } : {}),
    ...(backends.webhook ? { webhook: { ...backends.webhook, server: readKubeconfig(webhook), initialBackoffMs: duration(flags, flags.has('audit-webhook-batch-initial-backoff') ? 'audit-webhook-batch-initial-backoff' : 'audit-webhook-initial-backoff') } } : {}),
  };
}

function checkLog(flags: Flags): void {
  if (!['json', 'legacy'].includes(flags.text('audit-log-format'))) throw new CommandError(`invalid audit log format ${flags.text('audit-log-format')}, allowed formats are "legacy,json"`);
  for (const name of ['audit-log-maxage', 'audit-log-maxbackup', 'audit-log-maxsize']) {
    if (flags.number(name) < 0) throw new CommandError(`--${name} ${flags.number(name)} can't be a negative number`);
  }
}

/** What may be said of a backend that is used; of the others nothing is asked. */
function backend(flags: Flags, name: 'log' | 'webhook'): BackendOptions {
  const number = (end: string): number => flags.number(`audit-${name}-${end}`);
  const mode = flags.text(`audit-${name}-mode`) as Mode;
  if (!modes.includes(mode)) throw new CommandError(`invalid audit ${name} mode ${mode}, allowed modes are ${JSON.stringify(modes.join(','))}`);
  const throttled = flags.flag(`audit-${name}-batch-throttle-enable`);
  if (mode === 'batch') {
    const positive = { 'buffer size': 'batch-buffer-size', 'max batch size': 'batch-max-size', ...(throttled ? { 'throttle QPS': 'batch-throttle-qps', 'throttle burst': 'batch-throttle-burst' } : {}) };
    for (const [what, end] of Object.entries(positive)) {
      if (!(number(end) > 0)) throw new CommandError(`invalid audit batch ${name} ${what} ${number(end)}, must be a positive number`);
    }
  }
  const [longest, most] = [number('truncate-max-event-size'), number('truncate-max-batch-size')];
  if (longest <= 0) throw new CommandError(`invalid audit truncate ${name} max event size ${longest}, must be a positive number`);
  if (most < longest) throw new CommandError(`invalid audit truncate ${name} max batch size ${most}, must be greater than max event size (${longest})`);
  if (flags.text(`audit-${name}-version`) !== 'audit.k8s.io/v1') throw new CommandError('invalid group version, allowed versions are [{"audit.k8s.io" "v1"}]');
  return {
    mode,
    batch: { bufferSize: number('batch-buffer-size'), maxSize: number('batch-max-size'), maxWaitMs: duration(flags, `audit-${name}-batch-max-wait`), throttle: throttled ? { perSecond: number('batch-throttle-qps'), burst: number('batch-throttle-burst') } : undefined },
    ...(flags.flag(`audit-${name}-truncate-enabled`) ? { truncateBytes: longest } : {}),
  };
}
