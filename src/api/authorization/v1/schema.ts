// The data of authorization.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const FieldSelectorAttributes: Struct<T.FieldSelectorAttributes> = {
  fields: {
    rawSelector: { n: 1, type: 'string' },
    requirements: { n: 2, type: '[]meta.v1.FieldSelectorRequirement', listType: 'atomic' },
  },
};

export const LabelSelectorAttributes: Struct<T.LabelSelectorAttributes> = {
  fields: {
    rawSelector: { n: 1, type: 'string' },
    requirements: { n: 2, type: '[]meta.v1.LabelSelectorRequirement', listType: 'atomic' },
  },
};

export const LocalSubjectAccessReview: Struct<T.LocalSubjectAccessReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'SubjectAccessReviewSpec', always: true, required: true },
    status: { n: 3, type: 'SubjectAccessReviewStatus' },
  },
};

export const NonResourceAttributes: Struct<T.NonResourceAttributes> = {
  fields: {
    path: { n: 1, type: 'string' },
    verb: { n: 2, type: 'string' },
  },
};

export const NonResourceRule: Struct<T.NonResourceRule> = {
  fields: {
    verbs: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    nonResourceURLs: { n: 2, type: '[]string', listType: 'atomic' },
  },
};

export const ResourceAttributes: Struct<T.ResourceAttributes> = {
  fields: {
    namespace: { n: 1, type: 'string' },
    verb: { n: 2, type: 'string' },
    group: { n: 3, type: 'string' },
    version: { n: 4, type: 'string' },
    resource: { n: 5, type: 'string' },
    subresource: { n: 6, type: 'string' },
    name: { n: 7, type: 'string' },
    fieldSelector: { n: 8, type: 'FieldSelectorAttributes', ptr: true },
    labelSelector: { n: 9, type: 'LabelSelectorAttributes', ptr: true },
  },
};

export const ResourceRule: Struct<T.ResourceRule> = {
  fields: {
    verbs: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    apiGroups: { n: 2, type: '[]string', listType: 'atomic' },
    resources: { n: 3, type: '[]string', listType: 'atomic' },
    resourceNames: { n: 4, type: '[]string', listType: 'atomic' },
  },
};

export const SelfSubjectAccessReview: Struct<T.SelfSubjectAccessReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'SelfSubjectAccessReviewSpec', always: true, required: true },
    status: { n: 3, type: 'SubjectAccessReviewStatus' },
  },
};

export const SelfSubjectAccessReviewSpec: Struct<T.SelfSubjectAccessReviewSpec> = {
  fields: {
    resourceAttributes: { n: 1, type: 'ResourceAttributes', ptr: true },
    nonResourceAttributes: { n: 2, type: 'NonResourceAttributes', ptr: true },
  },
};

export const SelfSubjectRulesReview: Struct<T.SelfSubjectRulesReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'SelfSubjectRulesReviewSpec', always: true, required: true },
    status: { n: 3, type: 'SubjectRulesReviewStatus' },
  },
};

export const SelfSubjectRulesReviewSpec: Struct<T.SelfSubjectRulesReviewSpec> = {
  fields: {
    namespace: { n: 1, type: 'string' },
  },
};

export const SubjectAccessReview: Struct<T.SubjectAccessReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'SubjectAccessReviewSpec', always: true, required: true },
    status: { n: 3, type: 'SubjectAccessReviewStatus' },
  },
};

export const SubjectAccessReviewSpec: Struct<T.SubjectAccessReviewSpec> = {
  fields: {
    resourceAttributes: { n: 1, type: 'ResourceAttributes', ptr: true },
    nonResourceAttributes: { n: 2, type: 'NonResourceAttributes', ptr: true },
    user: { n: 3, type: 'string' },
    groups: { n: 4, type: '[]string', listType: 'atomic' },
    extra: { n: 5, type: 'map:[]string' },
    uid: { n: 6, type: 'string' },
  },
};

export const SubjectAccessReviewStatus: Struct<T.SubjectAccessReviewStatus> = {
  fields: {
    allowed: { n: 1, type: 'bool', always: true, required: true },
    denied: { n: 4, type: 'bool' },
    reason: { n: 2, type: 'string' },
    evaluationError: { n: 3, type: 'string' },
  },
};

export const SubjectRulesReviewStatus: Struct<T.SubjectRulesReviewStatus> = {
  fields: {
    resourceRules: { n: 1, type: '[]ResourceRule', always: true, required: true, listType: 'atomic' },
    nonResourceRules: { n: 2, type: '[]NonResourceRule', always: true, required: true, listType: 'atomic' },
    incomplete: { n: 3, type: 'bool', always: true, required: true },
    evaluationError: { n: 4, type: 'string' },
  },
};
