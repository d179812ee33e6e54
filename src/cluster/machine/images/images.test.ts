import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildImage } from './build.ts';
import { pauseImage, pauseProgram } from './pause.ts';
import { tar } from './tar.ts';

test('tar archives are read by tar, with long names, links and modes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-tar-'));
  try {
    const long = `a/${'b'.repeat(120)}/c`;
    const file = join(folder, 'x.tar');
    writeFileSync(file, tar([
      { path: 'a', type: 'directory', mode: 0o1777 },
      { path: long, type: 'file', mode: 0o640, content: 'hello' },
      { path: 'a/link', type: 'symlink', target: '/etc/x' },
      { path: 'a/hard', type: 'hardlink', target: long },
    ]));
    const listing = execFileSync('tar', ['-tvf', file, '--numeric-owner'], { encoding: 'utf8' }).trimEnd().split('\n');
    assert.deepEqual(listing.map((line) => line.slice(0, 10)), ['drwxrwxrwt', '-rw-r-----', 'lrwxrwxrwx', 'hrw-r--r--']);
    assert.match(listing[1]!, new RegExp(`${long}$`));
    assert.equal(execFileSync('tar', ['-xOf', file, long], { encoding: 'utf8' }), 'hello');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the same image content gives the same digest', () => {
  const image = (content: string) => buildImage({ names: ['docker.io/library/x:1'], files: [{ path: 'f', type: 'file', content }], config: {} });
  assert.equal(image('one').digest, image('one').digest);
  assert.notEqual(image('one').digest, image('two').digest);
});

test('pause programs are valid for both architectures', () => {
  for (const [architecture, machine] of [['x64', 62], ['arm64', 183]] as const) {
    const program = pauseProgram(architecture);
    assert.equal(program.toString('latin1', 1, 4), 'ELF');
    assert.equal(program.readUInt16LE(18), machine);
    assert.ok(program.length < 400);
    assert.ok(pauseImage(architecture).archive.length > 0);
  }
  // adr x1, <action>; tbnz x0, #63, <four instructions back>
  const arm = pauseProgram('arm64').subarray(120);
  const word = (i: number): number => arm.readUInt32LE(i * 4);
  assert.equal(word(0), 0xd2800220);
  const distance = ((word(1) >>> 29) & 3) | (((word(1) >>> 5) & 0x7ffff) << 2);
  assert.equal(120 + 4 + distance, pauseProgram('arm64').length - 40);
  assert.equal(word(14), 0xb7ffff80);
});
