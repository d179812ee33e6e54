// The data of networking.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { pathTypes, policyProtocols, policyTypes } from './enums.ts';
import { protocols } from '../../core/v1/enums.ts';
import type * as T from './types.ts';

export const HTTPIngressPath: Struct<T.HTTPIngressPath> = {
  fields: {
    path: { n: 1, type: 'string' },
    pathType: { n: 3, type: 'string', enum: pathTypes, ptr: true, always: true, required: true },
    backend: { n: 2, type: 'IngressBackend', always: true, required: true },
  },
};

export const HTTPIngressRuleValue: Struct<T.HTTPIngressRuleValue> = {
  fields: {
    paths: { n: 1, type: '[]HTTPIngressPath', always: true, required: true, listType: 'atomic' },
  },
};

export const IPAddress: Struct<T.IPAddress> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'IPAddressSpec' },
  },
};

export const IPAddressSpec: Struct<T.IPAddressSpec> = {
  fields: {
    parentRef: { n: 1, type: 'ParentReference', ptr: true, required: true },
  },
};

export const IPBlock: Struct<T.IPBlock> = {
  fields: {
    cidr: { n: 1, type: 'string', always: true, required: true },
    except: { n: 2, type: '[]string', listType: 'atomic' },
  },
};

export const Ingress: Struct<T.Ingress> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'IngressSpec' },
    status: { n: 3, type: 'IngressStatus' },
  },
};

export const IngressBackend: Struct<T.IngressBackend> = {
  fields: {
    service: { n: 4, type: 'IngressServiceBackend', ptr: true },
    resource: { n: 3, type: 'core.v1.TypedLocalObjectReference', ptr: true },
  },
};

export const IngressClass: Struct<T.IngressClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'IngressClassSpec' },
  },
};

export const IngressClassParametersReference: Struct<T.IngressClassParametersReference> = {
  fields: {
    apiGroup: { n: 1, type: 'string', ptr: true },
    kind: { n: 2, type: 'string', always: true, required: true },
    name: { n: 3, type: 'string', always: true, required: true },
    scope: { n: 4, type: 'string', ptr: true, always: true, default: 'Cluster' },
    namespace: { n: 5, type: 'string', ptr: true },
  },
};

export const IngressClassSpec: Struct<T.IngressClassSpec> = {
  fields: {
    controller: { n: 1, type: 'string' },
    parameters: { n: 2, type: 'IngressClassParametersReference', ptr: true },
  },
};

export const IngressLoadBalancerIngress: Struct<T.IngressLoadBalancerIngress> = {
  fields: {
    ip: { n: 1, type: 'string' },
    hostname: { n: 2, type: 'string' },
    ports: { n: 4, type: '[]IngressPortStatus', listType: 'atomic' },
  },
};

export const IngressLoadBalancerStatus: Struct<T.IngressLoadBalancerStatus> = {
  fields: {
    ingress: { n: 1, type: '[]IngressLoadBalancerIngress', listType: 'atomic' },
  },
};

export const IngressPortStatus: Struct<T.IngressPortStatus> = {
  fields: {
    port: { n: 1, type: 'int32', always: true, required: true },
    protocol: { n: 2, type: 'string', enum: protocols, always: true, required: true },
    error: { n: 3, type: 'string', ptr: true },
  },
};

export const IngressRule: Struct<T.IngressRule> = {
  fields: {
    host: { n: 1, type: 'string' },
    http: { path: [2, 1], type: 'HTTPIngressRuleValue', ptr: true, undescribed: true },
  },
};

export const IngressServiceBackend: Struct<T.IngressServiceBackend> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    port: { n: 2, type: 'ServiceBackendPort' },
  },
};

export const IngressSpec: Struct<T.IngressSpec> = {
  fields: {
    ingressClassName: { n: 4, type: 'string', ptr: true },
    defaultBackend: { n: 1, type: 'IngressBackend', ptr: true },
    tls: { n: 2, type: '[]IngressTLS', listType: 'atomic' },
    rules: { n: 3, type: '[]IngressRule', listType: 'atomic' },
  },
};

export const IngressStatus: Struct<T.IngressStatus> = {
  fields: {
    loadBalancer: { n: 1, type: 'IngressLoadBalancerStatus' },
  },
};

export const IngressTLS: Struct<T.IngressTLS> = {
  fields: {
    hosts: { n: 1, type: '[]string', listType: 'atomic' },
    secretName: { n: 2, type: 'string' },
  },
};

export const NetworkPolicy: Struct<T.NetworkPolicy> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'NetworkPolicySpec' },
  },
};

export const NetworkPolicyEgressRule: Struct<T.NetworkPolicyEgressRule> = {
  fields: {
    ports: { n: 1, type: '[]NetworkPolicyPort', listType: 'atomic' },
    to: { n: 2, type: '[]NetworkPolicyPeer', listType: 'atomic' },
  },
};

export const NetworkPolicyIngressRule: Struct<T.NetworkPolicyIngressRule> = {
  fields: {
    ports: { n: 1, type: '[]NetworkPolicyPort', listType: 'atomic' },
    from: { n: 2, type: '[]NetworkPolicyPeer', listType: 'atomic' },
  },
};

export const NetworkPolicyPeer: Struct<T.NetworkPolicyPeer> = {
  fields: {
    podSelector: { n: 1, type: 'meta.v1.LabelSelector', ptr: true },
    namespaceSelector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true },
    ipBlock: { n: 3, type: 'IPBlock', ptr: true },
  },
};

export const NetworkPolicyPort: Struct<T.NetworkPolicyPort> = {
  fields: {
    protocol: { n: 1, type: 'string', enum: policyProtocols, ptr: true, default: 'TCP' },
    port: { n: 2, type: 'IntOrString', ptr: true },
    endPort: { n: 3, type: 'int32', ptr: true },
  },
};

export const NetworkPolicySpec: Struct<T.NetworkPolicySpec> = {
  fields: {
    podSelector: { n: 1, type: 'meta.v1.LabelSelector', always: true },
    ingress: { n: 2, type: '[]NetworkPolicyIngressRule', listType: 'atomic' },
    egress: { n: 3, type: '[]NetworkPolicyEgressRule', listType: 'atomic' },
    policyTypes: { n: 4, type: '[]string', enum: policyTypes, listType: 'atomic' },
  },
};

export const ParentReference: Struct<T.ParentReference> = {
  fields: {
    group: { n: 1, type: 'string' },
    resource: { n: 2, type: 'string', required: true },
    namespace: { n: 3, type: 'string' },
    name: { n: 4, type: 'string', required: true },
  },
};

export const ServiceBackendPort: Struct<T.ServiceBackendPort> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string' },
    number: { n: 2, type: 'int32' },
  },
};

export const ServiceCIDR: Struct<T.ServiceCIDR> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ServiceCIDRSpec' },
    status: { n: 3, type: 'ServiceCIDRStatus' },
  },
};

export const ServiceCIDRSpec: Struct<T.ServiceCIDRSpec> = {
  fields: {
    cidrs: { n: 1, type: '[]string', listType: 'atomic' },
  },
};

export const ServiceCIDRStatus: Struct<T.ServiceCIDRStatus> = {
  fields: {
    conditions: { n: 1, type: '[]meta.v1.Condition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};
