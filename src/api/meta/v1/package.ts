import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const metaV1: Package = {
  name: 'meta.v1',
  group: 'meta.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.apimachinery.pkg.apis.meta.v1',
  proto: 'k8s.io.apimachinery.pkg.apis.meta.v1',
  types: { ...schema },
  goTypes: {
    'types.UID': 'ObjectMeta.uid OwnerReference.uid Preconditions.uid StatusDetails.uid',
    'v1.CauseType': 'StatusCause.reason',
    'v1.ConditionStatus': 'Condition.status',
    'v1.DeletionPropagation': 'DeleteOptions.propagationPolicy',
    'v1.FieldSelectorOperator': 'FieldSelectorRequirement.operator',
    'v1.IncludeObjectPolicy': 'TableOptions.includeObject',
    'v1.LabelSelectorOperator': 'LabelSelectorRequirement.operator',
    'v1.ManagedFieldsOperationType': 'ManagedFieldsEntry.operation',
    'v1.ResourceVersionMatch': 'ListOptions.resourceVersionMatch',
    'v1.StatusReason': 'Status.reason',
    'v1.Verbs': 'APIResource.verbs',
  },
  lists: ['PartialObjectMetadata'],
};
