/** Events by their newer name: the rules of the core Event, seen through the conversion. */
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { eventColumns } from '../core/columns.ts';
import type { ObjectReference } from '../core/v1/types.ts';
import { toStored } from './conversion.ts';
import type { Event } from './v1/types.ts';

const regarding: readonly (keyof ObjectReference)[] = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Event: {
    columns: eventColumns.map((c) => ({ ...c, cell: (e: Event, now: number) => c.cell(toStored(e), now) })),
    selectable: {
      ...Object.fromEntries(regarding.map((key) => [`regarding.${key}`, (e: Event) => e.regarding[key] ?? ''])),
      reason: (e: Event) => e.reason ?? '',
      reportingController: (e: Event) => e.reportingController ?? '',
      type: (e: Event) => e.type ?? '',
    },
  },
};
