/** A disk for tests: at a crash it keeps what it has promised, and of the rest whatever chance decides. */
import { seededRandom } from '../../src/base/ids.ts';
import type { AppendFile, Files } from '../../src/store/files.ts';

interface FakeFile {
  data: Buffer;
}

export interface ForgetfulDisk {
  readonly files: Files;
  /** After so many more calls everything fails, as it does for a process that is gone. */
  crashAfter(calls: number): void;
  /** The next calls that write fail as a full disk does. */
  failNext(calls: number): void;
  /** What a process that starts after the crash finds. */
  restart(): void;
}

export function forgetfulFiles(seed: number): ForgetfulDisk {
  const random = seededRandom(seed);
  /** Names as a running process sees them, and as the disk has promised them. */
  let names = new Map<string, FakeFile>();
  let promised = new Map<string, FakeFile>();
  let patience = Infinity;
  let failures = 0;
  const lottery = (): boolean => random.next() < 0.5;

  const step = async (writes: boolean): Promise<void> => {
    await Promise.resolve();
    if (patience-- <= 0) throw Object.assign(new Error('the machine is off'), { code: 'EIO' });
    if (writes && failures > 0) {
      failures--;
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
  };

  const find = (name: string): FakeFile => {
    const file = names.get(name);
    if (!file) throw Object.assign(new Error(`no such file: ${name}`), { code: 'ENOENT' });
    return file;
  };

  const handle = (file: FakeFile): AppendFile => ({
    async append(data) {
      try {
        await step(true);
      } catch (error) {
        file.data = Buffer.concat([file.data, remains(Buffer.from(data))]);
        throw error;
      }
      file.data = Buffer.concat([file.data, data]);
    },
    close: () => Promise.resolve(),
  });

  /** An interrupted write leaves nothing, a part, or the right length with wrong bytes. */
  const remains = (data: Buffer): Buffer => {
    const kept = data.subarray(0, Math.floor(random.next() * (data.length + 1)));
    if (lottery()) return kept;
    return Buffer.concat([kept, Buffer.alloc(data.length - kept.length)]);
  };

  const files: Files = {
    async list() {
      await step(false);
      return [...names.keys()];
    },
    async read(name) {
      await step(false);
      return Buffer.from(find(name).data);
    },
    async create(name) {
      await step(true);
      if (names.has(name)) throw Object.assign(new Error(`exists: ${name}`), { code: 'EEXIST' });
      const file = { data: Buffer.alloc(0) };
      names.set(name, file);
      return handle(file);
    },
    sync: () => step(false),
    async rename(from, to) {
      await step(false);
      const file = find(from);
      names.delete(from);
      names.set(to, file);
    },
    async remove(name) {
      await step(false);
      names.delete(name);
    },
    async syncFolder() {
      await step(false);
      promised = new Map(names);
    },
    async size(name) {
      await step(false);
      return find(name).data.length;
    },
  };

  return {
    files,
    crashAfter: (calls) => (patience = calls),
    failNext: (calls) => (failures = calls),
    restart() {
      const after = new Map(promised);
      for (const name of new Set([...names.keys(), ...promised.keys()])) {
        if (names.get(name) === promised.get(name) || lottery()) continue;
        const file = names.get(name);
        if (file) after.set(name, file);
        else after.delete(name);
      }
      names = after;
      promised = new Map(after);
      patience = Infinity;
    },
  };
}
