// The data of autoscaling/v2. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const ContainerResourceMetricSource: Struct<T.ContainerResourceMetricSource> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    target: { n: 2, type: 'MetricTarget', always: true, required: true },
    container: { n: 3, type: 'string', always: true, required: true },
  },
};

export const ContainerResourceMetricStatus: Struct<T.ContainerResourceMetricStatus> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    current: { n: 2, type: 'MetricValueStatus', always: true, required: true },
    container: { n: 3, type: 'string', always: true, required: true },
  },
};

export const CrossVersionObjectReference: Struct<T.CrossVersionObjectReference> = {
  fields: {
    kind: { n: 1, type: 'string', always: true, required: true },
    name: { n: 2, type: 'string', always: true, required: true },
    apiVersion: { n: 3, type: 'string' },
  },
};

export const ExternalMetricSource: Struct<T.ExternalMetricSource> = {
  fields: {
    metric: { n: 1, type: 'MetricIdentifier', always: true, required: true },
    target: { n: 2, type: 'MetricTarget', always: true, required: true },
  },
};

export const ExternalMetricStatus: Struct<T.ExternalMetricStatus> = {
  fields: {
    metric: { n: 1, type: 'MetricIdentifier', always: true, required: true },
    current: { n: 2, type: 'MetricValueStatus', always: true, required: true },
  },
};

export const HPAScalingPolicy: Struct<T.HPAScalingPolicy> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'int32', always: true, required: true },
    periodSeconds: { n: 3, type: 'int32', always: true, required: true },
  },
};

export const HPAScalingRules: Struct<T.HPAScalingRules> = {
  fields: {
    stabilizationWindowSeconds: { n: 3, type: 'int32', ptr: true },
    selectPolicy: { n: 1, type: 'string', ptr: true },
    policies: { n: 2, type: '[]HPAScalingPolicy', listType: 'atomic' },
    tolerance: { n: 4, type: 'Quantity', ptr: true },
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

export const HorizontalPodAutoscalerBehavior: Struct<T.HorizontalPodAutoscalerBehavior> = {
  fields: {
    scaleUp: { n: 1, type: 'HPAScalingRules', ptr: true },
    scaleDown: { n: 2, type: 'HPAScalingRules', ptr: true },
  },
};

export const HorizontalPodAutoscalerCondition: Struct<T.HorizontalPodAutoscalerCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const HorizontalPodAutoscalerSpec: Struct<T.HorizontalPodAutoscalerSpec> = {
  fields: {
    scaleTargetRef: { n: 1, type: 'CrossVersionObjectReference', always: true, required: true },
    minReplicas: { n: 2, type: 'int32', ptr: true, default: 1 },
    maxReplicas: { n: 3, type: 'int32', always: true, required: true },
    metrics: { n: 4, type: '[]MetricSpec', listType: 'atomic' },
    behavior: { n: 5, type: 'HorizontalPodAutoscalerBehavior', ptr: true },
  },
};

export const HorizontalPodAutoscalerStatus: Struct<T.HorizontalPodAutoscalerStatus> = {
  fields: {
    observedGeneration: { n: 1, type: 'int64', ptr: true },
    lastScaleTime: { n: 2, type: 'Time', ptr: true },
    currentReplicas: { n: 3, type: 'int32' },
    desiredReplicas: { n: 4, type: 'int32', always: true, required: true },
    currentMetrics: { n: 5, type: '[]MetricStatus', always: true, listType: 'atomic' },
    conditions: { n: 6, type: '[]HorizontalPodAutoscalerCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const MetricIdentifier: Struct<T.MetricIdentifier> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    selector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true },
  },
};

export const MetricSpec: Struct<T.MetricSpec> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    object: { n: 2, type: 'ObjectMetricSource', ptr: true },
    pods: { n: 3, type: 'PodsMetricSource', ptr: true },
    resource: { n: 4, type: 'ResourceMetricSource', ptr: true },
    containerResource: { n: 7, type: 'ContainerResourceMetricSource', ptr: true },
    external: { n: 5, type: 'ExternalMetricSource', ptr: true },
  },
};

export const MetricStatus: Struct<T.MetricStatus> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    object: { n: 2, type: 'ObjectMetricStatus', ptr: true },
    pods: { n: 3, type: 'PodsMetricStatus', ptr: true },
    resource: { n: 4, type: 'ResourceMetricStatus', ptr: true },
    containerResource: { n: 7, type: 'ContainerResourceMetricStatus', ptr: true },
    external: { n: 5, type: 'ExternalMetricStatus', ptr: true },
  },
};

export const MetricTarget: Struct<T.MetricTarget> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'Quantity', ptr: true },
    averageValue: { n: 3, type: 'Quantity', ptr: true },
    averageUtilization: { n: 4, type: 'int32', ptr: true },
  },
};

export const MetricValueStatus: Struct<T.MetricValueStatus> = {
  fields: {
    value: { n: 1, type: 'Quantity', ptr: true },
    averageValue: { n: 2, type: 'Quantity', ptr: true },
    averageUtilization: { n: 3, type: 'int32', ptr: true },
  },
};

export const ObjectMetricSource: Struct<T.ObjectMetricSource> = {
  fields: {
    describedObject: { n: 1, type: 'CrossVersionObjectReference', always: true, required: true },
    target: { n: 2, type: 'MetricTarget', always: true, required: true },
    metric: { n: 3, type: 'MetricIdentifier', always: true, required: true },
  },
};

export const ObjectMetricStatus: Struct<T.ObjectMetricStatus> = {
  fields: {
    metric: { n: 1, type: 'MetricIdentifier', always: true, required: true },
    current: { n: 2, type: 'MetricValueStatus', always: true, required: true },
    describedObject: { n: 3, type: 'CrossVersionObjectReference', always: true, required: true },
  },
};

export const PodsMetricSource: Struct<T.PodsMetricSource> = {
  fields: {
    metric: { n: 1, type: 'MetricIdentifier', always: true, required: true },
    target: { n: 2, type: 'MetricTarget', always: true, required: true },
  },
};

export const PodsMetricStatus: Struct<T.PodsMetricStatus> = {
  fields: {
    metric: { n: 1, type: 'MetricIdentifier', always: true, required: true },
    current: { n: 2, type: 'MetricValueStatus', always: true, required: true },
  },
};

export const ResourceMetricSource: Struct<T.ResourceMetricSource> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    target: { n: 2, type: 'MetricTarget', always: true, required: true },
  },
};

export const ResourceMetricStatus: Struct<T.ResourceMetricStatus> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    current: { n: 2, type: 'MetricValueStatus', always: true, required: true },
  },
};
