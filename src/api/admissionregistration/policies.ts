/** Rules of admission policies and their bindings. Every expression is compiled, in the order in which later ones may use earlier ones. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, forbidden, invalid, notSupported, required, sameValue } from '../../machinery/fieldpath.ts';
import { label1035Complaints, nameIsPathSegment, qualifiedNameComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkConditions, checkLabelSelector } from '../../schema/metadata.ts';
import type { RuleContext } from '../../schema/vocabulary.ts';
import { compilerOf, type Compiler } from './expressions.ts';
import { checkChoice, checkExpression, checkMatch, checkMatchConditions, checkSource } from './matching.ts';
import { failurePolicies, missingParameterActions, patchTypes, validationActions } from './v1/enums.ts';
import type * as T from './v1/types.ts';
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from './v1beta1/types.ts';

type Validating = DeepReadonly<T.ValidatingAdmissionPolicy>;
type Mutating = DeepReadonly<MutatingAdmissionPolicy>;
/** What both kinds of policies have. */
type Spec = DeepReadonly<Pick<T.ValidatingAdmissionPolicySpec, 'paramKind' | 'matchConstraints' | 'matchConditions' | 'variables' | 'failurePolicy'>>;

const mostAnnotations = 20;
const longestAnnotationExpression = 5 * 1024;
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const mutableOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

export function validateValidatingPolicy(policy: Validating, _context?: unknown, old?: Validating): FieldError[] {
  const out: FieldError[] = [];
  const spec = policy.spec ?? {};
  const composed = (spec.variables?.length ?? 0) > 0;
  const compiler = compilerOf({ params: spec.paramKind !== undefined, composed });
  checkCommon(spec, old?.spec, compiler, out);
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    for (const key of ['validations', 'auditAnnotations']) out.push(required(`spec.${key}`, 'validations or auditAnnotations must contain at least one item'));
    return out;
  }
  for (const [i, v] of (spec.validations ?? []).entries()) checkValidation(v, compiler, `spec.validations[${i}]`, out);
  checkAnnotations(policy, compiler, out);
  return out;
}

/** The order in which upstream looks. */
function checkCommon(spec: Spec, old: Spec | undefined, compiler: Compiler, out: FieldError[], operations?: readonly string[]): void {
  if (spec.failurePolicy === undefined) out.push(required('spec.failurePolicy'));
  checkChoice(spec.failurePolicy, failurePolicies, 'spec.failurePolicy', out);
  if (spec.paramKind) checkParamKind(spec.paramKind, 'spec.paramKind', out);
  if (!spec.matchConstraints) out.push(required('spec.matchConstraints'));
  else {
    checkMatch(spec.matchConstraints, 'spec.matchConstraints', out);
    if (!spec.matchConstraints.resourceRules?.length) out.push(required('spec.matchConstraints.resourceRules'));
    if (operations) checkOperations(spec.matchConstraints, 'spec.matchConstraints', out);
  }
  if (!old || !sameValue(spec.matchConditions, old.matchConditions)) {
    checkMatchConditions(spec.matchConditions, compilerOf({ params: spec.paramKind !== undefined }), 'spec.matchConditions', out);
  }
  for (const [i, v] of (spec.variables ?? []).entries()) checkVariable(v, compiler, `spec.variables[${i}]`, out);
}

/** What is deleted cannot be changed. */
function checkOperations(match: DeepReadonly<T.MatchResources>, path: string, out: FieldError[]): void {
  for (const rule of match.resourceRules ?? []) for (const operation of rule.operations ?? []) checkChoice(operation, mutableOperations, `${path}.resourceRules.operations`, out);
}

function checkParamKind({ apiVersion, kind }: DeepReadonly<T.ParamKind>, path: string, out: FieldError[]): void {
  const at = `${path}.apiVersion`;
  if (!apiVersion) out.push(required(at));
  else {
    const parts = apiVersion.split('/');
    const [group, version] = parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!];
    if (parts.length > 2) out.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    else {
      const complaints = group === '' ? [] : subdomainComplaints(group);
      if (complaints.length > 0) out.push(invalid(at, group, complaints.join(',')));
      if (version === '') out.push(invalid(at, apiVersion, 'version must be specified'));
      else if (label1035Complaints(version).length > 0) out.push(invalid(at, version, label1035Complaints(version).join(',')));
    }
  }
  if (!kind) return void out.push(required(`${path}.kind`));
  const complaints = label1035Complaints(kind.toLowerCase());
  if (complaints.length > 0) out.push(invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${complaints.join(',')}`));
}

const reserved = new Set('true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '));

function checkVariable({ name, expression }: DeepReadonly<T.Variable>, compiler: Compiler, path: string, out: FieldError[]): void {
  if (!name?.trim()) out.push(required(`${path}.name`, 'name is not specified'));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name)) out.push(invalid(`${path}.name`, name, 'must be a valid CEL identifier'));
  if (!expression?.trim()) out.push(required(`${path}.expression`, 'expression is not specified'));
  else checkExpression(compiler.declare(name ?? '', expression), `${path}.expression`, out);
}

const lineBreak = /[\n\r]/;

function checkValidation(v: DeepReadonly<T.Validation>, compiler: Compiler, path: string, out: FieldError[]): void {
  const { expression, message, messageExpression, reason } = v;
  if (!expression?.trim()) out.push(required(`${path}.expression`, 'expression is not specified'));
  else checkSource(compiler, expression, 'condition', `${path}.expression`, out);
  if (messageExpression) {
    if (!messageExpression.trim()) out.push(invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
    else checkSource(compiler, messageExpression, 'message', `${path}.messageExpression`, out);
  }
  if (message && !message.trim()) out.push(invalid(`${path}.message`, message, 'must be non-empty if specified'));
  else if (message && lineBreak.test(message.trim())) out.push(invalid(`${path}.message`, message, 'must not contain line breaks'));
  checkChoice(reason, reasons, `${path}.reason`, out);
}

function checkAnnotations(policy: Validating, compiler: Compiler, out: FieldError[]): void {
  const path = 'spec.auditAnnotations';
  const list = policy.spec?.auditAnnotations ?? [];
  const keys = new Set<string>();
  if (list.length > mostAnnotations) out.push(invalid(path, list, `must not have more than ${mostAnnotations} auditAnnotations`));
  for (const [i, { key, valueExpression }] of list.entries()) {
    const { name } = policy.metadata;
    if (!name) out.push(invalid(`${path}[${i}].key`, key, 'requires metadata.name be non-empty'));
    else for (const complaint of qualifiedNameComplaints(`${name}/${key}`)) out.push(invalid(`${path}[${i}].key`, `${name}/${key}`, complaint));
    const trimmed = valueExpression?.trim();
    if (!trimmed) out.push(required(`${path}[${i}].valueExpression`, 'valueExpression is not specified'));
    else if (Buffer.byteLength(trimmed) > longestAnnotationExpression) out.push(required(`${path}[${i}].valueExpression`, `must not exceed ${longestAnnotationExpression} bytes in length`));
    else checkSource(compiler, trimmed, 'annotation', `${path}[${i}].valueExpression`, out);
    if (keys.has(key)) out.push(duplicate(`${path}[${i}].key`, key));
    keys.add(key);
  }
}

export function validateValidatingPolicyUpdate(policy: Validating, old: Validating, context: RuleContext): FieldError[] {
  return context.subresource === 'status' ? checkStatus(policy) : validateValidatingPolicy(policy, context, old);
}

function checkStatus({ status }: Validating): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, { fieldRef, warning }] of (status?.typeChecking?.expressionWarnings ?? []).entries()) {
    const path = `status.typeChecking.expressionWarnings[${i}]`;
    if (!warning) out.push(required(`${path}.warning`));
    if (!fieldRef?.trim()) out.push(required(`${path}.fieldRef`));
  }
  checkConditions(status?.conditions, 'status.conditions', out);
  return out;
}

export function validateMutatingPolicy(policy: Mutating, _context?: unknown, old?: Mutating): FieldError[] {
  const out: FieldError[] = [];
  const spec = policy.spec ?? {};
  const compiler = compilerOf({ params: spec.paramKind !== undefined, composed: true });
  checkCommon(spec as Spec, old?.spec as Spec | undefined, compiler, out, mutableOperations);
  if (!spec.mutations?.length) out.push(required('spec.mutations', 'mutations must contain at least one item'));
  for (const [i, m] of (spec.mutations ?? []).entries()) checkMutation(m, compiler, `spec.mutations[${i}]`, out);
  if (!spec.reinvocationPolicy) out.push(required('spec.reinvocationPolicy'));
  else checkChoice(spec.reinvocationPolicy, ['IfNeeded', 'Never'], 'spec.reinvocationPolicy', out);
  return out;
}

export function validateMutatingPolicyUpdate(policy: Mutating, old: Mutating): FieldError[] {
  return validateMutatingPolicy(policy, undefined, old);
}

const patchKinds = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;

function checkMutation(m: DeepReadonly<Mutation>, compiler: Compiler, path: string, out: FieldError[]): void {
  const { patchType } = m;
  if (!patchType) return void out.push(required(`${path}.patchType`));
  if (patchType !== 'ApplyConfiguration' && patchType !== 'JSONPatch') return void out.push(notSupported(`${path}.patchType`, patchType, patchTypes));
  const own = patchKinds[patchType];
  const other = own === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
  const patch = m[own];
  const expression = patch?.expression?.trim();
  if (!patch) out.push(required(`${path}.${own}`, `must be specified when patchType is ${patchType}`));
  else if (!expression) out.push(required(`${path}.${own}.expression`));
  else checkSource(compiler, expression, own, `${path}.${own}.expression`, out);
  if (m[other]) out.push(invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`));
}

type BindingSpec = DeepReadonly<Omit<T.ValidatingAdmissionPolicyBindingSpec, 'validationActions'>>;

function checkBinding(spec: BindingSpec, out: FieldError[]): void {
  if (!spec.policyName) out.push(required('spec.policyName'));
  else for (const complaint of subdomainComplaints(spec.policyName)) out.push(invalid('spec.policyName', spec.policyName, complaint));
  checkParamRef(spec.paramRef, 'spec.paramRef', out);
  checkMatch(spec.matchResources, 'spec.matchResources', out);
}

function checkParamRef(ref: DeepReadonly<T.ParamRef> | undefined, path: string, out: FieldError[]): void {
  if (!ref) return;
  const both = 'name and selector are mutually exclusive';
  if (ref.name) {
    for (const complaint of nameIsPathSegment(ref.name, false)) out.push(invalid(`${path}.name`, ref.name, complaint));
    if (ref.selector) out.push(forbidden(`${path}.name`, both));
  }
  if (ref.selector) {
    checkLabelSelector(ref.selector, `${path}.selector`, out);
    if (ref.name) out.push(forbidden(`${path}.selector`, both));
  }
  if (!ref.name && !ref.selector) out.push(required(path, 'one of name or selector must be specified'));
  if (!ref.parameterNotFoundAction) out.push(required(`${path}.parameterNotFoundAction`));
  else checkChoice(ref.parameterNotFoundAction, missingParameterActions, `${path}.parameterNotFoundAction`, out);
}

export function validateValidatingBinding({ spec }: DeepReadonly<T.ValidatingAdmissionPolicyBinding>): FieldError[] {
  const out: FieldError[] = [];
  checkBinding(spec, out);
  const path = 'spec.validationActions';
  const actions = spec.validationActions ?? [];
  for (const [i, action] of actions.entries()) {
    checkChoice(action, validationActions, `${path}[${i}]`, out);
    if (actions.indexOf(action) !== i) out.push(duplicate(`${path}[${i}]`, action));
  }
  if (actions.includes('Deny') && actions.includes('Warn')) out.push(invalid(path, actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'));
  if (actions.length === 0) out.push(required(path, 'at least one validation action is required'));
  return out;
}

export function validateMutatingBinding({ spec }: DeepReadonly<MutatingAdmissionPolicyBinding>): FieldError[] {
  const out: FieldError[] = [];
  checkBinding(spec as BindingSpec, out);
  if (spec.matchResources) checkOperations(spec.matchResources as DeepReadonly<T.MatchResources>, 'spec.matchResources', out);
  return out;
}
