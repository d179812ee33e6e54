import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const certificatesV1alpha1: Package = {
  name: 'certificates.v1alpha1',
  group: 'certificates.k8s.io',
  version: 'v1alpha1',
  openapi: 'io.k8s.api.certificates.v1alpha1',
  proto: 'k8s.io.api.certificates.v1alpha1',
  types: { ...schema },
  goTypes: {
    'types.NodeName': 'PodCertificateRequestSpec.nodeName',
    'types.UID': 'PodCertificateRequestSpec.podUID PodCertificateRequestSpec.serviceAccountUID PodCertificateRequestSpec.nodeUID',
  },
  lists: ['ClusterTrustBundle', 'PodCertificateRequest'],
};
