import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readlinkSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkPath, writeAtomically, type Payload } from './atomic.ts';

const files = (entries: Record<string, string>, mode = 0o644): Payload => new Map(Object.entries(entries).map(([k, v]) => [k, { content: Buffer.from(v), mode }]));

test('a volume changes all at once, and old names go', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'k7s-atomic-'));
  t.after(() => rmSync(dir, { recursive: true }));
  assert.equal(await writeAtomically(dir, files({ a: '1', 'sub/b': '2' }, 0o400), 'one', undefined), true);
  assert.equal(readFileSync(join(dir, 'a'), 'utf8'), '1');
  assert.equal(readFileSync(join(dir, 'sub/b'), 'utf8'), '2');
  assert.equal(statSync(join(dir, 'a')).mode & 0o777, 0o400);
  assert.equal(readlinkSync(join(dir, 'a')), '..data/a');
  assert.equal(await writeAtomically(dir, files({ a: '1', 'sub/b': '2' }, 0o400), 'two', undefined), false);
  assert.equal(readlinkSync(join(dir, '..data')), '..one');
  assert.equal(await writeAtomically(dir, files({ c: '3' }), 'three', undefined), true);
  assert.deepEqual(readdirSync(dir).sort(), ['..data', '..three', 'c']);
  assert.equal(await writeAtomically(dir, files({}), 'four', undefined), true);
  assert.deepEqual(readdirSync(dir).sort(), ['..data', '..four']);
});

test('a name may not leave its volume', () => {
  for (const path of ['', '/etc/passwd', '../x', 'a/../../x', '..data/x', '..x']) assert.throws(() => checkPath(path), /invalid path/);
  assert.equal(checkPath('a/./b'), 'a/b');
});
