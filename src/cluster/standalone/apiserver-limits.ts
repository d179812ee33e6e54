/** The flags of kube-apiserver about how much it serves at a time, and how long anything may take. */
import { defaultLimits, type RequestLimits } from '../../apiserver/limits.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { duration } from './program.ts';

export const limitFlags: FlagSet = {
  'enable-priority-and-fairness': { type: 'bool', default: true, help: 'Queue requests fairly by flow schemas and priority levels' },
  'max-requests-inflight': { type: 'int', default: defaultLimits.maxRequestsInFlight, help: 'How many reads may be under way; its sum with the next is what priority levels share' },
  'max-mutating-requests-inflight': { type: 'int', default: defaultLimits.maxMutatingRequestsInFlight, help: 'How many writes may be under way' },
  'request-timeout': { type: 'duration', default: '1m0s', help: 'How long a request may take that is not meant to stay' },
  'min-request-timeout': { type: 'int', default: 1800, help: 'After how many seconds watches end that do not say themselves, and up to as many again' },
  'livez-grace-period': { type: 'duration', default: '0s', help: 'How long the start may take before /livez says no' },
  'shutdown-delay-duration': { type: 'duration', default: '0s', help: 'How long to go on serving after the signal to end, while /readyz says no' },
  'shutdown-send-retry-after': { type: 'bool', default: false, help: 'Go on listening until the requests under way are finished, and answer others with 429 and Retry-After' },
  'shutdown-watch-termination-grace-period': { type: 'duration', default: '0s', help: 'For so long watches are ended a few at a time when the server ends' },
  'send-retry-after-while-not-ready-once': { type: 'bool', help: 'Answer 503 with Retry-After until the server is ready for the first time' },
  'goaway-chance': { type: 'float', default: 0, help: 'For which part of HTTP/2 requests the client is told to make a new connection; at most 0.02' },
  profiling: { type: 'bool', default: true, help: 'Serve profiles at /debug/pprof/' },
};

export function requestLimits(flags: Flags): RequestLimits {
  const limits = {
    priorityAndFairness: flags.flag('enable-priority-and-fairness'), maxRequestsInFlight: flags.number('max-requests-inflight'), maxMutatingRequestsInFlight: flags.number('max-mutating-requests-inflight'),
    requestTimeoutMs: duration(flags, 'request-timeout'), minRequestTimeoutMs: flags.number('min-request-timeout') * 1000,
    livezGraceMs: duration(flags, 'livez-grace-period'), shutdownDelayMs: duration(flags, 'shutdown-delay-duration'), drainMs: duration(flags, 'request-timeout'), sendRetryAfter: flags.flag('shutdown-send-retry-after'), goawayChance: flags.number('goaway-chance'),
    watchGraceMs: duration(flags, 'shutdown-watch-termination-grace-period'), notReadyOnce: flags.flag('send-retry-after-while-not-ready-once'),
  };
  if (limits.livezGraceMs < 0) throw new CommandError('--livez-grace-period can not be a negative value');
  if (limits.maxRequestsInFlight < 0) throw new CommandError('--max-requests-inflight can not be negative value');
  if (limits.maxMutatingRequestsInFlight < 0) throw new CommandError('--max-mutating-requests-inflight can not be negative value');
  if (limits.priorityAndFairness && limits.maxRequestsInFlight + limits.maxMutatingRequestsInFlight <= 0) {
    throw new CommandError(`--max-requests-inflight and --max-mutating-requests-inflight are the total number of concurrency shares, must be positive: ${limits.maxRequestsInFlight + limits.maxMutatingRequestsInFlight}`);
  }
  if (limits.requestTimeoutMs < 0) throw new CommandError('--request-timeout can not be negative value');
  if (flags.number('min-request-timeout') < 0) throw new CommandError('--min-request-timeout can not be negative value');
  if (!(limits.goawayChance >= 0 && limits.goawayChance <= 0.02)) throw new CommandError('--goaway-chance can not be less than 0 or greater than 0.02');
  if (limits.watchGraceMs < 0) throw new CommandError('shutdown-watch-termination-grace-period, if provided, can not be a negative value');
  if (limits.shutdownDelayMs < 0) throw new CommandError('--shutdown-delay-duration can not be negative value');
  return limits;
}
