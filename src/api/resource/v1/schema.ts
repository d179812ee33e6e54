// The data of resource.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { taintEffects } from './enums.ts';
import { tolerationOperators } from '../../core/v1/enums.ts';
import type * as T from './types.ts';

export const AllocatedDeviceStatus: Struct<T.AllocatedDeviceStatus> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    pool: { n: 2, type: 'string', always: true, required: true },
    device: { n: 3, type: 'string', always: true, required: true },
    shareID: { n: 7, type: 'string', ptr: true },
    conditions: { n: 4, type: '[]meta.v1.Condition', always: true, listType: 'map', listMapKeys: ['type'] },
    data: { n: 5, type: 'RawExtension', ptr: true },
    networkData: { n: 6, type: 'NetworkDeviceData', ptr: true },
  },
};

export const AllocationResult: Struct<T.AllocationResult> = {
  fields: {
    devices: { n: 1, type: 'DeviceAllocationResult' },
    nodeSelector: { n: 3, type: 'core.v1.NodeSelector', ptr: true },
    allocationTimestamp: { n: 5, type: 'Time', ptr: true },
  },
};

export const CELDeviceSelector: Struct<T.CELDeviceSelector> = {
  fields: {
    expression: { n: 1, type: 'string', always: true, required: true },
  },
};

export const CapacityRequestPolicy: Struct<T.CapacityRequestPolicy> = {
  fields: {
    default: { n: 1, type: 'Quantity', ptr: true, always: true },
    validValues: { n: 3, type: '[]Quantity', listType: 'atomic' },
    validRange: { n: 4, type: 'CapacityRequestPolicyRange', ptr: true },
  },
};

export const CapacityRequestPolicyRange: Struct<T.CapacityRequestPolicyRange> = {
  fields: {
    min: { n: 1, type: 'Quantity', ptr: true, required: true },
    max: { n: 2, type: 'Quantity', ptr: true },
    step: { n: 3, type: 'Quantity', ptr: true },
  },
};

export const CapacityRequirements: Struct<T.CapacityRequirements> = {
  fields: {
    requests: { n: 1, type: 'map:Quantity' },
  },
};

export const Counter: Struct<T.Counter> = {
  fields: {
    value: { n: 1, type: 'Quantity', always: true, required: true },
  },
};

export const CounterSet: Struct<T.CounterSet> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    counters: { n: 2, type: 'map:Counter', required: true },
  },
};

export const Device: Struct<T.Device> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    attributes: { n: 2, type: 'map:DeviceAttribute' },
    capacity: { n: 3, type: 'map:DeviceCapacity' },
    consumesCounters: { n: 4, type: '[]DeviceCounterConsumption', listType: 'atomic' },
    nodeName: { n: 5, type: 'string', ptr: true },
    nodeSelector: { n: 6, type: 'core.v1.NodeSelector', ptr: true },
    allNodes: { n: 7, type: 'bool', ptr: true },
    taints: { n: 8, type: '[]DeviceTaint', listType: 'atomic' },
    bindsToNode: { n: 9, type: 'bool', ptr: true },
    bindingConditions: { n: 10, type: '[]string', listType: 'atomic' },
    bindingFailureConditions: { n: 11, type: '[]string', listType: 'atomic' },
    allowMultipleAllocations: { n: 12, type: 'bool', ptr: true },
  },
};

export const DeviceAllocationConfiguration: Struct<T.DeviceAllocationConfiguration> = {
  fields: {
    source: { n: 1, type: 'string', always: true, required: true },
    requests: { n: 2, type: '[]string', listType: 'atomic' },
    opaque: { path: [3, 1], type: 'OpaqueDeviceConfiguration', ptr: true },
  },
};

export const DeviceAllocationResult: Struct<T.DeviceAllocationResult> = {
  fields: {
    results: { n: 1, type: '[]DeviceRequestAllocationResult', listType: 'atomic' },
    config: { n: 2, type: '[]DeviceAllocationConfiguration', listType: 'atomic' },
  },
};

export const DeviceAttribute: Struct<T.DeviceAttribute> = {
  fields: {
    int: { n: 2, type: 'int64', ptr: true },
    bool: { n: 3, type: 'bool', ptr: true },
    string: { n: 4, type: 'string', ptr: true },
    version: { n: 5, type: 'string', ptr: true },
  },
};

export const DeviceCapacity: Struct<T.DeviceCapacity> = {
  fields: {
    value: { n: 1, type: 'Quantity', always: true, required: true },
    requestPolicy: { n: 2, type: 'CapacityRequestPolicy', ptr: true },
  },
};

export const DeviceClaim: Struct<T.DeviceClaim> = {
  fields: {
    requests: { n: 1, type: '[]DeviceRequest', always: true, listType: 'atomic' },
    constraints: { n: 2, type: '[]DeviceConstraint', listType: 'atomic' },
    config: { n: 3, type: '[]DeviceClaimConfiguration', listType: 'atomic' },
  },
};

export const DeviceClaimConfiguration: Struct<T.DeviceClaimConfiguration> = {
  fields: {
    requests: { n: 1, type: '[]string', listType: 'atomic' },
    opaque: { path: [2, 1], type: 'OpaqueDeviceConfiguration', ptr: true },
  },
};

export const DeviceClass: Struct<T.DeviceClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'DeviceClassSpec', always: true, required: true },
  },
};

export const DeviceClassConfiguration: Struct<T.DeviceClassConfiguration> = {
  fields: {
    opaque: { path: [1, 1], type: 'OpaqueDeviceConfiguration', ptr: true },
  },
};

export const DeviceClassSpec: Struct<T.DeviceClassSpec> = {
  fields: {
    selectors: { n: 1, type: '[]DeviceSelector', listType: 'atomic' },
    config: { n: 2, type: '[]DeviceClassConfiguration', listType: 'atomic' },
    extendedResourceName: { n: 4, type: 'string', ptr: true },
  },
};

export const DeviceConstraint: Struct<T.DeviceConstraint> = {
  fields: {
    requests: { n: 1, type: '[]string', listType: 'atomic' },
    matchAttribute: { n: 2, type: 'string', ptr: true },
    distinctAttribute: { n: 3, type: 'string', ptr: true },
  },
};

export const DeviceCounterConsumption: Struct<T.DeviceCounterConsumption> = {
  fields: {
    counterSet: { n: 1, type: 'string', always: true, required: true },
    counters: { n: 2, type: 'map:Counter', required: true },
  },
};

export const DeviceRequest: Struct<T.DeviceRequest> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    exactly: { n: 2, type: 'ExactDeviceRequest', ptr: true },
    firstAvailable: { n: 3, type: '[]DeviceSubRequest', listType: 'atomic' },
  },
};

export const DeviceRequestAllocationResult: Struct<T.DeviceRequestAllocationResult> = {
  fields: {
    request: { n: 1, type: 'string', always: true, required: true },
    driver: { n: 2, type: 'string', always: true, required: true },
    pool: { n: 3, type: 'string', always: true, required: true },
    device: { n: 4, type: 'string', always: true, required: true },
    adminAccess: { n: 5, type: 'bool', ptr: true },
    tolerations: { n: 6, type: '[]DeviceToleration', listType: 'atomic' },
    bindingConditions: { n: 7, type: '[]string', listType: 'atomic' },
    bindingFailureConditions: { n: 8, type: '[]string', listType: 'atomic' },
    shareID: { n: 9, type: 'string', ptr: true },
    consumedCapacity: { n: 10, type: 'map:Quantity' },
  },
};

export const DeviceSelector: Struct<T.DeviceSelector> = {
  fields: {
    cel: { n: 1, type: 'CELDeviceSelector', ptr: true },
  },
};

export const DeviceSubRequest: Struct<T.DeviceSubRequest> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    deviceClassName: { n: 2, type: 'string', always: true, required: true },
    selectors: { n: 3, type: '[]DeviceSelector', listType: 'atomic' },
    allocationMode: { n: 4, type: 'string' },
    count: { n: 5, type: 'int64' },
    tolerations: { n: 6, type: '[]DeviceToleration', listType: 'atomic' },
    capacity: { n: 7, type: 'CapacityRequirements', ptr: true },
  },
};

export const DeviceTaint: Struct<T.DeviceTaint> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'string' },
    effect: { n: 3, type: 'string', enum: taintEffects, always: true, required: true },
    timeAdded: { n: 4, type: 'Time', ptr: true },
  },
};

export const DeviceToleration: Struct<T.DeviceToleration> = {
  fields: {
    key: { n: 1, type: 'string' },
    operator: { n: 2, type: 'string', enum: tolerationOperators, default: 'Equal', told: true },
    value: { n: 3, type: 'string' },
    effect: { n: 4, type: 'string', enum: taintEffects },
    tolerationSeconds: { n: 5, type: 'int64', ptr: true },
  },
};

export const ExactDeviceRequest: Struct<T.ExactDeviceRequest> = {
  fields: {
    deviceClassName: { n: 1, type: 'string', always: true, required: true },
    selectors: { n: 2, type: '[]DeviceSelector', listType: 'atomic' },
    allocationMode: { n: 3, type: 'string' },
    count: { n: 4, type: 'int64' },
    adminAccess: { n: 5, type: 'bool', ptr: true },
    tolerations: { n: 6, type: '[]DeviceToleration', listType: 'atomic' },
    capacity: { n: 7, type: 'CapacityRequirements', ptr: true },
  },
};

export const NetworkDeviceData: Struct<T.NetworkDeviceData> = {
  fields: {
    interfaceName: { n: 1, type: 'string' },
    ips: { n: 2, type: '[]string', listType: 'atomic' },
    hardwareAddress: { n: 3, type: 'string' },
  },
};

export const OpaqueDeviceConfiguration: Struct<T.OpaqueDeviceConfiguration> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    parameters: { n: 2, type: 'RawExtension', always: true, required: true },
  },
};

export const ResourceClaim: Struct<T.ResourceClaim> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ResourceClaimSpec', always: true, required: true },
    status: { n: 3, type: 'ResourceClaimStatus' },
  },
};

export const ResourceClaimConsumerReference: Struct<T.ResourceClaimConsumerReference> = {
  fields: {
    apiGroup: { n: 1, type: 'string' },
    resource: { n: 3, type: 'string', always: true, required: true },
    name: { n: 4, type: 'string', always: true, required: true },
    uid: { n: 5, type: 'string', always: true, required: true },
  },
};

export const ResourceClaimSpec: Struct<T.ResourceClaimSpec> = {
  fields: {
    devices: { n: 1, type: 'DeviceClaim', always: true },
  },
};

export const ResourceClaimStatus: Struct<T.ResourceClaimStatus> = {
  fields: {
    allocation: { n: 1, type: 'AllocationResult', ptr: true },
    reservedFor: { n: 2, type: '[]ResourceClaimConsumerReference', listType: 'map', listMapKeys: ['uid'], patchStrategy: 'merge', patchMergeKey: 'uid' },
    devices: { n: 4, type: '[]AllocatedDeviceStatus', listType: 'map', listMapKeys: ['driver', 'device', 'pool', 'shareID'] },
  },
};

export const ResourceClaimTemplate: Struct<T.ResourceClaimTemplate> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ResourceClaimTemplateSpec', always: true, required: true },
  },
};

export const ResourceClaimTemplateSpec: Struct<T.ResourceClaimTemplateSpec> = {
  fields: {
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ResourceClaimSpec', always: true, required: true },
  },
};

export const ResourcePool: Struct<T.ResourcePool> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    generation: { n: 2, type: 'int64', always: true, required: true },
    resourceSliceCount: { n: 3, type: 'int64', always: true, required: true },
  },
};

export const ResourceSlice: Struct<T.ResourceSlice> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ResourceSliceSpec', always: true, required: true },
  },
};

export const ResourceSliceSpec: Struct<T.ResourceSliceSpec> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    pool: { n: 2, type: 'ResourcePool', always: true, required: true },
    nodeName: { n: 3, type: 'string', ptr: true },
    nodeSelector: { n: 4, type: 'core.v1.NodeSelector', ptr: true },
    allNodes: { n: 5, type: 'bool', ptr: true },
    devices: { n: 6, type: '[]Device', always: true, listType: 'atomic' },
    perDeviceNodeSelection: { n: 7, type: 'bool', ptr: true },
    sharedCounters: { n: 8, type: '[]CounterSet', listType: 'atomic' },
  },
};
