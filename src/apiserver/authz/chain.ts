/** Who is asked whether something may be done, in which order; and what each of them can say of a user's rules. */
import type { PolicyRule } from '../../api/rbac/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { allowMasters, alwaysAllow, union, type Authorizer, type User } from '../../serving/identity.ts';
import { nodeOf } from '../admission/nodes.ts';
import type { Storage } from '../registry/storage.ts';
import { nodeAuthorizer } from './node.ts';
import type { Rbac } from './rbac.ts';

export interface UserRules {
  readonly rules: DeepReadonly<PolicyRule[]>;
  /** There may be more; `error` says why they are not known. */
  readonly incomplete?: boolean;
  readonly error?: string;
}

export interface RulingAuthorizer {
  readonly authorize: Authorizer;
  rulesOf(user: User, namespace: string): UserRules;
}

export type AuthorizationMode = 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny';
/** Those of this server by name; others are opened by whoever reads the configuration. */
export type AuthorizerChoice = AuthorizationMode | RulingAuthorizer;

/** A function is asked each time: it answers another list when the configuration has changed. */
export type AuthorizationChoice = readonly AuthorizerChoice[] | (() => readonly AuthorizerChoice[]);

const anything: PolicyRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];
const noRules: UserRules = { rules: [] };

export function authorizationChain(choice: AuthorizationChoice, rbac: Rbac, storage: (name: string) => Storage): RulingAuthorizer {
  const own: Readonly<Record<AuthorizationMode, RulingAuthorizer>> = {
    RBAC: { authorize: rbac.authorize, rulesOf: (user, namespace) => ({ rules: rbac.rulesOf(user, namespace) }) },
    Node: {
      authorize: nodeAuthorizer(storage),
      rulesOf: (user) => (nodeOf(user) === undefined ? noRules : { rules: [], incomplete: true, error: 'node authorizer does not support user rule resolution' }),
    },
    AlwaysAllow: { authorize: alwaysAllow, rulesOf: () => ({ rules: anything }) },
    AlwaysDeny: { authorize: () => ({ decision: 'none', reason: 'Everything is forbidden.' }), rulesOf: () => noRules },
  };
  const made = new WeakMap<readonly AuthorizerChoice[], { readonly authorize: Authorizer; readonly all: readonly RulingAuthorizer[] }>();
  const chainOf = (list: readonly AuthorizerChoice[]) => {
    let chain = made.get(list);
    if (!chain) {
      const all = list.map((one) => (typeof one === 'string' ? own[one] : one));
      made.set(list, (chain = { all, authorize: union([allowMasters, ...all.map((one) => one.authorize)]) }));
    }
    return chain;
  };
  const present = typeof choice === 'function' ? () => chainOf(choice()) : () => fixed;
  const fixed = chainOf(typeof choice === 'function' ? [] : choice);
  return {
    authorize: typeof choice === 'function' ? (a) => present().authorize(a) : fixed.authorize,
    rulesOf: (user, namespace) => {
      const answers = present().all.map((one) => one.rulesOf(user, namespace));
      const errors = answers.flatMap(({ error }) => (error === undefined ? [] : [error]));
      return {
        rules: answers.flatMap(({ rules }) => rules), incomplete: answers.some(({ incomplete }) => incomplete === true),
        ...(errors.length > 0 ? { error: errors.join(', ') } : {}),
      };
    },
  };
}
