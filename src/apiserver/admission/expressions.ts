/** Runs the expressions of webhooks and policies over one request. They have a budget together; whom they ask about rights is asked once each. */
import type { Compiled } from '../../api/admissionregistration/expressions.ts';
import { evaluate, type Binding } from '../../machinery/cel/cel.ts';
import { authorizerValue, requestResourceValue, type AuthorizationAnswer, type AuthorizationQuestion } from '../../machinery/cel/library/authorizer.ts';
import type { ObjectType } from '../../machinery/cel/types.ts';
import { CelError, CelMap, type CelValue, type MapKey } from '../../machinery/cel/values.ts';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import type { Authorizer, User } from '../../serving/identity.ts';
import { parseApiVersion, type ReadonlyObject } from '../objects.ts';
import type { AdmissionRequest } from './chain.ts';
import type { Place } from './matching.ts';

/** What expressions see of a request. */
export interface Inputs {
  readonly object: JsonValue;
  readonly oldObject: JsonValue;
  /** Of the review that a webhook would get, without the objects. */
  readonly request: JsonObject;
  readonly namespaceObject?: ReadonlyObject | undefined;
  readonly params?: JsonValue;
  readonly rights: Rights;
}

export type Result = { readonly value: CelValue } | { readonly error: string };

export const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** The budget is gone: nothing that was found counts any more. */
export class OutOfBudget extends Error {
  constructor() {
    super(outOfBudget);
  }
}

/** Results in the order of the expressions; none for places without one. Throws OutOfBudget. */
export function run(expressions: readonly (Compiled | undefined)[], inputs: Inputs, budget: number, variables: ReadonlyMap<string, Compiled> = new Map()): { readonly results: (Result | undefined)[]; readonly left: number } {
  let left = budget;
  let composed = 0;
  const bindings = bindingsOf(inputs);
  if (variables.size > 0) bindings['variables'] = { value: composition(variables, bindings, (cost) => (composed += cost)) };
  const results = expressions.map((compiled): Result | undefined => {
    if (!compiled) return undefined;
    if (!compiled.program) return { error: `compilation error: ${compiled.error}` };
    composed = 0;
    const { value, cost } = evaluate(compiled.program, bindings);
    left -= composed + cost;
    if (left < 0) throw new OutOfBudget();
    return value instanceof CelError ? { error: `expression '${compiled.source}' resulted in error: ${value.message}` } : { value };
  });
  return { results, left };
}

function bindingsOf(inputs: Inputs): Record<string, Binding> {
  const { rights, request, namespaceObject } = inputs;
  const { group, resource } = request['resource'] as { group: string; resource: string };
  return {
    object: { json: inputs.object }, oldObject: { json: inputs.oldObject }, request: { json: request }, params: { json: inputs.params ?? null },
    namespaceObject: { json: namespaceObject ?? null },
    authorizer: { value: authorizerValue(rights.ask) },
    'authorizer.requestResource': {
      value: requestResourceValue(rights.ask, {
        group, resource, subresource: (request['subResource'] as string | undefined) ?? '', namespace: (request['namespace'] as string | undefined) ?? '', name: (request['name'] as string | undefined) ?? '',
      }),
    },
  };
}

/** Variables are worked out when they are first used, once for each run. */
function composition(variables: ReadonlyMap<string, Compiled>, bindings: Readonly<Record<string, Binding>>, report: (cost: number) => void): CelMap {
  const made = new Map<MapKey, CelValue>();
  const find = (key: MapKey): CelValue | undefined => {
    const compiled = typeof key === 'string' ? variables.get(key) : undefined;
    let value = made.get(key);
    if (!compiled || value !== undefined) return value;
    if (!compiled.program) value = new CelError(`composited variable ${JSON.stringify(key)} fails to compile: ${compiled.error}`);
    else {
      const found = evaluate(compiled.program, bindings);
      report(found.cost);
      value = found.value instanceof CelError ? new CelError(`composited variable ${JSON.stringify(key)} fails to evaluate: ${found.value.message}`) : found.value;
    }
    made.set(key, value);
    return value;
  };
  const type: ObjectType = { kind: 'object', name: 'kubernetes.variables', fields: new Map() };
  return new CelMap({ size: variables.size, get: find, has: (key) => typeof key === 'string' && variables.has(key), keys: () => [...variables.keys()] }, type);
}

class Unanswered extends Error {
  readonly question: AuthorizationQuestion;

  constructor(question: AuthorizationQuestion) {
    super('not answered yet');
    this.question = question;
  }
}

/** Answers about rights. An evaluation cannot wait: it is given up where it asks something new, and done again with the answer. */
export class Rights {
  readonly #authorize: Authorizer;
  readonly #user: User;
  readonly #answers = new Map<string, AuthorizationAnswer>();

  constructor(authorize: Authorizer, user: User) {
    this.#authorize = authorize;
    this.#user = user;
  }

  readonly ask = (question: AuthorizationQuestion): AuthorizationAnswer => {
    const answer = this.#answers.get(JSON.stringify(question));
    if (!answer) throw new Unanswered(question);
    return answer;
  };

  /** `work` may run several times, and must do nothing else than find its result. */
  async settle<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.#answers.set(JSON.stringify(error.question), await this.#answer(error.question));
      }
    }
  }

  async #answer(question: AuthorizationQuestion): Promise<AuthorizationAnswer> {
    const { serviceAccount: account, verb, path } = question;
    const user = account ? accountUser(account) : this.#user;
    try {
      const { decision, reason } = await this.#authorize({
        user, verb, isResource: path === undefined, path: path ?? '', version: '*',
        group: question.group ?? '', resource: question.resource ?? '', subresource: question.subresource ?? '', namespace: question.namespace ?? '', name: question.name ?? '',
      });
      return { allowed: decision === 'allow', reason };
    } catch (error) {
      return { allowed: false, error: (error as Error).message };
    }
  }
}

function accountUser({ namespace, name }: { readonly namespace: string; readonly name: string }): User {
  return { name: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] };
}

/** The request as reviews and expressions describe it. `asked`: as the client put it; `place`: as whoever reads this sees it. */
export function describe(request: AdmissionRequest, asked: Place, place: Place): JsonObject {
  const { operation, subresource, user } = request;
  const kindOf = ({ view }: Place): JsonObject => ({ ...parseApiVersion(view.apiVersion), kind: view.kind });
  const resourceOf = ({ group, version, resource }: Place): JsonObject => ({ group, version, resource });
  const namespace = request.namespace || (request.group === '' && request.resource === 'namespaces' ? request.name : '');
  return {
    kind: kindOf(place), resource: resourceOf(place), ...(subresource ? { subResource: subresource } : {}),
    requestKind: kindOf(asked), requestResource: resourceOf(asked), ...(subresource ? { requestSubResource: subresource } : {}),
    ...(request.name ? { name: request.name } : {}), ...(namespace ? { namespace } : {}), operation,
    userInfo: {
      username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: [...user.groups],
      ...(user.extra ? { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) } : {}),
    },
    dryRun: request.dryRun, options: optionsOf(request),
  };
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: '' } as const;

function optionsOf({ operation, dryRun, options }: AdmissionRequest): JsonValue {
  const kind = optionKinds[operation];
  return kind ? { kind, apiVersion: 'meta.k8s.io/v1', ...options, ...(dryRun ? { dryRun: ['All'] } : {}) } : null;
}

