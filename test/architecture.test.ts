/** The house rules as a program: who may import whom, how long a file may be, what a folder must have. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');

const clientAndAbove = ['base', 'wire', 'machinery', 'schema', 'api', 'client'];
const servingAndAbove = [...clientAndAbove, 'serving'];

/** For each folder of src/ the folders that it may import. ARCHITECTURE.md draws the same table. */
const mayImport: Record<string, readonly string[]> = {
  base: [],
  wire: ['base'],
  machinery: ['base'],
  schema: ['base', 'wire', 'machinery'],
  api: ['base', 'schema', 'machinery'],
  store: ['base', 'wire'],
  client: ['base', 'wire', 'machinery', 'schema', 'api'],
  serving: clientAndAbove,
  apiserver: [...servingAndAbove, 'store'],
  cadvisor: ['base'],
  explain: ['base', 'machinery'],
  controllers: clientAndAbove,
  scheduler: clientAndAbove,
  cloud: clientAndAbove,
  kubelet: [...servingAndAbove, 'cadvisor'],
  simulation: clientAndAbove,
  network: servingAndAbove,
  metrics: [...servingAndAbove, 'explain'],
  kubectl: [...clientAndAbove, 'explain'],
  dashboard: [...clientAndAbove, 'explain'],
  cluster: ['*'],
};

const nameless = ['util', 'utils', 'common', 'helpers', 'helper', 'misc', 'lib', 'shared'];

/** Longer than the limit today; this list may only shrink. Data and generated files are not counted. */
const longFiles: Record<string, number> = {};
const lineLimit = 500;

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

const all = ['src', 'test', 'tools', 'bench', 'bin'].flatMap((folder) => filesBelow(join(root, folder)));
const sources = all.filter((file) => file.endsWith('.ts') && file.startsWith(join(root, 'src') + '/'));
const texts = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));
const name = (file: string): string => relative(root, file);

/** `src/kubelet/cri/x.ts` -> `kubelet`; a file directly in src/ has no folder. */
function folderOf(file: string): string | undefined {
  const parts = relative(join(root, 'src'), file).split('/');
  return parts.length > 1 ? parts[0] : undefined;
}

function importsOf(file: string): string[] {
  const text = texts.get(file)!;
  const found = [...text.matchAll(/^\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm)];
  return found.map((match) => (match[1] ?? match[2] ?? match[3])!).filter((path) => path.startsWith('.'));
}

test('the sources are seen', () => {
  assert.ok(sources.length >= 90, `only ${sources.length} files below src/`);
  const imports = sources.reduce((sum, file) => sum + importsOf(file).length, 0);
  assert.ok(imports >= sources.length, `only ${imports} imports in ${sources.length} files: the reader of imports is broken`);
});

test('every folder of src/ has its row in the table and a README', () => {
  const folders = readdirSync(join(root, 'src')).filter((entry) => statSync(join(root, 'src', entry)).isDirectory());
  assert.deepEqual(folders.filter((folder) => !(folder in mayImport)), []);
  assert.deepEqual(folders.filter((folder) => !existsSync(join(root, 'src', folder, 'README.md'))), [], 'folders without README.md');
});

test('imports point only to folders that the table allows', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const from = folderOf(file);
    if (from === undefined || file.endsWith('.test.ts')) continue;
    const allowed = mayImport[from] ?? [];
    if (allowed.includes('*')) continue;
    for (const path of importsOf(file)) {
      const to = folderOf(resolve(dirname(file), path));
      if (to !== from && !(to !== undefined && allowed.includes(to))) wrong.push(`${name(file)} imports ${path}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every relative import names a file that exists', () => {
  const missing = sources.flatMap((file) =>
    importsOf(file)
      .filter((path) => !existsSync(resolve(dirname(file), path)))
      .map((path) => `${name(file)} imports ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('files stay short', () => {
  // What is written down as data, or printed from it.
  const data = /^src\/api\/[^/]+\/v[^/]+\/|^src\/kubelet\/cri\/types\.ts$/;
  const long = sources
    .filter((file) => !data.test(name(file)))
    .map((file) => [name(file), texts.get(file)!.split('\n').length - 1] as const)
    .filter(([file, lines]) => lines > (longFiles[file] ?? lineLimit));
  assert.deepEqual(long, []);
  const done = Object.keys(longFiles).filter((file) => (texts.get(join(root, file)) ?? '').split('\n').length - 1 <= lineLimit);
  assert.deepEqual(done, [], 'these are short now: take them off the list');
});

test('no folder hides behind a name that says nothing', () => {
  assert.deepEqual(all.map(name).filter((file) => file.split('/').slice(0, -1).some((part) => nameless.includes(part))), []);
});

test('time and chance come from base', () => {
  const reads = /\bnew Date\(\)|\bDate\(\)|process\.uptime\(/;
  const wrong = sources.filter((file) => !file.endsWith('.test.ts') && folderOf(file) !== 'base' && reads.test(texts.get(file)!)).map(name);
  assert.deepEqual(wrong, []);
});
