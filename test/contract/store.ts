/** What every engine must do, as one suite. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { prefixEnd, StoreError, type Operation, type Store, type StoreBatch, type StoreErrorKind } from '../../src/store/store.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();
const put = (key: string, value: string, expect?: number): Operation => ({ type: 'put', key, value: bytes(value), ...(expect === undefined ? {} : { expect }) });
const remove = (key: string, expect?: number): Operation => ({ type: 'delete', key, ...(expect === undefined ? {} : { expect }) });

function fails(kind: StoreErrorKind): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.kind === kind;
}

async function take(batches: AsyncIterable<StoreBatch>, count: number): Promise<StoreBatch[]> {
  const out: StoreBatch[] = [];
  for await (const batch of batches) {
    if (batch.events.length > 0) out.push(batch);
    if (out.length === count) break;
  }
  return out;
}

/** `open` gives an empty store. Every test uses keys of its own, since engines may be slow to make. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`store contract: ${name}`, () => {
    let store: Store;
    before(async () => (store = await open()));
    after(() => store.close());

    test('revisions grow by one with each commit, whatever is in it', async () => {
      const first = await store.commit([put('/r/a', '1'), put('/r/b', '1')]);
      const second = await store.commit([put('/r/a', '2')]);
      assert.equal(second, first + 1);
      assert.equal(await store.revision(), second);
      const { entry } = await store.get('/r/a');
      assert.deepEqual([text(entry?.value), entry?.createRevision, entry?.modRevision], ['2', first, second]);
      assert.equal((await store.get('/r/b')).entry?.modRevision, first);
    });

    test('expectations are checked, all or nothing, and a conflict shows what is there', async () => {
      const rev = await store.commit([put('/x/a', 'one', 0)]);
      await assert.rejects(store.commit([put('/x/a', 'again', 0)]), (e) => fails('conflict')(e) && (e as StoreError).present?.modRevision === rev);
      await assert.rejects(store.commit([put('/x/b', 'no', 0), put('/x/a', 'no', rev - 1)]), fails('conflict'));
      assert.equal((await store.get('/x/b')).entry, undefined);
      await assert.rejects(store.commit([remove('/x/missing', rev)]), (e) => fails('conflict')(e) && (e as StoreError).present === undefined);
      const next = await store.commit([put('/x/a', 'two', rev)]);
      await store.commit([remove('/x/a', next)]);
      assert.equal((await store.get('/x/a')).entry, undefined);
      await store.commit([put('/x/a', 'reborn', 0)]);
      assert.equal(text((await store.get('/x/a')).entry?.value), 'reborn');
    });

    test('of many writers at once that expect the same state one wins', async () => {
      const rev = await store.commit([put('/race', '0')]);
      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => store.commit([put('/race', String(i), rev)])));
      assert.equal(results.filter((r) => r.status === 'fulfilled').length, 1);
      for (const r of results) if (r.status === 'rejected') assert.ok(fails('conflict')(r.reason));
    });

    test('whoever is told of a conflict can read what it lost against', async () => {
      const rev = await store.commit([put('/lost', 'old')]);
      await Promise.all(['one', 'other'].map(async (mine) => {
        try {
          await store.commit([put('/lost', mine, rev)]);
        } catch (error) {
          assert.ok(fails('conflict')(error));
          assert.equal(text((await store.get('/lost')).entry?.value), mine === 'one' ? 'other' : 'one');
        }
      }));
    });

    test('deleting nothing is no commit', async () => {
      const rev = await store.commit([put('/n', '')]);
      assert.equal(await store.commit([remove('/n/none')]), rev);
      await assert.rejects(store.commit([put('/n', '1'), put('/n', '2')]), TypeError);
    });

    test('ranges come in key order, with limit and count', async () => {
      for (const n of [3, 1, 5, 2, 4]) await store.commit([put(`/l/${n}`, String(n))]);
      const range = { start: '/l/', end: prefixEnd('/l/') };
      const all = await store.range(range);
      assert.deepEqual(all.entries.map((e) => e.key), ['/l/1', '/l/2', '/l/3', '/l/4', '/l/5']);
      const some = await store.range({ start: '/l/2', end: '/l/5', limit: 2 });
      assert.deepEqual([some.entries.map((e) => text(e.value)), some.count, some.revision], [['2', '3'], 3, all.revision]);
      const counted = await store.range({ ...range, countOnly: true });
      assert.deepEqual([counted.entries.length, counted.count], [0, 5]);
    });

    test('the past can be read at any revision', async () => {
      const one = await store.commit([put('/p/a', '1'), put('/p/b', '1')]);
      const two = await store.commit([remove('/p/a'), put('/p/c', '2')]);
      await store.commit([put('/p/a', '3')]);
      const at = async (revision: number): Promise<string[]> => (await store.range({ start: '/p/', end: prefixEnd('/p/'), revision })).entries.map((e) => `${e.key}=${text(e.value)}`);
      assert.deepEqual(await at(one), ['/p/a=1', '/p/b=1']);
      assert.deepEqual(await at(two), ['/p/b=1', '/p/c=2']);
      assert.equal(text((await store.get('/p/a', one)).entry?.value), '1');
      assert.equal((await store.get('/p/a', two)).entry, undefined);
      await assert.rejects(store.get('/p/a', two + 1000), fails('future'));
    });

    test('a watch gives every commit of its range in order, from the past into the future', async () => {
      const before = await store.commit([put('/w/a', '1')]);
      await store.commit([put('/w/b', '2'), put('/elsewhere', '2')]);
      await store.commit([put('/elsewhere', '3')]);
      const stop = new AbortController();
      const watch = take(store.watch({ start: '/w/', end: prefixEnd('/w/'), after: before, signal: stop.signal }), 3);
      await store.commit([put('/w/b', '4')]);
      const last = await store.commit([remove('/w/b')]);
      const batches = await watch;
      assert.deepEqual(batches.map((b) => b.events.map((e) => [e.type, e.entry.key, text(e.entry.value)])), [[['put', '/w/b', '2']], [['put', '/w/b', '4']], [['delete', '/w/b', '4']]]);
      const [, changed, deleted] = batches.map((b) => b.events[0]!);
      assert.equal(changed?.type === 'put' && text(changed.previous?.value), '2');
      assert.equal(deleted?.entry.modRevision, last);
    });

    test('a watch tells of progress that does not concern it, and ends with its signal', async () => {
      const start = await store.commit([put('/quiet', '1')]);
      const stop = new AbortController();
      const seen: StoreBatch[] = [];
      const running = (async () => {
        for await (const batch of store.watch({ start: '/none/', end: prefixEnd('/none/'), after: start, signal: stop.signal })) {
          seen.push(batch);
          stop.abort();
        }
      })();
      const rev = await store.commit([put('/quiet', '2')]);
      await running;
      assert.deepEqual(seen, [{ revision: rev, events: [] }]);
    });

    test('compaction forgets the past and keeps the present', async () => {
      const old = await store.commit([put('/c/a', '1'), put('/c/gone', '1')]);
      await store.commit([put('/c/a', '2'), remove('/c/gone')]);
      const now = await store.commit([put('/c/b', '3')]);
      await store.compact(now);
      await assert.rejects(store.get('/c/a', old), fails('compacted'));
      const stop = new AbortController();
      await assert.rejects(take(store.watch({ start: '/', end: '0', after: old, signal: stop.signal }), 1), fails('compacted'));
      const range = await store.range({ start: '/c/', end: prefixEnd('/c/'), revision: now });
      assert.deepEqual(range.entries.map((e) => [e.key, text(e.value)]), [['/c/a', '2'], ['/c/b', '3']]);
      await assert.rejects(store.compact(now + 1000), fails('future'));
      const watch = take(store.watch({ start: '/c/', end: prefixEnd('/c/'), after: now, signal: stop.signal }), 1);
      await store.commit([put('/c/gone', 'back', 0)]);
      assert.equal((await watch).length, 1);
    });
  });

  test(`store contract: ${name}: a closed store refuses, and its watches end`, async () => {
    const store = await open();
    const watch = take(store.watch({ start: '/', end: '0', after: 0, signal: new AbortController().signal }), 1);
    const refused = assert.rejects(watch, fails('closed'));
    await store.close();
    await refused;
    await assert.rejects(store.commit([put('/a', '')]), fails('closed'));
    await assert.rejects(store.get('/a'), fails('closed'));
    await store.close();
  });
}
