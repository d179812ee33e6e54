import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const discoveryV1: Package = {
  name: 'discovery.v1',
  group: 'discovery.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.discovery.v1',
  proto: 'k8s.io.api.discovery.v1',
  types: { ...schema },
  goTypes: {
    'v1.AddressType': 'EndpointSlice.addressType',
    'v1.Protocol': 'EndpointPort.protocol',
  },
  lists: ['EndpointSlice'],
};
