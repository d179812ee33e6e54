import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const appsV1: Package = {
  name: 'apps.v1',
  group: 'apps',
  version: 'v1',
  openapi: 'io.k8s.api.apps.v1',
  proto: 'k8s.io.api.apps.v1',
  types: { ...schema },
  goTypes: {
    'v1.ConditionStatus': 'StatefulSetCondition.status DeploymentCondition.status DaemonSetCondition.status ReplicaSetCondition.status',
    'v1.DaemonSetConditionType': 'DaemonSetCondition.type',
    'v1.DaemonSetUpdateStrategyType': 'DaemonSetUpdateStrategy.type',
    'v1.DeploymentConditionType': 'DeploymentCondition.type',
    'v1.DeploymentStrategyType': 'DeploymentStrategy.type',
    'v1.PersistentVolumeClaimRetentionPolicyType': 'StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled',
    'v1.PodManagementPolicyType': 'StatefulSetSpec.podManagementPolicy',
    'v1.ReplicaSetConditionType': 'ReplicaSetCondition.type',
    'v1.StatefulSetConditionType': 'StatefulSetCondition.type',
    'v1.StatefulSetUpdateStrategyType': 'StatefulSetUpdateStrategy.type',
  },
  lists: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
};
