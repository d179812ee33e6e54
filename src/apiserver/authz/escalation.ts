/** Nobody grants what they do not have, unless they may `escalate` or `bind`. */
import type { PolicyRule, RoleRef } from '../../api/rbac/v1/types.ts';
import { isDeepStrictEqual } from 'node:util';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { mastersGroup, type Authorizer } from '../../serving/identity.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { KindHooks, WriteScope } from '../registry/storage.ts';
import type { Rbac } from './rbac.ts';
import { describeRule, uncovered } from './rules.ts';

const group = 'rbac.authorization.k8s.io';

type Rules = DeepReadonly<PolicyRule[]>;

async function may(authorize: Authorizer, scope: WriteScope, verb: string, resource: string, namespace: string, name: string): Promise<boolean> {
  const { decision } = await authorize({ user: scope.user, verb, isResource: true, group, version: 'v1', resource, subresource: '', namespace, name, path: '' });
  return decision === 'allow';
}

function refuse(rbac: Rbac, scope: WriteScope, resource: string, object: ApiObject, wanted: Rules): void {
  const { namespace = '', name = '' } = object.metadata;
  const missing = uncovered(rbac.rulesOf(scope.user, namespace), wanted);
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(scope.user.name)} (groups=[${scope.user.groups.map((g) => JSON.stringify(g)).join(' ')}])`;
  throw StatusError.forbidden({ group, resource }, name, `${who} is attempting to grant RBAC permissions not currently held:\n${missing.map(describeRule).join('\n')}`);
}

const trusted = (scope: WriteScope): boolean => scope.user.groups.includes(mastersGroup);

export function roleHooks(rbac: Rbac, authorize: Authorizer, resource: 'roles' | 'clusterroles'): KindHooks {
  const check = async (object: ApiObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<void> => {
    if (trusted(scope)) return;
    if (old && isDeepStrictEqual(object['rules'], old['rules']) && isDeepStrictEqual(object['aggregationRule'], old['aggregationRule'])) return;
    const { namespace = '', name = '' } = object.metadata;
    if (await may(authorize, scope, 'escalate', resource, namespace, name)) return;
    const wanted = (object['rules'] ?? []) as Rules;
    const gathers = object['aggregationRule'] !== undefined;
    refuse(rbac, scope, resource, object, gathers ? [...wanted, { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }] : wanted);
  };
  return { beforeCreate: (object, scope) => check(object, undefined, scope), beforeUpdate: check };
}

export function bindingHooks(rbac: Rbac, authorize: Authorizer, resource: 'rolebindings' | 'clusterrolebindings'): KindHooks {
  const check = async (object: ApiObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<void> => {
    if (trusted(scope)) return;
    const ref = object['roleRef'] as RoleRef;
    if (old && isDeepStrictEqual(ref, old['roleRef']) && isDeepStrictEqual(object['subjects'], old['subjects'])) return;
    const namespace = object.metadata.namespace ?? '';
    const target = ref.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await may(authorize, scope, 'bind', target, namespace, ref.name)) return;
    const wanted = rbac.rulesOfRole(ref, namespace);
    if (!wanted) throw StatusError.notFound({ group, resource: target }, ref.name);
    refuse(rbac, scope, resource, object, wanted);
  };
  return { beforeCreate: (object, scope) => check(object, undefined, scope), beforeUpdate: check };
}
