/** Policies with the bindings that put them to use, read once for each version of either. */
import type { MatchResources, ParamKind, ParamRef } from '../../../api/admissionregistration/v1/types.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import { selectorOf, type Criteria } from '../matching.ts';

export interface PolicyBinding {
  readonly name: string;
  /** Absent: whatever the policy is for. */
  readonly match: Criteria | undefined;
  readonly paramRef: DeepReadonly<ParamRef> | undefined;
  /** Deny, Warn, Audit; none for a binding of a mutating policy. */
  readonly actions: readonly string[];
}

export interface Policy<E> {
  readonly name: string;
  readonly match: Criteria;
  readonly paramKind: DeepReadonly<ParamKind> | undefined;
  /** Failures are passed over. */
  readonly lenient: boolean;
  readonly evaluator: E;
}

export interface Hook<E> {
  readonly policy: Policy<E>;
  readonly bindings: readonly PolicyBinding[];
}

type Spec = { readonly matchConstraints?: DeepReadonly<MatchResources>; readonly paramKind?: DeepReadonly<ParamKind>; readonly failurePolicy?: string };
type BindingSpec = { readonly policyName?: string; readonly paramRef?: DeepReadonly<ParamRef>; readonly matchResources?: DeepReadonly<MatchResources>; readonly validationActions?: readonly string[] };

function criteriaOf(match: DeepReadonly<MatchResources>): Criteria {
  return {
    rules: match.resourceRules?.length ? match.resourceRules : undefined, excluded: match.excludeResourceRules ?? [], exact: match.matchPolicy === 'Exact',
    namespaces: selectorOf(match.namespaceSelector), objects: selectorOf(match.objectSelector),
  };
}

export class PolicySource<E> {
  readonly #policies: Storage;
  readonly #bindings: Storage;
  readonly #compile: (policy: ReadonlyObject) => E;
  readonly #read = new WeakMap<ReadonlyObject, Policy<E>>();
  readonly #readBindings = new WeakMap<ReadonlyObject, PolicyBinding>();

  /** `compile` runs when a policy is first needed, and again when it was changed. */
  constructor(policies: Storage, bindings: Storage, compile: (policy: ReadonlyObject) => E) {
    this.#policies = policies;
    this.#bindings = bindings;
    this.#compile = compile;
  }

  /** True when there is surely nothing that a request could be held against. */
  get none(): boolean {
    const { cacher } = this.#bindings;
    return cacher.ready && cacher.count === 0;
  }

  /** By name of policy, bindings by theirs. Policies without a binding do nothing. */
  async hooks(): Promise<readonly Hook<E>[]> {
    const bindings = new Map<string, PolicyBinding[]>();
    for (const { object } of (await this.#bindings.cacher.list({ notOlderThan: 0 })).items) {
      const { policyName = '' } = object['spec'] as BindingSpec;
      const list = bindings.get(policyName);
      if (list) list.push(this.#binding(object));
      else bindings.set(policyName, [this.#binding(object)]);
    }
    return (await this.#policies.cacher.list({ notOlderThan: 0 })).items.flatMap(({ object }) => {
      const bound = bindings.get(object.metadata.name!);
      return bound ? [{ policy: this.#policy(object), bindings: bound }] : [];
    });
  }

  #binding(object: ReadonlyObject): PolicyBinding {
    let binding = this.#readBindings.get(object);
    if (!binding) {
      const { paramRef, matchResources, validationActions = [] } = object['spec'] as BindingSpec;
      binding = { name: object.metadata.name!, match: matchResources && criteriaOf(matchResources), paramRef, actions: validationActions };
      this.#readBindings.set(object, binding);
    }
    return binding;
  }

  #policy(object: ReadonlyObject): Policy<E> {
    let policy = this.#read.get(object);
    if (!policy) {
      const { matchConstraints = {}, paramKind, failurePolicy } = object['spec'] as Spec;
      policy = { name: object.metadata.name!, match: criteriaOf(matchConstraints), paramKind, lenient: failurePolicy === 'Ignore', evaluator: this.#compile(object) };
      this.#read.set(object, policy);
    }
    return policy;
  }
}
