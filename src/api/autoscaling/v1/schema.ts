// The data of autoscaling/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const CrossVersionObjectReference: Struct<T.CrossVersionObjectReference> = {
  mapType: 'atomic',
  fields: {
    kind: { n: 1, type: 'string', always: true, required: true },
    name: { n: 2, type: 'string', always: true, required: true },
    apiVersion: { n: 3, type: 'string' },
  },
};

export const HorizontalPodAutoscaler: Struct<T.HorizontalPodAutoscaler> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'HorizontalPodAutoscalerSpec' },
    status: { n: 3, type: 'HorizontalPodAutoscalerStatus' },
  },
};

export const HorizontalPodAutoscalerSpec: Struct<T.HorizontalPodAutoscalerSpec> = {
  fields: {
    scaleTargetRef: { n: 1, type: 'CrossVersionObjectReference', always: true, required: true },
    minReplicas: { n: 2, type: 'int32', ptr: true, default: 1 },
    maxReplicas: { n: 3, type: 'int32', always: true, required: true },
    targetCPUUtilizationPercentage: { n: 4, type: 'int32', ptr: true },
  },
};

export const HorizontalPodAutoscalerStatus: Struct<T.HorizontalPodAutoscalerStatus> = {
  fields: {
    observedGeneration: { n: 1, type: 'int64', ptr: true },
    lastScaleTime: { n: 2, type: 'Time', ptr: true },
    currentReplicas: { n: 3, type: 'int32', always: true, required: true },
    desiredReplicas: { n: 4, type: 'int32', always: true, required: true },
    currentCPUUtilizationPercentage: { n: 5, type: 'int32', ptr: true },
  },
};

export const Scale: Struct<T.Scale> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ScaleSpec' },
    status: { n: 3, type: 'ScaleStatus' },
  },
};

export const ScaleSpec: Struct<T.ScaleSpec> = {
  fields: {
    replicas: { n: 1, type: 'int32', told: true },
  },
};

export const ScaleStatus: Struct<T.ScaleStatus> = {
  fields: {
    replicas: { n: 1, type: 'int32', always: true, required: true },
    selector: { n: 2, type: 'string' },
  },
};
