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

/** Who watches over the server is answered to the end, and so are its own parts. */
const answeredToTheEnd = ['/readyz', '/livez', '/healthz', '/metrics'];

export function isProbe(path: string): boolean {
  return answeredToTheEnd.some((prefix) => path.startsWith(prefix));
}

/** For requests that come when the server is about to end: another one shall take them. False: this one is to be served nevertheless. */
export function turnAwayAtEnd(request: ServingRequest): boolean {
  if (isProbe(request.path) || request.headers['user-agent']?.startsWith('kube-apiserver/')) return false;
  const connection = request.incoming.httpVersionMajor < 2 ? { connection: 'close' } : {};
  request.send(429, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'retry-after': '5', ...connection }, 'The apiserver is shutting down, please try again later.\n');
  request.leaveConnection();
  return true;
}
