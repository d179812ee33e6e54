/** Rules of webhooks; those of admission policies are beside them. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, invalid, required } from '../../machinery/fieldpath.ts';
import { subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { compilerOf } from './expressions.ts';
import { checkChoice, checkMatchConditions, checkRule } from './matching.ts';
import { validateMutatingBinding, validateMutatingPolicy, validateMutatingPolicyUpdate, validateValidatingBinding, validateValidatingPolicy, validateValidatingPolicyUpdate } from './policies.ts';
import type * as T from './v1/types.ts';

type Hook = DeepReadonly<T.ValidatingWebhook & Pick<T.MutatingWebhook, 'reinvocationPolicy'>>;
type Configuration = { readonly webhooks?: readonly Hook[] };

const reviewVersions = ['v1', 'v1beta1'];

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

function checkHook(h: Hook, path: string, known: ReadonlySet<string>, out: FieldError[]): void {
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
  MutatingWebhookConfiguration: { validate: (c: Configuration) => validateWebhooks(c), validateUpdate: validateWebhooks, generation: 'all-but-metadata-and-status', columns: columns.mutatingWebhookColumns },
  ValidatingWebhookConfiguration: { validate: (c: Configuration) => validateWebhooks(c), validateUpdate: validateWebhooks, generation: 'all-but-metadata-and-status', columns: columns.validatingWebhookColumns },
  ValidatingAdmissionPolicy: { ...specAndStatus(), validate: validateValidatingPolicy, validateUpdate: validateValidatingPolicyUpdate, generation: 'spec', columns: columns.validatingPolicyColumns },
  ValidatingAdmissionPolicyBinding: { validate: validateValidatingBinding, generation: 'spec', columns: columns.validatingPolicyBindingColumns },
  MutatingAdmissionPolicy: { validate: validateMutatingPolicy, validateUpdate: validateMutatingPolicyUpdate, generation: 'spec', columns: columns.mutatingPolicyColumns },
  MutatingAdmissionPolicyBinding: { validate: validateMutatingBinding, generation: 'spec', columns: columns.mutatingPolicyBindingColumns },
};
