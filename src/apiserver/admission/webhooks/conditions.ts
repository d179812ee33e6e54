/** Match conditions: expressions that all have to hold before a webhook is asked or a policy is looked at. */
import { compilerOf, type Compiled } from '../../../api/admissionregistration/expressions.ts';
import type { JsonObject } from '../../../machinery/json.ts';
import { matchConditionsCostBudget } from '../../../machinery/cel/limits.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { Authorizer } from '../../../serving/identity.ts';
import type { AdmissionRequest } from '../chain.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import { OutOfBudget, Rights, run, type Inputs } from '../expressions.ts';
import type { Webhook } from './hooks.ts';

type Condition = NonNullable<Webhook['matchConditions']>[number];

/** True when all hold, false when one does not, and why it cannot be said. */
export async function conditionsHold(conditions: readonly Compiled[], inputs: Inputs, variables?: ReadonlyMap<string, Compiled>): Promise<boolean | string> {
  try {
    const { results } = await inputs.rights.settle(() => run(conditions, inputs, matchConditionsCostBudget, variables));
    const errors: string[] = [];
    for (const result of results) {
      if ('value' in result! && result.value === false) return false;
      if ('error' in result!) errors.push(result.error);
    }
    return errors.length === 0 ? true : errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`;
  } catch (error) {
    if (error instanceof OutOfBudget) return error.message;
    throw error;
  }
}

/** Compiled once for each webhook; keyed by the condition, which never changes. */
export class Conditions {
  readonly #programs = new WeakMap<Condition, Compiled>();
  readonly #authorize: Authorizer;
  readonly #metrics: AdmissionMetrics;

  constructor(authorize: Authorizer, metrics: AdmissionMetrics) {
    this.#authorize = authorize;
    this.#metrics = metrics;
  }

  /** `review`: as the webhook would be sent it. Throws when they cannot be judged and the webhook is one that must be asked. */
  async hold(webhook: Webhook, mutating: boolean, request: AdmissionRequest, review: JsonObject): Promise<boolean> {
    const { object = null, oldObject = null, uid: _uid, ...rest } = review['request'] as JsonObject;
    const compiled = (webhook.matchConditions ?? []).map((condition) => this.#program(condition));
    const since = this.#metrics.now();
    const found = await conditionsHold(compiled, { object, oldObject, request: rest, rights: new Rights(this.#authorize, request.user) });
    this.#metrics.conditions({ name: webhook.name, kind: 'webhook', type: mutating ? 'admit' : 'validate' }, request.operation, typeof found === 'boolean' ? found : 'error', since);
    if (typeof found === 'boolean') return found;
    if (webhook.failurePolicy === 'Ignore') return false;
    throw StatusError.forbidden({ group: request.group, resource: request.resource }, request.name, found);
  }

  #program(condition: Condition): Compiled {
    let compiled = this.#programs.get(condition);
    if (!compiled) {
      const since = this.#metrics.now();
      this.#programs.set(condition, (compiled = compilerOf({ params: false }).compile(condition.expression, 'condition')));
      this.#metrics.cel('compilation', since);
    }
    return compiled;
  }
}
