// The data of admissionregistration.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { failurePolicies, matchPolicies, operations, sideEffectClasses, validationActions } from './enums.ts';
import type * as T from './types.ts';

export const AuditAnnotation: Struct<T.AuditAnnotation> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    valueExpression: { n: 2, type: 'string', always: true, required: true },
  },
};

export const ExpressionWarning: Struct<T.ExpressionWarning> = {
  fields: {
    fieldRef: { n: 2, type: 'string', always: true, required: true },
    warning: { n: 3, type: 'string', always: true, required: true },
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

export const MutatingWebhook: Struct<T.MutatingWebhook> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    clientConfig: { n: 2, type: 'WebhookClientConfig', always: true, required: true },
    rules: { n: 3, type: '[]RuleWithOperations', listType: 'atomic' },
    failurePolicy: { n: 4, type: 'string', enum: failurePolicies, ptr: true, default: 'Fail' },
    matchPolicy: { n: 9, type: 'string', enum: matchPolicies, ptr: true, default: 'Equivalent' },
    namespaceSelector: { n: 5, type: 'meta.v1.LabelSelector', ptr: true },
    objectSelector: { n: 11, type: 'meta.v1.LabelSelector', ptr: true },
    sideEffects: { n: 6, type: 'string', enum: sideEffectClasses, ptr: true, always: true, required: true },
    timeoutSeconds: { n: 7, type: 'int32', ptr: true, default: 10 },
    admissionReviewVersions: { n: 8, type: '[]string', always: true, required: true, listType: 'atomic' },
    reinvocationPolicy: { n: 10, type: 'string', ptr: true, default: 'Never' },
    matchConditions: { n: 12, type: '[]MatchCondition', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
  },
};

export const MutatingWebhookConfiguration: Struct<T.MutatingWebhookConfiguration> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    webhooks: { n: 2, type: '[]MutatingWebhook', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
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
    parameterNotFoundAction: { n: 4, type: 'string', ptr: true },
  },
};

export const RuleWithOperations: Struct<T.RuleWithOperations> = {
  fields: {
    operations: { n: 1, type: '[]string', enum: operations, listType: 'atomic' },
    apiGroups: { path: [2, 1], type: '[]string', listType: 'atomic' },
    apiVersions: { path: [2, 2], type: '[]string', listType: 'atomic' },
    resources: { path: [2, 3], type: '[]string', listType: 'atomic' },
    scope: { path: [2, 4], type: 'string', ptr: true, default: '*' },
  },
};

export const ServiceReference: Struct<T.ServiceReference> = {
  fields: {
    namespace: { n: 1, type: 'string', always: true, required: true },
    name: { n: 2, type: 'string', always: true, required: true },
    path: { n: 3, type: 'string', ptr: true },
    port: { n: 4, type: 'int32', ptr: true, default: 443 },
  },
};

export const TypeChecking: Struct<T.TypeChecking> = {
  fields: {
    expressionWarnings: { n: 1, type: '[]ExpressionWarning', listType: 'atomic' },
  },
};

export const ValidatingAdmissionPolicy: Struct<T.ValidatingAdmissionPolicy> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ValidatingAdmissionPolicySpec' },
    status: { n: 3, type: 'ValidatingAdmissionPolicyStatus' },
  },
};

export const ValidatingAdmissionPolicyBinding: Struct<T.ValidatingAdmissionPolicyBinding> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ValidatingAdmissionPolicyBindingSpec' },
  },
};

export const ValidatingAdmissionPolicyBindingSpec: Struct<T.ValidatingAdmissionPolicyBindingSpec> = {
  fields: {
    policyName: { n: 1, type: 'string' },
    paramRef: { n: 2, type: 'ParamRef', ptr: true },
    matchResources: { n: 3, type: 'MatchResources', ptr: true },
    validationActions: { n: 4, type: '[]string', enum: validationActions, listType: 'set' },
  },
};

export const ValidatingAdmissionPolicySpec: Struct<T.ValidatingAdmissionPolicySpec> = {
  fields: {
    paramKind: { n: 1, type: 'ParamKind', ptr: true },
    matchConstraints: { n: 2, type: 'MatchResources', ptr: true },
    validations: { n: 3, type: '[]Validation', listType: 'atomic' },
    failurePolicy: { n: 4, type: 'string', enum: failurePolicies, ptr: true, default: 'Fail' },
    auditAnnotations: { n: 5, type: '[]AuditAnnotation', listType: 'atomic' },
    matchConditions: { n: 6, type: '[]MatchCondition', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    variables: { n: 7, type: '[]Variable', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
  },
};

export const ValidatingAdmissionPolicyStatus: Struct<T.ValidatingAdmissionPolicyStatus> = {
  fields: {
    observedGeneration: { n: 1, type: 'int64' },
    typeChecking: { n: 2, type: 'TypeChecking', ptr: true },
    conditions: { n: 3, type: '[]meta.v1.Condition', listType: 'map', listMapKeys: ['type'] },
  },
};

export const ValidatingWebhook: Struct<T.ValidatingWebhook> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    clientConfig: { n: 2, type: 'WebhookClientConfig', always: true, required: true },
    rules: { n: 3, type: '[]RuleWithOperations', listType: 'atomic' },
    failurePolicy: { n: 4, type: 'string', enum: failurePolicies, ptr: true, default: 'Fail' },
    matchPolicy: { n: 9, type: 'string', enum: matchPolicies, ptr: true, default: 'Equivalent' },
    namespaceSelector: { n: 5, type: 'meta.v1.LabelSelector', ptr: true },
    objectSelector: { n: 10, type: 'meta.v1.LabelSelector', ptr: true },
    sideEffects: { n: 6, type: 'string', enum: sideEffectClasses, ptr: true, always: true, required: true },
    timeoutSeconds: { n: 7, type: 'int32', ptr: true, default: 10 },
    admissionReviewVersions: { n: 8, type: '[]string', always: true, required: true, listType: 'atomic' },
    matchConditions: { n: 11, type: '[]MatchCondition', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
  },
};

export const ValidatingWebhookConfiguration: Struct<T.ValidatingWebhookConfiguration> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    webhooks: { n: 2, type: '[]ValidatingWebhook', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
  },
};

export const Validation: Struct<T.Validation> = {
  fields: {
    expression: { n: 1, type: 'string', always: true, required: true },
    message: { n: 2, type: 'string' },
    reason: { n: 3, type: 'string', ptr: true },
    messageExpression: { n: 4, type: 'string' },
  },
};

export const Variable: Struct<T.Variable> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    expression: { n: 2, type: 'string', always: true, required: true },
  },
};

export const WebhookClientConfig: Struct<T.WebhookClientConfig> = {
  fields: {
    url: { n: 3, type: 'string', ptr: true },
    service: { n: 1, type: 'ServiceReference', ptr: true },
    caBundle: { n: 2, type: 'bytes' },
  },
};
