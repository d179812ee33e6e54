import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1beta2: Package = {
  name: 'resource.v1beta2',
  group: 'resource.k8s.io',
  version: 'v1beta2',
  openapi: 'io.k8s.api.resource.v1beta2',
  proto: 'k8s.io.api.resource.v1beta2',
  types: { ...schema },
  goTypes: {
    'map[v1beta2.QualifiedName]resource.Quantity': 'CapacityRequirements.requests DeviceRequestAllocationResult.consumedCapacity',
    'map[v1beta2.QualifiedName]v1beta2.DeviceAttribute': 'Device.attributes',
    'map[v1beta2.QualifiedName]v1beta2.DeviceCapacity': 'Device.capacity',
    'types.UID': 'ResourceClaimConsumerReference.uid DeviceRequestAllocationResult.shareID',
    'v1beta2.AllocationConfigSource': 'DeviceAllocationConfiguration.source',
    'v1beta2.DeviceAllocationMode': 'ExactDeviceRequest.allocationMode DeviceSubRequest.allocationMode',
    'v1beta2.DeviceTaintEffect': 'DeviceTaint.effect DeviceToleration.effect',
    'v1beta2.DeviceTolerationOperator': 'DeviceToleration.operator',
    'v1beta2.FullyQualifiedName': 'DeviceConstraint.matchAttribute DeviceConstraint.distinctAttribute',
  },
  lists: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
};
