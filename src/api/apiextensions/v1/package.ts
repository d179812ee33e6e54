import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const apiextensionsV1: Package = {
  name: 'apiextensions.v1',
  group: 'apiextensions.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  proto: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
  types: { ...schema },
  lists: ['CustomResourceDefinition'],
};
