// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface Lease {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: LeaseSpec;
}

export interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
  strategy?: string;
  preferredHolder?: string;
}

export interface LeaseList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: Lease[];
}
