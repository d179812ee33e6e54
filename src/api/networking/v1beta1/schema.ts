// The data of networking.k8s.io/v1beta1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

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

export const ParentReference: Struct<T.ParentReference> = {
  fields: {
    group: { n: 1, type: 'string' },
    resource: { n: 2, type: 'string', required: true },
    namespace: { n: 3, type: 'string' },
    name: { n: 4, type: 'string', required: true },
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
