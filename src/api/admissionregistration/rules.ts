/** Rules of webhooks and admission policies. Their CEL expressions are judged by whoever compiles them. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { qualifiedNameComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import type * as T from './v1/types.ts';

type Hook = DeepReadonly<T.ValidatingWebhook & Pick<T.MutatingWebhook, 'reinvocationPolicy'>>;
type Rule = DeepReadonly<Pick<T.RuleWithOperations, 'apiGroups' | 'apiVersions' | 'resources' | 'operations' | 'scope'>>;

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const reviewVersions = ['v1', 'v1beta1'];

function checkChoice(value: string | undefined, choices: readonly string[], path: string, out: FieldError[]): void {
  if (value !== undefined && !choices.includes(value)) out.push(notSupported(path, value, choices));
}

function checkRule(r: Rule, path: string, out: FieldError[]): void {
  for (const key of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
    const list = r[key] ?? [];
    if (list.length === 0) out.push(required(`${path}.${key}`));
    if (list.length > 1 && list.includes('*')) out.push(invalid(`${path}.${key}`, list, "if '*' is present, must not specify other " + (key === 'operations' ? 'operations' : key === 'apiGroups' ? 'API groups' : key === 'apiVersions' ? 'API versions' : 'resources')));
  }
  for (const [i, o] of (r.operations ?? []).entries()) if (!operations.includes(o)) out.push(notSupported(`${path}.operations[${i}]`, o, operations));
  for (const [i, v] of (r.apiVersions ?? []).entries()) if (v === '') out.push(required(`${path}.apiVersions[${i}]`));
  checkChoice(r.scope, ['*', 'Cluster', 'Namespaced'], `${path}.scope`, out);
}

function checkClient(c: DeepReadonly<T.WebhookClientConfig>, path: string, out: FieldError[]): void {
  if ((c.url === undefined) === (c.service === undefined)) return void out.push(required(path, 'exactly one of url or service is required'));
  if (c.url !== undefined) {
    const url = URL.parse(c.url);
    if (!url) out.push(invalid(`${path}.url`, c.url, 'url must be a valid URL'));
    else if (url.protocol !== 'https:') out.push(invalid(`${path}.url`, url.protocol.slice(0, -1), "'https' is the only allowed URL scheme; desired format: https://host[/path]"));
    return;
  }
  if (!c.service!.name) out.push(required(`${path}.service.name`, 'service name is required'));
  if (!c.service!.namespace) out.push(required(`${path}.service.namespace`, 'service namespace is required'));
  const port = c.service!.port;
  if (port !== undefined && (port < 1 || port > 65535)) out.push(invalid(`${path}.service.port`, port, `port is not valid: ${port}`));
}

function checkHook(h: Hook, path: string, out: FieldError[]): void {
  if (!h.name) out.push(required(`${path}.name`));
  else {
    const complaints = subdomainComplaints(h.name);
    if (complaints.length > 0) out.push(invalid(`${path}.name`, h.name, complaints.join(',')));
    else if (h.name.split('.').length < 3) out.push(invalid(`${path}.name`, h.name, 'should be a domain with at least three segments separated by dots'));
  }
  const versions = h.admissionReviewVersions ?? [];
  if (versions.length === 0) out.push(required(`${path}.admissionReviewVersions`, `must specify one of ${reviewVersions.join(', ')}`));
  else if (!versions.some((v) => reviewVersions.includes(v))) out.push(invalid(`${path}.admissionReviewVersions`, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  for (const [i, r] of (h.rules ?? []).entries()) checkRule(r, `${path}.rules[${i}]`, out);
  checkChoice(h.failurePolicy, ['Fail', 'Ignore'], `${path}.failurePolicy`, out);
  checkChoice(h.matchPolicy, ['Equivalent', 'Exact'], `${path}.matchPolicy`, out);
  if (h.sideEffects === undefined) out.push(required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  checkChoice(h.sideEffects, ['None', 'NoneOnDryRun'], `${path}.sideEffects`, out);
  checkChoice(h.reinvocationPolicy, ['IfNeeded', 'Never'], `${path}.reinvocationPolicy`, out);
  if (h.timeoutSeconds !== undefined && (h.timeoutSeconds > 30 || h.timeoutSeconds < 1)) out.push(invalid(`${path}.timeoutSeconds`, h.timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
  checkLabelSelector(h.namespaceSelector, `${path}.namespaceSelector`, out);
  checkLabelSelector(h.objectSelector, `${path}.objectSelector`, out);
  checkClient(h.clientConfig, `${path}.clientConfig`, out);
  checkMatchConditions(h.matchConditions, `${path}.matchConditions`, out);
}

function checkMatchConditions(list: DeepReadonly<T.MatchCondition[]> | undefined, path: string, out: FieldError[]): void {
  const names = new Set<string>();
  for (const [i, c] of (list ?? []).entries()) {
    if (!c.name) out.push(required(`${path}[${i}].name`));
    else for (const complaint of qualifiedNameComplaints(c.name)) out.push(invalid(`${path}[${i}].name`, c.name, complaint));
    if (names.has(c.name)) out.push(duplicate(`${path}[${i}].name`, c.name));
    names.add(c.name);
    if (!c.expression?.trim()) out.push(required(`${path}[${i}].expression`));
  }
}

function validateWebhooks(c: { readonly webhooks?: readonly Hook[] }): FieldError[] {
  const out: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, h] of (c.webhooks ?? []).entries()) {
    checkHook(h, `webhooks[${i}]`, out);
    if (names.has(h.name)) out.push(duplicate(`webhooks[${i}].name`, h.name));
    names.add(h.name);
  }
  return out;
}

function checkMatch(m: DeepReadonly<T.MatchResources> | undefined, path: string, out: FieldError[]): void {
  if (!m) return;
  checkLabelSelector(m.namespaceSelector, `${path}.namespaceSelector`, out);
  checkLabelSelector(m.objectSelector, `${path}.objectSelector`, out);
  checkChoice(m.matchPolicy, ['Equivalent', 'Exact'], `${path}.matchPolicy`, out);
  for (const key of ['resourceRules', 'excludeResourceRules'] as const) for (const [i, r] of (m[key] ?? []).entries()) checkRule(r, `${path}.${key}[${i}]`, out);
}

interface Policy {
  readonly spec?: DeepReadonly<T.ValidatingAdmissionPolicySpec> & { readonly mutations?: readonly unknown[] };
}

function policyRules(rulesKey: 'validations' | 'mutations'): (p: Policy) => FieldError[] {
  return (p) => {
    const out: FieldError[] = [];
    const spec = p.spec ?? {};
    checkChoice(spec.failurePolicy, ['Fail', 'Ignore'], 'spec.failurePolicy', out);
    if (!spec.matchConstraints) out.push(required('spec.matchConstraints'));
    else {
      checkMatch(spec.matchConstraints, 'spec.matchConstraints', out);
      if (!spec.matchConstraints.resourceRules?.length) out.push(required('spec.matchConstraints.resourceRules'));
    }
    checkMatchConditions(spec.matchConditions, 'spec.matchConditions', out);
    if (!spec[rulesKey]?.length && !spec.auditAnnotations?.length) {
      const words = rulesKey === 'validations' ? 'validations or auditAnnotations must be present' : 'mutations must contain at least one item';
      out.push(required(`spec.${rulesKey}`, words));
    }
    return out;
  };
}

interface Binding {
  readonly spec?: DeepReadonly<T.ValidatingAdmissionPolicyBindingSpec>;
}

function validateBinding(b: Binding, needsActions: boolean): FieldError[] {
  const out: FieldError[] = [];
  const spec = b.spec ?? {};
  if (!spec.policyName) out.push(required('spec.policyName'));
  checkMatch(spec.matchResources, 'spec.matchResouces', out);
  const actions = spec.validationActions ?? [];
  if (needsActions && actions.length === 0) out.push(required('spec.validationActions'));
  for (const [i, a] of actions.entries()) {
    if (!['Audit', 'Deny', 'Warn'].includes(a)) out.push(notSupported(`spec.validationActions[${i}]`, a, ['Audit', 'Deny', 'Warn']));
    if (actions.indexOf(a) !== i) out.push(duplicate(`spec.validationActions[${i}]`, a));
  }
  if (actions.includes('Deny') && actions.includes('Warn')) out.push(invalid('spec.validationActions', actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'));
  return out;
}

function onMain(validate: (p: Policy) => FieldError[]): (p: Policy, old: Policy, context: RuleContext) => FieldError[] {
  return (p, _old, context) => (context.subresource === 'status' ? [] : validate(p));
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  MutatingWebhookConfiguration: { validate: validateWebhooks, generation: 'all-but-metadata-and-status', columns: columns.mutatingWebhookColumns },
  ValidatingWebhookConfiguration: { validate: validateWebhooks, generation: 'all-but-metadata-and-status', columns: columns.validatingWebhookColumns },
  ValidatingAdmissionPolicy: { ...specAndStatus(), validate: policyRules('validations'), validateUpdate: onMain(policyRules('validations')), generation: 'spec', columns: columns.validatingPolicyColumns },
  ValidatingAdmissionPolicyBinding: { validate: (b: Binding) => validateBinding(b, true), generation: 'spec', columns: columns.validatingPolicyBindingColumns },
  MutatingAdmissionPolicy: { validate: policyRules('mutations'), generation: 'spec', columns: columns.mutatingPolicyColumns },
  MutatingAdmissionPolicyBinding: { validate: (b: Binding) => validateBinding(b, false), generation: 'spec', columns: columns.mutatingPolicyBindingColumns },
};
