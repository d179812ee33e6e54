/** Rules of autoscaling; HorizontalPodAutoscaler v1 is written as v2 with what v1 has no words for in annotations. */
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import type * as T from './v2/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  HorizontalPodAutoscaler: { ...specAndStatus<T.HorizontalPodAutoscaler>(), columns: columns.horizontalPodAutoscalerColumns },
  Scale: { columns: columns.scaleColumns },
};
