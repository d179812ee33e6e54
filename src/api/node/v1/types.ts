// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as coreV1 from '../../core/v1/types.ts';
import type * as metaV1 from '../../meta/v1/types.ts';

export interface Overhead {
  podFixed?: Record<string, string>;
}

export interface RuntimeClass {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  handler: string;
  overhead?: Overhead;
  scheduling?: Scheduling;
}

export interface Scheduling {
  nodeSelector?: Record<string, string>;
  tolerations?: coreV1.Toleration[];
}

export interface RuntimeClassList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: RuntimeClass[];
}
