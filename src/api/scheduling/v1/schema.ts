// The data of scheduling.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { preemptionPolicies } from '../../core/v1/enums.ts';
import type * as T from './types.ts';

export const PriorityClass: Struct<T.PriorityClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    value: { n: 2, type: 'int32', always: true, required: true },
    globalDefault: { n: 3, type: 'bool' },
    description: { n: 4, type: 'string' },
    preemptionPolicy: { n: 5, type: 'string', enum: preemptionPolicies, ptr: true, default: 'PreemptLowerPriority' },
  },
};
