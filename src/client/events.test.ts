import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/ids.ts';
import { silent } from '../base/log.ts';
import { ManualClock } from '../base/manualclock.ts';
import { StatusError } from '../machinery/status.ts';
import { pods } from '../api/core/v1/index.ts';
import type { Client } from './client.ts';
import { eventRecorder } from './events.ts';

interface Written {
  readonly verb: string;
  readonly name: string;
  readonly count: number;
  readonly message: string;
}

function recording(refuse: () => boolean = () => false): { client: Client; written: Written[] } {
  const written: Written[] = [];
  const client = {
    create: async (_ref: unknown, event: { metadata: { name: string }; count: number; message: string }) => {
      written.push({ verb: 'create', name: event.metadata.name, count: event.count, message: event.message });
      return event;
    },
    patch: async (_ref: unknown, name: string, { body }: { body: { count: number; message: string } }) => {
      if (refuse()) throw StatusError.notFound({ group: '', resource: 'events' }, name);
      written.push({ verb: 'patch', name, count: body.count, message: body.message });
    },
  } as unknown as Client;
  return { client, written };
}

const pod = { metadata: { name: 'p', namespace: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '' } } as never;

function start(refuse?: () => boolean) {
  const clock = new ManualClock();
  const { client, written } = recording(refuse);
  const stop = new AbortController();
  const recorder = eventRecorder(client, { component: 'test' }, { clock, random: seededRandom(1), log: silent }, stop.signal);
  const tell = async (message: string, reason = 'R'): Promise<void> => {
    recorder.event(pods, pod, 'Normal', reason, message);
    await clock.advance(1000);
  };
  return { tell, written, clock, stop };
}

test('the same again counts up; one that expired meanwhile is written anew', async () => {
  let gone = false;
  const { tell, written } = start(() => gone);
  await tell('a');
  await tell('a');
  gone = true;
  await tell('a');
  assert.deepEqual(written.map((w) => `${w.verb} ${w.count}`), ['create 1', 'patch 2', 'create 3']);
  assert.equal(new Set(written.map((w) => w.name)).size, 1);
});

test('many alike become one, and an object that keeps shouting is heard less', async () => {
  const { tell, written, clock } = start();
  for (let i = 0; i < 40; i++) await tell(`message ${i}`);
  assert.equal(written.filter((w) => w.verb === 'create').length, 11);
  assert.match(written.at(-1)!.message, /^\(combined from similar events\): message/);
  assert.equal(written.length, 25);
  await clock.advance(300_000);
  await tell('later', 'Other');
  assert.equal(written.length, 26);
});
