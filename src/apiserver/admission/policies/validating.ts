/** ValidatingAdmissionPolicy: refuses, warns of or notes what expressions do not hold for. */
import type { ValidatingAdmissionPolicySpec } from '../../../api/admissionregistration/v1/types.ts';
import { compilerOf, type Compiled } from '../../../api/admissionregistration/expressions.ts';
import { maxMessageBytes, runtimeCostBudget } from '../../../machinery/cel/limits.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { StatusError, type StatusReason } from '../../../machinery/status.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import { nameOf, type AdmissionPlugin, type AdmissionRequest, type Operation } from '../chain.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import { OutOfBudget, Rights, run, type Inputs, type Result } from '../expressions.ts';
import { isExempt } from '../matching.ts';
import { conditionsHold } from '../webhooks/conditions.ts';
import type { PolicyMetrics } from './metrics.ts';
import { inputsOf, invocations, namespaceOf, requestPlaces, withParams, type PolicyOptions } from './relevant.ts';
import { PolicySource, type Policy, type PolicyBinding } from './source.ts';

type Validation = NonNullable<DeepReadonly<ValidatingAdmissionPolicySpec>['validations']>[number];

interface Evaluator {
  readonly variables: ReadonlyMap<string, Compiled>;
  readonly conditions: readonly Compiled[];
  readonly validations: readonly { readonly rule: Validation; readonly compiled: Compiled }[];
  readonly messages: readonly (Compiled | undefined)[];
  readonly annotations: readonly { readonly key: string; readonly compiled: Compiled }[];
}

function evaluatorOf(policy: ReadonlyObject): Evaluator {
  const spec = policy['spec'] as DeepReadonly<ValidatingAdmissionPolicySpec>;
  const compiler = compilerOf({ params: spec.paramKind !== undefined, composed: true });
  const variables = new Map((spec.variables ?? []).map(({ name, expression }) => [name, compiler.declare(name, expression)] as const));
  return {
    variables,
    conditions: (spec.matchConditions ?? []).map(({ expression }) => compiler.compile(expression, 'condition')),
    validations: (spec.validations ?? []).map((rule) => ({ rule, compiled: compiler.compile(rule.expression, 'condition') })),
    messages: (spec.validations ?? []).map(({ messageExpression }) => (messageExpression ? compiler.compile(messageExpression, 'message') : undefined)),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({ key, compiled: compiler.compile(valueExpression, 'annotation') })),
  };
}

/** Counts what making an evaluator takes, most of which is compiling its expressions. */
export function timedCompile<E>(timing: AdmissionMetrics, make: (policy: ReadonlyObject) => E): (policy: ReadonlyObject) => E {
  return (policy) => {
    const since = timing.now();
    const made = make(policy);
    timing.cel('compilation', since);
    return made;
  };
}

/** What one rule says: nothing where it holds. `failed`: it could not be judged. */
interface Finding {
  readonly index: number;
  readonly message: string;
  readonly reason: string;
  readonly failed: boolean;
}

interface Verdict {
  readonly findings: readonly Finding[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Of annotations that could not be worked out. */
  readonly errors: readonly string[];
}

const failure = (index: number, message: string): Finding => ({ index, message, reason: '', failed: true });

async function judge({ name, evaluator, lenient }: Policy<Evaluator>, inputs: Inputs, timing: AdmissionMetrics, operation: Operation): Promise<Verdict> {
  const { conditions, variables, validations, messages, annotations } = evaluator;
  const one = (message: string): Verdict => ({ findings: [failure(0, message)], annotations: [], errors: [] });
  if (conditions.length > 0) {
    const since = timing.now();
    const hold = await conditionsHold(conditions, inputs, variables);
    timing.conditions({ name, kind: 'policy', type: 'validate' }, operation, typeof hold === 'boolean' ? hold : 'error', since);
    if (hold === false) return { findings: [], annotations: [], errors: [] };
    if (hold !== true) return one(hold);
  }
  const began = timing.now();
  try {
    const judged = await inputs.rights.settle(() => run(validations.map((v) => v.compiled), inputs, runtimeCostBudget, variables));
    const worded = await words(messages, inputs, judged.left, variables);
    const findings = validations.flatMap(({ rule }, index) => {
      const result = judged.results[index]!;
      if ('error' in result) return [failure(index, result.error)];
      if (worded === undefined) return [failure(index, `failed messageExpression: ${new OutOfBudget().message}`)];
      return result.value === true ? [] : [{ index, message: messageOf(rule, worded[index]), reason: rule.reason ?? 'Invalid', failed: false }];
    });
    return { findings, ...annotationsOf(annotations, (await inputs.rights.settle(() => run(annotations.map((a) => a.compiled), inputs, runtimeCostBudget, variables))).results, lenient) };
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return one(error.message);
  } finally {
    timing.cel('evaluation', began);
  }
}

/** Undefined: they cost too much. */
async function words(messages: Evaluator['messages'], inputs: Inputs, budget: number, variables: Evaluator['variables']): Promise<readonly (Result | undefined)[] | undefined> {
  if (messages.every((m) => m === undefined)) return [];
  try {
    return (await inputs.rights.settle(() => run(messages, inputs, budget, variables))).results;
  } catch (error) {
    if (error instanceof OutOfBudget) return undefined;
    throw error;
  }
}

function messageOf(rule: Validation, worded: Result | undefined): string {
  const said = worded && 'value' in worded && typeof worded.value === 'string' ? worded.value.trim() : '';
  if (said !== '' && Buffer.byteLength(said) <= maxMessageBytes && !said.includes('\n')) return said;
  return rule.message?.trim() || `failed expression: ${rule.expression.trim()}`;
}

function annotationsOf(list: Evaluator['annotations'], results: readonly (Result | undefined)[], lenient: boolean): Pick<Verdict, 'annotations' | 'errors'> {
  const annotations: { key: string; value: string }[] = [];
  const errors: string[] = [];
  for (const [i, { key }] of list.entries()) {
    const result = results[i]!;
    if ('error' in result) {
      if (!lenient) errors.push(result.error);
    } else if (typeof result.value === 'string' && result.value.trim() !== '') annotations.push({ key, value: result.value.trim() });
  }
  return { annotations, errors };
}

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string;
}

const longestAnnotation = 10 * 1024;
const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

export function validatingPolicies(options: PolicyOptions & { readonly metrics: PolicyMetrics }, policies: Storage, bindings: Storage): AdmissionPlugin {
  const source = new PolicySource(policies, bindings, timedCompile(options.timing, evaluatorOf));
  const check = async (request: AdmissionRequest): Promise<void> => {
    const places = requestPlaces(options, request);
    const rights = new Rights(options.authorize, request.user);
    const denials: Denial[] = [];
    const notes = new Map<string, Set<string>>();
    for await (const { policy, binding, place, params, error } of invocations(await source.hooks(), request, places, options)) {
      if (error !== undefined) {
        if (!policy.lenient) denials.push({ policy: policy.name, binding: binding?.name, message: error, reason: '' });
        continue;
      }
      const inputs = await inputsOf(request, places, place, rights, await namespaceOf(request, options.namespaces));
      for (const param of params) {
        const since = options.metrics.start();
        const verdict = await judge(policy, withParams(inputs, param.value), options.timing, request.operation);
        act({ request, policy, binding: binding!, denials, metrics: options.metrics, since }, verdict);
        for (const { key, value } of verdict.annotations) remember(notes, `${policy.name}/${key}`, cut(value));
      }
    }
    for (const [key, values] of notes) request.notes?.annotate(key, [...values].join(', '));
    if (denials.length > 0) throw refusal(request, denials[0]!);
  };
  return { name: 'ValidatingAdmissionPolicy', validate: (request) => (source.none || isExempt(request) ? undefined : check(request)) };
}

function remember(notes: Map<string, Set<string>>, key: string, value: string): void {
  const values = notes.get(key);
  if (values) values.add(value);
  else notes.set(key, new Set([value]));
}

const cut = (text: string): string => (Buffer.byteLength(text) <= longestAnnotation ? text : Buffer.from(text).subarray(0, longestAnnotation).toString());

interface Context {
  readonly request: AdmissionRequest;
  readonly policy: Policy<Evaluator>;
  readonly binding: PolicyBinding;
  readonly denials: Denial[];
  readonly metrics: PolicyMetrics;
  readonly since: number;
}

function act({ request, policy, binding, denials, metrics, since }: Context, { findings, errors }: Verdict): void {
  const deny = (message: string, reason: string): void => void denials.push({ policy: policy.name, binding: binding.name, message, reason });
  for (const { index, message, reason, failed } of findings) {
    const kind = failed ? errorType(message) : 'invalid_error';
    if (failed && policy.lenient) {
      metrics.observe(since, policy.name, binding.name, kind, 'allow');
      continue;
    }
    for (const action of binding.actions) {
      if (action === 'Deny') deny(message, reason);
      else if (action === 'Warn') request.warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${message}`);
      else request.notes?.annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([{ message, policy: policy.name, binding: binding.name, expressionIndex: index, validationActions: binding.actions }]));
      metrics.observe(since, policy.name, binding.name, kind, action.toLowerCase());
    }
  }
  for (const message of errors) {
    deny(message, '');
    metrics.observe(since, policy.name, binding.name, errorType(message), 'deny');
  }
}

export function errorType(message: string): string {
  if (message.startsWith('compilation')) return 'compile_error';
  return message.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error';
}

function refusal(request: AdmissionRequest, { policy, binding, message: why, reason }: Denial): StatusError {
  const message = `ValidatingAdmissionPolicy '${policy}'${binding === undefined ? '' : ` with binding '${binding}'`} denied request: ${why}`;
  const error = StatusError.forbidden({ group: request.group, resource: request.resource }, nameOf(request), message);
  const { status } = error;
  return new StatusError({ ...status, reason: (reason || 'Invalid') as StatusReason, code: codes[reason] ?? 422, details: { ...status.details, causes: [...(status.details?.causes ?? []), { message }] } });
}
