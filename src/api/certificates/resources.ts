// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'certificates.v1', group: 'certificates.k8s.io', version: 'v1',
    resource: 'certificatesigningrequests', kind: 'CertificateSigningRequest', singular: 'certificatesigningrequest', shortNames: ['csr'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'approval', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
      { name: 'status', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/certificatesigningrequests/', package: 'certificates.v1', kind: 'CertificateSigningRequest' },
  },
  {
    package: 'certificates.v1alpha1', group: 'certificates.k8s.io', version: 'v1alpha1',
    resource: 'clustertrustbundles', kind: 'ClusterTrustBundle', singular: 'clustertrustbundle', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true, gate: 'ClusterTrustBundle',
    storage: { prefix: '/registry/clustertrustbundles/', package: 'certificates.v1beta1', kind: 'ClusterTrustBundle' },
  },
  {
    package: 'certificates.v1alpha1', group: 'certificates.k8s.io', version: 'v1alpha1',
    resource: 'podcertificaterequests', kind: 'PodCertificateRequest', singular: 'podcertificaterequest', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true, gate: 'PodCertificateRequest',
    subresources: [
      { name: 'status', kind: 'PodCertificateRequest', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/podcertificaterequests/', package: 'certificates.v1alpha1', kind: 'PodCertificateRequest' },
  },
  {
    package: 'certificates.v1beta1', group: 'certificates.k8s.io', version: 'v1beta1',
    resource: 'clustertrustbundles', kind: 'ClusterTrustBundle', singular: 'clustertrustbundle', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true, gate: 'ClusterTrustBundle',
    storage: { prefix: '/registry/clustertrustbundles/', package: 'certificates.v1beta1', kind: 'ClusterTrustBundle' },
  },
];
