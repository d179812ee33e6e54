// The data of the core group/v1: objects. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { namespacePhases, quotaScopes, scopeOperators } from './enums.ts';
import type * as T from './types.ts';

export const ComponentCondition: Struct<T.ComponentCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    message: { n: 3, type: 'string' },
    error: { n: 4, type: 'string' },
  },
};

export const ComponentStatus: Struct<T.ComponentStatus> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    conditions: { n: 2, type: '[]ComponentCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const ConfigMap: Struct<T.ConfigMap> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    immutable: { n: 4, type: 'bool', ptr: true },
    data: { n: 2, type: 'map:string' },
    binaryData: { n: 3, type: 'map:bytes' },
  },
};

export const Event: Struct<T.Event> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta', always: true, required: true },
    involvedObject: { n: 2, type: 'ObjectReference', always: true, required: true },
    reason: { n: 3, type: 'string' },
    message: { n: 4, type: 'string' },
    source: { n: 5, type: 'EventSource' },
    firstTimestamp: { n: 6, type: 'Time' },
    lastTimestamp: { n: 7, type: 'Time' },
    count: { n: 8, type: 'int32' },
    type: { n: 9, type: 'string' },
    eventTime: { n: 10, type: 'MicroTime' },
    series: { n: 11, type: 'EventSeries', ptr: true },
    action: { n: 12, type: 'string' },
    related: { n: 13, type: 'ObjectReference', ptr: true },
    reportingComponent: { n: 14, type: 'string', always: true },
    reportingInstance: { n: 15, type: 'string', always: true },
  },
};

export const EventSeries: Struct<T.EventSeries> = {
  fields: {
    count: { n: 1, type: 'int32' },
    lastObservedTime: { n: 2, type: 'MicroTime' },
  },
};

export const EventSource: Struct<T.EventSource> = {
  fields: {
    component: { n: 1, type: 'string' },
    host: { n: 2, type: 'string' },
  },
};

export const HostIP: Struct<T.HostIP> = {
  fields: {
    ip: { n: 1, type: 'string', always: true, required: true },
  },
};

export const LimitRange: Struct<T.LimitRange> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'LimitRangeSpec' },
  },
};

export const LimitRangeItem: Struct<T.LimitRangeItem> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    max: { n: 2, type: 'map:Quantity' },
    min: { n: 3, type: 'map:Quantity' },
    default: { n: 4, type: 'map:Quantity' },
    defaultRequest: { n: 5, type: 'map:Quantity' },
    maxLimitRequestRatio: { n: 6, type: 'map:Quantity' },
  },
};

export const LimitRangeSpec: Struct<T.LimitRangeSpec> = {
  fields: {
    limits: { n: 1, type: '[]LimitRangeItem', always: true, required: true, listType: 'atomic' },
  },
};

export const LinuxContainerUser: Struct<T.LinuxContainerUser> = {
  fields: {
    uid: { n: 1, type: 'int64', always: true, required: true },
    gid: { n: 2, type: 'int64', always: true, required: true },
    supplementalGroups: { n: 3, type: '[]int64', listType: 'atomic' },
  },
};

export const LocalObjectReference: Struct<T.LocalObjectReference> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string', told: true },
  },
};

export const Namespace: Struct<T.Namespace> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'NamespaceSpec' },
    status: { n: 3, type: 'NamespaceStatus' },
  },
};

export const NamespaceCondition: Struct<T.NamespaceCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 4, type: 'Time' },
    reason: { n: 5, type: 'string' },
    message: { n: 6, type: 'string' },
  },
};

export const NamespaceSpec: Struct<T.NamespaceSpec> = {
  fields: {
    finalizers: { n: 1, type: '[]string', listType: 'atomic' },
  },
};

export const NamespaceStatus: Struct<T.NamespaceStatus> = {
  fields: {
    phase: { n: 1, type: 'string', enum: namespacePhases, default: 'Active' },
    conditions: { n: 2, type: '[]NamespaceCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const ObjectReference: Struct<T.ObjectReference> = {
  mapType: 'atomic',
  fields: {
    kind: { n: 1, type: 'string' },
    namespace: { n: 2, type: 'string' },
    name: { n: 3, type: 'string' },
    uid: { n: 4, type: 'string' },
    apiVersion: { n: 5, type: 'string' },
    resourceVersion: { n: 6, type: 'string' },
    fieldPath: { n: 7, type: 'string' },
  },
};

export const Preconditions: Struct<T.Preconditions> = {
  fields: {
    uid: { n: 1, type: 'string', ptr: true },
  },
};

export const RangeAllocation: Struct<T.RangeAllocation> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    range: { n: 2, type: 'string', always: true },
    data: { n: 3, type: 'bytes', always: true },
  },
};

export const ReplicationController: Struct<T.ReplicationController> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ReplicationControllerSpec' },
    status: { n: 3, type: 'ReplicationControllerStatus' },
  },
};

export const ReplicationControllerCondition: Struct<T.ReplicationControllerCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const ReplicationControllerSpec: Struct<T.ReplicationControllerSpec> = {
  fields: {
    replicas: { n: 1, type: 'int32', ptr: true, default: 1, told: true },
    minReadySeconds: { n: 4, type: 'int32', told: true },
    selector: { n: 2, type: 'map:string', mapType: 'atomic' },
    template: { n: 3, type: 'PodTemplateSpec', ptr: true },
  },
};

export const ReplicationControllerStatus: Struct<T.ReplicationControllerStatus> = {
  fields: {
    replicas: { n: 1, type: 'int32', always: true, required: true },
    fullyLabeledReplicas: { n: 2, type: 'int32' },
    readyReplicas: { n: 4, type: 'int32' },
    availableReplicas: { n: 5, type: 'int32' },
    observedGeneration: { n: 3, type: 'int64' },
    conditions: { n: 6, type: '[]ReplicationControllerCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const ResourceQuota: Struct<T.ResourceQuota> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ResourceQuotaSpec' },
    status: { n: 3, type: 'ResourceQuotaStatus' },
  },
};

export const ResourceQuotaSpec: Struct<T.ResourceQuotaSpec> = {
  fields: {
    hard: { n: 1, type: 'map:Quantity' },
    scopes: { n: 2, type: '[]string', enum: quotaScopes, listType: 'atomic' },
    scopeSelector: { n: 3, type: 'ScopeSelector', ptr: true },
  },
};

export const ResourceQuotaStatus: Struct<T.ResourceQuotaStatus> = {
  fields: {
    hard: { n: 1, type: 'map:Quantity' },
    used: { n: 2, type: 'map:Quantity' },
  },
};

export const ScopeSelector: Struct<T.ScopeSelector> = {
  mapType: 'atomic',
  fields: {
    matchExpressions: { n: 1, type: '[]ScopedResourceSelectorRequirement', listType: 'atomic' },
  },
};

export const ScopedResourceSelectorRequirement: Struct<T.ScopedResourceSelectorRequirement> = {
  fields: {
    scopeName: { n: 1, type: 'string', enum: quotaScopes, always: true, required: true },
    operator: { n: 2, type: 'string', enum: scopeOperators, always: true, required: true },
    values: { n: 3, type: '[]string', listType: 'atomic' },
  },
};

export const Secret: Struct<T.Secret> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    immutable: { n: 5, type: 'bool', ptr: true },
    data: { n: 2, type: 'map:bytes' },
    stringData: { n: 4, type: 'map:string' },
    type: { n: 3, type: 'string', default: 'Opaque' },
  },
};

export const SecretReference: Struct<T.SecretReference> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string' },
    namespace: { n: 2, type: 'string' },
  },
};

export const SerializedReference: Struct<T.SerializedReference> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    reference: { n: 1, type: 'ObjectReference' },
  },
};

export const TypedLocalObjectReference: Struct<T.TypedLocalObjectReference> = {
  mapType: 'atomic',
  fields: {
    apiGroup: { n: 1, type: 'string', ptr: true, always: true },
    kind: { n: 2, type: 'string', always: true, required: true },
    name: { n: 3, type: 'string', always: true, required: true },
  },
};

export const TypedObjectReference: Struct<T.TypedObjectReference> = {
  fields: {
    apiGroup: { n: 1, type: 'string', ptr: true, always: true },
    kind: { n: 2, type: 'string', always: true, required: true },
    name: { n: 3, type: 'string', always: true, required: true },
    namespace: { n: 4, type: 'string', ptr: true },
  },
};
