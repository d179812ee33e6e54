// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface ClusterTrustBundle {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: ClusterTrustBundleSpec;
}

export interface ClusterTrustBundleSpec {
  signerName?: string;
  trustBundle: string;
}

export interface PodCertificateRequest {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: PodCertificateRequestSpec;
  status: PodCertificateRequestStatus;
}

export interface PodCertificateRequestSpec {
  signerName: string;
  podName: string;
  podUID: string;
  serviceAccountName: string;
  serviceAccountUID: string;
  nodeName: string;
  nodeUID: string;
  maxExpirationSeconds?: number;
  pkixPublicKey: string;
  proofOfPossession: string;
}

export interface PodCertificateRequestStatus {
  conditions?: metaV1.Condition[];
  certificateChain?: string;
  notBefore?: string;
  beginRefreshAt?: string;
  notAfter?: string;
}

export interface ClusterTrustBundleList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: ClusterTrustBundle[];
}

export interface PodCertificateRequestList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: PodCertificateRequest[];
}
