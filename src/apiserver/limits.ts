/** How much is served at a time, and how long anything may take. */
export interface RequestLimits {
  /** Default true. Without it only the two numbers below hold. */
  readonly priorityAndFairness?: boolean;
  /** Default 400 and 200; their sum is what priority and fairness divides. 0: no limit (there must be one with priority and fairness). */
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  /** Default 60 s. */
  readonly requestTimeoutMs?: number;
  /** Watches without a timeout of their own end after this long, and up to as long again; default 30 min. */
  readonly minRequestTimeoutMs?: number;
  /** For so long after the start /livez does not mind that it is unfinished; default 0. */
  readonly livezGraceMs?: number;
  /** How long `close` goes on serving, while /readyz says no; default 0. */
  readonly shutdownDelayMs?: number;
  /** How long `close` then waits for requests under way; default 0. */
  readonly drainMs?: number;
  /** Meanwhile go on listening, and answer whatever else comes with 429; default false. */
  readonly sendRetryAfter?: boolean;
  /** For so long watches are ended a few at a time when the server ends; default 0: all with their connections. */
  readonly watchGraceMs?: number;
  /** Until the server has been ready once, answer with 503 and Retry-After; default false. */
  readonly notReadyOnce?: boolean;
  /** For which part of HTTP/2 requests the client is told to make a new connection; default 0. */
  readonly goawayChance?: number;
}

export const defaultLimits = { priorityAndFairness: true, maxRequestsInFlight: 400, maxMutatingRequestsInFlight: 200, requestTimeoutMs: 60_000, minRequestTimeoutMs: 1_800_000 } as const satisfies RequestLimits;
