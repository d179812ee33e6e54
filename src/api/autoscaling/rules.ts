/** Rules of autoscaling. Objects of v1 are judged as the v2 objects that they are stored as. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { toStored } from './conversion.ts';
import { validateScale } from './scale.ts';
import { validateAutoscaler } from './validation.ts';
import type { HorizontalPodAutoscaler as V1 } from './v1/types.ts';
import type { HorizontalPodAutoscaler as V2 } from './v2/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  HorizontalPodAutoscaler: {
    ...specAndStatus<V2>(),
    validate: (h: DeepReadonly<V1 | V2>) => validateAutoscaler(h.apiVersion === 'autoscaling/v1' ? toStored(h as DeepReadonly<V1>) : (h as DeepReadonly<V2>)),
    columns: columns.horizontalPodAutoscalerColumns,
  },
  Scale: { validate: validateScale, columns: columns.scaleColumns },
};
