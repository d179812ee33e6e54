import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const certificatesV1beta1: Package = {
  name: 'certificates.v1beta1',
  group: 'certificates.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.api.certificates.v1beta1',
  proto: 'k8s.io.api.certificates.v1beta1',
  types: { ...schema },
  lists: ['ClusterTrustBundle'],
};
