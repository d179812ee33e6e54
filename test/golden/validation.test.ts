/** Each kind's defaults and refusals, as an upstream API server answered them: `tools/record-validation.ts` has asked it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { testServer, type TestServer } from '../apiserver.ts';
import { folded, prepare, type Ask, type Asked, type CaseFile } from './validation/case.ts';
import { httpsAsk, withoutPlugins } from './validation/reference.ts';

const folder = new URL('validation/', import.meta.url);
let server: TestServer;
let ask: Ask;
let close: () => void;

before(async () => {
  server = await testServer({ tokenFile: 'admin,admin,admin,system:masters', disabledAdmission: withoutPlugins, runtimeConfig: ['api/all=true'] });
  ({ ask, close } = httpsAsk(server.api.url, 'admin'));
});
after(async () => {
  close();
  await server.stop();
});

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json')).sort()) {
  test(file, async () => {
    const golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as CaseFile;
    const asked = new Map<string, Asked>();
    for (const [name, base] of Object.entries(golden.bases)) {
      const prepared = await prepare(ask, base);
      asked.set(name, prepared);
      assert.deepEqual(prepared.made, golden.made[name], `${file}: ${name} as it is made`);
    }
    const wrong: unknown[] = [];
    for (const [name, operation, change, expected] of golden.cases) {
      const got = folded(await asked.get(name)!.answer(operation, change), golden.words);
      if (JSON.stringify(got) !== JSON.stringify(expected)) wrong.push({ name, operation, change, expected, got });
    }
    assert.deepEqual(wrong.slice(0, 5), [], `${file}: ${wrong.length} of ${golden.cases.length} answers are not upstream's`);
  });
}
