/** The part of the tar format that copying files needs: regular files, folders, links; long names in both common extensions. */
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

const block = 512;

export interface TarEntry {
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  readonly mode: number;
  readonly linkTarget: string;
  readonly size: number;
  /** The content of a file, to be read before the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
}

function header(name: string, size: number, mode: number, mtime: number, type: string, link = ''): Buffer {
  const out = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number): void => void out.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  out.write(name, 0, 100, 'utf8');
  octal(mode & 0o7777, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(mtime), 136, 12);
  out.write('        ', 148, 'latin1');
  out.write(type, 156, 'latin1');
  out.write(link, 157, 100, 'utf8');
  out.write('ustar\x0000', 257, 'latin1');
  octal(out.reduce((sum, byte) => sum + byte, 0), 148, 7);
  return out;
}

function* longHeader(name: string, link: string): Generator<Buffer> {
  for (const [type, text] of [['L', name], ['K', link]] as const) {
    const bytes = Buffer.from(`${text}\0`);
    if (bytes.length <= 100) continue;
    yield header('././@LongLink', bytes.length, 0o644, 0, type);
    yield Buffer.concat([bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
  }
}

/** The archive of a file or folder, under `name`. */
export async function* packTar(path: string, name: string): AsyncGenerator<Buffer> {
  yield* packOne(path, name);
  yield Buffer.alloc(block * 2);
}

async function* packOne(path: string, name: string): AsyncGenerator<Buffer> {
  const stat = lstatSync(path);
  const mtime = stat.mtimeMs / 1000;
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(path);
    yield* longHeader(name, target);
    yield header(name, 0, 0o777, mtime, '2', target);
  } else if (stat.isDirectory()) {
    yield* longHeader(`${name}/`, '');
    yield header(`${name}/`, 0, stat.mode, mtime, '5');
    for (const entry of readdirSync(path).sort()) yield* packOne(join(path, entry), `${name}/${entry}`);
  } else if (stat.isFile()) {
    yield* longHeader(name, '');
    yield header(name, stat.size, stat.mode, mtime, '0');
    let size = 0;
    // The file may grow meanwhile; the archive has what its header says.
    if (stat.size > 0) {
      for await (const chunk of createReadStream(path, { end: stat.size - 1 })) {
        size += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    }
    if (size !== stat.size) throw new Error(`${basename(path)} became shorter while it was read`);
    yield Buffer.alloc((block - (size % block)) % block);
  }
}

/** Cuts a stream into the pieces that are asked for. */
class Pieces {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Up to `most` bytes; empty at the end. */
  async some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return Buffer.alloc(0);
      this.#rest = Buffer.from(value);
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const piece = await this.some(left);
      if (piece.length === 0) return Buffer.concat(parts);
      parts.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(parts);
  }
}

/** The entries of an archive as it comes. */
export async function* unpackTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const pieces = new Pieces(chunks);
  let longName = '';
  let longLink = '';
  for (;;) {
    const head = await pieces.exactly(block);
    if (head.length < block || head.every((byte) => byte === 0)) return;
    const text = (at: number, length: number): string => head.subarray(at, at + length).toString('utf8').replace(/\0.*$/s, '');
    const size = head[124]! & 0x80 ? Number(head.readBigUInt64BE(128)) : Number.parseInt(text(124, 12).trim() || '0', 8);
    const padding = (block - (size % block)) % block;
    const type = text(156, 1) || '0';
    if (type === 'L' || type === 'K' || type === 'x' || type === 'g') {
      const body = (await pieces.exactly(size + padding)).subarray(0, size).toString('utf8');
      if (type === 'L') longName = body.replace(/\0.*$/s, '');
      if (type === 'K') longLink = body.replace(/\0.*$/s, '');
      if (type === 'x') {
        longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(body)?.[1] ?? longName;
        longLink = /(?:^|\n)\d+ linkpath=([^\n]*)\n/.exec(body)?.[1] ?? longLink;
      }
      continue;
    }
    const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
    let left = size;
    const content = (async function* (): AsyncGenerator<Buffer> {
      while (left > 0) {
        const piece = await pieces.some(left);
        if (piece.length === 0) throw new Error('unexpected EOF');
        left -= piece.length;
        yield piece;
      }
    })();
    yield {
      name: longName || (prefix ? `${prefix}/` : '') + text(0, 100), linkTarget: longLink || text(157, 100), mode: Number.parseInt(text(100, 8).trim() || '0', 8), size, content,
      type: type === '0' || type === '7' ? 'file' : type === '5' ? 'folder' : type === '2' ? 'link' : 'other',
    };
    for await (const _ of content) continue;
    await pieces.exactly(padding);
    longName = '';
    longLink = '';
  }
}
