/** Match conditions: expressions that all have to hold before a webhook is asked. */
import type { JsonObject } from '../../../machinery/json.ts';
import { compile, evaluate, type Binding, type Program } from '../../../machinery/cel/cel.ts';
import { matchConditionsCostBudget } from '../../../machinery/cel/limits.ts';
import { bool, dyn } from '../../../machinery/cel/types.ts';
import { CelError } from '../../../machinery/cel/values.ts';
import { invalid } from '../../../machinery/fieldpath.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { KindHooks } from '../../registry/storage.ts';
import type { AdmissionRequest } from '../chain.ts';
import type { Webhook } from './hooks.ts';

type Condition = NonNullable<Webhook['matchConditions']>[number];

const webhooksOf = (object: ReadonlyObject | undefined): readonly Webhook[] => (object?.['webhooks'] ?? []) as readonly Webhook[];

const variables = { object: dyn, oldObject: dyn, request: dyn };

/** Compiled once for each webhook; keyed by the condition, which never changes. */
export class Conditions {
  readonly #programs = new WeakMap<Condition, Program | string>();

  /** `review`: as the webhook would be sent it. Throws when they cannot be judged and the webhook is one that must be asked. */
  hold(webhook: Webhook, request: AdmissionRequest, review: JsonObject): boolean {
    const { object, oldObject, ...rest } = review['request'] as JsonObject;
    const bindings: Record<string, Binding> = { object: { json: object }, oldObject: { json: oldObject }, request: { json: rest } };
    const errors: string[] = [];
    let budget = matchConditionsCostBudget;
    for (const condition of webhook.matchConditions ?? []) {
      const program = this.#program(condition);
      if (typeof program === 'string') {
        errors.push(`compilation error: ${program}`);
        continue;
      }
      const { value, cost } = evaluate(program, bindings, { costLimit: budget });
      budget -= cost;
      if (value === false) return false;
      if (value instanceof CelError) errors.push(`expression '${condition.expression}' resulted in error: ${value.message}`);
    }
    if (errors.length === 0) return true;
    if (webhook.failurePolicy === 'Ignore') return false;
    throw StatusError.forbidden({ group: request.group, resource: request.resource }, request.name, errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
  }

  /** A configuration whose expressions cannot be compiled is not taken; those that were there before may stay. */
  readonly hooks: KindHooks = {
    beforeCreate: async (object) => this.#demand(object, undefined),
    beforeUpdate: async (object, old) => this.#demand(object, old),
  };

  #demand(object: ReadonlyObject, old: ReadonlyObject | undefined): void {
    const before = new Set(webhooksOf(old).flatMap((w) => w.matchConditions ?? []).map((c) => c.expression));
    const errors = webhooksOf(object).flatMap((webhook, i) => (webhook.matchConditions ?? []).flatMap((condition, j) => {
      const program = before.has(condition.expression) || !condition.expression ? undefined : this.#program(condition);
      return typeof program === 'string' ? [invalid(`webhooks[${i}].matchConditions[${j}].expression`, condition.expression, `compilation failed: ${program}`)] : [];
    }));
    if (errors.length > 0) throw StatusError.invalid({ group: 'admissionregistration.k8s.io', kind: object.kind ?? '' }, object.metadata.name ?? '', errors);
  }

  #program(condition: Condition): Program | string {
    let program = this.#programs.get(condition);
    if (program === undefined) {
      const compiled = compile(condition.expression, { variables, result: [bool, dyn] });
      this.#programs.set(condition, (program = compiled.program ?? compiled.message));
    }
    return program;
  }
}
