// The data of apidiscovery.k8s.io/v2. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const APIGroupDiscovery: Struct<T.APIGroupDiscovery> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    versions: { n: 2, type: '[]APIVersionDiscovery' },
  },
};

export const APIResourceDiscovery: Struct<T.APIResourceDiscovery> = {
  fields: {
    resource: { n: 1, type: 'string', always: true },
    responseKind: { n: 2, type: 'meta.v1.GroupVersionKind', ptr: true },
    scope: { n: 3, type: 'string', always: true },
    singularResource: { n: 4, type: 'string', always: true },
    verbs: { n: 5, type: '[]string', always: true },
    shortNames: { n: 6, type: '[]string' },
    categories: { n: 7, type: '[]string' },
    subresources: { n: 8, type: '[]APISubresourceDiscovery' },
  },
};

export const APISubresourceDiscovery: Struct<T.APISubresourceDiscovery> = {
  fields: {
    subresource: { n: 1, type: 'string', always: true },
    responseKind: { n: 2, type: 'meta.v1.GroupVersionKind', ptr: true },
    acceptedTypes: { n: 3, type: '[]meta.v1.GroupVersionKind' },
    verbs: { n: 4, type: '[]string', always: true },
  },
};

export const APIVersionDiscovery: Struct<T.APIVersionDiscovery> = {
  fields: {
    version: { n: 1, type: 'string', always: true },
    resources: { n: 2, type: '[]APIResourceDiscovery' },
    freshness: { n: 3, type: 'string' },
  },
};
