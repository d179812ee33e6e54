/**
 * The image in which k7s runs its own add-ons: the few shared libraries that Node.js needs, taken from this machine, and
 * empty places where Node.js itself and the bundle are mounted read-only. It stays small, and is never stale.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from '../../../base/command.ts';
import { buildImage, type Image } from './build.ts';
import type { TarEntry } from './tar.ts';

export function addonImageName(version: string): string {
  return `k7s.local/k7s:${version}`;
}

/** Where an add-on's manifest mounts what the image leaves out. */
export const addonPaths = { node: '/opt/k7s/node', bundle: '/opt/k7s/dist' } as const;

/** `node` is the Node.js binary that add-ons will run. */
export async function addonImage(version: string, node: string = process.execPath): Promise<Image> {
  const files = await surroundingsOf(node, [
    { path: addonPaths.bundle.slice(1), type: 'directory' },
    { path: addonPaths.node.slice(1), type: 'file', mode: 0o755 },
  ]);
  return buildImage({ names: [addonImageName(version)], files, config: { entrypoint: [addonPaths.node, `${addonPaths.bundle}/k7s.js`], env } });
}

/**
 * The same with Node.js and the bundle inside, so that it runs without mounts: for the manifests of others, which ask for a
 * component of k7s by a name of their own. `program` is the folder of a cluster's copy of both.
 */
export async function componentImage(name: string, { program, nodeFlags, component, env: more }: { program: string; nodeFlags: readonly string[]; component: string; env: readonly string[] }): Promise<Image> {
  const node = join(program, 'node');
  const bundle = readdirSync(program, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && join(entry.parentPath, entry.name) !== node)
    .map((entry): TarEntry => {
      const path = join(entry.parentPath, entry.name);
      return { path: `${addonPaths.bundle.slice(1)}${path.slice(program.length)}`, type: 'file', content: readFileSync(path) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const files = await surroundingsOf(node, [...bundle, { path: addonPaths.node.slice(1), type: 'file', mode: 0o755, content: readFileSync(node) }]);
  return buildImage({ names: [name], files, config: { entrypoint: [addonPaths.node, ...nodeFlags, `${addonPaths.bundle}/k7s.js`, component], env: [...env, ...more] } });
}

const env: readonly string[] = ['PATH=/opt/k7s', 'NODE_ENV=production'];

/** What Node.js needs around it, and these. */
async function surroundingsOf(node: string, own: readonly TarEntry[]): Promise<TarEntry[]> {
  const files = new Map<string, TarEntry>();
  const add = (entry: TarEntry): void => {
    const parts = entry.path.split('/');
    for (let i = 1; i < parts.length; i++) {
      const path = parts.slice(0, i).join('/');
      if (!files.has(path)) files.set(path, { path, type: 'directory' });
    }
    files.set(entry.path, entry);
  };
  for (const path of await sharedLibraries(node)) add({ path: path.slice(1), type: 'file', mode: 0o755, content: readFileSync(path) });
  for (const directory of ['proc', 'sys', 'dev', 'run', 'root']) add({ path: directory, type: 'directory' });
  add({ path: 'tmp', type: 'directory', mode: 0o1777 });
  add({ path: 'etc/passwd', type: 'file', content: 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' });
  add({ path: 'etc/group', type: 'file', content: 'root:x:0:\nnogroup:x:65534:\n' });
  add({ path: 'etc/nsswitch.conf', type: 'file', content: 'passwd: files\ngroup: files\nhosts: files dns\n' });
  for (const entry of own) add(entry);
  return [...files.values()];
}

/** What the dynamic linker loads for the program, and what an older libc loads later to resolve names. */
async function sharedLibraries(program: string): Promise<string[]> {
  const output = await run(['ldd', program]);
  const found = new Set<string>();
  for (const match of output.matchAll(/(?:=>\s+|^\s+)(\/\S+)\s+\(/gm)) found.add(match[1]!);
  const libc = [...found].find((path) => basename(path) === 'libc.so.6');
  for (const name of ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']) {
    const path = libc ? `${dirname(libc)}/${name}` : undefined;
    if (path && exists(path)) found.add(path);
  }
  return [...found];
}

function exists(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}
