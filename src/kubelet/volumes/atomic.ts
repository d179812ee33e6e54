/**
 * Replaces the files of a volume at one instant: they are written into a new folder, and the link `..data` that all visible
 * names go through is exchanged by rename.
 */
import { chmod, chown, mkdir, readFile, readlink, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

export interface PayloadFile {
  readonly content: Uint8Array;
  readonly mode: number;
  /** Owner, where it is not root. */
  readonly uid?: number;
}

export type Payload = ReadonlyMap<string, PayloadFile>;

const dataLink = '..data';

/** Throws for a name that would leave the volume. */
export function checkPath(path: string): string {
  const clean = normalize(path);
  if (path === '' || clean.startsWith('/') || clean === '..' || clean.startsWith('../') || clean.startsWith('..')) {
    throw new Error(`invalid path ${JSON.stringify(path)}: must be relative and not begin with '..'`);
  }
  return clean;
}

async function filesBelow(dir: string, prefix = ''): Promise<string[]> {
  const out: string[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = prefix + entry.name;
    if (entry.isDirectory()) out.push(...(await filesBelow(join(dir, entry.name), `${path}/`)));
    else out.push(path);
  }
  return out;
}

async function isCurrent(dir: string, payload: Payload): Promise<boolean> {
  const names = await filesBelow(dir);
  if (names.length !== payload.size) return false;
  for (const name of names) {
    const wanted = payload.get(name);
    if (!wanted || Buffer.compare(await readFile(join(dir, name)), wanted.content) !== 0) return false;
    if (((await stat(join(dir, name))).mode & 0o777) !== (wanted.mode & 0o777)) return false;
  }
  return true;
}

/** The instant names the folder, so that two writes never share one. Answers whether anything changed. */
export async function writeAtomically(target: string, payload: Payload, instant: string, gid: number | undefined): Promise<boolean> {
  const link = join(target, dataLink);
  const old = await readlink(link).catch(() => undefined);
  if (old !== undefined && (await isCurrent(join(target, old), payload).catch(() => false))) return false;
  const name = `..${instant}`;
  const fresh = join(target, name);
  await mkdir(fresh, { mode: 0o755 });
  await chmod(fresh, 0o755);
  for (const [path, file] of payload) await writePayload(fresh, path, file, gid);
  if (gid !== undefined) await chown(fresh, -1, gid);
  const next = join(target, '..data_tmp');
  await rm(next, { force: true });
  await symlink(name, next);
  await rename(next, link);
  await showNames(target, payload);
  if (old !== undefined) await rm(join(target, old), { recursive: true, force: true });
  return true;
}

async function writePayload(dir: string, path: string, file: PayloadFile, gid: number | undefined): Promise<void> {
  const full = join(dir, path);
  await mkdir(dirname(full), { recursive: true, mode: 0o755 });
  await writeFile(full, file.content, { mode: file.mode });
  // A group that may see the volume may read its files.
  await chmod(full, gid === undefined ? file.mode : file.mode | 0o440);
  if (gid !== undefined || file.uid !== undefined) await chown(full, file.uid ?? -1, gid ?? -1);
}

/** The first part of each path is a link into `..data`; links to what is no longer there go. */
async function showNames(target: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0]!));
  const there = new Set((await readdir(target)).filter((name) => !name.startsWith('..')));
  for (const name of wanted) if (!there.has(name)) await symlink(join(dataLink, name), join(target, name));
  for (const name of there) if (!wanted.has(name)) await rm(join(target, name), { force: true });
}
