/** Acting as somebody else: each part of the borrowed identity must be allowed by itself. */
import { StatusError } from '../../machinery/status.ts';
import { demand } from '../../serving/delegated.ts';
import { authenticatedGroup, type Attributes, type Authorizer, type User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';

/** The namespace and name in a service account's user name. */
export function splitServiceAccount(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...rest] = user.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

export async function impersonated(request: ServingRequest, requester: User, authorize: Authorizer): Promise<User> {
  const [name] = request.headerValues('impersonate-user');
  const groups = request.headerValues('impersonate-group');
  const [uid] = request.headerValues('impersonate-uid');
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(request.headers)) {
    if (header.startsWith(extraPrefix)) extra[decodeURIComponent(header.slice(extraPrefix.length))] = request.headerValues(header);
  }
  if (!name) throw StatusError.badRequest(`requested ${JSON.stringify([...groups.map((g) => ({ kind: 'Group', name: g }))])} without impersonating a user name`);
  const ask = (attributes: Partial<Attributes>): Promise<void> =>
    demand(authorize, { user: requester, verb: 'impersonate', isResource: true, group: '', version: 'v1', resource: '', subresource: '', namespace: '', name: '', path: request.path, ...attributes });

  const account = splitServiceAccount(name);
  if (account) await ask({ resource: 'serviceaccounts', namespace: account.namespace, name: account.name });
  else await ask({ resource: 'users', name });
  for (const group of groups) await ask({ resource: 'groups', name: group });
  if (uid) await ask({ group: 'authentication.k8s.io', resource: 'uids', name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) await ask({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value });
  }
  return { name, ...(uid ? { uid } : {}), groups: withImplied(name, groups, account), ...(Object.keys(extra).length > 0 ? { extra } : {}) };
}

function withImplied(name: string, groups: readonly string[], account: { namespace: string } | undefined): string[] {
  const all = [...groups];
  if (account && groups.length === 0) all.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`);
  const implied = name === 'system:anonymous' ? 'system:unauthenticated' : authenticatedGroup;
  if (!all.includes(implied)) all.push(implied);
  return all;
}
