/** Who asks, what for, and the two questions that every API-serving process puts: who are you, may you. */
import type { ServingRequest } from './request.ts';

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The user, `undefined` when this way of authenticating has nothing to say; throws StatusError 401 for bad credentials. */
export type Authenticator = (request: ServingRequest) => Promise<User | undefined> | User | undefined;

export interface Attributes {
  readonly user: User;
  readonly verb: string;
  /** Set for requests to resources; then the fields up to `name` count, else `path`. */
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  /** What a list, watch or deletecollection narrows itself to. */
  readonly selectors?: Selectors;
}

/** As reviews write it; several are AND-ed. */
export interface SelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** What cannot be read of a selector is left out: the request is then judged as one for more. */
export interface Selectors {
  readonly fields: readonly SelectorRequirement[];
  readonly labels: readonly SelectorRequirement[];
}

export interface Decision {
  /** `none`: no opinion, ask the next one; refused when nobody allows. */
  readonly decision: 'allow' | 'deny' | 'none';
  readonly reason: string;
}

export type Authorizer = (attributes: Attributes) => Promise<Decision> | Decision;

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
export const authenticatedGroup = 'system:authenticated';
export const mastersGroup = 'system:masters';

/** The user as one who has proved an identity. */
export function authenticated(user: User): User {
  return user.groups.includes(authenticatedGroup) ? user : { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** The first authenticator with an answer decides. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return async (request) => {
    for (const authenticate of authenticators) {
      const user = await authenticate(request);
      if (user) return user;
    }
    return undefined;
  };
}

/** The first authorizer with an opinion decides; the reasons of those without one are kept. */
export function union(authorizers: readonly Authorizer[]): Authorizer {
  return async (attributes) => {
    const reasons: string[] = [];
    for (const authorize of authorizers) {
      const decision = await authorize(attributes);
      if (decision.decision !== 'none') return decision;
      if (decision.reason) reasons.push(decision.reason);
    }
    return { decision: 'none', reason: reasons.join('\n') };
  };
}

export const allowMasters: Authorizer = ({ user }) =>
  user.groups.includes(mastersGroup) ? { decision: 'allow', reason: '' } : { decision: 'none', reason: '' };

export const alwaysAllow: Authorizer = () => ({ decision: 'allow', reason: '' });

/** Lets everybody reach these paths; a trailing `*` stands for any rest. */
export function allowPaths(paths: readonly string[]): Authorizer {
  const exact = new Set(paths.filter((p) => !p.endsWith('*')));
  const prefixes = paths.filter((p) => p.endsWith('*')).map((p) => p.slice(0, -1));
  return (a) =>
    !a.isResource && (exact.has(a.path) || prefixes.some((p) => a.path.startsWith(p)))
      ? { decision: 'allow', reason: '' }
      : { decision: 'none', reason: '' };
}
