/** Nobody grants what they do not have, unless they may `escalate` or `bind`. */
import type { ClusterRole, PolicyRule, RoleRef } from '../../api/rbac/v1/types.ts';
import { isDeepStrictEqual } from 'node:util';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { mastersGroup, type Authorizer } from '../../serving/identity.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { KindHooks, WriteScope } from '../registry/storage.ts';
import type { Rbac } from './rbac.ts';
import { compact, describeRule, uncovered } from './rules.ts';

const group = 'rbac.authorization.k8s.io';

type Rules = DeepReadonly<PolicyRule[]>;

async function may(authorize: Authorizer, scope: WriteScope, verb: string, resource: string, namespace: string, name: string): Promise<boolean> {
  const { decision } = await authorize({ user: scope.user, verb, isResource: true, group, version: '*', resource, subresource: '', namespace, name, path: '' });
  return decision === 'allow';
}

/** What of `wanted` the writer has not, as messages list it; undefined: nothing. */
function missing(rbac: Rbac, scope: WriteScope, namespace: string, wanted: Rules): string | undefined {
  const rules = uncovered(rbac.rulesOf(scope.user, namespace), wanted);
  if (rules.length === 0) return undefined;
  const lines = [...new Set(compact(rules).map(describeRule))].sort();
  return `user ${JSON.stringify(scope.user.name)} (groups=[${scope.user.groups.map((g) => JSON.stringify(g)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}`;
}

function refuse(rbac: Rbac, scope: WriteScope, resource: string, object: ApiObject, wanted: Rules): void {
  const { namespace = '', name = '' } = object.metadata;
  const why = missing(rbac, scope, namespace, wanted);
  if (why !== undefined) throw StatusError.forbidden({ group, resource }, name, why);
}

const trusted = (scope: WriteScope): boolean => scope.user.groups.includes(mastersGroup);

/** Garbage collection must be able to do its work on objects that it could not have made. */
function changesOwnersOnly(object: ReadonlyObject, old: ReadonlyObject): boolean {
  const rest = (o: ReadonlyObject): unknown => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, resourceVersion: _version, selfLink: _link, ...metadata } = o.metadata;
    return { ...o, metadata };
  };
  return isDeepStrictEqual(rest(object), rest(old));
}

const everything: Rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];

function gathers(object: ReadonlyObject | undefined): boolean {
  const rule = object?.['aggregationRule'] as ClusterRole['aggregationRule'] | undefined;
  return (rule?.clusterRoleSelectors?.length ?? 0) > 0;
}

export function roleHooks(rbac: Rbac, authorize: Authorizer, resource: 'roles' | 'clusterroles'): KindHooks {
  const check = async (object: ApiObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<void> => {
    if (trusted(scope)) return;
    const { namespace = '', name = '' } = object.metadata;
    // A request to create names nothing yet.
    if (await may(authorize, scope, 'escalate', resource, namespace, old ? name : '')) return;
    if (old && changesOwnersOnly(object, old)) return;
    refuse(rbac, scope, resource, object, (object['rules'] ?? []) as Rules);
    if ((gathers(object) || gathers(old)) && missing(rbac, scope, namespace, everything) !== undefined) {
      throw StatusError.forbidden({ group, resource }, name, 'must have cluster-admin privileges to use the aggregationRule');
    }
  };
  return { beforeCreate: (object, scope) => check(object, undefined, scope), beforeUpdate: check };
}

export function bindingHooks(rbac: Rbac, authorize: Authorizer, resource: 'rolebindings' | 'clusterrolebindings'): KindHooks {
  const check = async (object: ApiObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<void> => {
    if (trusted(scope) || (old && changesOwnersOnly(object, old))) return;
    const ref = object['roleRef'] as RoleRef;
    const namespace = object.metadata.namespace ?? '';
    const target = ref.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await may(authorize, scope, 'bind', target, namespace, ref.name)) return;
    const wanted = rbac.rulesOfRole(ref, namespace);
    if (!wanted) throw StatusError.notFound({ group, resource }, ref.name);
    refuse(rbac, scope, resource, object, wanted);
  };
  return { beforeCreate: (object, scope) => check(object, undefined, scope), beforeUpdate: check };
}
