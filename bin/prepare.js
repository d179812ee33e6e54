// What a fresh clone needs before anything else runs. Plain JavaScript: the Node.js at hand may be 20.
//   node bin/prepare.js bundle            dependencies and dist/
//   node bin/prepare.js run FILE ARGS...  dependencies, then FILE under the pinned Node.js
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants as access, existsSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, `node_modules/node-linux-${process.arch}/bin/node`);

function fail(message) {
  process.stderr.write(`k7s: ${message}\n`);
  process.exit(1);
}

function writable() {
  try {
    accessSync(existsSync(join(root, 'dist')) ? join(root, 'dist') : root, access.W_OK);
  } catch {
    fail(`the program in ${root}/dist is older than its source, and this user may not write there; run "npm run build" there as its owner, or use a clone of your own`);
  }
}

function dependencies() {
  if (Number.parseInt(process.versions.node) < 20) fail(`needs Node.js 20 or newer, this is ${process.version}`);
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  if (existsSync(installed) && lockedAsInstalled(lock, installed)) return;
  process.stderr.write('k7s: installing the npm dependencies of the lock file (once)\n');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (npm.error) fail(`npm was not found (${npm.error.message}); install it, then run the same again`);
  if (npm.status !== 0) fail('npm ci failed; see its messages above, then run the same again');
}

/** A checkout gives the lock file a new time; what counts is whether it asks for something else than is there. */
function lockedAsInstalled(lock, installed) {
  const versions = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const wanted = versions(lock);
  const present = versions(installed);
  return Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version);
}

function node() {
  if (existsSync(pinned)) return pinned;
  if (Number.parseInt(process.versions.node) >= 24) return process.execPath;
  return fail(`there is no pinned Node.js for ${process.platform}-${process.arch}; run this with Node.js 24 or newer`);
}

function run(file, args) {
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  const child = spawn(node(), ['--disable-warning=ExperimentalWarning', file, ...args], { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

const [what, ...rest] = process.argv.slice(2);
if (what === 'bundle') {
  writable();
  dependencies();
  if (existsSync(join(root, 'node_modules/esbuild'))) run(join(root, 'tools/build.ts'), []);
} else if (what === 'run' && rest.length > 0) {
  dependencies();
  run(rest[0], rest.slice(1));
} else {
  fail('usage: prepare.js bundle | run FILE ARGS...');
}
