// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface VolumeAttributesClass {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  driverName: string;
  parameters?: Record<string, string>;
}

export interface VolumeAttributesClassList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: VolumeAttributesClass[];
}
