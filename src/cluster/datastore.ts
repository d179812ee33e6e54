/** `k7s datastore export|import`: a cluster's data on its way between the embedded engine and a real etcd, or a snapshot file of etcd's own form. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { transfer } from '../apiserver/registry/transfer.ts';
import { embeddedStore, replaceEmbedded } from '../store/embedded.ts';
import { readSnapshot, writeSnapshot } from '../store/etcdserver/snapshot.ts';
import { prefixEnd, StoreError, type Entry, type Store } from '../store/store.ts';
import type { Context } from './context.ts';
import { CliError, progress, type Progress } from './output.ts';
import { profilePaths, requireProfile } from './profile.ts';

export interface DatastoreFlags {
  readonly profile: string;
  readonly dataDir?: string;
  readonly etcdPrefix: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly overwrite?: boolean;
}

interface Content {
  readonly revision: number;
  readonly entries: readonly Entry[];
}

const own = { start: '/registry/', end: prefixEnd('/registry/') };
/** Where API servers say that they are there: those of the other side are not. */
const notTaken = '/registry/masterleases/';
const writesAtOnce = 100;
const bumpsAtOnce = 200;

export async function exportData(target: string, flags: DatastoreFlags, context: Context): Promise<void> {
  const report = reporter(context);
  const folder = folderOf(flags);
  if (!existsSync(folder)) throw new CliError(`there is no data in ${folder}`);
  const { revision, entries } = await report.step(`Reading ${folder}`, () => readEmbedded(folder, context));
  const { toUpstream } = transfer();
  const content = { revision, entries: entries.filter(({ key }) => !key.startsWith(notTaken)).map((entry) => ({ ...entry, value: toUpstream(entry.key, entry.value) })) };
  if (isEtcd(target)) await withEtcd(target, flags, context, (store) => fillEtcd(store, content, flags, report));
  else await report.step(`Writing ${target}`, async () => writeFile(target, content, flags));
  report.say(`${content.entries.length} objects, revision ${revision}`);
}

export async function importData(source: string, flags: DatastoreFlags, context: Context): Promise<void> {
  const report = reporter(context);
  const folder = folderOf(flags);
  const prefix = slashed(flags.etcdPrefix);
  const { revision, entries } = await report.step(`Reading ${source}`, async () => {
    if (!isEtcd(source)) return readFile(source);
    return withEtcd(source, flags, context, (store) => store.range({ start: prefix, end: prefixEnd(prefix) }));
  });
  const { toOwn } = transfer();
  const taken = entries.filter(({ key }) => key.startsWith(prefix)).map((entry): Entry => ({ ...entry, key: own.start + entry.key.slice(prefix.length) })).filter(({ key }) => !key.startsWith(notTaken));
  if (taken.length === 0) throw new CliError(`there is nothing below ${prefix} in ${source}`);
  if (existsSync(folder)) {
    const present = await readEmbedded(folder, context);
    if (present.entries.length > 0 && !flags.overwrite) throw notEmpty(folder, present.entries.length);
  }
  const converted = taken.map((entry) => ({ ...entry, value: toOwn(entry.key, entry.value) }));
  await report.step(`Writing ${folder}`, () => replaceEmbedded(folder, converted, revision).catch(refuse));
  report.say(`${converted.length} objects, revision ${revision}`);
}

/** Progress belongs to the people; stdout stays free. */
function reporter({ stderr, surroundings }: Context): Progress {
  return progress({ stdout: stderr, stderr }, surroundings.clock);
}

function folderOf(flags: DatastoreFlags): string {
  if (flags.dataDir !== undefined) return flags.dataDir;
  const paths = profilePaths(flags.profile);
  requireProfile(paths);
  return paths.store;
}

function isEtcd(place: string): boolean {
  return /^(https?|unix):/.test(place);
}

const slashed = (prefix: string): string => (prefix.endsWith('/') ? prefix : `${prefix}/`);

function notEmpty(place: string, count: number): CliError {
  return new CliError(`${place} has ${count} objects already`, { mend: 'Give --overwrite to replace them' });
}

/** Who runs on the folder holds its lock, and is not disturbed. */
async function readEmbedded(folder: string, { surroundings }: Context): Promise<Content> {
  const store = await embeddedStore({ folder, surroundings }).catch(refuse);
  try {
    return await store.range(own);
  } finally {
    await store.close();
  }
}

function refuse(error: unknown): never {
  if (error instanceof StoreError) throw new CliError(error.message);
  throw error;
}

async function withEtcd<T>(place: string, flags: DatastoreFlags, { surroundings }: Context, use: (store: Store) => Promise<T>): Promise<T> {
  const { etcdStore } = await import('../store/etcd/etcd.ts');
  const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : readFileSync(path, 'utf8'));
  const [ca, cert, key] = [file(flags.etcdCafile), file(flags.etcdCertfile), file(flags.etcdKeyfile)];
  const tls = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  const store = await etcdStore({ endpoints: place.split(','), surroundings, tls, compactEveryMs: 0 }).catch(refuse);
  try {
    return await use(store).catch(refuse);
  } finally {
    await store.close();
  }
}

/**
 * Revisions are etcd's own and cannot be chosen. It is brought beyond the revision of the source before an object is written, and forgets what
 * was before at the end: whoever has seen the cluster on the other side lists anew, and never takes one revision for the other.
 */
async function fillEtcd(store: Store, { revision, entries }: Content, flags: DatastoreFlags, report: Progress): Promise<void> {
  const prefix = slashed(flags.etcdPrefix);
  const range = { start: prefix, end: prefixEnd(prefix) };
  const present = await store.range(range);
  if (present.count > 0 && !flags.overwrite) throw notEmpty(flags.etcdPrefix, present.count);
  await report.step(`Bringing etcd to revision ${revision}`, () => bump(store, revision));
  await report.step('Writing to etcd', async () => {
    const added = new Set(entries.map(({ key }) => prefix + key.slice(own.start.length)));
    const gone = present.entries.filter(({ key }) => !added.has(key)).map(({ key }) => ({ type: 'delete', key }) as const);
    const puts = entries.map(({ key, value }) => ({ type: 'put', key: prefix + key.slice(own.start.length), value }) as const);
    const all = [...gone, ...puts];
    for (let i = 0; i < all.length; i += writesAtOnce) await store.commit(all.slice(i, i + writesAtOnce));
  });
  await store.compact(await store.revision());
}

async function bump(store: Store, revision: number): Promise<void> {
  const key = '/k7s/datastore/revision';
  for (let now = await store.revision(); now < revision; now = await store.revision()) {
    await Promise.all(Array.from({ length: Math.min(bumpsAtOnce, revision - now) }, () => store.commit([{ type: 'put', key, value: Buffer.alloc(0) }])));
  }
  if ((await store.get(key)).entry) await store.commit([{ type: 'delete', key }]);
}

/** Only whole files appear under the name. */
function writeFile(target: string, { revision, entries }: Content, flags: DatastoreFlags): void {
  if (existsSync(target) && !flags.overwrite) throw new CliError(`${target} exists already`, { mend: 'Give --overwrite to replace it' });
  const prefix = slashed(flags.etcdPrefix);
  const items = entries.map(({ key, ...entry }) => ({ ...entry, key: Buffer.from(prefix + key.slice(own.start.length)).toString('latin1'), version: 1, lease: 0n }));
  const temporary = `${target}.part`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    for (const { blob } of writeSnapshot({ revision, items, leases: [] })) writeSync(file, blob);
    fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(temporary, target);
}

function readFile(source: string): Content {
  if (!existsSync(source)) throw new CliError(`there is no file ${source}`);
  try {
    const { revision, items } = readSnapshot(readFileSync(source));
    return { revision, entries: items.map((item) => ({ ...item, key: Buffer.from(item.key, 'latin1').toString() })) };
  } catch (error) {
    throw new CliError(`${source}: ${(error as Error).message}`);
  }
}
