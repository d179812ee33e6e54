/** Authentication and authorization asked of the API server: TokenReview and SubjectAccessReview, remembered for a while. */
import { createHash } from 'node:crypto';
import { tokenreviews } from '../api/authentication/v1/index.ts';
import { subjectaccessreviews } from '../api/authorization/v1/index.ts';
import type { Clock } from '../base/clock.ts';
import { Remembered } from '../base/remembered.ts';
import type { Client } from '../client/client.ts';
import { StatusError } from '../machinery/status.ts';
import { anonymous, authenticated, firstOf, type Attributes, type Authenticator, type Authorizer, type Decision, type User } from './identity.ts';
import { requestHeaderAuthenticator, type RequestHeaderOptions } from './requestheader.ts';
import type { ServingRequest } from './request.ts';
import { ClientCertificates, x509Authenticator } from './x509.ts';

export function bearerToken(request: ServingRequest): string | undefined {
  const header = request.headers.authorization;
  if (!header || header.length < 8 || header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  return header.slice(7).trim() || undefined;
}

const tokenSuccessMs = 10_000;
const tokenFailureMs = 10_000;

export function tokenReviewAuthenticator(options: { client: Client; clock: Clock; audiences?: readonly string[] }): Authenticator {
  const cache = new Remembered<User | null>(options.clock);
  return async (request) => {
    const token = bearerToken(request);
    if (!token) return undefined;
    const key = createHash('sha256').update(token).digest('base64');
    let user = cache.get(key);
    if (user === undefined) {
      const review = await options.client.create(tokenreviews, { spec: { token, ...(options.audiences ? { audiences: [...options.audiences] } : {}) } });
      const { authenticated: ok, user: info } = review.status;
      user = ok && info?.username ? { name: info.username, ...(info.uid ? { uid: info.uid } : {}), groups: info.groups ?? [], ...(info.extra ? { extra: info.extra } : {}) } : null;
      cache.set(key, user, user ? tokenSuccessMs : tokenFailureMs);
    }
    if (user === null) throw StatusError.unauthorized();
    return user;
  };
}

const allowedMs = 10_000;
const refusedMs = 10_000;

export function subjectAccessReviewAuthorizer(options: { client: Client; clock: Clock }): Authorizer {
  const cache = new Remembered<Decision>(options.clock);
  return async (a) => {
    const spec = {
      user: a.user.name,
      groups: [...a.user.groups],
      ...(a.user.uid ? { uid: a.user.uid } : {}),
      ...(a.user.extra ? { extra: a.user.extra } : {}),
      ...(a.isResource ? { resourceAttributes: resourceAttributes(a) } : { nonResourceAttributes: { path: a.path, verb: a.verb } }),
    };
    const key = JSON.stringify(spec);
    const known = cache.get(key);
    if (known) return known;
    const review = await options.client.create(subjectaccessreviews, { spec });
    const { allowed, denied, reason = '' } = review.status;
    const decision: Decision = { decision: denied ? 'deny' : allowed ? 'allow' : 'none', reason };
    cache.set(key, decision, allowed ? allowedMs : refusedMs);
    return decision;
  };
}

function resourceAttributes(a: Attributes): Record<string, unknown> {
  const out: Record<string, unknown> = { verb: a.verb, resource: a.resource };
  if (a.namespace) out['namespace'] = a.namespace;
  if (a.group) out['group'] = a.group;
  if (a.version) out['version'] = a.version;
  if (a.subresource) out['subresource'] = a.subresource;
  if (a.name) out['name'] = a.name;
  if (a.selectors?.fields.length) out['fieldSelector'] = { requirements: a.selectors.fields };
  if (a.selectors?.labels.length) out['labelSelector'] = { requirements: a.selectors.labels };
  return out;
}

export interface DelegatedOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** PEM bundle of who may vouch for clients; read anew each time, so it may change. */
  readonly clientAuthority?: () => string;
  readonly requestHeader?: { readonly authority: () => string } & Omit<RequestHeaderOptions, 'certificates'>;
  readonly audiences?: readonly string[];
  /** Default true: who shows nothing is system:anonymous; authorization then decides. */
  readonly anonymous?: boolean;
}

/** The usual order: front proxy, client certificate, token, anonymous. Throws 401 when nothing fits. */
export function delegatedAuthenticator(options: DelegatedOptions): (request: ServingRequest) => Promise<User> {
  const chain: Authenticator[] = [];
  if (options.requestHeader) {
    const { authority, ...rest } = options.requestHeader;
    chain.push(requestHeaderAuthenticator({ ...rest, certificates: new ClientCertificates(authority, options.clock) }));
  }
  if (options.clientAuthority) chain.push(x509Authenticator(new ClientCertificates(options.clientAuthority, options.clock)));
  chain.push(tokenReviewAuthenticator(options));
  const authenticate = firstOf(chain);
  return async (request) => {
    const user = await authenticate(request);
    if (user) return authenticated(user);
    if (options.anonymous === false || request.headers.authorization !== undefined) throw StatusError.unauthorized();
    return anonymous;
  };
}

/** Throws Forbidden, in upstream's words, unless the authorizer allows. */
export async function demand(authorize: Authorizer, attributes: Attributes): Promise<void> {
  const { decision, reason } = await authorize(attributes);
  if (decision === 'allow') return;
  throw forbidden(attributes, reason);
}

export function forbidden(a: Attributes, reason: string): StatusError {
  const tail = reason ? `: ${reason}` : '';
  if (!a.isResource) {
    return StatusError.forbidden({ group: '', resource: '' }, '', `User ${JSON.stringify(a.user.name)} cannot ${a.verb} path ${JSON.stringify(a.path)}${tail}`);
  }
  const resource = a.subresource ? `${a.resource}/${a.subresource}` : a.resource;
  const where = a.namespace ? `in the namespace ${JSON.stringify(a.namespace)}` : 'at the cluster scope';
  const why = `User ${JSON.stringify(a.user.name)} cannot ${a.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(a.group)} ${where}${tail}`;
  return StatusError.forbidden({ group: a.group, resource: a.resource }, a.name, why);
}
