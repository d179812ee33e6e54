import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeContract } from '../../test/contract/store.ts';
import { ManualClock } from '../base/manualclock.ts';
import { memoryStore } from './memory.ts';
import { StoreError, type Store } from './store.ts';

storeContract('memory', async () => memoryStore());

const write = (store: Store, value: string): Promise<number> => store.commit([{ type: 'put', key: '/a', value: Buffer.from(value) }]);
const isCompacted = (error: unknown): boolean => error instanceof StoreError && error.kind === 'compacted';

test('the past is forgotten once it is old', async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock, retention: { keepMs: 300_000, keepBytes: 1 << 20 } });
  const old = await write(store, 'old');
  await write(store, 'replaced');
  await clock.advance(200_000);
  const young = await write(store, 'young');
  assert.equal(Buffer.from((await store.get('/a', old)).entry!.value).toString(), 'old');
  await clock.advance(200_000);
  await assert.rejects(store.get('/a', old), isCompacted);
  assert.equal((await store.get('/a', young)).entry?.modRevision, young);
  await store.close();
});

test('the past is forgotten sooner when it is large', async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock, retention: { keepMs: 300_000, keepBytes: 10_000 } });
  for (let i = 0; i < 100; i++) await write(store, 'x'.repeat(1000));
  await clock.advance(31_000);
  await assert.rejects(store.get('/a', 10), isCompacted);
  assert.ok((await store.get('/a', 99)).entry);
  await store.close();
});
