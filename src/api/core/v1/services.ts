// The data of the core group/v1: services. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { ipFamilies, ipFamilyPolicies, protocols, serviceTypes, sessionAffinities, trafficPolicies } from './enums.ts';
import type * as T from './types.ts';

export const ClientIPConfig: Struct<T.ClientIPConfig> = {
  fields: {
    timeoutSeconds: { n: 1, type: 'int32', ptr: true },
  },
};

export const EndpointAddress: Struct<T.EndpointAddress> = {
  mapType: 'atomic',
  fields: {
    ip: { n: 1, type: 'string', always: true, required: true },
    hostname: { n: 3, type: 'string' },
    nodeName: { n: 4, type: 'string', ptr: true },
    targetRef: { n: 2, type: 'ObjectReference', ptr: true },
  },
};

export const EndpointPort: Struct<T.EndpointPort> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string' },
    port: { n: 2, type: 'int32', always: true, required: true },
    protocol: { n: 3, type: 'string', enum: protocols, default: 'TCP' },
    appProtocol: { n: 4, type: 'string', ptr: true },
  },
};

export const EndpointSubset: Struct<T.EndpointSubset> = {
  fields: {
    addresses: { n: 1, type: '[]EndpointAddress', listType: 'atomic' },
    notReadyAddresses: { n: 2, type: '[]EndpointAddress', listType: 'atomic' },
    ports: { n: 3, type: '[]EndpointPort', listType: 'atomic' },
  },
};

export const Endpoints: Struct<T.Endpoints> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    subsets: { n: 2, type: '[]EndpointSubset', listType: 'atomic' },
  },
};

export const LoadBalancerIngress: Struct<T.LoadBalancerIngress> = {
  fields: {
    ip: { n: 1, type: 'string' },
    hostname: { n: 2, type: 'string' },
    ipMode: { n: 3, type: 'string', ptr: true },
    ports: { n: 4, type: '[]PortStatus', listType: 'atomic' },
  },
};

export const LoadBalancerStatus: Struct<T.LoadBalancerStatus> = {
  fields: {
    ingress: { n: 1, type: '[]LoadBalancerIngress', listType: 'atomic' },
  },
};

export const PortStatus: Struct<T.PortStatus> = {
  fields: {
    port: { n: 1, type: 'int32', always: true, required: true },
    protocol: { n: 2, type: 'string', enum: protocols, always: true, required: true },
    error: { n: 3, type: 'string', ptr: true },
  },
};

export const Service: Struct<T.Service> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ServiceSpec' },
    status: { n: 3, type: 'ServiceStatus' },
  },
};

export const ServiceAccount: Struct<T.ServiceAccount> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    secrets: { n: 2, type: '[]ObjectReference', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    imagePullSecrets: { n: 3, type: '[]LocalObjectReference', listType: 'atomic' },
    automountServiceAccountToken: { n: 4, type: 'bool', ptr: true },
  },
};

export const ServicePort: Struct<T.ServicePort> = {
  fields: {
    name: { n: 1, type: 'string' },
    protocol: { n: 2, type: 'string', enum: protocols, default: 'TCP', told: true },
    appProtocol: { n: 6, type: 'string', ptr: true },
    port: { n: 3, type: 'int32', always: true, required: true },
    targetPort: { n: 4, type: 'IntOrString' },
    nodePort: { n: 5, type: 'int32' },
  },
};

export const ServiceProxyOptions: Struct<T.ServiceProxyOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    path: { n: 1, type: 'string' },
  },
};

export const ServiceSpec: Struct<T.ServiceSpec> = {
  fields: {
    ports: { n: 1, type: '[]ServicePort', listType: 'map', listMapKeys: ['port', 'protocol'], patchStrategy: 'merge', patchMergeKey: 'port' },
    selector: { n: 2, type: 'map:string', mapType: 'atomic' },
    clusterIP: { n: 3, type: 'string' },
    clusterIPs: { n: 18, type: '[]string', listType: 'atomic' },
    type: { n: 4, type: 'string', enum: serviceTypes, default: 'ClusterIP' },
    externalIPs: { n: 5, type: '[]string', listType: 'atomic' },
    sessionAffinity: { n: 7, type: 'string', enum: sessionAffinities, default: 'None' },
    loadBalancerIP: { n: 8, type: 'string' },
    loadBalancerSourceRanges: { n: 9, type: '[]string', listType: 'atomic' },
    externalName: { n: 10, type: 'string' },
    externalTrafficPolicy: { n: 11, type: 'string', enum: trafficPolicies },
    healthCheckNodePort: { n: 12, type: 'int32' },
    publishNotReadyAddresses: { n: 13, type: 'bool' },
    sessionAffinityConfig: { n: 14, type: 'SessionAffinityConfig', ptr: true },
    ipFamilies: { n: 19, type: '[]string', enum: ipFamilies, listType: 'atomic' },
    ipFamilyPolicy: { n: 17, type: 'string', enum: ipFamilyPolicies, ptr: true },
    allocateLoadBalancerNodePorts: { n: 20, type: 'bool', ptr: true },
    loadBalancerClass: { n: 21, type: 'string', ptr: true },
    internalTrafficPolicy: { n: 22, type: 'string', enum: trafficPolicies, ptr: true },
    trafficDistribution: { n: 23, type: 'string', ptr: true },
  },
};

export const ServiceStatus: Struct<T.ServiceStatus> = {
  fields: {
    loadBalancer: { n: 1, type: 'LoadBalancerStatus' },
    conditions: { n: 2, type: '[]meta.v1.Condition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};
