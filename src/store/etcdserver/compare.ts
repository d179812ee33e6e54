import type { Compare } from './messages.ts';
import type { Item } from './value.ts';

const target = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;
const missing: Item = { key: '', value: Buffer.alloc(0), lease: 0n, createRevision: 0, modRevision: 0, version: 0 };

/** Whether every key of a comparison's range satisfies it. A key that is not there has zeros everywhere, and no value to compare. */
export function compares(wanted: Compare, items: readonly Item[]): boolean {
  if (items.length === 0) return wanted.target !== target.value && one(wanted, missing);
  return items.every((item) => one(wanted, item));
}

function one(wanted: Compare, item: Item): boolean {
  const order = difference(wanted, item);
  switch (wanted.result) {
    case 0:
      return order === 0;
    case 1:
      return order > 0;
    case 2:
      return order < 0;
    case 3:
      return order !== 0;
    default:
      return false;
  }
}

function difference(wanted: Compare, item: Item): number {
  switch (wanted.target) {
    case target.version:
      return item.version - wanted.version;
    case target.create:
      return item.createRevision - wanted.createRevision;
    case target.mod:
      return item.modRevision - wanted.modRevision;
    case target.value:
      return Buffer.compare(item.value, wanted.value);
    default:
      return item.lease < wanted.lease ? -1 : item.lease > wanted.lease ? 1 : 0;
  }
}
