import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { storeContract } from '../../test/contract/store.ts';
import { ManualClock } from '../base/manualclock.ts';
import { systemSurroundings } from '../base/surroundings.ts';
import { embeddedStore, openEmbedded } from './embedded.ts';
import { forgetfulFiles } from '../../test/contract/forgetful.ts';
import { memoryStore } from './memory.ts';
import { StoreError, type Entry, type Operation, type Store } from './store.ts';

const folders: string[] = [];
const surroundings = systemSurroundings({ write: () => {} });
const scratch = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'k7s-store-'));
  folders.push(folder);
  return folder;
};
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const everything = { start: '', end: '\uffff' };
const plain = (entries: readonly Entry[]): unknown[] => entries.map((e) => [e.key, Buffer.from(e.value).toString(), e.createRevision, e.modRevision]);
const dump = async (store: Store): Promise<unknown[]> => plain((await store.range(everything)).entries);
const put = (key: string, value: string): Operation => ({ type: 'put', key, value: Buffer.from(value) });
const tiny = { segmentBytes: 2000, garbageBytes: 4000 };

storeContract('embedded', async () => embeddedStore({ folder: await scratch(), surroundings }));
storeContract('embedded, tiny segments', async () => embeddedStore({ folder: await scratch(), surroundings, limits: tiny }));

test('what was written is there after closing and opening again, with its history', async () => {
  const folder = await scratch();
  const first = await embeddedStore({ folder, surroundings });
  const one = await first.commit([put('/a', '1'), put('/ü', 'ünï')]);
  await first.commit([put('/a', '2')]);
  await first.commit([{ type: 'delete', key: '/ü' }]);
  const before = await dump(first);
  await first.close();
  const second = await embeddedStore({ folder, surroundings });
  assert.deepEqual(await dump(second), before);
  assert.deepEqual(plain((await second.range({ ...everything, revision: one })).entries), [['/a', '1', 1, 1], ['/ü', 'ünï', 1, 1]]);
  assert.equal(await second.commit([put('/a', '3')]), 4);
  await second.close();
});

test('compaction shrinks what is on disk and the state survives it', async () => {
  const folder = await scratch();
  const store = await embeddedStore({ folder, surroundings, limits: tiny });
  for (let i = 0; i < 500; i++) await store.commit([put(`/k${i % 20}`, `value ${i} ${'x'.repeat(50)}`)]);
  const large = await store.size();
  await store.compact((await store.revision()) - 5);
  assert.ok((await store.size()) < large / 5, `${await store.size()} of ${large}`);
  const state = await dump(store);
  await store.close();
  assert.ok((await readdir(folder)).some((n) => n.endsWith('.snapshot')));
  const again = await embeddedStore({ folder, surroundings, limits: tiny });
  assert.deepEqual(await dump(again), state);
  assert.equal(await again.revision(), 500);
  assert.equal((await again.get('/k1', 498)).entry?.modRevision, 482);
  await again.close();
});

test('100,000 updates of one object do not make the store grow without bound', async () => {
  const folder = await scratch();
  const clock = new ManualClock();
  const store = await embeddedStore({ folder, surroundings: { clock, log: surroundings.log }, durable: false, limits: { segmentBytes: 1 << 20, garbageBytes: 2 << 20 }, retention: { keepMs: 60_000, keepBytes: 64 << 20 } });
  const value = Buffer.alloc(1000, 'x');
  let largest = 0;
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 1000 }, () => store.commit([{ type: 'put', key: '/one', value }])));
    await clock.advance(10_000);
    largest = Math.max(largest, await store.size());
  }
  // 100 MB were written; a minute of them, what compaction waits for and what a snapshot waits for stay.
  assert.ok(largest < 20e6, `${largest} bytes`);
  assert.equal(await store.revision(), 100_000);
  await store.close();
  const again = await embeddedStore({ folder, surroundings });
  assert.deepEqual((await again.get('/one')).entry?.modRevision, 100_000);
  await again.close();
});

test('a folder in use is refused in words, a stale lock is taken over', async () => {
  const folder = await scratch();
  const store = await embeddedStore({ folder, surroundings });
  await assert.rejects(embeddedStore({ folder, surroundings }), (e) => e instanceof StoreError && /is in use by process \d+/.test(e.message));
  await store.close();
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  for (const stale of [JSON.stringify({ pid: dead, started: '1', boot: '' }), JSON.stringify({ pid: process.pid, started: '1', boot: '' }), 'half a li']) {
    await writeFile(join(folder, 'lock'), stale);
    const again = await embeddedStore({ folder, surroundings });
    await again.close();
  }
  assert.deepEqual((await readdir(folder)).filter((n) => n.startsWith('lock')), []);
});

test('two that find the same stale lock do not both get it', async () => {
  const folder = await scratch();
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '1', boot: '' }));
  const opened = await Promise.allSettled(Array.from({ length: 8 }, () => embeddedStore({ folder, surroundings })));
  const got = opened.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []));
  assert.equal(got.length, 1);
  await got[0]!.close();
});

/** The same commits on a model; keys few, so that they meet. */
const operations = fc.array(
  fc.record({ key: fc.nat(12).map((n) => `/key/${n}`), value: fc.option(fc.string({ maxLength: 120 }), { nil: undefined }), wait: fc.boolean() }),
  { minLength: 1, maxLength: 60 },
);

test('a disk that forgets what it has not promised loses no acknowledged commit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ operations, patience: fc.nat(80), compact: fc.boolean() }), { minLength: 1, maxLength: 6 }), fc.integer(), async (lives, seed) => {
      const disk = forgetfulFiles(seed);
      const model = memoryStore();
      for (const life of lives) {
        const store = await openEmbedded(disk.files, tiny);
        await agree(store, model);
        disk.crashAfter(life.patience);
        const commits: { readonly operation: Operation; readonly revision: Promise<number | undefined> }[] = [];
        for (const op of life.operations) {
          const operation: Operation = op.value === undefined ? { type: 'delete', key: op.key } : put(op.key, op.value);
          const revision = store.commit([operation]).catch(() => undefined);
          commits.push({ operation, revision });
          if (op.wait) await revision;
        }
        const compaction = life.compact ? store.compact(store.history.revision).catch(() => {}) : undefined;
        for (const { operation, revision } of commits) {
          const acknowledged = await revision;
          if (acknowledged === undefined) continue;
          const before = await model.revision();
          const expected = await model.commit([operation]);
          if (expected > before) assert.equal(acknowledged, expected);
        }
        await compaction;
        await store.close().catch(() => {});
        disk.restart();
        // A commit in flight may have reached the disk; the model learns it from the next life.
        await catchUp(disk.files, model);
      }
    }),
    { numRuns: Number(process.env['K7S_RUNS'] ?? 150) },
  );
});

async function agree(store: Store, model: Store): Promise<void> {
  assert.deepEqual(await dump(store), await dump(model));
  assert.equal(await store.revision(), await model.revision());
}

/** Everything acknowledged must be a prefix of what is found; what is found beyond was in flight. */
async function catchUp(files: Parameters<typeof openEmbedded>[0], model: Store): Promise<void> {
  const found = await openEmbedded(files, tiny);
  const known = await model.revision();
  assert.ok(found.history.revision >= known, `${found.history.revision} found of ${known} acknowledged`);
  if (known > 0 && found.history.floor <= known) {
    assert.deepEqual(plain(found.history.range({ ...everything, revision: known }).entries), await dump(model));
  }
  const stop = new AbortController();
  if (found.history.revision > known) {
    for await (const batch of found.watch({ ...everything, after: known, signal: stop.signal })) {
      await model.commit(batch.events.map((e): Operation => (e.type === 'put' ? { type: 'put', key: e.entry.key, value: e.entry.value } : { type: 'delete', key: e.entry.key })));
      if (batch.revision === found.history.revision) break;
    }
  }
  await found.close();
}

test('a write that fails has not happened, and the store goes on when the disk does', async () => {
  const disk = forgetfulFiles(1);
  const store = await openEmbedded(disk.files);
  await store.commit([put('/a', '1')]);
  disk.failNext(2);
  const results = await Promise.allSettled([store.commit([put('/a', '2')]), store.commit([put('/b', '2')])]);
  assert.deepEqual(results.map((r) => r.status === 'rejected' && (r.reason as StoreError).kind), ['full', 'full']);
  await assert.rejects(store.commit([put('/c', '2')]), (e) => e instanceof StoreError && e.kind === 'full');
  assert.deepEqual(await dump(store), [['/a', '1', 1, 1]]);
  assert.equal(await store.commit([put('/d', '3')]), 2);
  const state = await dump(store);
  await store.close();
  const again = await openEmbedded(disk.files);
  assert.deepEqual(await dump(again), state);
});

test('a log with a hole in it is refused', async () => {
  const disk = forgetfulFiles(1);
  const store = await openEmbedded(disk.files, tiny);
  for (let i = 0; i < 100; i++) await store.commit([put('/a', 'x'.repeat(100))]);
  await store.close();
  const [, second] = (await disk.files.list()).toSorted();
  await disk.files.remove(second!);
  await assert.rejects(openEmbedded(disk.files, tiny), /revisions \d+ to \d+ are missing/);
});
