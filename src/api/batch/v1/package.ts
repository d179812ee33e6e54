import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const batchV1: Package = {
  name: 'batch.v1',
  group: 'batch',
  version: 'v1',
  openapi: 'io.k8s.api.batch.v1',
  proto: 'k8s.io.api.batch.v1',
  types: { ...schema },
  goTypes: {
    '[]types.UID': 'UncountedTerminatedPods.succeeded UncountedTerminatedPods.failed',
    'v1.CompletionMode': 'JobSpec.completionMode',
    'v1.ConcurrencyPolicy': 'CronJobSpec.concurrencyPolicy',
    'v1.ConditionStatus': 'PodFailurePolicyOnPodConditionsPattern.status JobCondition.status',
    'v1.JobConditionType': 'JobCondition.type',
    'v1.PodConditionType': 'PodFailurePolicyOnPodConditionsPattern.type',
    'v1.PodFailurePolicyAction': 'PodFailurePolicyRule.action',
    'v1.PodFailurePolicyOnExitCodesOperator': 'PodFailurePolicyOnExitCodesRequirement.operator',
    'v1.PodReplacementPolicy': 'JobSpec.podReplacementPolicy',
  },
  lists: ['CronJob', 'Job'],
};
