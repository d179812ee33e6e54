/** Table columns of the admission kinds; the same in every version. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import { goSelector, unset } from '../columns.ts';
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from './v1beta1/types.ts';
import type * as T from './v1/types.ts';

export const mutatingWebhookColumns = columnList<T.MutatingWebhookConfiguration>(({ integer, nameColumn, ageColumn }) => [nameColumn, integer('Webhooks', 'Number of webhooks.', (c) => (c.webhooks ?? []).length), ageColumn]);
export const validatingWebhookColumns = columnList<T.ValidatingWebhookConfiguration>(({ integer, nameColumn, ageColumn }) => [nameColumn, integer('Webhooks', 'Number of webhooks.', (c) => (c.webhooks ?? []).length), ageColumn]);

function paramKind(k: { readonly apiVersion?: string; readonly kind?: string } | undefined): string {
  return k ? `${k.apiVersion ?? ''}/${k.kind ?? ''}` : unset;
}

function paramRef(r: DeepReadonly<T.ParamRef> | undefined): string {
  if (!r) return unset;
  if (r.name) return `${r.namespace || '*'}/${r.name}`;
  return r.selector ? goSelector(r.selector) : unset;
}

export const validatingPolicyColumns = columnList<T.ValidatingAdmissionPolicy>(({ column, integer, nameColumn, ageColumn }) => [
  nameColumn,
  integer('Validations', 'Number of rules.', (p) => (p.spec?.validations ?? []).length),
  column('ParamKind', 'Kind of the parameters.', (p) => paramKind(p.spec?.paramKind)),
  ageColumn,
]);

export const mutatingPolicyColumns = columnList<MutatingAdmissionPolicy>(({ column, integer, nameColumn, ageColumn }) => [
  nameColumn,
  integer('Mutations', 'Number of rules.', (p) => (p.spec?.mutations ?? []).length),
  column('ParamKind', 'Kind of the parameters.', (p) => paramKind(p.spec?.paramKind)),
  ageColumn,
]);

export const validatingPolicyBindingColumns = columnList<T.ValidatingAdmissionPolicyBinding>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('PolicyName', 'The policy.', (b) => b.spec?.policyName ?? ''),
  column('ParamRef', 'The parameters.', (b) => paramRef(b.spec?.paramRef)),
  ageColumn,
]);

export const mutatingPolicyBindingColumns = columnList<MutatingAdmissionPolicyBinding>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('PolicyName', 'The policy.', (b) => b.spec?.policyName ?? ''),
  column('ParamRef', 'The parameters.', (b) => paramRef(b.spec?.paramRef as DeepReadonly<T.ParamRef> | undefined)),
  ageColumn,
]);
