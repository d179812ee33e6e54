// The data of the core group/v1: nodes. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { nodePhases, taintEffects } from './enums.ts';
import type * as T from './types.ts';

export const ConfigMapNodeConfigSource: Struct<T.ConfigMapNodeConfigSource> = {
  fields: {
    namespace: { n: 1, type: 'string', always: true, required: true },
    name: { n: 2, type: 'string', always: true, required: true },
    uid: { n: 3, type: 'string' },
    resourceVersion: { n: 4, type: 'string' },
    kubeletConfigKey: { n: 5, type: 'string', always: true, required: true },
  },
};

export const DaemonEndpoint: Struct<T.DaemonEndpoint> = {
  fields: {
    Port: { n: 1, type: 'int32', always: true, required: true },
  },
};

export const Node: Struct<T.Node> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'NodeSpec' },
    status: { n: 3, type: 'NodeStatus' },
  },
};

export const NodeAddress: Struct<T.NodeAddress> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    address: { n: 2, type: 'string', always: true, required: true },
  },
};

export const NodeCondition: Struct<T.NodeCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastHeartbeatTime: { n: 3, type: 'Time' },
    lastTransitionTime: { n: 4, type: 'Time' },
    reason: { n: 5, type: 'string' },
    message: { n: 6, type: 'string' },
  },
};

export const NodeConfigSource: Struct<T.NodeConfigSource> = {
  fields: {
    configMap: { n: 2, type: 'ConfigMapNodeConfigSource', ptr: true },
  },
};

export const NodeConfigStatus: Struct<T.NodeConfigStatus> = {
  fields: {
    assigned: { n: 1, type: 'NodeConfigSource', ptr: true },
    active: { n: 2, type: 'NodeConfigSource', ptr: true },
    lastKnownGood: { n: 3, type: 'NodeConfigSource', ptr: true },
    error: { n: 4, type: 'string' },
  },
};

export const NodeDaemonEndpoints: Struct<T.NodeDaemonEndpoints> = {
  fields: {
    kubeletEndpoint: { n: 1, type: 'DaemonEndpoint' },
  },
};

export const NodeFeatures: Struct<T.NodeFeatures> = {
  fields: {
    supplementalGroupsPolicy: { n: 1, type: 'bool', ptr: true },
  },
};

export const NodeProxyOptions: Struct<T.NodeProxyOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    path: { n: 1, type: 'string' },
  },
};

export const NodeSpec: Struct<T.NodeSpec> = {
  fields: {
    podCIDR: { n: 1, type: 'string' },
    podCIDRs: { n: 7, type: '[]string', listType: 'set', patchStrategy: 'merge' },
    providerID: { n: 3, type: 'string' },
    unschedulable: { n: 4, type: 'bool' },
    taints: { n: 5, type: '[]Taint', listType: 'atomic' },
    configSource: { n: 6, type: 'NodeConfigSource', ptr: true },
    externalID: { n: 2, type: 'string' },
  },
};

export const NodeStatus: Struct<T.NodeStatus> = {
  fields: {
    capacity: { n: 1, type: 'map:Quantity' },
    allocatable: { n: 2, type: 'map:Quantity' },
    phase: { n: 3, type: 'string', enum: nodePhases },
    conditions: { n: 4, type: '[]NodeCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    addresses: { n: 5, type: '[]NodeAddress', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    daemonEndpoints: { n: 6, type: 'NodeDaemonEndpoints' },
    nodeInfo: { n: 7, type: 'NodeSystemInfo' },
    images: { n: 8, type: '[]ContainerImage', listType: 'atomic' },
    volumesInUse: { n: 9, type: '[]string', listType: 'atomic' },
    volumesAttached: { n: 10, type: '[]AttachedVolume', listType: 'atomic' },
    config: { n: 11, type: 'NodeConfigStatus', ptr: true },
    runtimeHandlers: { n: 12, type: '[]NodeRuntimeHandler', listType: 'atomic' },
    features: { n: 13, type: 'NodeFeatures', ptr: true },
  },
};

export const NodeSwapStatus: Struct<T.NodeSwapStatus> = {
  fields: {
    capacity: { n: 1, type: 'int64', ptr: true },
  },
};

export const NodeSystemInfo: Struct<T.NodeSystemInfo> = {
  fields: {
    machineID: { n: 1, type: 'string', always: true, required: true },
    systemUUID: { n: 2, type: 'string', always: true, required: true },
    bootID: { n: 3, type: 'string', always: true, required: true },
    kernelVersion: { n: 4, type: 'string', always: true, required: true },
    osImage: { n: 5, type: 'string', always: true, required: true },
    containerRuntimeVersion: { n: 6, type: 'string', always: true, required: true },
    kubeletVersion: { n: 7, type: 'string', always: true, required: true },
    kubeProxyVersion: { n: 8, type: 'string', always: true, required: true },
    operatingSystem: { n: 9, type: 'string', always: true, required: true },
    architecture: { n: 10, type: 'string', always: true, required: true },
    swap: { n: 11, type: 'NodeSwapStatus', ptr: true },
  },
};

export const Taint: Struct<T.Taint> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'string' },
    effect: { n: 3, type: 'string', enum: taintEffects, always: true, required: true },
    timeAdded: { n: 4, type: 'Time', ptr: true },
  },
};
