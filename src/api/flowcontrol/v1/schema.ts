// The data of flowcontrol.apiserver.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const ExemptPriorityLevelConfiguration: Struct<T.ExemptPriorityLevelConfiguration> = {
  fields: {
    nominalConcurrencyShares: { n: 1, type: 'int32', ptr: true, default: 0 },
    lendablePercent: { n: 2, type: 'int32', ptr: true, default: 0 },
  },
};

export const FlowDistinguisherMethod: Struct<T.FlowDistinguisherMethod> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
  },
};

export const FlowSchema: Struct<T.FlowSchema> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'FlowSchemaSpec' },
    status: { n: 3, type: 'FlowSchemaStatus' },
  },
};

export const FlowSchemaCondition: Struct<T.FlowSchemaCondition> = {
  fields: {
    type: { n: 1, type: 'string' },
    status: { n: 2, type: 'string' },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const FlowSchemaSpec: Struct<T.FlowSchemaSpec> = {
  fields: {
    priorityLevelConfiguration: { n: 1, type: 'PriorityLevelConfigurationReference', always: true, required: true },
    matchingPrecedence: { n: 2, type: 'int32', always: true, default: 1000 },
    distinguisherMethod: { n: 3, type: 'FlowDistinguisherMethod', ptr: true },
    rules: { n: 4, type: '[]PolicyRulesWithSubjects', listType: 'atomic' },
  },
};

export const FlowSchemaStatus: Struct<T.FlowSchemaStatus> = {
  fields: {
    conditions: { n: 1, type: '[]FlowSchemaCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const GroupSubject: Struct<T.GroupSubject> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};

export const LimitResponse: Struct<T.LimitResponse> = {
  unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { queuing: 'Queuing' } }],
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    queuing: { n: 2, type: 'QueuingConfiguration', ptr: true },
  },
};

export const LimitedPriorityLevelConfiguration: Struct<T.LimitedPriorityLevelConfiguration> = {
  fields: {
    nominalConcurrencyShares: { n: 1, type: 'int32', ptr: true, always: true, default: 30 },
    limitResponse: { n: 2, type: 'LimitResponse' },
    lendablePercent: { n: 3, type: 'int32', ptr: true, default: 0 },
    borrowingLimitPercent: { n: 4, type: 'int32', ptr: true },
  },
};

export const NonResourcePolicyRule: Struct<T.NonResourcePolicyRule> = {
  fields: {
    verbs: { n: 1, type: '[]string', always: true, required: true, listType: 'set' },
    nonResourceURLs: { n: 6, type: '[]string', always: true, required: true, listType: 'set' },
  },
};

export const PolicyRulesWithSubjects: Struct<T.PolicyRulesWithSubjects> = {
  fields: {
    subjects: { n: 1, type: '[]Subject', always: true, required: true, listType: 'atomic' },
    resourceRules: { n: 2, type: '[]ResourcePolicyRule', listType: 'atomic' },
    nonResourceRules: { n: 3, type: '[]NonResourcePolicyRule', listType: 'atomic' },
  },
};

export const PriorityLevelConfiguration: Struct<T.PriorityLevelConfiguration> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PriorityLevelConfigurationSpec' },
    status: { n: 3, type: 'PriorityLevelConfigurationStatus' },
  },
};

export const PriorityLevelConfigurationCondition: Struct<T.PriorityLevelConfigurationCondition> = {
  fields: {
    type: { n: 1, type: 'string' },
    status: { n: 2, type: 'string' },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const PriorityLevelConfigurationReference: Struct<T.PriorityLevelConfigurationReference> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};

export const PriorityLevelConfigurationSpec: Struct<T.PriorityLevelConfigurationSpec> = {
  unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { exempt: 'Exempt', limited: 'Limited' } }],
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    limited: { n: 2, type: 'LimitedPriorityLevelConfiguration', ptr: true },
    exempt: { n: 3, type: 'ExemptPriorityLevelConfiguration', ptr: true },
  },
};

export const PriorityLevelConfigurationStatus: Struct<T.PriorityLevelConfigurationStatus> = {
  fields: {
    conditions: { n: 1, type: '[]PriorityLevelConfigurationCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const QueuingConfiguration: Struct<T.QueuingConfiguration> = {
  fields: {
    queues: { n: 1, type: 'int32', always: true, default: 64 },
    handSize: { n: 2, type: 'int32', always: true, default: 8 },
    queueLengthLimit: { n: 3, type: 'int32', always: true, default: 50 },
  },
};

export const ResourcePolicyRule: Struct<T.ResourcePolicyRule> = {
  fields: {
    verbs: { n: 1, type: '[]string', always: true, required: true, listType: 'set' },
    apiGroups: { n: 2, type: '[]string', always: true, required: true, listType: 'set' },
    resources: { n: 3, type: '[]string', always: true, required: true, listType: 'set' },
    clusterScope: { n: 4, type: 'bool' },
    namespaces: { n: 5, type: '[]string', always: true, listType: 'set' },
  },
};

export const ServiceAccountSubject: Struct<T.ServiceAccountSubject> = {
  fields: {
    namespace: { n: 1, type: 'string', always: true, required: true },
    name: { n: 2, type: 'string', always: true, required: true },
  },
};

export const Subject: Struct<T.Subject> = {
  unions: [{ discriminator: 'kind', 'fields-to-discriminateBy': { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } }],
  fields: {
    kind: { n: 1, type: 'string', always: true, required: true },
    user: { n: 2, type: 'UserSubject', ptr: true },
    group: { n: 3, type: 'GroupSubject', ptr: true },
    serviceAccount: { n: 4, type: 'ServiceAccountSubject', ptr: true },
  },
};

export const UserSubject: Struct<T.UserSubject> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};
