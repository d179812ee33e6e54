import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const nodeV1: Package = {
  name: 'node.v1',
  group: 'node.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.node.v1',
  proto: 'k8s.io.api.node.v1',
  types: { ...schema },
  goTypes: {
    'v1.ResourceList': 'Overhead.podFixed',
  },
  lists: ['RuntimeClass'],
};
