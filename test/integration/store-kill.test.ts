/** A writer process that is killed 50 times under load: what it has been told is durable is there afterwards. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/base/ids.ts';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { embeddedStore } from '../../src/store/embedded.ts';

const writer = fileURLToPath(new URL('store-writer.ts', import.meta.url));

test('50 kill -9s under load lose no acknowledged write', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'k7s-kill-'));
  const random = seededRandom(Number(process.env['K7S_SEED'] ?? 42));
  const acknowledged = new Map<string, number>();
  try {
    for (let life = 0; life < 50; life++) {
      const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(child, 'exit');
      const killAt = 1 + Math.floor(random.next() * 400);
      let lines = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [key, value] = line.split(' ');
        acknowledged.set(key!, Number(value));
        if (++lines === killAt) child.kill('SIGKILL');
      }
      await exited;
      assert.ok(lines >= killAt, 'the writer ended by itself');
    }
    const store = await embeddedStore({ folder, surroundings: systemSurroundings({ write: () => {} }) });
    for (const [key, value] of acknowledged) {
      const { entry } = await store.get(key);
      assert.ok(entry && Number(Buffer.from(entry.value).toString().trim()) >= value, `${key}: acknowledged ${value}, found ${entry && Buffer.from(entry.value).toString().trim()}`);
    }
    assert.ok(acknowledged.size > 100);
    await store.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
