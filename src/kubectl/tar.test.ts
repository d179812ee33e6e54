import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { packTar, unpackTar } from './tar.ts';

test('archives are read by tar, and those of tar are read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-tar-'));
  try {
    const long = 'n'.repeat(150);
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    writeFileSync(join(folder, 'a/b', long), 'x'.repeat(1000));
    writeFileSync(join(folder, 'a/empty'), '');
    symlinkSync('empty', join(folder, 'a/link'));
    const parts: Buffer[] = [];
    for await (const part of packTar(join(folder, 'a'), 'a')) parts.push(part);
    writeFileSync(join(folder, 'own.tar'), Buffer.concat(parts));
    assert.equal(execFileSync('tar', ['tf', join(folder, 'own.tar')]).toString(), `a/\na/b/\na/b/${long}\na/empty\na/link\n`);
    execFileSync('tar', ['cf', join(folder, 'its.tar'), '-C', folder, 'a']);
    for (const archive of ['own.tar', 'its.tar']) {
      const found = new Map<string, string>();
      const cut = readFileSync(join(folder, archive));
      const chunks = Readable.from(Array.from({ length: Math.ceil(cut.length / 700) }, (_, i) => cut.subarray(i * 700, (i + 1) * 700)));
      for await (const entry of unpackTar(chunks)) {
        let text = '';
        for await (const piece of entry.content) text += piece.toString();
        found.set(entry.name, `${entry.type}:${text.length}:${entry.linkTarget}`);
      }
      assert.deepEqual([...found].sort(), [['a/', 'folder:0:'], ['a/b/', 'folder:0:'], [`a/b/${long}`, 'file:1000:'], ['a/empty', 'file:0:'], ['a/link', 'link:0:empty']]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
