import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../base/ids.ts';
import { silent } from '../../base/log.ts';
import { ManualClock } from '../../base/manualclock.ts';
import { memoryStore } from '../../store/memory.ts';
import { StoreError, type Store, type StoreErrorKind } from '../../store/store.ts';
import type { Cacher, CacherCodec, CacherEvent, CacherWatch, ListRequest, Selection, WatchRequest } from './cacher.ts';
import { Feed } from './feed.ts';

interface Thing {
  metadata: { name: string; namespace: string; resourceVersion: string; labels?: Record<string, string> };
  node: string;
  owner?: string;
}

const counts = { decoded: 0, encoded: 0 };
const codec: CacherCodec<Thing> = {
  encodeStored: (t) => Buffer.from(JSON.stringify({ ...t, metadata: { ...t.metadata, resourceVersion: undefined } })),
  decodeStored(value, _key, revision) {
    counts.decoded++;
    const thing = JSON.parse(Buffer.from(value).toString()) as Thing;
    thing.metadata.resourceVersion = String(revision);
    return thing;
  },
  withRevision(t, revision) {
    t.metadata.resourceVersion = String(revision);
    return t;
  },
  encode(t, version, mediaType) {
    counts.encoded++;
    return Buffer.from(`${version} ${mediaType} ${JSON.stringify(t)}`);
  },
  frame: (type, encoding) => Buffer.from(`${type} ${encoding.toString()}`),
  attributes: (t) => ({ namespace: t.metadata.namespace, name: t.metadata.name, labels: t.metadata.labels ?? {}, fields: { 'spec.nodeName': t.node }, ...(t.owner ? { owners: [t.owner] } : {}) }),
};

const prefix = '/registry/things/';
const keyOf = (namespace: string, name: string): string => `${prefix}${namespace}/${name}`;
const thing = (namespace: string, name: string, node = '', labels: Record<string, string> = {}, owner?: string): Thing => ({
  metadata: { name, namespace, resourceVersion: '', labels },
  node,
  ...(owner ? { owner } : {}),
});
const fails = (kind: StoreErrorKind) => (e: unknown): boolean => e instanceof StoreError && e.kind === kind;

const feeds: Feed[] = [];
async function setUp(store: Store = memoryStore()): Promise<{ store: Store; feed: Feed; things: Cacher<Thing>; clock: ManualClock }> {
  const clock = new ManualClock();
  const feed = await Feed.start(store, { clock, random: seededRandom(1), log: silent });
  feeds.push(feed);
  return { store, feed, things: feed.cacher(prefix, codec), clock };
}
after(async () => {
  for (const feed of feeds) await feed.close();
});

const names = (items: readonly { readonly key: string }[]): string[] => items.map((i) => i.key.slice(prefix.length));

/** Reads a watch until `count` events have come. */
async function take(watch: CacherWatch<Thing>, count: number): Promise<CacherEvent<Thing>[]> {
  const out: CacherEvent<Thing>[] = [];
  for await (const events of watch) {
    out.push(...events);
    if (out.length >= count) break;
  }
  return out;
}
const brief = (events: readonly CacherEvent<Thing>[]): string[] =>
  events.map((e) => (e.type === 'BOOKMARK' ? `BOOKMARK ${e.revision}${e.initialEventsEnd ? ' end' : ''}` : `${e.type} ${e.item.key.slice(prefix.length)} ${e.item.object.metadata.resourceVersion}`));

describe('writes', () => {
  test('are readable when they resolve, and need no decoding', async () => {
    const { things, feed } = await setUp();
    counts.decoded = 0;
    const made = await things.put(keyOf('a', 'x'), thing('a', 'x', 'n1'), 0);
    assert.equal(made.revision, 1);
    assert.equal(feed.revision, 1);
    const got = await things.get(keyOf('a', 'x'));
    assert.equal(got, made);
    assert.equal(got?.object.metadata.resourceVersion, '1');
    const next = await things.put(keyOf('a', 'x'), thing('a', 'x', 'n2'), 1);
    assert.equal((await things.get(keyOf('a', 'x')))?.object.node, 'n2');
    assert.equal(counts.decoded, 0);
    const gone = await things.delete(keyOf('a', 'x'), next.revision);
    assert.deepEqual([gone.revision, gone.object.metadata.resourceVersion, gone.object.node], [3, '3', 'n2']);
    assert.equal(await things.get(keyOf('a', 'x')), undefined);
  });

  test('that lose are told so when the winner can be read', async () => {
    const { things } = await setUp();
    await things.put(keyOf('a', 'x'), thing('a', 'x', 'first'), 0);
    const winner = things.put(keyOf('a', 'x'), thing('a', 'x', 'winner'), 1);
    await assert.rejects(things.put(keyOf('a', 'x'), thing('a', 'x', 'loser'), 1), fails('conflict'));
    assert.equal((await things.get(keyOf('a', 'x'), { notOlderThan: 0 }))?.object.node, 'winner');
    await winner;
    await assert.rejects(things.delete(keyOf('a', 'none'), 7), fails('conflict'));
  });

  test('over several resources appear together', async () => {
    const { things, feed } = await setUp();
    const others = feed.cacher('/registry/other.example.com/things/', codec);
    const revision = await feed.commit([
      things.operation(keyOf('a', 'x'), thing('a', 'x'), 0),
      others.operation('/registry/other.example.com/things/a/x', thing('a', 'x'), 0),
    ]);
    assert.equal((await things.get(keyOf('a', 'x')))?.revision, revision);
    assert.equal((await others.get('/registry/other.example.com/things/a/x'))?.revision, revision);
  });

  test('of somebody else are seen by a read that asks for the newest', async () => {
    const { things, store } = await setUp();
    await store.commit([{ type: 'put', key: keyOf('a', 'theirs'), value: codec.encodeStored(thing('a', 'theirs')) }]);
    assert.equal((await things.get(keyOf('a', 'theirs')))?.object.metadata.resourceVersion, '1');
  });
});

describe('reads', () => {
  test('of what was there before, in order, by page and at a revision', async () => {
    const store = memoryStore();
    for (const n of ['c', 'a', 'd', 'b']) await store.commit([{ type: 'put', key: keyOf('x', n), value: codec.encodeStored(thing('x', n)) }]);
    const { things, clock } = await setUp(store);
    const first = await things.list({ limit: 2 });
    assert.deepEqual([names(first.items), first.next, first.remaining, first.revision], [['x/a', 'x/b'], keyOf('x', 'b'), 2, 4]);
    await things.delete(keyOf('x', 'd'), 3);
    await things.put(keyOf('x', 'c'), thing('x', 'c', 'later'), 1);
    await things.put(keyOf('x', 'cc'), thing('x', 'cc'), 0);
    const second = await things.list({ limit: 2, exact: first.revision, startAfter: first.next! });
    assert.deepEqual([names(second.items), second.next, second.revision], [['x/c', 'x/d'], undefined, 4]);
    assert.deepEqual(second.items.map((i) => i.object.metadata.resourceVersion), ['1', '3']);
    const older = await things.list({ exact: 2 });
    assert.deepEqual(names(older.items), ['x/a', 'x/c']);
    assert.deepEqual(names((await things.list()).items), ['x/a', 'x/b', 'x/c', 'x/cc']);
    const future = assert.rejects(things.list({ exact: 99 }), fails('future'));
    await clock.advance(5000);
    await future;
    await store.compact(6);
    await assert.rejects(things.list({ exact: 2 }), fails('compacted'));
    // Its window still knows this one, but what the store has forgotten is forgotten everywhere at once.
    await assert.rejects(things.list({ exact: 5 }), fails('compacted'));
  });

  test('encode once for each version and media type', async () => {
    const { things } = await setUp();
    await things.put(keyOf('a', 'x'), thing('a', 'x'), 0);
    counts.encoded = 0;
    const item = (await things.get(keyOf('a', 'x')))!;
    const bytes = item.encoding('v1', 'json');
    assert.equal((await things.list()).items[0]!.encoding('v1', 'json'), bytes);
    assert.notEqual(item.encoding('v1', 'protobuf'), bytes);
    item.encoding('v1', 'protobuf');
    assert.equal(counts.encoded, 2);
  });
});

describe('watches', () => {
  test('start from the state, mark its end, and go on', async () => {
    const { things } = await setUp();
    await things.put(keyOf('a', 'x'), thing('a', 'x'), 0);
    const watch = await things.watch({ from: 'state', initialEventsEnd: true, signal: new AbortController().signal });
    await things.put(keyOf('a', 'y'), thing('a', 'y'), 0);
    await things.delete(keyOf('a', 'x'), 1);
    assert.deepEqual(brief(await take(watch, 4)), ['ADDED a/x 1', 'BOOKMARK 1 end', 'ADDED a/y 2', 'DELETED a/x 3']);
  });

  test('resume from the window, or from the history of the store after a restart', async () => {
    const { things, store } = await setUp();
    for (const n of ['a', 'b', 'c']) await things.put(keyOf('x', n), thing('x', n), 0);
    const { signal } = new AbortController();
    assert.deepEqual(brief(await take(await things.watch({ from: 1, signal }), 2)), ['ADDED x/b 2', 'ADDED x/c 3']);
    const restarted = await setUp(store);
    assert.deepEqual(brief(await take(await restarted.things.watch({ from: 1, signal }), 2)), ['ADDED x/b 2', 'ADDED x/c 3']);
    await store.compact(3);
    await assert.rejects(restarted.things.watch({ from: 1, signal }), fails('compacted'));
    const future = await restarted.things.watch({ from: 4, signal });
    await restarted.things.put(keyOf('x', 'd'), thing('x', 'd'), 0);
    await restarted.things.put(keyOf('x', 'e'), thing('x', 'e'), 0);
    assert.deepEqual(brief(await take(future, 1)), ['ADDED x/e 5']);
  });

  test('show objects that come into and go out of a selection', async () => {
    const { things } = await setUp();
    const watch = await things.watch({ from: 'state', selection: { fields: [['spec.nodeName', 'n1']] }, signal: new AbortController().signal });
    await things.put(keyOf('a', 'x'), thing('a', 'x', ''), 0);
    await things.put(keyOf('a', 'x'), thing('a', 'x', 'n1'), 1);
    await things.put(keyOf('a', 'x'), thing('a', 'x', 'n1', { l: '1' }), 2);
    await things.put(keyOf('a', 'x'), thing('a', 'x', 'n2'), 3);
    const events = await take(watch, 3);
    assert.deepEqual(brief(events), ['ADDED a/x 2', 'MODIFIED a/x 3', 'DELETED a/x 4']);
    const last = events.at(-1)!;
    assert.equal(last.type === 'DELETED' && last.item.object.node, 'n1');
  });

  test('share the framed bytes of a change', async () => {
    const { things } = await setUp();
    const { signal } = new AbortController();
    const watches = await Promise.all([0, 1].map(() => things.watch({ from: 'state', signal })));
    await things.put(keyOf('a', 'x'), thing('a', 'x'), 0);
    const [one, two] = await Promise.all(watches.map(async (w) => (await take(w, 1))[0]!));
    assert.ok(one?.type === 'ADDED' && two?.type === 'ADDED');
    assert.equal(one.frame('v1', 'json'), two.frame('v1', 'json'));
  });

  test('end when their consumer lags, with their signal, and with the cacher', async () => {
    const { things, feed } = await setUp();
    const stop = new AbortController();
    const lagging = await things.watch({ from: 'state', signal: new AbortController().signal });
    const stopped = await things.watch({ from: 'state', signal: stop.signal });
    stop.abort();
    assert.deepEqual(await take(stopped, 1), []);
    let revision = (await things.put(keyOf('a', 'x'), thing('a', 'x'), 0)).revision;
    for (let i = 0; i < 9000; i++) revision = (await things.put(keyOf('a', 'x'), thing('a', 'x'), revision)).revision;
    assert.deepEqual(await take(lagging, 1), []);
    const open = await things.watch({ from: revision, signal: new AbortController().signal });
    const reading = take(open, 1);
    await feed.close();
    assert.deepEqual(await reading, []);
  });
});

test('any selection lists and watches what a scan with the whole test would', async () => {
  const namespace = fc.constantFrom('a', 'b');
  const node = fc.constantFrom('', 'n1', 'n2');
  const label = fc.constantFrom('red', 'blue');
  const step = fc.record({ namespace, name: fc.nat(6).map(String), node, label: fc.option(label), owner: fc.option(fc.constantFrom('u1', 'u2')), remove: fc.integer({ min: 0, max: 3 }).map((n) => n === 0) });
  const selection: fc.Arbitrary<Selection> = fc.record(
    {
      namespace,
      fields: node.map((n) => [['spec.nodeName', n] as const]),
      labels: label.map((l) => [['color', l] as const]),
      owner: fc.constantFrom('u1', 'u2'),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.array(selection, { minLength: 1, maxLength: 4 }), fc.nat(60), fc.integer({ min: 1, max: 5 }), async (steps, selections, from, limit) => {
      const { things, feed } = await setUp();
      const stop = new AbortController();
      const states: Map<string, Thing>[] = [new Map()];
      const watching = await Promise.all(selections.map((s) => things.watch({ from: 'state', selection: s, signal: stop.signal })));
      for (const s of steps) {
        const key = keyOf(s.namespace, s.name);
        const present = await things.get(key);
        const state = new Map(states.at(-1));
        if (s.remove) {
          if (!present) continue;
          await things.delete(key, present.revision);
          state.delete(key);
        } else {
          const value = thing(s.namespace, s.name, s.node, s.label ? { color: s.label } : {}, s.owner ?? undefined);
          await things.put(key, value, present?.revision ?? 0);
          state.set(key, value);
        }
        states.push(state);
      }
      const wants = (s: Selection, t: Thing): boolean =>
        (s.namespace === undefined || t.metadata.namespace === s.namespace) &&
        (s.fields ?? []).every(([, v]) => t.node === v) &&
        (s.labels ?? []).every(([k, v]) => t.metadata.labels?.[k] === v) &&
        (s.owner === undefined || t.owner === s.owner);
      const at = Math.min(from, feed.revision);
      for (const [i, s] of selections.entries()) {
        const expected = (revision: number): string[] => [...states[revision]!].filter(([, t]) => wants(s, t)).map(([k]) => k).sort();
        assert.deepEqual((await pages(things, { selection: s, limit })).map((x) => x.key), expected(feed.revision));
        assert.deepEqual((await pages(things, { selection: s, limit, exact: at })).map((x) => x.key), expected(at));
        assert.deepEqual(await replayed(watching[i]!, new Set()), expected(feed.revision));
        const resumed = await things.watch({ from: at, selection: s, signal: stop.signal });
        assert.deepEqual(await replayed(resumed, new Set(expected(at))), expected(feed.revision));
      }
      stop.abort();
      await feed.close();
    }),
    { numRuns: 60 },
  );
});

describe('when the watch of the store breaks', () => {
  /** A store whose watches can be cut. */
  function breakable(): { store: Store; cut(error: StoreError): void } {
    const inner = memoryStore();
    let cut: (error: StoreError) => void = () => {};
    const store: Store = {
      ...inner,
      async *watch(request) {
        const broken = new Promise<never>((_, reject) => (cut = reject));
        const iterator = inner.watch(request)[Symbol.asyncIterator]();
        for (;;) {
          const next = await Promise.race([iterator.next(), broken]);
          if (next.done) return;
          yield next.value;
        }
      },
    };
    return { store, cut: (error) => cut(error) };
  }

  test('readers see everything, and watchers go on, once it stands again', async () => {
    const { store, cut } = breakable();
    const { things, clock } = await setUp(store);
    await things.put(keyOf('a', 'x'), thing('a', 'x'), 0);
    const watch = await things.watch({ from: 'state', signal: new AbortController().signal });
    cut(new StoreError('unavailable', 'gone'));
    const writing = things.put(keyOf('a', 'y'), thing('a', 'y'), 0);
    await clock.advance(1000);
    await writing;
    assert.deepEqual(brief(await take(watch, 2)), ['ADDED a/x 1', 'ADDED a/y 2']);
  });

  test('and it no longer knows what has happened, watchers end and the state is read anew', async () => {
    const { store, cut } = breakable();
    const { things, clock } = await setUp(store);
    await things.put(keyOf('a', 'x'), thing('a', 'x'), 0);
    const watch = await things.watch({ from: 1, signal: new AbortController().signal });
    const ended = take(watch, 1);
    cut(new StoreError('compacted', 'too long ago'));
    assert.deepEqual(await ended, []);
    await store.commit([{ type: 'delete', key: keyOf('a', 'x') }, { type: 'put', key: keyOf('a', 'z'), value: codec.encodeStored(thing('a', 'z')) }]);
    const listing = things.list();
    await clock.advance(1000);
    assert.deepEqual(names((await listing).items), ['a/z']);
    assert.equal(things.ready, true);
  });
});

async function pages(things: Cacher<Thing>, request: ListRequest): Promise<{ key: string }[]> {
  const items: { key: string }[] = [];
  let page = await things.list(request);
  items.push(...page.items);
  while (page.next !== undefined) {
    page = await things.list({ ...request, exact: page.revision, startAfter: page.next });
    items.push(...page.items);
  }
  return items;
}

/** What a watcher that began with `keys` holds after all that has been buffered for it. */
async function replayed(watch: CacherWatch<Thing>, keys: Set<string>): Promise<string[]> {
  const iterator = watch[Symbol.asyncIterator]();
  for (;;) {
    const idle = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
    const next = await Promise.race([iterator.next(), idle]);
    if (next === undefined || next.done) break;
    for (const event of next.value) {
      if (event.type === 'BOOKMARK') continue;
      assert.equal(keys.has(event.item.key), event.type !== 'ADDED', `${event.type} ${event.item.key}`);
      if (event.type === 'DELETED') keys.delete(event.item.key);
      else keys.add(event.item.key);
    }
  }
  return [...keys].sort();
}

test('bookmarks come to those who want them', async () => {
  const { things, clock } = await setUp();
  const request: WatchRequest = { from: 'state', bookmarks: true, signal: new AbortController().signal };
  const watch = await things.watch(request);
  await things.put(keyOf('a', 'x'), thing('a', 'x'), 0);
  await clock.advance(60_000);
  assert.deepEqual(brief(await take(watch, 2)), ['ADDED a/x 1', 'BOOKMARK 1']);
});
