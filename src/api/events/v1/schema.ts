// The data of events.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const Event: Struct<T.Event> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta', always: true },
    eventTime: { n: 2, type: 'MicroTime', always: true, required: true },
    series: { n: 3, type: 'EventSeries', ptr: true },
    reportingController: { n: 4, type: 'string' },
    reportingInstance: { n: 5, type: 'string' },
    action: { n: 6, type: 'string' },
    reason: { n: 7, type: 'string' },
    regarding: { n: 8, type: 'core.v1.ObjectReference' },
    related: { n: 9, type: 'core.v1.ObjectReference', ptr: true },
    note: { n: 10, type: 'string' },
    type: { n: 11, type: 'string' },
    deprecatedSource: { n: 12, type: 'core.v1.EventSource' },
    deprecatedFirstTimestamp: { n: 13, type: 'Time' },
    deprecatedLastTimestamp: { n: 14, type: 'Time' },
    deprecatedCount: { n: 15, type: 'int32' },
  },
};

export const EventSeries: Struct<T.EventSeries> = {
  fields: {
    count: { n: 1, type: 'int32', always: true, required: true },
    lastObservedTime: { n: 2, type: 'MicroTime', always: true, required: true },
  },
};
