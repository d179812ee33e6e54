/** Rules of webhooks; those of admission policies are beside them. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, invalid, required } from '../../machinery/fieldpath.ts';
import { label1035Complaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { compilerOf } from './expressions.ts';
import { checkChoice, checkMatchConditions, checkRule } from './matching.ts';
import { validateMutatingBinding, validateMutatingPolicy, validateMutatingPolicyUpdate, validateValidatingBinding, validateValidatingPolicy, validateValidatingPolicyUpdate } from './policies.ts';
import { failurePolicies, matchPolicies } from './v1/enums.ts';
import type * as T from './v1/types.ts';

type Hook = DeepReadonly<T.ValidatingWebhook & Pick<T.MutatingWebhook, 'reinvocationPolicy'>>;
type Configuration = { readonly webhooks?: readonly Hook[] };

const reviewVersions = ['v1', 'v1beta1'];

function checkClient(c: DeepReadonly<T.WebhookClientConfig>, path: string, out: FieldError[]): void {
  if ((c.url === undefined) === (c.service === undefined)) return void out.push(required(path, 'exactly one of url or service is required'));
  if (c.url !== undefined) {
    const [, scheme = '', host = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?/.exec(c.url)!;
    if (scheme !== 'https') out.push(invalid(`${path}.url`, scheme, "'https' is the only allowed URL scheme; desired format: https://host[/path]"));
    else if (!URL.canParse(c.url)) out.push(invalid(`${path}.url`, c.url, 'url must be a valid URL'));
    if (!host) out.push(invalid(`${path}.url`, host, 'host must be specified; desired format: https://host[/path]'));
    return;
  }
  const { name, namespace, path: at, port } = c.service!;
  // Upstream mixes the two up.
  if (!namespace) out.push(required(`${path}.service.name`));
  if (!name) out.push(required(`${path}.service.namespace`));
  if (port !== undefined && (port < 1 || port > 65535)) out.push(invalid(`${path}.service.port`, port, `port is not valid: ${port}`));
  checkServicePath(at ?? '', `${path}.service.path`, out);
}

function checkServicePath(text: string, path: string, out: FieldError[]): void {
  if (text === '' || text === '/') return;
  if (text === '//') return void out.push(invalid(path, text, 'segment[0] may not be empty'));
  if (!text.startsWith('/')) out.push(invalid(path, text, "must start with a '/'"));
  // Upstream passes over the first character, whatever it is.
  for (const [i, step] of text.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (step === '') out.push(invalid(path, text, `segment[${i}] may not be empty`));
    else for (const c of subdomainComplaints(step)) out.push(invalid(path, text, `segment[${i}]: ${c}`));
  }
}

function checkReviewVersions(versions: readonly string[], path: string, out: FieldError[]): void {
  if (versions.length === 0) return void out.push(required(path, `must specify one of ${reviewVersions.join(', ')}`));
  for (const [i, v] of versions.entries()) {
    if (versions.indexOf(v) < i) out.push(invalid(`${path}[${i}]`, v, 'duplicate version'));
    else for (const c of label1035Complaints(v)) out.push(invalid(`${path}[${i}]`, v, c));
  }
  if (!versions.some((v) => reviewVersions.includes(v))) out.push(invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
}

function checkHook(h: Hook, path: string, known: ReadonlySet<string>, out: FieldError[]): void {
  if (!h.name) out.push(required(`${path}.name`));
  else {
    const complaints = subdomainComplaints(h.name);
    if (complaints.length > 0) out.push(invalid(`${path}.name`, h.name, complaints.join(',')));
    else if (h.name.split('.').length < 3) out.push(invalid(`${path}.name`, h.name, 'should be a domain with at least three segments separated by dots'));
  }
  checkReviewVersions(h.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`, out);
  for (const [i, r] of (h.rules ?? []).entries()) checkRule(r, `${path}.rules[${i}]`, out);
  checkChoice(h.failurePolicy, failurePolicies, `${path}.failurePolicy`, out);
  checkChoice(h.matchPolicy, matchPolicies, `${path}.matchPolicy`, out);
  if (h.sideEffects === undefined || h.sideEffects === null) out.push(required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else checkChoice(h.sideEffects, ['None', 'NoneOnDryRun'], `${path}.sideEffects`, out);
  checkChoice(h.reinvocationPolicy, ['IfNeeded', 'Never'], `${path}.reinvocationPolicy`, out);
  if (h.timeoutSeconds !== undefined && (h.timeoutSeconds > 30 || h.timeoutSeconds < 1)) out.push(invalid(`${path}.timeoutSeconds`, h.timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
  checkLabelSelector(h.namespaceSelector, `${path}.namespaceSelector`, out);
  checkLabelSelector(h.objectSelector, `${path}.objectSelector`, out);
  checkClient(h.clientConfig, `${path}.clientConfig`, out);
  if (h.matchConditions?.length) checkMatchConditions(h.matchConditions, compilerOf({ params: false }), `${path}.matchConditions`, out, known);
}

const webhooksOf = (c: Configuration | undefined): readonly Hook[] => c?.webhooks ?? [];

function validateWebhooks(c: Configuration, old?: Configuration): FieldError[] {
  const out: FieldError[] = [];
  // Expressions that were taken once may stay, whatever has become of the language.
  const known = new Set(webhooksOf(old).flatMap((h) => h.matchConditions ?? []).map((condition) => condition.expression));
  const names = new Set<string>();
  for (const [i, h] of (c.webhooks ?? []).entries()) {
    checkHook(h, `webhooks[${i}]`, known, out);
    if (names.has(h.name)) out.push(duplicate(`webhooks[${i}].name`, h.name));
    names.add(h.name);
  }
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  MutatingWebhookConfiguration: { anyFinalizers: true, validate: (c: Configuration) => validateWebhooks(c), validateUpdate: validateWebhooks, generation: 'all-but-metadata-and-status', columns: columns.mutatingWebhookColumns },
  ValidatingWebhookConfiguration: { anyFinalizers: true, validate: (c: Configuration) => validateWebhooks(c), validateUpdate: validateWebhooks, generation: 'all-but-metadata-and-status', columns: columns.validatingWebhookColumns },
  ValidatingAdmissionPolicy: { anyFinalizers: true, ...specAndStatus(), validate: validateValidatingPolicy, validateUpdate: validateValidatingPolicyUpdate, generation: 'spec', columns: columns.validatingPolicyColumns },
  ValidatingAdmissionPolicyBinding: { anyFinalizers: true, validate: validateValidatingBinding, generation: 'spec', columns: columns.validatingPolicyBindingColumns },
  MutatingAdmissionPolicy: { anyFinalizers: true, validate: validateMutatingPolicy, validateUpdate: validateMutatingPolicyUpdate, generation: 'spec', columns: columns.mutatingPolicyColumns },
  MutatingAdmissionPolicyBinding: { anyFinalizers: true, validate: validateMutatingBinding, generation: 'spec', columns: columns.mutatingPolicyBindingColumns },
};
