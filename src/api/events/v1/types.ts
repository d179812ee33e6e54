// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as coreV1 from '../../core/v1/types.ts';
import type * as metaV1 from '../../meta/v1/types.ts';

export interface Event {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  eventTime: string;
  series?: EventSeries;
  reportingController?: string;
  reportingInstance?: string;
  action?: string;
  reason?: string;
  regarding: coreV1.ObjectReference;
  related?: coreV1.ObjectReference;
  note?: string;
  type?: string;
  deprecatedSource: coreV1.EventSource;
  deprecatedFirstTimestamp?: string;
  deprecatedLastTimestamp?: string;
  deprecatedCount?: number;
}

export interface EventSeries {
  count: number;
  lastObservedTime: string;
}

export interface EventList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: Event[];
}
