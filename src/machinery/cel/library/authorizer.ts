import { nameIsLabel, nameIsSubdomain } from '../../names.ts';
import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import type { CelValue } from '../values.ts';
import { CelError, CelOpaque } from '../values.ts';

/** What an expression asks. Without a service account it asks for the user of the request. */
export interface AuthorizationQuestion {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  /** For what is no resource. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason?: string;
  /** The question could not be answered. */
  readonly error?: string;
}

/**
 * Answers at once. One who must wait throws an error of its own, which passes through the evaluation; when the answer is there, the evaluation is started
 * again: it keeps nothing and has no effects.
 */
export type Authorize = (question: AuthorizationQuestion) => AuthorizationAnswer;

type Asked = Omit<AuthorizationQuestion, 'verb'>;

class Check extends CelOpaque {
  readonly typeName: string;
  readonly authorize: Authorize;
  readonly asked: Asked;

  constructor(kind: string, authorize: Authorize, asked: Asked) {
    super();
    this.typeName = `kubernetes.authorization.${kind}`;
    this.authorize = authorize;
    this.asked = asked;
  }

  equals(other: Check): boolean {
    return this === other;
  }

  with(kind: string, more: Asked): Check {
    return new Check(kind, this.authorize, { ...this.asked, ...more });
  }
}

class Decision extends CelOpaque {
  readonly typeName = 'kubernetes.authorization.Decision';
  readonly answer: AuthorizationAnswer;

  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }

  equals(other: Decision): boolean {
    return this === other;
  }
}

/** The value of the variable `authorizer`. */
export function authorizerValue(authorize: Authorize): CelValue {
  return new Check('Authorizer', authorize, {});
}

/** The value of `authorizer.requestResource`. */
export function requestResourceValue(authorize: Authorize, resource: Asked): CelValue {
  return new Check('ResourceCheck', authorize, resource);
}

function serviceAccount(check: Check, namespace: string, name: string): CelValue {
  if (nameIsSubdomain(name, false).length > 0) return new CelError('Invalid service account name');
  if (nameIsLabel(namespace, false).length > 0) return new CelError('Invalid service account namespace');
  return check.with('Authorizer', { serviceAccount: { namespace, name } });
}

function decide(check: Check, verb: string): CelValue {
  return new Decision(check.authorize({ ...check.asked, verb }));
}

const authorization = 'kubernetes.authorization';
const resourceCheck = `${authorization}.ResourceCheck`;

function narrowing(fn: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector', id: string): Overload {
  return method(id, `${resourceCheck}.${fn}(string) ${resourceCheck}`, (check: Check, value: string) => check.with('ResourceCheck', { [fn]: value }));
}

export const authorizers: readonly Overload[] = [
  method('authorizer_path', `${authorization}.Authorizer.path(string) ${authorization}.PathCheck`, (check: Check, path: string) =>
    path.trim() === '' ? new CelError('path must not be empty') : check.with('PathCheck', { path }),
  ),
  method('authorizer_group', `${authorization}.Authorizer.group(string) ${authorization}.GroupCheck`, (check: Check, group: string) => check.with('GroupCheck', { group })),
  method('authorizer_serviceaccount', `${authorization}.Authorizer.serviceAccount(string, string) ${authorization}.Authorizer`, serviceAccount),
  method('groupcheck_resource', `${authorization}.GroupCheck.resource(string) ${resourceCheck}`, (check: Check, resource: string) =>
    resource.trim() === '' ? new CelError('resource must not be empty') : check.with('ResourceCheck', { resource }),
  ),
  narrowing('subresource', 'resourcecheck_subresource'),
  narrowing('namespace', 'resourcecheck_namespace'),
  narrowing('name', 'resourcecheck_name'),
  narrowing('fieldSelector', 'authorizer_fieldselector'),
  narrowing('labelSelector', 'authorizer_labelselector'),
  method('pathcheck_check', `${authorization}.PathCheck.check(string) ${authorization}.Decision`, decide),
  method('resourcecheck_check', `${resourceCheck}.check(string) ${authorization}.Decision`, decide),
  method('decision_errored', `${authorization}.Decision.errored() bool`, ({ answer }: Decision) => answer.error !== undefined),
  method('decision_error', `${authorization}.Decision.error() string`, ({ answer }: Decision) => answer.error ?? ''),
  method('decision_allowed', `${authorization}.Decision.allowed() bool`, ({ answer }: Decision) => answer.allowed),
  method('decision_reason', `${authorization}.Decision.reason() string`, ({ answer }: Decision) => answer.reason ?? ''),
];

/** Only where an expression writes patches. */
export const jsonPatches: readonly Overload[] = [
  define('string_jsonpatch_escapeKey_string', 'jsonpatch.escapeKey(string) string', (key: string) => key.replace(/[~/]/g, (c) => (c === '/' ? '~1' : '~0'))),
];
