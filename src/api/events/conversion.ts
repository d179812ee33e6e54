/** events.k8s.io/v1 to the core Event, which is the stored one: the same facts by other names. */
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import type * as Core from '../core/v1/types.ts';
import type * as V1 from './v1/types.ts';

export function fromStored(stored: DeepReadonly<Core.Event>): V1.Event {
  const e = thaw<Core.Event>(stored);
  return {
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    metadata: e.metadata,
    eventTime: e.eventTime as string,
    ...(e.series ? { series: { count: e.series.count ?? 0, lastObservedTime: e.series.lastObservedTime as string } } : {}),
    ...(e.reportingComponent ? { reportingController: e.reportingComponent } : {}),
    ...(e.reportingInstance ? { reportingInstance: e.reportingInstance } : {}),
    ...(e.action ? { action: e.action } : {}),
    ...(e.reason ? { reason: e.reason } : {}),
    regarding: e.involvedObject,
    ...(e.related ? { related: e.related } : {}),
    ...(e.message ? { note: e.message } : {}),
    ...(e.type ? { type: e.type } : {}),
    deprecatedSource: e.source,
    deprecatedFirstTimestamp: e.firstTimestamp as string,
    deprecatedLastTimestamp: e.lastTimestamp as string,
    ...(e.count ? { deprecatedCount: e.count } : {}),
  };
}

export function toStored(object: DeepReadonly<V1.Event>): Core.Event {
  const e = thaw<V1.Event>(object);
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: e.metadata,
    involvedObject: e.regarding,
    ...(e.reason ? { reason: e.reason } : {}),
    ...(e.note ? { message: e.note } : {}),
    source: e.deprecatedSource ?? {},
    firstTimestamp: e.deprecatedFirstTimestamp as string,
    lastTimestamp: e.deprecatedLastTimestamp as string,
    ...(e.deprecatedCount ? { count: e.deprecatedCount } : {}),
    ...(e.type ? { type: e.type } : {}),
    eventTime: e.eventTime,
    ...(e.series ? { series: e.series } : {}),
    ...(e.action ? { action: e.action } : {}),
    ...(e.related ? { related: e.related } : {}),
    reportingComponent: e.reportingController ?? '',
    reportingInstance: e.reportingInstance ?? '',
  };
}
