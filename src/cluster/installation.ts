/**
 * The program as a running cluster uses it: a copy of node and bundle below K7S_HOME, so that a cluster goes on
 * when the checkout that started it is rebuilt or gone. Add-ons mount it read-only into their containers.
 */
import { constants, copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { k7sHome } from './home.ts';
import { listProfiles, profilePaths } from './profile.ts';
import { readParts } from './parts.ts';

export interface Installation {
  /** Changes with the program. */
  readonly build: string;
  /** node, its flags and the program: arguments follow. */
  readonly command: readonly string[];
  /** Folders that a container needs to run the command. */
  readonly folders: readonly string[];
}

/**
 * The young generation of the heap would grow to 128 MiB by itself, and the old one to four times what lives in it; both give nothing back. Less
 * costs no time that could be measured.
 */
const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8', '--heap-growing-percent=60'];

export function install(entry = process.argv[1]!, node = process.execPath, home = k7sHome()): Installation {
  // From the sources, as a developer without a bundler runs it: used where they are.
  if (entry.endsWith('.ts')) {
    const root = dirname(dirname(dirname(entry)));
    return { build: 'sources', command: [node, ...flags, entry], folders: [root, dirname(node)] };
  }
  const info = statSync(entry);
  const build = createHash('sha256').update(`${entry} ${info.mtimeMs} ${info.size} ${node} ${process.version}`).digest('hex').slice(0, 12);
  const folder = join(home, 'builds', build);
  if (!existsSync(folder)) copyBuild(dirname(entry), node, folder);
  return { build, command: [join(folder, 'node'), ...flags, join(folder, basename(entry))], folders: [folder] };
}

function copyBuild(dist: string, node: string, folder: string): void {
  const target = `${folder}.${process.pid}`;
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(dist)) {
    if (name.endsWith('.js') || name === 'chunks') cpSync(join(dist, name), join(target, name), { recursive: true });
  }
  copyNative(dist, target);
  try {
    linkSync(node, join(target, 'node'));
  } catch {
    copyFileSync(node, join(target, 'node'), constants.COPYFILE_FICLONE);
  }
  try {
    renameSync(target, folder);
  } catch (error) {
    rmSync(target, { recursive: true, force: true });
    // Another profile that starts at the same time was faster.
    if (!existsSync(folder)) throw error;
  }
}

/** The one package that is no JavaScript and stays outside of the bundle. */
function copyNative(dist: string, target: string): void {
  const main = createRequire(join(dist, 'k7s.js')).resolve('koffi');
  const packages = dirname(dirname(main));
  for (const name of ['koffi', `@koromix/koffi-${process.platform}-${process.arch}`]) {
    const from = join(packages, name);
    const unneeded = [join(from, 'vendor'), join(from, 'doc')];
    if (existsSync(from)) cpSync(from, join(target, 'node_modules', name), { recursive: true, filter: (file) => !unneeded.includes(file) });
  }
}

/** Removes the builds that no profile uses any more; with the last profile everything below K7S_HOME. */
export function removeUnusedBuilds(keep: string | undefined, home = k7sHome()): void {
  const profiles = listProfiles(home);
  if (profiles.length === 0 && keep === undefined) {
    for (const name of ['builds', 'cache', 'profiles']) rmSync(join(home, name), { recursive: true, force: true });
    if (existsSync(home) && readdirSync(home).length === 0) rmSync(home, { recursive: true });
    return;
  }
  const used = new Set(profiles.map((name) => readParts(profilePaths(name, home))?.build).concat(keep));
  const builds = join(home, 'builds');
  for (const name of existsSync(builds) ? readdirSync(builds) : []) {
    if (!used.has(name)) rmSync(join(builds, name), { recursive: true, force: true });
  }
}
