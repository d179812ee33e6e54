/** Events as lines of a file that is replaced by a new one when it grows, or of standard output. */
import { closeSync, createReadStream, createWriteStream, existsSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Surroundings } from '../../base/surroundings.ts';

export interface LogFileOptions {
  /** `-`: standard output. */
  readonly path: string;
  /** 0: as many days, or as many files, as there are. */
  readonly maxAgeDays?: number;
  readonly maxBackups?: number;
  /** Default 100. */
  readonly maxSizeMb?: number;
  readonly compress?: boolean;
}

const dayMs = 86_400_000;
const stamp = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #surroundings: Surroundings;
  readonly #limit: number;
  #file: number | undefined;
  #size = 0;
  #tidying: Promise<void> = Promise.resolve();

  constructor(options: LogFileOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#limit = (options.maxSizeMb || 100) * 1024 * 1024;
    if (options.path !== '-') {
      mkdirSync(dirname(options.path), { recursive: true });
      this.#open();
    }
  }

  /** Done when it answers; throws what writing throws. */
  write(line: string): void {
    if (this.#options.path === '-') {
      process.stdout.write(line);
      return;
    }
    const bytes = Buffer.from(line);
    if (this.#size > 0 && this.#size + bytes.length > this.#limit) this.#rotate();
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#file!, bytes, at);
    this.#size += bytes.length;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): void {
    this.#file = openSync(this.#options.path, 'a', 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  #rotate(): void {
    this.close();
    const { path } = this.#options;
    const at = new Date(this.#surroundings.clock.now()).toISOString().replace(/:/g, '-').replace('Z', '');
    const extension = extname(path);
    renameSync(path, join(dirname(path), `${basename(path, extension)}-${at}${extension}`));
    this.#open();
    // One after another, or two would pack the same file.
    this.#tidying = this.#tidying.then(() => this.#tidy()).catch((error: unknown) => this.#surroundings.log.error('Tidying of old audit logs failed', error));
  }

  async #tidy(): Promise<void> {
    const { path, maxBackups = 0, maxAgeDays = 0, compress } = this.#options;
    const folder = dirname(path);
    const extension = extname(path);
    const prefix = `${basename(path, extension)}-`;
    const stampOf = (name: string): string => name.replace(/\.gz$/, '').slice(prefix.length, extension ? -extension.length : undefined);
    const old = readdirSync(folder).filter((name) => name.startsWith(prefix) && stamp.test(stampOf(name))).sort((a, b) => (stampOf(a) < stampOf(b) ? 1 : -1));
    const since = new Date(this.#surroundings.clock.now() - maxAgeDays * dayMs).toISOString().replace(/:/g, '-').replace('Z', '');
    const kept = old.filter((name, i) => (maxBackups === 0 || i < maxBackups) && (maxAgeDays === 0 || stampOf(name) >= since));
    for (const name of old) if (!kept.includes(name)) rmSync(join(folder, name), { force: true });
    if (!compress) return;
    for (const name of kept) {
      const file = join(folder, name);
      if (name.endsWith('.gz') || !existsSync(file)) continue;
      await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`, { mode: 0o600 }));
      rmSync(file, { force: true });
    }
  }
}
