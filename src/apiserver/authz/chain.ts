/** Who is asked whether something may be done, in which order; and what each of them can say of a user's rules. */
import type { PolicyRule } from '../../api/rbac/v1/types.ts';
import type { Counter, Metrics } from '../../base/metrics.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { allowMasters, alwaysAllow, union, type Authorizer, type Decision, type User } from '../../serving/identity.ts';
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
  /** As metrics call it. */
  readonly type: string;
  readonly name: string;
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

/** What decides is counted, by whom it was decided. */
function counted({ authorize, type, name }: RulingAuthorizer, decisions: Counter): Authorizer {
  const allowed = lazily(() => decisions.with(type, name, 'allowed'));
  const denied = lazily(() => decisions.with(type, name, 'denied'));
  const count = (decision: Decision): Decision => {
    if (decision.decision === 'allow') allowed();
    else if (decision.decision === 'deny') denied();
    return decision;
  };
  return (attributes) => {
    const answer = authorize(attributes);
    return answer instanceof Promise ? answer.then(count) : count(answer);
  };
}

function lazily(make: () => (by: number) => void): () => void {
  let made: ((by: number) => void) | undefined;
  return () => (made ??= make())(1);
}

export function authorizationChain(choice: AuthorizationChoice, rbac: Rbac, storage: (name: string) => Storage, metrics: Metrics): Pick<RulingAuthorizer, 'authorize' | 'rulesOf'> {
  const decisions = metrics.counter({ name: 'apiserver_authorization_decisions_total', labels: ['type', 'name', 'decision'], help: '[ALPHA] Requests that an authorizer allowed or denied for good.' });
  const own: Readonly<Record<AuthorizationMode, RulingAuthorizer>> = {
    RBAC: { type: 'RBAC', name: 'rbac', authorize: rbac.authorize, rulesOf: (user, namespace) => ({ rules: rbac.rulesOf(user, namespace) }) },
    Node: {
      type: 'Node', name: 'node',
      authorize: nodeAuthorizer(storage),
      rulesOf: (user) => (nodeOf(user) === undefined ? noRules : { rules: [], incomplete: true, error: 'node authorizer does not support user rule resolution' }),
    },
    AlwaysAllow: { type: 'AlwaysAllow', name: 'alwaysallow', authorize: alwaysAllow, rulesOf: () => ({ rules: anything }) },
    AlwaysDeny: { type: 'AlwaysDeny', name: 'alwaysdeny', authorize: () => ({ decision: 'none', reason: 'Everything is forbidden.' }), rulesOf: () => noRules },
  };
  const made = new WeakMap<readonly AuthorizerChoice[], { readonly authorize: Authorizer; readonly all: readonly RulingAuthorizer[] }>();
  const chainOf = (list: readonly AuthorizerChoice[]) => {
    let chain = made.get(list);
    if (!chain) {
      const all = list.map((one) => (typeof one === 'string' ? own[one] : one));
      made.set(list, (chain = { all, authorize: union([allowMasters, ...all.map((one) => counted(one, decisions))]) }));
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
