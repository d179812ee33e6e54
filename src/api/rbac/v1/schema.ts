// The data of rbac.authorization.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const AggregationRule: Struct<T.AggregationRule> = {
  fields: {
    clusterRoleSelectors: { n: 1, type: '[]meta.v1.LabelSelector', listType: 'atomic' },
  },
};

export const ClusterRole: Struct<T.ClusterRole> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    rules: { n: 2, type: '[]PolicyRule', always: true, listType: 'atomic' },
    aggregationRule: { n: 3, type: 'AggregationRule', ptr: true },
  },
};

export const ClusterRoleBinding: Struct<T.ClusterRoleBinding> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    subjects: { n: 2, type: '[]Subject', listType: 'atomic' },
    roleRef: { n: 3, type: 'RoleRef', always: true, required: true },
  },
};

export const PolicyRule: Struct<T.PolicyRule> = {
  fields: {
    verbs: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    apiGroups: { n: 2, type: '[]string', listType: 'atomic' },
    resources: { n: 3, type: '[]string', listType: 'atomic' },
    resourceNames: { n: 4, type: '[]string', listType: 'atomic' },
    nonResourceURLs: { n: 5, type: '[]string', listType: 'atomic' },
  },
};

export const Role: Struct<T.Role> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    rules: { n: 2, type: '[]PolicyRule', always: true, listType: 'atomic' },
  },
};

export const RoleBinding: Struct<T.RoleBinding> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    subjects: { n: 2, type: '[]Subject', listType: 'atomic' },
    roleRef: { n: 3, type: 'RoleRef', always: true, required: true },
  },
};

export const RoleRef: Struct<T.RoleRef> = {
  mapType: 'atomic',
  fields: {
    apiGroup: { n: 1, type: 'string', always: true, required: true, default: 'rbac.authorization.k8s.io' },
    kind: { n: 2, type: 'string', always: true, required: true },
    name: { n: 3, type: 'string', always: true, required: true },
  },
};

export const Subject: Struct<T.Subject> = {
  mapType: 'atomic',
  fields: {
    kind: { n: 1, type: 'string', always: true, required: true },
    apiGroup: { n: 2, type: 'string' },
    name: { n: 3, type: 'string', always: true, required: true },
    namespace: { n: 4, type: 'string' },
  },
};
