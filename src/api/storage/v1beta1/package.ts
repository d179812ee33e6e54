import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const storageV1beta1: Package = {
  name: 'storage.v1beta1',
  group: 'storage.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.api.storage.v1beta1',
  proto: 'k8s.io.api.storage.v1beta1',
  types: { ...schema },
  lists: ['VolumeAttributesClass'],
};
