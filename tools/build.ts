/**
 * Bundles src/ into dist/: what users install, and what the launcher of a clone runs.
 * With --package nothing older stays in dist/, and the types of the library are written as well.
 */
import { spawnSync } from 'node:child_process';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
const started = new Date();

/** Chunks are loaded lazily: those of an older build stay for programs that are still running. */
const keepMs = 3_600_000;

/** Each becomes dist/<name>.js; those that are not there yet are left out. */
const entries: Record<string, string> = { k7s: 'src/cluster/main.ts', index: 'src/index.ts' };

/**
 * An import of a module of Node.js evaluates every getter of it, and one of node:http loads the whole of fetch (50 ms of each start).
 * What is bundled takes the members that are plain values from the module itself.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ path, kind }) => (kind === 'import-statement' ? { path: path.replace(/^node:/, ''), namespace: 'plain-builtin' } : undefined));
    onLoad({ filter: /.*/, namespace: 'plain-builtin' }, ({ path }) => {
      const members = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path) as object)).filter(([, { value }]) => value !== undefined).map(([name]) => name);
      return { contents: `const it = process.getBuiltinModule('${path}');\nexport default it;\nexport const { ${members.join(', ')} } = it;\n` };
    });
  },
};

/**
 * Every set of parts that share a module makes a chunk of its own: dozens of small ones, each of which costs a start more than what is in it.
 * What the API server needs of them becomes one, which every part loads.
 */
const smallChunk = 32 * 1024;
const measure = 'src/cluster/standalone/kube-apiserver.ts';
/** Sets up the compile cache, of which everything else is to profit. */
const first = 'src/cluster/main.ts';

function commonOf({ outputs }: Metafile): { readonly modules: string[]; readonly parts: Set<string> } {
  const parts = new Set(Object.values(outputs).flatMap(({ entryPoint }) => (entryPoint?.startsWith('src/') && entryPoint !== first ? [entryPoint] : [])));
  const statics = (path: string): string[] => outputs[path]!.imports.flatMap((next) => (next.kind === 'import-statement' && outputs[next.path] ? [next.path] : []));
  const closure = (path: string, found = new Set<string>()): Set<string> => {
    if (!found.has(path)) for (const next of (found.add(path), statics(path))) closure(next, found);
    return found;
  };
  // A small chunk that needs a large one would bring it into every part.
  const light = (path: string): boolean => [...closure(path)].every((needed) => outputs[needed]!.bytes < smallChunk);
  const start = Object.keys(outputs).find((path) => outputs[path]!.entryPoint === measure)!;
  const modules = [...closure(start)].filter((path) => outputs[path]!.entryPoint === undefined && light(path)).flatMap((path) => Object.keys(outputs[path]!.inputs).filter((file) => existsSync(join(root, file))));
  return { modules, parts };
}

function withCommon({ modules, parts }: ReturnType<typeof commonOf>): Plugin {
  return {
    name: 'common',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^k7s:common$/ }, () => ({ path: 'common', namespace: 'common' }));
      onLoad({ filter: /.*/, namespace: 'common' }, () => ({ contents: modules.map((file) => `import ${JSON.stringify(join(root, file))};\n`).join(''), resolveDir: root }));
      onLoad({ filter: /\.ts$/, namespace: 'file' }, ({ path }) =>
        (parts.has(relative(root, path)) ? { contents: `import 'k7s:common';\n${readFileSync(path, 'utf8')}`, loader: 'ts' } : undefined));
    },
  };
}

const forPackage = process.argv.includes('--package');

async function main(): Promise<void> {
  if (forPackage) rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const entryPoints = Object.entries(entries)
    .filter(([, file]) => existsSync(join(root, file)))
    .map(([out, file]) => ({ in: join(root, file), out }));
  const options = {
    entryPoints,
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // Modules where a package has them: CommonJS would not be split.
    mainFields: ['module', 'main'],
    target: 'node24',
    chunkNames: 'chunks/[name]-[hash]',
    // Packages in CommonJS ask for node's own modules by require.
    banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
    external: ['koffi'],
    plugins: [plainBuiltins],
    legalComments: 'linked',
    logLevel: 'error',
    metafile: true,
    absWorkingDir: root,
  } satisfies BuildOptions;
  const { metafile } = await build({ ...options, write: false });
  const result = await build({ ...options, plugins: [plainBuiltins, withCommon(commonOf(metafile))] });
  const made = new Set(Object.keys(result.metafile.outputs).map((file) => join(root, file)));
  for (const folder of [dist, join(dist, 'chunks')]) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      const file = join(folder, name);
      if (made.has(file) || !file.endsWith('.js')) continue;
      if (started.getTime() - statSync(file).mtimeMs > keepMs) rmSync(file);
    }
  }
  if (forPackage && existsSync(join(root, 'src/index.ts'))) declarations();
  // The time of the start: a source that changed while we were reading is newer than the stamp.
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started);
}

function declarations(): void {
  const flags = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--outDir', join(dist, 'types'), '--rootDir', join(root, 'src')];
  const like = ['--target', 'es2024', '--lib', 'es2024,esnext.disposable,esnext.iterator,esnext.collection', '--module', 'nodenext', '--types', 'node', '--strict', '--allowImportingTsExtensions', '--skipLibCheck', '--exactOptionalPropertyTypes'];
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), [...flags, ...like, join(root, 'src/index.ts')], { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(1);
}

await main();
