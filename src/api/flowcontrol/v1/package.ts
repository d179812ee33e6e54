import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const flowcontrolV1: Package = {
  name: 'flowcontrol.v1',
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.flowcontrol.v1',
  proto: 'k8s.io.api.flowcontrol.v1',
  types: { ...schema },
  goTypes: {
    'v1.ConditionStatus': 'FlowSchemaCondition.status PriorityLevelConfigurationCondition.status',
    'v1.FlowDistinguisherMethodType': 'FlowDistinguisherMethod.type',
    'v1.FlowSchemaConditionType': 'FlowSchemaCondition.type',
    'v1.LimitResponseType': 'LimitResponse.type',
    'v1.PriorityLevelConfigurationConditionType': 'PriorityLevelConfigurationCondition.type',
    'v1.PriorityLevelEnablement': 'PriorityLevelConfigurationSpec.type',
    'v1.SubjectKind': 'Subject.kind',
  },
  lists: ['FlowSchema', 'PriorityLevelConfiguration'],
};
