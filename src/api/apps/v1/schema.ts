// The data of apps/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { deploymentStrategies, podManagementPolicies, updateStrategies } from './enums.ts';
import type * as T from './types.ts';

export const ControllerRevision: Struct<T.ControllerRevision> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    data: { n: 2, type: 'RawExtension' },
    revision: { n: 3, type: 'int64', always: true, required: true },
  },
};

export const DaemonSet: Struct<T.DaemonSet> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'DaemonSetSpec' },
    status: { n: 3, type: 'DaemonSetStatus' },
  },
};

export const DaemonSetCondition: Struct<T.DaemonSetCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const DaemonSetSpec: Struct<T.DaemonSetSpec> = {
  fields: {
    selector: { n: 1, type: 'meta.v1.LabelSelector', ptr: true, always: true, required: true },
    template: { n: 2, type: 'core.v1.PodTemplateSpec', always: true, required: true },
    updateStrategy: { n: 3, type: 'DaemonSetUpdateStrategy' },
    minReadySeconds: { n: 4, type: 'int32' },
    revisionHistoryLimit: { n: 6, type: 'int32', ptr: true, default: 10 },
  },
};

export const DaemonSetStatus: Struct<T.DaemonSetStatus> = {
  fields: {
    currentNumberScheduled: { n: 1, type: 'int32', always: true, required: true },
    numberMisscheduled: { n: 2, type: 'int32', always: true, required: true },
    desiredNumberScheduled: { n: 3, type: 'int32', always: true, required: true },
    numberReady: { n: 4, type: 'int32', always: true, required: true },
    observedGeneration: { n: 5, type: 'int64' },
    updatedNumberScheduled: { n: 6, type: 'int32' },
    numberAvailable: { n: 7, type: 'int32' },
    numberUnavailable: { n: 8, type: 'int32' },
    collisionCount: { n: 9, type: 'int32', ptr: true },
    conditions: { n: 10, type: '[]DaemonSetCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const DaemonSetUpdateStrategy: Struct<T.DaemonSetUpdateStrategy> = {
  fields: {
    type: { n: 1, type: 'string', enum: updateStrategies, default: 'RollingUpdate' },
    rollingUpdate: { n: 2, type: 'RollingUpdateDaemonSet', ptr: true },
  },
};

export const Deployment: Struct<T.Deployment> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'DeploymentSpec' },
    status: { n: 3, type: 'DeploymentStatus' },
  },
};

export const DeploymentCondition: Struct<T.DeploymentCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastUpdateTime: { n: 6, type: 'Time' },
    lastTransitionTime: { n: 7, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const DeploymentSpec: Struct<T.DeploymentSpec> = {
  fields: {
    replicas: { n: 1, type: 'int32', ptr: true, default: 1 },
    selector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true, always: true, required: true },
    template: { n: 3, type: 'core.v1.PodTemplateSpec', always: true, required: true },
    strategy: { n: 4, type: 'DeploymentStrategy', patchStrategy: 'retainKeys' },
    minReadySeconds: { n: 5, type: 'int32' },
    revisionHistoryLimit: { n: 6, type: 'int32', ptr: true, default: 10 },
    paused: { n: 7, type: 'bool' },
    progressDeadlineSeconds: { n: 9, type: 'int32', ptr: true, default: 600 },
  },
};

export const DeploymentStatus: Struct<T.DeploymentStatus> = {
  fields: {
    observedGeneration: { n: 1, type: 'int64' },
    replicas: { n: 2, type: 'int32' },
    updatedReplicas: { n: 3, type: 'int32' },
    readyReplicas: { n: 7, type: 'int32' },
    availableReplicas: { n: 4, type: 'int32' },
    unavailableReplicas: { n: 5, type: 'int32' },
    terminatingReplicas: { n: 9, type: 'int32', ptr: true },
    conditions: { n: 6, type: '[]DeploymentCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    collisionCount: { n: 8, type: 'int32', ptr: true },
  },
};

export const DeploymentStrategy: Struct<T.DeploymentStrategy> = {
  fields: {
    type: { n: 1, type: 'string', enum: deploymentStrategies, default: 'RollingUpdate' },
    rollingUpdate: { n: 2, type: 'RollingUpdateDeployment', ptr: true },
  },
};

export const ReplicaSet: Struct<T.ReplicaSet> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ReplicaSetSpec' },
    status: { n: 3, type: 'ReplicaSetStatus' },
  },
};

export const ReplicaSetCondition: Struct<T.ReplicaSetCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const ReplicaSetSpec: Struct<T.ReplicaSetSpec> = {
  fields: {
    replicas: { n: 1, type: 'int32', ptr: true, default: 1 },
    minReadySeconds: { n: 4, type: 'int32' },
    selector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true, always: true, required: true },
    template: { n: 3, type: 'core.v1.PodTemplateSpec' },
  },
};

export const ReplicaSetStatus: Struct<T.ReplicaSetStatus> = {
  fields: {
    replicas: { n: 1, type: 'int32', always: true, required: true },
    fullyLabeledReplicas: { n: 2, type: 'int32' },
    readyReplicas: { n: 4, type: 'int32' },
    availableReplicas: { n: 5, type: 'int32' },
    terminatingReplicas: { n: 7, type: 'int32', ptr: true },
    observedGeneration: { n: 3, type: 'int64' },
    conditions: { n: 6, type: '[]ReplicaSetCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const RollingUpdateDaemonSet: Struct<T.RollingUpdateDaemonSet> = {
  fields: {
    maxUnavailable: { n: 1, type: 'IntOrString', ptr: true },
    maxSurge: { n: 2, type: 'IntOrString', ptr: true },
  },
};

export const RollingUpdateDeployment: Struct<T.RollingUpdateDeployment> = {
  fields: {
    maxUnavailable: { n: 1, type: 'IntOrString', ptr: true },
    maxSurge: { n: 2, type: 'IntOrString', ptr: true },
  },
};

export const RollingUpdateStatefulSetStrategy: Struct<T.RollingUpdateStatefulSetStrategy> = {
  fields: {
    partition: { n: 1, type: 'int32', ptr: true },
    maxUnavailable: { n: 2, type: 'IntOrString', ptr: true },
  },
};

export const StatefulSet: Struct<T.StatefulSet> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'StatefulSetSpec' },
    status: { n: 3, type: 'StatefulSetStatus' },
  },
};

export const StatefulSetCondition: Struct<T.StatefulSetCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const StatefulSetOrdinals: Struct<T.StatefulSetOrdinals> = {
  fields: {
    start: { n: 1, type: 'int32', always: true },
  },
};

export const StatefulSetPersistentVolumeClaimRetentionPolicy: Struct<T.StatefulSetPersistentVolumeClaimRetentionPolicy> = {
  fields: {
    whenDeleted: { n: 1, type: 'string', default: 'Retain' },
    whenScaled: { n: 2, type: 'string', default: 'Retain' },
  },
};

export const StatefulSetSpec: Struct<T.StatefulSetSpec> = {
  fields: {
    replicas: { n: 1, type: 'int32', ptr: true, default: 1 },
    selector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true, always: true, required: true },
    template: { n: 3, type: 'core.v1.PodTemplateSpec', always: true, required: true },
    volumeClaimTemplates: { n: 4, type: '[]core.v1.PersistentVolumeClaim', listType: 'atomic' },
    serviceName: { n: 5, type: 'string', always: true },
    podManagementPolicy: { n: 6, type: 'string', enum: podManagementPolicies, default: 'OrderedReady' },
    updateStrategy: { n: 7, type: 'StatefulSetUpdateStrategy' },
    revisionHistoryLimit: { n: 8, type: 'int32', ptr: true, default: 10 },
    minReadySeconds: { n: 9, type: 'int32' },
    persistentVolumeClaimRetentionPolicy: { n: 10, type: 'StatefulSetPersistentVolumeClaimRetentionPolicy', ptr: true },
    ordinals: { n: 11, type: 'StatefulSetOrdinals', ptr: true },
  },
};

export const StatefulSetStatus: Struct<T.StatefulSetStatus> = {
  fields: {
    observedGeneration: { n: 1, type: 'int64' },
    replicas: { n: 2, type: 'int32', always: true, required: true },
    readyReplicas: { n: 3, type: 'int32' },
    currentReplicas: { n: 4, type: 'int32' },
    updatedReplicas: { n: 5, type: 'int32' },
    currentRevision: { n: 6, type: 'string' },
    updateRevision: { n: 7, type: 'string' },
    collisionCount: { n: 9, type: 'int32', ptr: true },
    conditions: { n: 10, type: '[]StatefulSetCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    availableReplicas: { n: 11, type: 'int32', always: true },
  },
};

export const StatefulSetUpdateStrategy: Struct<T.StatefulSetUpdateStrategy> = {
  fields: {
    type: { n: 1, type: 'string', enum: updateStrategies, default: 'RollingUpdate' },
    rollingUpdate: { n: 2, type: 'RollingUpdateStatefulSetStrategy', ptr: true },
  },
};
