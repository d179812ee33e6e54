/** Rules of autoscaling. */
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { validateScale } from './scale.ts';
import { validateAutoscaler } from './validation.ts';
import type { HorizontalPodAutoscaler } from './v2/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  HorizontalPodAutoscaler: { ...specAndStatus<HorizontalPodAutoscaler>(), validate: validateAutoscaler, columns: columns.horizontalPodAutoscalerColumns },
  Scale: { validate: validateScale, columns: columns.scaleColumns },
};
