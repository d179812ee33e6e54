/** What is wrong with an AuthorizationConfiguration, in upstream's words; and its match conditions, compiled. */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { compile, type Program } from '../../../machinery/cel/cel.ts';
import { bool, listOf, mapOf, string, type CelType } from '../../../machinery/cel/types.ts';
import { duplicate, invalid, notSupported, required, tooMany } from '../../../machinery/fieldpath.ts';
import { parseGoDuration } from '../../../machinery/goduration.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { subdomainComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type { AuthorizationConfiguration, AuthorizerConfiguration, WebhookConfiguration } from '../../files/authorization.ts';

export const authorizerTypes = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const;
export type AuthorizerType = (typeof authorizerTypes)[number];

const longestMs = 30_000;
const maxConditions = 64;

function object(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  return { kind: 'object', name, fields: new Map(Object.entries(fields).map(([key, type]) => [key, { name: key, type }])) };
}

const requirement = (name: string): CelType => object(name, { rawSelector: string, requirements: listOf(object(`${name}Requirement`, { key: string, operator: string, values: listOf(string) })) });
const request = object('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: object('kubernetes.ResourceAttributes', {
    namespace: string, verb: string, group: string, version: string, resource: string, subresource: string, name: string,
    fieldSelector: requirement('kubernetes.FieldSelectorAttributes'), labelSelector: requirement('kubernetes.LabelSelectorAttributes'),
  }),
  nonResourceAttributes: object('kubernetes.NonResourceAttributes', { path: string, verb: string }),
  user: string, groups: listOf(string), extra: mapOf(string, listOf(string)), uid: string,
});

export interface ValidatedAuthorization {
  readonly errors: readonly FieldError[];
  /** The match conditions of each authorizer, in order. */
  readonly conditions: readonly (readonly Program[])[];
}

export function validateAuthorization({ authorizers = [] }: DeepReadonly<AuthorizationConfiguration>): ValidatedAuthorization {
  const errors: FieldError[] = authorizers.length === 0 ? [required('authorizers', 'at least one authorization mode must be defined')] : [];
  const types = new Set<string>();
  const names = new Set<string>();
  const conditions = authorizers.map((one, i) => {
    const at = `authorizers[${i}]`;
    const { type = '', name = '', webhook } = one;
    if (type === '') errors.push(required(`${at}.type`));
    else if (!(authorizerTypes as readonly string[]).includes(type)) errors.push(notSupported(`${at}.type`, type, authorizerTypes));
    else if (types.has(type) && type !== 'Webhook') errors.push(duplicate(`${at}.type`, type));
    else {
      types.add(type);
      errors.push(...nameErrors(name, `${at}.name`, names));
      names.add(name);
      if (type !== 'Webhook') {
        if (webhook) errors.push(invalid(`${at}.webhook`, 'non-null', 'may only be specified when type=Webhook'));
      } else if (!webhook) errors.push(required(`${at}.webhook`, 'required when type=Webhook'));
      else return webhookErrors(webhook, at, errors);
    }
    return [];
  });
  return { errors, conditions };
}

/** Other types have the names that they always had. */
export function nameOfType(type: string): string {
  return type.toLowerCase();
}

export function misnamed({ type = '', name = '' }: DeepReadonly<AuthorizerConfiguration>): string | undefined {
  return type === 'Webhook' || name === nameOfType(type) ? undefined : `expected name ${nameOfType(type)} for authorizer ${type} instead of ${name}`;
}

function nameErrors(name: string, at: string, names: ReadonlySet<string>): FieldError[] {
  if (name === '') return [required(at)];
  if (names.has(name)) return [duplicate(at, name)];
  const complaints = subdomainComplaints(name);
  return complaints.length > 0 ? [invalid(at, name, `authorizer name is invalid: ${complaints.join(', ')}`)] : [];
}

function webhookErrors(webhook: DeepReadonly<WebhookConfiguration>, at: string, errors: FieldError[]): Program[] {
  const { timeout = '', authorizedTTL, unauthorizedTTL, subjectAccessReviewVersion: version = '', matchConditionSubjectAccessReviewVersion: conditionVersion = '', failurePolicy = '', matchConditions = [] } = webhook;
  const ms = timeout === '' ? 0 : parseGoDuration(timeout);
  if (ms === 0) errors.push(required(`${at}.timeout`));
  else if (ms < 0 || ms > longestMs) errors.push(invalid(`${at}.timeout`, timeout, 'must be > 0s and <= 30s'));
  for (const [name, value] of Object.entries({ authorizedTTL, unauthorizedTTL })) if (value && parseGoDuration(value) < 0) errors.push(invalid(`${at}.${name}`, value, 'must be > 0s'));
  if (version === '') errors.push(required(`${at}.subjectAccessReviewVersion`));
  else if (version !== 'v1' && version !== 'v1beta1') errors.push(notSupported(`${at}.subjectAccessReviewVersion`, version, ['v1', 'v1beta1']));
  if (conditionVersion === '') {
    if (matchConditions.length > 0) errors.push(required(`${at}.matchConditionSubjectAccessReviewVersion`, 'required if match conditions are specified'));
  } else if (conditionVersion !== 'v1') errors.push(notSupported(`${at}.matchConditionSubjectAccessReviewVersion`, conditionVersion, ['v1']));
  if (failurePolicy === '') errors.push(required(`${at}.failurePolicy`));
  else if (failurePolicy !== 'NoOpinion' && failurePolicy !== 'Deny') errors.push(notSupported(`${at}.failurePolicy`, failurePolicy, ['NoOpinion', 'Deny']));
  errors.push(...connectionErrors(webhook.connectionInfo ?? {}, `${at}.connectionInfo`));
  if (matchConditions.length > maxConditions) {
    errors.push(tooMany(`${at}.matchConditions`, matchConditions.length, maxConditions));
    return [];
  }
  const seen = new Set<string>();
  return matchConditions.flatMap(({ expression = '' }, i) => {
    const where = `${at}.matchConditions[${i}].expression`;
    if (expression.trim() === '') errors.push(required(where));
    else if (seen.has(expression)) errors.push(duplicate(where, expression));
    else {
      seen.add(expression);
      const { program, message, issues } = compile(expression, { variables: { request }, result: [bool] });
      if (program) return [program];
      errors.push(invalid(where, expression, issues.length > 0 ? `compilation failed: ${message}` : message));
    }
    return [];
  });
}

function connectionErrors({ type = '', kubeConfigFile }: DeepReadonly<NonNullable<WebhookConfiguration['connectionInfo']>>, at: string): FieldError[] {
  const file = `${at}.kubeConfigFile`;
  if (type === '') return [required(`${at}.type`)];
  // A server that authorizes cannot ask itself.
  if (type === 'InClusterConfig') return [kubeConfigFile === undefined ? invalid(`${at}.type`, type, 'is not allowed for kube-apiserver') : invalid(file, kubeConfigFile, 'can only be set when type=KubeConfigFile')];
  if (type !== 'KubeConfigFile') return [notSupported(`${at}.type`, type, ['InClusterConfig', 'KubeConfigFile'])];
  if (!kubeConfigFile) return [required(file)];
  if (!isAbsolute(kubeConfigFile)) return [invalid(file, kubeConfigFile, 'must be an absolute path')];
  const found = statSync(kubeConfigFile, { throwIfNoEntry: false });
  if (!found) return [invalid(file, kubeConfigFile, `error loading file: stat ${kubeConfigFile}: no such file or directory`)];
  return found.isFile() ? [] : [invalid(file, kubeConfigFile, 'must be a regular file')];
}
