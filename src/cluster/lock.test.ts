import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { withLock } from './lock.ts';
import { identityOf } from './processes.ts';
import { profilePaths, readProfile, requireProfile } from './profile.ts';

const home = mkdtempSync(join(tmpdir(), 'k7s-lock-'));
after(() => rmSync(home, { recursive: true }));
const paths = profilePaths('dev', home);
const file = join(home, 'profiles/.dev.lock');

test('a second command is told who is at work', async () => {
  await withLock(paths, 'start', systemClock, async () => {
    await assert.rejects(withLock(paths, 'stop', systemClock, async () => {}), new RegExp(`"k7s start" \\(process ${process.pid}\\) is working on the profile "dev"\\. Wait for it, or end it with: kill ${process.pid}`));
  });
  assert.ok(!existsSync(file));
});

test('a lock whose holder is dead is taken over, also when its pid lives again as another process', async () => {
  for (const holder of [{ pid: 2 ** 30, startTime: '1' }, { pid: process.pid, startTime: `${Number(identityOf(process.pid)!.startTime) - 1}` }]) {
    writeFileSync(file, JSON.stringify({ ...holder, command: 'start' }));
    assert.equal(await withLock(paths, 'stop', systemClock, async () => 'mine'), 'mine');
  }
  writeFileSync(file, '');
  assert.equal(await withLock(paths, 'stop', systemClock, async () => 'mine'), 'mine');
});

test('profiles that are not whole say how to mend them', () => {
  assert.equal(readProfile(paths), undefined);
  assert.throws(() => requireProfile(paths), /Profile "dev" not found\. To start a cluster, run: "k7s start -p dev"/);
  mkdirSync(paths.directory, { recursive: true });
  writeFileSync(join(paths.directory, 'left'), '');
  assert.throws(() => readProfile(paths), /has no configuration .*k7s delete -p dev/);
  writeFileSync(paths.config, '{');
  assert.throws(() => readProfile(paths), /cannot be read\. Remove what is left of it with: k7s delete -p dev/);
  writeFileSync(paths.deleting, '');
  assert.throws(() => readProfile(paths), /half deleted\. Remove what is left of it with: k7s delete -p dev/);
  assert.throws(() => profilePaths('../x'), /not a valid profile name/);
});
