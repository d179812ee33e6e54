// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface PriorityClass {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  value: number;
  globalDefault?: boolean;
  description?: string;
  preemptionPolicy?: string;
}

export interface PriorityClassList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: PriorityClass[];
}
