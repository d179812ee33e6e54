import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { readLog, type LogOptions } from './read.ts';
import { tailOfLog } from './tail.ts';

const line = (second: number, text: string, stream = 'stdout', tag = 'F'): string => `2026-01-01T00:00:0${second}.000000001Z ${stream} ${tag} ${text}\n`;
const plain: LogOptions = { follow: false, timestamps: false };

async function collect(path: string, options: LogOptions, live: () => boolean = () => false): Promise<string> {
  const out: Buffer[] = [];
  for await (const chunk of readLog({ path, isLive: live }, options, systemClock, AbortSignal.timeout(10_000))) out.push(chunk);
  return Buffer.concat(out).toString();
}

function scratch(t: { after(fn: () => void): void }, content: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'k7s-logs-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, '0.log'), content);
  return join(dir, '0.log');
}

test('logs as they are asked for', async (t) => {
  const path = scratch(t, line(1, 'one') + line(2, 'two', 'stderr') + line(3, 'thr', 'stdout', 'P') + line(3, 'ee') + line(4, 'four'));
  assert.equal(await collect(path, plain), 'one\ntwo\nthree\nfour\n');
  assert.equal(await collect(path, { ...plain, tailLines: 1 }), 'four\n');
  assert.equal(await collect(path, { ...plain, tailLines: 0 }), '');
  assert.equal(await collect(path, { ...plain, tailLines: 99 }), 'one\ntwo\nthree\nfour\n');
  assert.equal(await collect(path, { ...plain, since: Date.parse('2026-01-01T00:00:04Z') }), 'four\n');
  assert.equal(await collect(path, { ...plain, stream: 'stderr', timestamps: true }), '2026-01-01T00:00:02.000000001Z two\n');
  assert.equal(await collect(path, { ...plain, limitBytes: 6 }), 'one\ntw');
  assert.equal(await tailOfLog(path, 2, 100), 'ee\nfour\n');
});

test('following goes through a rotation and ends with the container', async (t) => {
  const path = scratch(t, line(1, 'one'));
  let live = true;
  const reading = collect(path, { ...plain, follow: true }, () => live);
  await systemClock.sleep(50);
  appendFileSync(path, line(2, 'two'));
  renameSync(path, `${path}.old`);
  writeFileSync(path, line(3, 'three'));
  await systemClock.sleep(300);
  appendFileSync(path, line(4, 'four'));
  live = false;
  assert.equal(await reading, 'one\ntwo\nthree\nfour\n');
});
