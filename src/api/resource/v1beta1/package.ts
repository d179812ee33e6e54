import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1beta1: Package = {
  name: 'resource.v1beta1',
  group: 'resource.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.api.resource.v1beta1',
  proto: 'k8s.io.api.resource.v1beta1',
  types: { ...schema },
  goTypes: {
    'map[v1beta1.QualifiedName]resource.Quantity': 'CapacityRequirements.requests DeviceRequestAllocationResult.consumedCapacity',
    'map[v1beta1.QualifiedName]v1beta1.DeviceAttribute': 'BasicDevice.attributes',
    'map[v1beta1.QualifiedName]v1beta1.DeviceCapacity': 'BasicDevice.capacity',
    'types.UID': 'ResourceClaimConsumerReference.uid DeviceRequestAllocationResult.shareID',
    'v1beta1.AllocationConfigSource': 'DeviceAllocationConfiguration.source',
    'v1beta1.DeviceAllocationMode': 'DeviceRequest.allocationMode DeviceSubRequest.allocationMode',
    'v1beta1.DeviceTaintEffect': 'DeviceTaint.effect DeviceToleration.effect',
    'v1beta1.DeviceTolerationOperator': 'DeviceToleration.operator',
    'v1beta1.FullyQualifiedName': 'DeviceConstraint.matchAttribute DeviceConstraint.distinctAttribute',
  },
  lists: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
};
