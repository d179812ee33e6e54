import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1: Package = {
  name: 'resource.v1',
  group: 'resource.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.resource.v1',
  proto: 'k8s.io.api.resource.v1',
  types: { ...schema },
  goTypes: {
    'map[v1.QualifiedName]resource.Quantity': 'CapacityRequirements.requests DeviceRequestAllocationResult.consumedCapacity',
    'map[v1.QualifiedName]v1.DeviceAttribute': 'Device.attributes',
    'map[v1.QualifiedName]v1.DeviceCapacity': 'Device.capacity',
    'types.UID': 'ResourceClaimConsumerReference.uid DeviceRequestAllocationResult.shareID',
    'v1.AllocationConfigSource': 'DeviceAllocationConfiguration.source',
    'v1.DeviceAllocationMode': 'ExactDeviceRequest.allocationMode DeviceSubRequest.allocationMode',
    'v1.DeviceTaintEffect': 'DeviceTaint.effect DeviceToleration.effect',
    'v1.DeviceTolerationOperator': 'DeviceToleration.operator',
    'v1.FullyQualifiedName': 'DeviceConstraint.matchAttribute DeviceConstraint.distinctAttribute',
  },
  lists: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
};
