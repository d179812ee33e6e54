import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const apidiscoveryV2: Package = {
  name: 'apidiscovery.v2',
  group: 'apidiscovery.k8s.io',
  version: 'v2',
  openapi: 'io.k8s.api.apidiscovery.v2',
  proto: 'k8s.io.api.apidiscovery.v2',
  types: { ...schema },
  goTypes: {
    'v2.DiscoveryFreshness': 'APIVersionDiscovery.freshness',
    'v2.ResourceScope': 'APIResourceDiscovery.scope',
  },
  lists: ['APIGroupDiscovery'],
};
