// The data of policy/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { unhealthyPodEvictionPolicies } from './enums.ts';
import type * as T from './types.ts';

export const Eviction: Struct<T.Eviction> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    deleteOptions: { n: 2, type: 'meta.v1.DeleteOptions', ptr: true },
  },
};

export const PodDisruptionBudget: Struct<T.PodDisruptionBudget> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PodDisruptionBudgetSpec' },
    status: { n: 3, type: 'PodDisruptionBudgetStatus' },
  },
};

export const PodDisruptionBudgetSpec: Struct<T.PodDisruptionBudgetSpec> = {
  fields: {
    minAvailable: { n: 1, type: 'IntOrString', ptr: true },
    selector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true, patchStrategy: 'replace' },
    maxUnavailable: { n: 3, type: 'IntOrString', ptr: true },
    unhealthyPodEvictionPolicy: { n: 4, type: 'string', enum: unhealthyPodEvictionPolicies, ptr: true },
  },
};

export const PodDisruptionBudgetStatus: Struct<T.PodDisruptionBudgetStatus> = {
  fields: {
    observedGeneration: { n: 1, type: 'int64' },
    disruptedPods: { n: 2, type: 'map:Time' },
    disruptionsAllowed: { n: 3, type: 'int32', always: true, required: true },
    currentHealthy: { n: 4, type: 'int32', always: true, required: true },
    desiredHealthy: { n: 5, type: 'int32', always: true, required: true },
    expectedPods: { n: 6, type: 'int32', always: true, required: true },
    conditions: { n: 7, type: '[]meta.v1.Condition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};
