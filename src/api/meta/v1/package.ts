import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const metaV1: Package = {
  name: 'meta.v1',
  group: 'meta.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.apimachinery.pkg.apis.meta.v1',
  proto: 'k8s.io.apimachinery.pkg.apis.meta.v1',
  types: { ...schema },
  lists: ['PartialObjectMetadata'],
};
