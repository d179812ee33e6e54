import { constants, write } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** All that the log asks of a disk; a test puts a forgetful one in its place. */
export interface Files {
  list(): Promise<string[]>;
  read(name: string): Promise<Buffer>;
  /** A new, empty file for appending. Its name is durable after `syncFolder`. */
  create(name: string): Promise<AppendFile>;
  /** Makes what an earlier process has written durable before anybody relies on it. */
  sync(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes names (created, renamed, removed) durable. */
  syncFolder(): Promise<void>;
  size(name: string): Promise<number>;
}

export interface AppendFile {
  /** Resolves when the bytes, and what it takes to read them, are durable. One at a time. */
  append(data: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A folder of the file system; made when it is missing. Not durable: the system writes when it likes, and a crash of the machine loses what it had not. */
export async function folderFiles(folder: string, durable = true): Promise<Files> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(folder, name);
  return {
    list: () => readdir(folder),
    read: (name) => readFile(path(name)),
    create: async (name) => appendFile(await open(path(name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | (durable ? constants.O_DSYNC : 0), 0o600)),
    rename: (from, to) => rename(path(from), path(to)),
    remove: (name) => rm(path(name), { force: true }),
    sync: async (name) => (durable ? sync(path(name)) : undefined),
    syncFolder: async () => (durable ? sync(folder) : undefined),
    size: async (name) => (await stat(path(name))).size,
  };
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** O_DSYNC makes each write durable by itself: one trip to the disk instead of a write and a sync. */
function appendFile(handle: FileHandle): AppendFile {
  return {
    append: (data) =>
      new Promise((resolve, reject) => {
        const from = (at: number): void => {
          write(handle.fd, data, at, data.byteLength - at, null, (error, written) => {
            if (error) reject(error);
            else if (at + written < data.byteLength) from(at + written);
            else resolve();
          });
        };
        from(0);
      }),
    close: () => handle.close(),
  };
}
