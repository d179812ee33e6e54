/** Rules of API priority and fairness. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import { flowSchemaColumns, priorityLevelColumns } from './columns.ts';
import type * as T from './v1/types.ts';

type Schema = DeepReadonly<T.FlowSchema>;
type Level = DeepReadonly<T.PriorityLevelConfiguration>;

function validateSchema(f: Schema): FieldError[] {
  const out: FieldError[] = [];
  const precedence = f.spec?.matchingPrecedence ?? 0;
  if (precedence <= 0) out.push(invalid('spec.matchingPrecedence', precedence, 'must be a positive value'));
  if (precedence > 10000) out.push(invalid('spec.matchingPrecedence', precedence, 'must not be greater than 10000'));
  if (!f.spec?.priorityLevelConfiguration?.name) out.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  const method = f.spec?.distinguisherMethod?.type;
  if (method !== undefined && !['ByNamespace', 'ByUser'].includes(method)) out.push(notSupported('spec.distinguisherMethod', f.spec!.distinguisherMethod, ['ByNamespace', 'ByUser']));
  for (const [i, r] of (f.spec?.rules ?? []).entries()) {
    if (!r.subjects?.length) out.push(required(`spec.rules[${i}].subjects`, 'subjects must contain at least one value'));
    if (!r.resourceRules?.length && !r.nonResourceRules?.length) out.push(required(`spec.rules[${i}]`, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  }
  return out;
}

function validateLevel(p: Level): FieldError[] {
  const type = p.spec?.type ?? '';
  if (type === 'Exempt') return p.spec?.limited ? [forbidden('spec.limited', 'must be nil if the type is not Limited')] : [];
  if (type !== 'Limited') return [notSupported('spec.type', type, ['Exempt', 'Limited'])];
  const out: FieldError[] = [];
  if (p.spec?.exempt) out.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
  const limited = p.spec?.limited;
  if (!limited) return [...out, required('spec.limited', 'must not be empty when type is Limited')];
  if ((limited.nominalConcurrencyShares ?? 0) < 0) out.push(invalid('spec.limited.nominalConcurrencyShares', limited.nominalConcurrencyShares, 'must be a non-negative integer'));
  const response = limited.limitResponse;
  const at = 'spec.limited.limitResponse';
  if (response?.type === 'Reject') {
    if (response.queuing) out.push(forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (response?.type !== 'Queue') {
    out.push(notSupported(`${at}.type`, response?.type ?? '', ['Queue', 'Reject']));
  } else if (!response.queuing) {
    out.push(required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
  }
  return out;
}

function onMain<K>(validate: (object: K) => FieldError[]): (object: K, old: K, context: RuleContext) => FieldError[] {
  return (object, _old, context) => (context.subresource === 'status' ? [] : validate(object));
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  FlowSchema: { ...specAndStatus<T.FlowSchema>(), validate: validateSchema, validateUpdate: onMain(validateSchema), generation: 'spec', columns: flowSchemaColumns },
  PriorityLevelConfiguration: { ...specAndStatus<T.PriorityLevelConfiguration>(), validate: validateLevel, validateUpdate: onMain(validateLevel), generation: 'spec', columns: priorityLevelColumns },
};
