// The data of admissionregistration.k8s.io/v1alpha1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { failurePolicies, matchPolicies, missingParameterActions, operations, patchTypes } from '../v1/enums.ts';
import type * as T from './types.ts';

export const ApplyConfiguration: Struct<T.ApplyConfiguration> = {
  fields: {
    expression: { n: 1, type: 'string' },
  },
};

export const JSONPatch: Struct<T.JSONPatch> = {
  fields: {
    expression: { n: 1, type: 'string' },
  },
};

export const MatchCondition: Struct<T.MatchCondition> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    expression: { n: 2, type: 'string', always: true, required: true },
  },
};

export const MatchResources: Struct<T.MatchResources> = {
  mapType: 'atomic',
  fields: {
    namespaceSelector: { n: 1, type: 'meta.v1.LabelSelector', ptr: true },
    objectSelector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true },
    resourceRules: { n: 3, type: '[]NamedRuleWithOperations', listType: 'atomic' },
    excludeResourceRules: { n: 4, type: '[]NamedRuleWithOperations', listType: 'atomic' },
    matchPolicy: { n: 7, type: 'string', enum: matchPolicies, ptr: true, default: 'Equivalent' },
  },
};

export const MutatingAdmissionPolicy: Struct<T.MutatingAdmissionPolicy> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'MutatingAdmissionPolicySpec' },
  },
};

export const MutatingAdmissionPolicyBinding: Struct<T.MutatingAdmissionPolicyBinding> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'MutatingAdmissionPolicyBindingSpec' },
  },
};

export const MutatingAdmissionPolicyBindingSpec: Struct<T.MutatingAdmissionPolicyBindingSpec> = {
  fields: {
    policyName: { n: 1, type: 'string' },
    paramRef: { n: 2, type: 'ParamRef', ptr: true },
    matchResources: { n: 3, type: 'MatchResources', ptr: true },
  },
};

export const MutatingAdmissionPolicySpec: Struct<T.MutatingAdmissionPolicySpec> = {
  fields: {
    paramKind: { n: 1, type: 'ParamKind', ptr: true },
    matchConstraints: { n: 2, type: 'MatchResources', ptr: true },
    variables: { n: 3, type: '[]Variable', listType: 'atomic' },
    mutations: { n: 4, type: '[]Mutation', listType: 'atomic' },
    failurePolicy: { n: 5, type: 'string', enum: failurePolicies, ptr: true, default: 'Fail' },
    matchConditions: { n: 6, type: '[]MatchCondition', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    reinvocationPolicy: { n: 7, type: 'string' },
  },
};

export const Mutation: Struct<T.Mutation> = {
  fields: {
    patchType: { n: 2, type: 'string', enum: patchTypes, always: true, required: true },
    applyConfiguration: { n: 3, type: 'ApplyConfiguration', ptr: true },
    jsonPatch: { n: 4, type: 'JSONPatch', ptr: true },
  },
};

export const NamedRuleWithOperations: Struct<T.NamedRuleWithOperations> = {
  mapType: 'atomic',
  fields: {
    resourceNames: { n: 1, type: '[]string', listType: 'atomic' },
    operations: { path: [2, 1], type: '[]string', enum: operations, listType: 'atomic' },
    apiGroups: { path: [2, 2, 1], type: '[]string', listType: 'atomic' },
    apiVersions: { path: [2, 2, 2], type: '[]string', listType: 'atomic' },
    resources: { path: [2, 2, 3], type: '[]string', listType: 'atomic' },
    scope: { path: [2, 2, 4], type: 'string', ptr: true, default: '*' },
  },
};

export const ParamKind: Struct<T.ParamKind> = {
  mapType: 'atomic',
  fields: {
    apiVersion: { n: 1, type: 'string' },
    kind: { n: 2, type: 'string' },
  },
};

export const ParamRef: Struct<T.ParamRef> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string' },
    namespace: { n: 2, type: 'string' },
    selector: { n: 3, type: 'meta.v1.LabelSelector', ptr: true },
    parameterNotFoundAction: { n: 4, type: 'string', enum: missingParameterActions, ptr: true },
  },
};

export const Variable: Struct<T.Variable> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    expression: { n: 2, type: 'string', always: true, required: true },
  },
};
