/** MutatingAdmissionPolicy: changes objects by expressions, one policy after the other. */
import { isDeepStrictEqual } from 'node:util';
import type { MutatingAdmissionPolicySpec } from '../../../api/admissionregistration/v1beta1/types.ts';
import { compilerOf, type Compiled } from '../../../api/admissionregistration/expressions.ts';
import { runtimeCostBudget } from '../../../machinery/cel/limits.ts';
import { thaw, type DeepReadonly } from '../../../machinery/json.ts';
import { StatusError, type StatusReason } from '../../../machinery/status.ts';
import type { ApiObject, ReadonlyObject } from '../../objects.ts';
import type { Schema } from '../../registry/engines.ts';
import type { Storage } from '../../registry/storage.ts';
import { become, nameOf, type AdmissionPlugin, type AdmissionRequest } from '../chain.ts';
import { OutOfBudget, Rights, run, type Inputs } from '../expressions.ts';
import { isExempt, seen } from '../matching.ts';
import { turnOf } from '../reinvocation.ts';
import { conditionsHold } from '../webhooks/conditions.ts';
import type { PolicyMetrics } from './metrics.ts';
import { applyBuilt, applyOperations, MutationError } from './patches.ts';
import { inputsOf, invocations, namespaceOf, requestPlaces, withParams, type Invocation, type PolicyOptions } from './relevant.ts';
import { PolicySource } from './source.ts';
import { errorType, timedCompile } from './validating.ts';

interface Evaluator {
  readonly variables: ReadonlyMap<string, Compiled>;
  readonly conditions: readonly Compiled[];
  readonly mutations: readonly { readonly apply: boolean; readonly compiled: Compiled }[];
  /** Wants to see what others change later. */
  readonly again: boolean;
}

function evaluatorOf(policy: ReadonlyObject): Evaluator {
  const spec = policy['spec'] as DeepReadonly<MutatingAdmissionPolicySpec>;
  const compiler = compilerOf({ params: spec.paramKind !== undefined, composed: true });
  const variables = new Map((spec.variables ?? []).map(({ name, expression }) => [name, compiler.declare(name, expression)] as const));
  return {
    variables,
    conditions: (spec.matchConditions ?? []).map(({ expression }) => compiler.compile(expression, 'condition')),
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => {
      const apply = patchType === 'ApplyConfiguration';
      return { apply, compiled: compiler.compile((apply ? applyConfiguration : jsonPatch)?.expression ?? '', apply ? 'applyConfiguration' : 'jsonPatch') };
    }),
    again: spec.reinvocationPolicy === 'IfNeeded',
  };
}

export interface MutatingOptions extends PolicyOptions {
  readonly registry: Schema;
  readonly metrics: PolicyMetrics;
}

interface Complaint {
  readonly message: string;
  readonly reason: StatusReason;
}

export function mutatingPolicies(options: MutatingOptions, policies: Storage, bindings: Storage): AdmissionPlugin {
  const source = new PolicySource(policies, bindings, timedCompile(options.timing, evaluatorOf));
  const change = async (request: AdmissionRequest): Promise<void> => {
    const places = requestPlaces(options, request);
    const rights = new Rights(options.authorize, request.user);
    const turn = turnOf('MutatingAdmissionPolicy', request);
    const complaints: Complaint[] = [];
    const complain = ({ policy, binding }: Invocation<Evaluator>, why: string, reason: StatusReason): void => {
      if (policy.lenient) return;
      const message = binding ? `policy '${policy.name}' with binding '${binding.name}' denied request: ${why}` : `policy ${JSON.stringify(policy.name)} denied request: ${why}`;
      complaints.push({ message, reason });
    };
    let patched = false;
    // All are chosen by the object as it came, whatever becomes of it on the way.
    const chosen = await all(invocations(await source.hooks(), request, places, options));
    for (const invocation of chosen) {
      const { policy, binding, place, params, error } = invocation;
      if (error !== undefined) {
        complain(invocation, error, 'Forbidden');
        continue;
      }
      for (const param of params) {
        const key = `${policy.name}/${binding!.name}/${param.key}`;
        const inputs = withParams(await inputsOf(request, places, place, rights, await namespaceOf(request, options.namespaces)), param.value);
        const began = options.timing.now();
        const hold = await conditionsHold(policy.evaluator.conditions, inputs, policy.evaluator.variables);
        if (policy.evaluator.conditions.length > 0) options.timing.conditions({ name: policy.name, kind: 'policy', type: 'admit' }, request.operation, typeof hold === 'boolean' ? hold : 'error', began);
        if (typeof hold === 'string') complain(invocation, hold, 'Invalid');
        if (hold !== true || !turn.due(key)) continue;
        const before = thaw<ApiObject | undefined>(request.object);
        for (const mutation of policy.evaluator.mutations) {
          if (!request.object) continue;
          const since = options.metrics.start();
          const why = await mutate(options, request, invocation, mutation, inputs);
          options.metrics.observe(since, policy.name, binding!.name, why === undefined ? 'no_error' : errorType(why), '');
          if (why === undefined) patched = true;
          else complain(invocation, why, 'Invalid');
        }
        if (!isDeepStrictEqual(before, request.object)) turn.changed();
        turn.asked(key, policy.evaluator.again);
      }
    }
    if (patched) turn.changed();
    turn.end();
    if (complaints.length > 0) throw refusal(request, complaints);
  };
  return {
    name: 'MutatingAdmissionPolicy',
    mutate: (request) => (request.operation === 'DELETE' || source.none || isExempt(request) ? undefined : change(request)),
  };
}

/** Why it could not be done. */
async function mutate({ registry }: MutatingOptions, request: AdmissionRequest, { place: { view }, policy }: Invocation<Evaluator>, { apply, compiled }: Evaluator['mutations'][number], given: Inputs): Promise<string | undefined> {
  const object = request.object!;
  const live = await seen(view, object);
  const inputs = { ...given, object: live };
  if (!compiled.program) return compiled.error;
  try {
    const { results: [result] } = await inputs.rights.settle(() => run([compiled], inputs, runtimeCostBudget, policy.evaluator.variables));
    if ('error' in result!) return result.error;
    const changed = (apply ? applyBuilt : applyOperations)(registry, view, live, result!.value);
    if (changed) become(object, await view.write(changed, object));
    return undefined;
  } catch (error) {
    if (error instanceof MutationError || error instanceof OutOfBudget) return error.message;
    throw error;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

function refusal(request: AdmissionRequest, complaints: readonly Complaint[]): StatusError {
  const { message, reason } = complaints[0]!;
  const { status } = StatusError.forbidden({ group: request.group, resource: request.resource }, nameOf(request), '');
  return new StatusError({ ...status, message, reason, details: { ...status.details, causes: complaints.map((c) => ({ message: c.message })) } });
}
