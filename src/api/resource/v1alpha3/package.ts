import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1alpha3: Package = {
  name: 'resource.v1alpha3',
  group: 'resource.k8s.io',
  version: 'v1alpha3',
  openapi: 'io.k8s.api.resource.v1alpha3',
  proto: 'k8s.io.api.resource.v1alpha3',
  types: { ...schema },
  goTypes: {
    'v1alpha3.DeviceTaintEffect': 'DeviceTaint.effect',
  },
  lists: ['DeviceTaintRule'],
};
