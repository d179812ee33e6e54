import type { Random } from './ids.ts';

export interface BackoffPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Adds up to this share of the delay at random. */
  readonly jitter?: number;
}

/** The delay before try number `attempt` (0 is the first retry). */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random?: Random): number {
  const base = Math.min(policy.maxMs, policy.initialMs * policy.factor ** attempt);
  return policy.jitter && random ? base * (1 + policy.jitter * random.next()) : base;
}
