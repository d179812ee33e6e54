import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const authenticationV1: Package = {
  name: 'authentication.v1',
  group: 'authentication.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.authentication.v1',
  proto: 'k8s.io.api.authentication.v1',
  types: { ...schema },
  goTypes: {
    'map[string]v1.ExtraValue': 'UserInfo.extra',
    'types.UID': 'BoundObjectReference.uid',
  },
  lists: [],
};
