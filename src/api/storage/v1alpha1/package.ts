import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const storageV1alpha1: Package = {
  name: 'storage.v1alpha1',
  group: 'storage.k8s.io',
  version: 'v1alpha1',
  openapi: 'io.k8s.api.storage.v1alpha1',
  proto: 'k8s.io.api.storage.v1alpha1',
  types: { ...schema },
  lists: ['VolumeAttributesClass'],
};
