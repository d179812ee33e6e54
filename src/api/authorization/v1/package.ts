import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const authorizationV1: Package = {
  name: 'authorization.v1',
  group: 'authorization.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.authorization.v1',
  proto: 'k8s.io.api.authorization.v1',
  types: { ...schema },
  goTypes: {
    'map[string]v1.ExtraValue': 'SubjectAccessReviewSpec.extra',
  },
  lists: [],
};
