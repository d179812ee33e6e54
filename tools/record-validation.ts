/**
 * Asks a reference API server the questions of test/golden/validation/*.json again and writes down its answers:
 *   K7S_REFERENCE=https://127.0.0.1:6443 K7S_REFERENCE_TOKEN=… node tools/record-validation.ts [file.json ...]
 * The server is an upstream kube-apiserver of its own, with --allow-privileged, a token for system:masters and the admission plugins of
 * `withoutPlugins` off, and all versions served (--runtime-config=api/all=true); the objects are made and replaced in its namespace `default`. New questions are added to `cases` without an answer.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { folded, prepare, type Asked, type Case, type CaseFile } from '../test/golden/validation/case.ts';
import { httpsAsk } from '../test/golden/validation/reference.ts';

const url = process.env['K7S_REFERENCE'];
if (!url) throw new Error('K7S_REFERENCE names no server');
const folder = new URL('../test/golden/validation/', import.meta.url);
const files = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
const { ask, close } = httpsAsk(url, process.env['K7S_REFERENCE_TOKEN'] ?? 'admin');

const list = (items: readonly unknown[]): string => items.map((item) => JSON.stringify(item)).join(',\n');
const entries = (object: object): string => Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n');

for (const file of files) {
  const golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as CaseFile;
  const asked = new Map<string, Asked>();
  for (const [name, base] of Object.entries(golden.bases)) {
    const prepared = await prepare(ask, base);
    asked.set(name, prepared);
    golden.made[name] = prepared.made;
  }
  const answered = async (cases: readonly Case[]): Promise<Case[]> => {
    const out: Case[] = [];
    for (const [name, operation, change] of cases) out.push([name, operation, change, folded(await asked.get(name)!.answer(operation, change), golden.words)]);
    return out;
  };
  const cases = list(await answered(golden.cases));
  const differs = list(await answered(golden.differs));
  writeFileSync(new URL(file, folder), `{\n"bases": {\n${entries(golden.bases)}\n},\n"made": {\n${entries(golden.made)}\n},\n"words": [\n${list(golden.words)}\n],\n"cases": [\n${cases}\n],\n"differs": [\n${differs}\n]\n}\n`);
  process.stdout.write(`${file}: ${golden.cases.length} cases, ${golden.differs.length} known to differ\n`);
}
close();
