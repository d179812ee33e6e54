import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const certificatesV1: Package = {
  name: 'certificates.v1',
  group: 'certificates.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.certificates.v1',
  proto: 'k8s.io.api.certificates.v1',
  types: { ...schema },
  goTypes: {
    '[]v1.KeyUsage': 'CertificateSigningRequestSpec.usages',
    'map[string]v1.ExtraValue': 'CertificateSigningRequestSpec.extra',
    'v1.ConditionStatus': 'CertificateSigningRequestCondition.status',
    'v1.RequestConditionType': 'CertificateSigningRequestCondition.type',
  },
  lists: ['CertificateSigningRequest'],
};
