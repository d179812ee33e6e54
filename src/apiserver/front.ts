/** What every request from the network meets first: headers for browsers, and servers that are not ready yet or about to end. */
import type { ServingRequest } from '../serving/request.ts';
import type { User } from '../serving/identity.ts';
import { isProbe, turnAwayAtEnd } from './gate.ts';

export interface FrontOptions {
  /** Expressions for the Origin of pages that may read answers; none: no such headers. */
  readonly allowedOrigins?: readonly string[];
  /** For Strict-Transport-Security. */
  readonly strictTransport?: readonly string[];
}

interface State {
  /** It is about to end, and sends new requests away. */
  readonly turningAway: () => boolean;
}

const methods = 'POST, GET, OPTIONS, PUT, DELETE, PATCH';
const headers = 'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since';

/** False: the server has never been ready, and the request is told to come again. Itself and who watches over it are served. */
export function begun(request: ServingRequest, user: User): boolean {
  if (user.name === 'system:apiserver' || isProbe(request.path)) {
    request.warnings.push('The apiserver was still initializing, while this request was being served');
    return true;
  }
  request.send(503, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'retry-after': '5' }, "The apiserver hasn't been fully initialized yet, please try again later.\n");
  return false;
}

/** What it makes answers false where the request has its answer. */
export function front({ allowedOrigins = [], strictTransport = [] }: FrontOptions, { turningAway }: State): (request: ServingRequest) => boolean {
  const origins = allowedOrigins.map((text) => new RegExp(text));
  const directives = strictTransport.join('; ');
  return (request) => {
    if (turningAway() && turnAwayAtEnd(request)) return false;
    if (directives !== '') request.setHeader('strict-transport-security', directives);
    return origins.length === 0 || !isPreflight(request, origins);
  };
}

/** True: the browser only wanted to know whether it may ask. */
function isPreflight(request: ServingRequest, origins: readonly RegExp[]): boolean {
  const { origin } = request.headers;
  if (!origin || !origins.some((one) => one.test(origin))) return false;
  request.setHeader('access-control-allow-origin', origin);
  request.setHeader('access-control-allow-methods', methods);
  request.setHeader('access-control-allow-headers', headers);
  request.setHeader('access-control-expose-headers', 'Date');
  request.setHeader('access-control-allow-credentials', 'true');
  if (request.method !== 'OPTIONS') return false;
  request.send(204, {});
  return true;
}
