/** Writes ever larger numbers until it is killed, and prints each key and number once it is durable. */
import { writeSync } from 'node:fs';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { embeddedStore } from '../../src/store/embedded.ts';

const store = await embeddedStore({ folder: process.argv[2]!, surroundings: systemSurroundings(), limits: { segmentBytes: 100_000, garbageBytes: 300_000 } });
let n = await store.revision();

async function write(lane: number): Promise<never> {
  for (;;) {
    const value = ++n;
    const key = `/lane/${lane}/${value % 10}`;
    await store.commit([{ type: 'put', key, value: Buffer.from(String(value).padEnd(500)) }]);
    writeSync(1, `${key} ${value}\n`);
    if (value % 500 === 0) await store.compact(await store.revision());
  }
}

await Promise.all(Array.from({ length: 16 }, (_, lane) => write(lane)));
