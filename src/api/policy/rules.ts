/** Rules of pod disruption budgets. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { goForm, invalid, notSupported } from '../../machinery/fieldpath.ts';
import { nameIsPathSegment } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkConditions, checkLabelSelector } from '../../schema/metadata.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { checkAtMost100Percent, checkIntOrPercent } from '../apps/validation.ts';
import { specAndStatus } from '../strategy.ts';
import { podDisruptionBudgetColumns } from './columns.ts';
import type { PodDisruptionBudget } from './v1/types.ts';
import { unhealthyPodEvictionPolicies } from './v1/enums.ts';

type Budget = DeepReadonly<PodDisruptionBudget>;

function validate(b: Budget): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = b;
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) out.push(invalid('spec', goForm(spec, { minAvailable: null, selector: null, maxUnavailable: null, unhealthyPodEvictionPolicy: null }), 'minAvailable and maxUnavailable cannot be both set'));
  for (const key of ['minAvailable', 'maxUnavailable'] as const) {
    if (spec[key] === undefined) continue;
    checkIntOrPercent(spec[key], `spec.${key}`, out);
    checkAtMost100Percent(spec[key], `spec.${key}`, out);
  }
  checkLabelSelector(spec.selector, 'spec.selector', out);
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && !unhealthyPodEvictionPolicies.includes(policy)) out.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, unhealthyPodEvictionPolicies));
  return out;
}

function validateStatus(b: Budget): FieldError[] {
  const out: FieldError[] = [];
  checkConditions(b.status?.conditions, 'status.conditions', out);
  for (const key of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    if ((b.status?.[key] ?? 0) < 0) out.push(invalid(`status.${key}`, b.status[key], 'must be greater than or equal to 0'));
  }
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  PodDisruptionBudget: {
    ...specAndStatus<PodDisruptionBudget>(),
    nameRule: nameIsPathSegment,
    metadataChecks: [2, 2],
    validate,
    validateUpdate: (b: Budget, _old: Budget, context: RuleContext) => (context.subresource === 'status' ? validateStatus(b) : validate(b)),
    generation: 'spec',
    columns: podDisruptionBudgetColumns,
  },
};
