/**
 * Cells of the tables of every kind, the wide ones too, as an upstream API server gave them for the same objects (ages as `~`). Recorded by
 *   K7S_REFERENCE=https://host:port K7S_REFERENCE_TOKEN=… npm test -- test/golden/tables.test.ts
 * from a server with `--runtime-config=api/all=true` and without the admission plugins of `validation/reference.ts`.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testServer, type TestServer } from '../apiserver.ts';
import { changed, type Ask, type Change } from './validation/case.ts';
import { httpsAsk, withoutPlugins } from './validation/reference.ts';

type Json = Record<string, unknown>;
/** What is changed in the object (`approval.conditions` by that subresource; `delete`: it is on its way out), the cells, the row's conditions. */
type Row = readonly [change: Change, cells: readonly unknown[], conditions?: readonly unknown[]];

interface Kind {
  readonly path: string;
  readonly object: Json & { readonly metadata: { readonly name: string } };
  readonly status?: Json;
  readonly rows: Row[];
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly conditions?: readonly unknown[] }[];
}

const file = join(import.meta.dirname, 'tables.json');
const reference = process.env['K7S_REFERENCE'];
const timed = /^(Age|Restarts|Last Schedule|Last Seen|First Seen|Duration|Created At|TimeAdded)$/;

function settled(cell: unknown, column: string | undefined): unknown {
  if (typeof cell !== 'string' || !timed.test(column ?? 'Age')) return cell;
  return cell.replace(/\b(\d+[smhdy])+\b/g, '~').replace(/^\d{4}-.*Z$/, '~');
}

/** The row of the object with its changes, made and taken away again. */
async function rowOf(ask: Ask, { path, object, status }: Kind, { delete: isGoing, 'approval.conditions': conditions, ...change }: Change): Promise<Row> {
  const must = async (method: string, at: string, body?: unknown): Promise<Json> => {
    const reply = await ask(method, at, body);
    assert.ok(reply.code < 300, `${method} ${at}: ${JSON.stringify(reply.body)}`);
    return reply.body as Json;
  };
  const part = (isStatus: boolean): Change => Object.fromEntries(Object.entries(change).filter(([key]) => key.startsWith('status') === isStatus));
  const given = changed(object, part(false));
  const one = `${path}/${given.metadata.name}`;
  let live = await must('POST', path, given);
  if (conditions) await must('PUT', `${one}/approval`, { ...live, status: { conditions } });
  const ofStatus = part(true);
  if (status || Object.keys(ofStatus).length > 0) {
    const hasSubresource = (await ask('GET', `${one}/status`)).code === 200;
    live = await must('GET', one);
    live = await must('PUT', hasSubresource ? `${one}/status` : one, changed(status ? { ...live, status } : live, ofStatus));
  }
  if (isGoing) await must('DELETE', one, { gracePeriodSeconds: 30 });
  const table = (await ask('GET', one, undefined, 'application/json;as=Table;v=v1;g=meta.k8s.io')).body as Table;
  const left = await must('GET', one);
  if ((left['metadata'] as Json)['finalizers']) await must('PUT', one, changed(left, { 'metadata.finalizers': null }));
  await ask('DELETE', one, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  const row = table.rows[0]!;
  const cells = row.cells.map((cell, i) => settled(cell, table.columnDefinitions[i]?.name));
  return row.conditions ? [{}, cells, row.conditions] : [{}, cells];
}

let server: TestServer;
before(async () => {
  server = await testServer({ tokenFile: 'admin,admin,admin,system:masters', disabledAdmission: withoutPlugins, runtimeConfig: ['api/all=true'] });
});
after(() => server.stop());

test('cells of tables are upstream\'s', async () => {
  const kinds = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Kind>;
  assert.ok(Object.keys(kinds).length > 50);
  const { ask, close } = reference === undefined ? httpsAsk(server.api.url, 'admin') : httpsAsk(reference, process.env['K7S_REFERENCE_TOKEN'] ?? '');
  const wrong: unknown[] = [];
  for (const [name, kind] of Object.entries(kinds)) {
    for (const [i, [change, cells, conditions]] of kind.rows.entries()) {
      const [, gotCells, gotConditions] = await rowOf(ask, kind, change);
      if (reference !== undefined) kind.rows[i] = gotConditions ? [change, gotCells, gotConditions] : [change, gotCells];
      else if (JSON.stringify([cells, conditions]) !== JSON.stringify([gotCells, gotConditions])) wrong.push({ name, change, expected: [cells, conditions], got: [gotCells, gotConditions] });
    }
  }
  close();
  if (reference !== undefined) {
    const texts = Object.entries(kinds).map(([name, { rows, ...rest }]) => `${JSON.stringify(name)}: ${JSON.stringify(rest).slice(0, -1)}, "rows": [\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]}`);
    writeFileSync(file, `{\n${texts.join(',\n')}\n}\n`);
    return;
  }
  assert.deepEqual(wrong, []);
});
