/** Rules of autoscaling. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { AnyKindRules, KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { both, specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { validateScale } from './scale.ts';
import { validateAutoscaler, validateAutoscalerStatus } from './validation.ts';
import type { HorizontalPodAutoscaler } from './v2/types.ts';

/** Tolerances of single autoscalers are behind a gate that is off by default in this version: what was not there before is dropped. */
function dropTolerances({ spec: { behavior } }: HorizontalPodAutoscaler, { features }: RuleContext, old?: DeepReadonly<HorizontalPodAutoscaler>): void {
  if (features?.has('HPAConfigurableTolerance')) return;
  const before = old?.spec.behavior;
  if (before?.scaleUp?.tolerance !== undefined || before?.scaleDown?.tolerance !== undefined) return;
  for (const rules of [behavior?.scaleUp, behavior?.scaleDown]) delete rules?.tolerance;
}

const parts = specAndStatus<HorizontalPodAutoscaler>();
const autoscalerRules: KindRules<HorizontalPodAutoscaler> = {
  prepareCreate: both(parts.prepareCreate, (hpa, context) => dropTolerances(hpa, context)),
  prepareUpdate(hpa, old, context) {
    parts.prepareUpdate(hpa, old, context);
    dropTolerances(hpa, context, old);
  },
  validate: (hpa) => validateAutoscaler(hpa),
  validateUpdate: (hpa, old, context) => (context.subresource === 'status' ? validateAutoscalerStatus(hpa) : validateAutoscaler(hpa, old)),
  columns: columns.horizontalPodAutoscalerColumns,
};

export const rules: Readonly<Record<string, AnyKindRules>> = {
  HorizontalPodAutoscaler: autoscalerRules,
  Scale: { validate: validateScale, columns: columns.scaleColumns },
};
