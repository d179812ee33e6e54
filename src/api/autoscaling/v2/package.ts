import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const autoscalingV2: Package = {
  name: 'autoscaling.v2',
  group: 'autoscaling',
  version: 'v2',
  openapi: 'io.k8s.api.autoscaling.v2',
  proto: 'k8s.io.api.autoscaling.v2',
  types: { ...schema },
  goTypes: {
    'v1.ConditionStatus': 'HorizontalPodAutoscalerCondition.status',
    'v1.ResourceName': 'ResourceMetricSource.name ContainerResourceMetricSource.name ResourceMetricStatus.name ContainerResourceMetricStatus.name',
    'v2.HPAScalingPolicyType': 'HPAScalingPolicy.type',
    'v2.HorizontalPodAutoscalerConditionType': 'HorizontalPodAutoscalerCondition.type',
    'v2.MetricSourceType': 'MetricSpec.type MetricStatus.type',
    'v2.MetricTargetType': 'MetricTarget.type',
    'v2.ScalingPolicySelect': 'HPAScalingRules.selectPolicy',
  },
  lists: ['HorizontalPodAutoscaler'],
};
