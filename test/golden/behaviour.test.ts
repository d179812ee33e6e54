/**
 * What upstream's API server answered, asked of ours. They are recorded from a server with
 *   K7S_REFERENCE=https://host:port K7S_REFERENCE_TOKEN=… npm test -- test/golden/behaviour.test.ts
 * where the token is one of system:masters, and nothing but the API server runs (see behaviour/README.md).
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testServer, type TestServer } from '../apiserver.ts';
import { replay, type Case } from './behaviour/replay.ts';

const folder = join(import.meta.dirname, 'behaviour');
const reference = process.env['K7S_REFERENCE'];

/** Managers stand in the order of their times: where a second ends between two requests is chance. So is upstream's order of the managers in conflict. */
function plain(answer: unknown): unknown {
  const unordered = (key: string, value: unknown): value is unknown[] => Array.isArray(value) && (key.endsWith('managedFields') || (value[0] as { reason?: unknown } | undefined)?.reason === 'FieldManagerConflict');
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) => (unordered(key, value) ? value.map((entry) => JSON.stringify(entry)).sort() : value)) as unknown;
}

let server: TestServer;
before(async () => {
  server = await testServer({ tokenFile: 'admin,admin,admin,system:masters' });
});
after(() => server.stop());

for (const file of globSync('*.json', { cwd: folder }).sort()) {
  test(`answers as recorded: ${file}`, async () => {
    const cases = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Case[];
    if (reference !== undefined) {
      const answers = await replay(cases, { url: reference, token: process.env['K7S_REFERENCE_TOKEN'] ?? '' });
      const recorded = cases.map((one, i) => JSON.stringify({ ...one, answer: answers[i] }));
      writeFileSync(join(folder, file), `[\n${recorded.join(',\n')}\n]\n`);
      return;
    }
    const answers = await replay(cases, { url: server.api.url, token: 'admin' });
    const differing = cases.flatMap((one, i) => {
      const [expected, actual] = [plain(one.answer ?? null), plain(answers[i])];
      try {
        assert.deepEqual(actual, expected);
        return one.differs ? [`${one.ask}\nno longer differs: take the mark away`] : [];
      } catch (error) {
        return one.differs ? [] : [`${one.ask}\n${(error as Error).message}`];
      }
    });
    assert.equal(differing.length, 0, `${differing.length} of ${cases.length} differ:\n\n${differing.join('\n\n')}`);
  });
}
