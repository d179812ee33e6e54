/** What decides whether a request may go on now: priority and fairness, or plain limits of requests in flight. */
import type { User } from '../serving/identity.ts';
import type { ServingRequest } from '../serving/request.ts';
import type { RequestInfo } from '../serving/requestinfo.ts';

export interface Seat {
  /** The request is done. */
  leave(): void;
}

export interface Gate {
  /** A promise only where the request must wait. Undefined: it was turned away, and has been answered. */
  admit(request: ServingRequest, user: User, info: RequestInfo): Seat | undefined | Promise<Seat | undefined>;
}

export const noSeat: Seat = { leave() {} };

export function turnAway(request: ServingRequest, retryAfterSeconds: number): void {
  if (request.answered) return;
  request.send(429, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'retry-after': String(retryAfterSeconds) }, 'Too many requests, please try again later.\n');
}
