/** Acting as somebody else: each part of the borrowed identity must be allowed by itself. */
import { demand } from '../../serving/delegated.ts';
import { authenticatedGroup, type Attributes, type Authorizer, type User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendText } from '../../serving/respond.ts';

const unauthenticatedGroup = 'system:unauthenticated';
const authenticationGroup = 'authentication.k8s.io';
const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';

/** The namespace and name in a service account's user name. */
export function splitServiceAccount(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...rest] = user.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

/** True when some header says that the requester acts as somebody else. */
export function impersonates({ headers }: ServingRequest): boolean {
  for (const name in headers) if (name.startsWith('impersonate-') && (name === 'impersonate-user' || name === 'impersonate-group' || name === 'impersonate-uid' || name.startsWith(extraPrefix))) return true;
  return false;
}

/** Undefined: the request is answered, because it names nobody. */
export async function impersonated(request: ServingRequest, requester: User, authorize: Authorizer): Promise<User | undefined> {
  const [name] = request.headerValues('impersonate-user');
  const groups = request.headerValues('impersonate-group');
  const [uid] = request.headerValues('impersonate-uid');
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(request.headers)) {
    if (header.startsWith(extraPrefix)) extra[unescaped(header.slice(extraPrefix.length))] = request.headerValues(header);
  }
  if (!name) {
    if (groups.length > 0 || uid || Object.keys(extra).length > 0) {
      sendText(request, 500, `Internal Server Error: ${JSON.stringify(request.path)}: requested [${described(groups, extra, uid).join(' ')}] without impersonating a user\n`);
      return undefined;
    }
    return requester;
  }
  const ask = (attributes: Partial<Attributes>): Promise<void> =>
    demand(authorize, { user: requester, verb: 'impersonate', isResource: true, group: '', version: 'v1', resource: '', subresource: '', namespace: '', name: '', path: request.path, ...attributes });

  const account = splitServiceAccount(name);
  if (account) await ask({ resource: 'serviceaccounts', namespace: account.namespace, name: account.name });
  else await ask({ resource: 'users', name });
  for (const group of groups) await ask({ resource: 'groups', name: group });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) await ask({ group: authenticationGroup, resource: 'userextras', subresource: key, name: value });
  }
  if (uid) await ask({ group: authenticationGroup, resource: 'uids', name: uid });
  return { name, ...(uid ? { uid } : {}), groups: withImplied(name, groups, account), ...(Object.keys(extra).length > 0 ? { extra } : {}) };
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** As upstream prints references to objects. */
function described(groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>, uid: string | undefined): string[] {
  return [
    ...groups.map((group) => `{Group  ${group}    }`),
    ...Object.entries(extra).flatMap(([key, values]) => values.map((value) => `{UserExtra  ${value}  ${authenticationGroup}/v1  ${key}}`)),
    ...(uid ? [`{UID  ${uid}  ${authenticationGroup}/v1  }`] : []),
  ];
}

function withImplied(name: string, groups: readonly string[], account: { namespace: string } | undefined): string[] {
  const all = [...groups];
  if (account && groups.length === 0) all.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`);
  if (name === 'system:anonymous') return all.includes(unauthenticatedGroup) ? all : [...all, unauthenticatedGroup];
  return all.includes(authenticatedGroup) || all.includes(unauthenticatedGroup) ? all : [...all, authenticatedGroup];
}
