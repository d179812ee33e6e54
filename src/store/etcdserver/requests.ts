/** Whether a request can be carried out at all, before anything is looked up. */
import { refusals } from './errors.ts';
import type { Compare, DeleteRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from './messages.ts';

/** Behind every key: keys are bytes, one character each. */
export const afterAllKeys = '\u0100';

/** Absent: the key alone; a zero byte: everything from the key on. */
export function rangeOf(key: string, rangeEnd: string): { readonly start: string; readonly end: string } {
  return { start: key, end: rangeEnd === '' ? `${key}\0` : rangeEnd === '\0' ? afterAllKeys : rangeEnd };
}

export function checkRange(request: RangeRequest): void {
  if (request.key === '') throw refusals.emptyKey();
  if (request.sortOrder < 0 || request.sortOrder > 2 || request.sortTarget < 0 || request.sortTarget > 4) throw refusals.sortOption();
}

export function checkPut(request: PutRequest): void {
  if (request.key === '') throw refusals.emptyKey();
  if (request.ignoreValue && request.value.byteLength > 0) throw refusals.valueProvided();
  if (request.ignoreLease && request.lease !== 0n) throw refusals.leaseProvided();
}

export function checkDelete(request: DeleteRequest): void {
  if (request.key === '') throw refusals.emptyKey();
}

export function checkTxn(txn: TxnRequest, maxOps: number): void {
  checkShape(txn, maxOps);
  for (const branch of [txn.success, txn.failure]) writesOf(branch);
}

function checkShape(txn: TxnRequest, maxOps: number): void {
  const most = Math.max(txn.compare.length, txn.success.length, txn.failure.length);
  if (most > maxOps) throw refusals.tooManyOps();
  if (txn.compare.some((c: Compare) => c.key === '')) throw refusals.emptyKey();
  for (const op of [...txn.success, ...txn.failure]) {
    if (op.range) checkRange(op.range);
    else if (op.put) checkPut(op.put);
    else if (op.deleteRange) checkDelete(op.deleteRange);
    else if (op.txn) checkShape(op.txn, maxOps - most);
  }
}

interface Writes {
  readonly puts: Set<string>;
  readonly deletions: { readonly start: string; readonly end: string }[];
}

/** What a branch may write; a key that is put twice, or put and deleted, has no place in one revision. */
function writesOf(ops: readonly RequestOp[]): Writes {
  const all: Writes = { puts: new Set(), deletions: [] };
  for (const { deleteRange } of ops) if (deleteRange) all.deletions.push(rangeOf(deleteRange.key, deleteRange.rangeEnd));
  for (const { put, txn } of ops) {
    if (put) add(all, { puts: new Set([put.key]), deletions: [] });
    if (!txn) continue;
    // Only one of the two happens.
    const [success, failure] = [writesOf(txn.success), writesOf(txn.failure)];
    add(all, { puts: new Set([...success.puts, ...failure.puts]), deletions: [...success.deletions, ...failure.deletions] }, true);
  }
  return all;
}

function add(all: Writes, more: Writes, nested = false): void {
  for (const key of more.puts) {
    if (all.puts.has(key) || all.deletions.some(({ start, end }) => key >= start && key < end)) throw refusals.duplicateKey();
  }
  if (nested) {
    for (const key of all.puts) if (more.deletions.some(({ start, end }) => key >= start && key < end)) throw refusals.duplicateKey();
  }
  for (const key of more.puts) all.puts.add(key);
  all.deletions.push(...more.deletions);
}
