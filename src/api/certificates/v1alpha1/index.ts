// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const clustertrustbundles: ResourceRef<T.ClusterTrustBundle> = { group: 'certificates.k8s.io', version: 'v1alpha1', resource: 'clustertrustbundles', kind: 'ClusterTrustBundle', namespaced: false };
export const podcertificaterequests: ResourceRef<T.PodCertificateRequest> = { group: 'certificates.k8s.io', version: 'v1alpha1', resource: 'podcertificaterequests', kind: 'PodCertificateRequest', namespaced: true };
