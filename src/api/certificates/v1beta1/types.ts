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

export interface ClusterTrustBundleList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: ClusterTrustBundle[];
}
