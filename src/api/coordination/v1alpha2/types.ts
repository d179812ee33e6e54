// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface LeaseCandidate {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: LeaseCandidateSpec;
}

export interface LeaseCandidateSpec {
  leaseName: string;
  pingTime?: string;
  renewTime?: string;
  binaryVersion: string;
  emulationVersion?: string;
  strategy: string;
}

export interface LeaseCandidateList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: LeaseCandidate[];
}
