/** Writing tar archives (ustar with GNU long names), as image layers and image files need them. */

export interface TarEntry {
  /** Without a leading slash. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Permission bits. 0755 for directories, 0644 for files when absent. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: Uint8Array | string;
  /** Where a link points. */
  readonly target?: string;
}

const block = 512;
const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;

/** All entries and the end mark. Times are zero: the same entries give the same bytes, and so the same digest. */
export function tar(entries: Iterable<TarEntry>): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const name = entry.type === 'directory' ? `${entry.path.replace(/\/$/, '')}/` : entry.path;
    const target = entry.target ?? '';
    if (Buffer.byteLength(name) > 100) longName(parts, 'L', name);
    if (Buffer.byteLength(target) > 100) longName(parts, 'K', target);
    const content = Buffer.from(entry.content ?? '');
    const mode = entry.mode ?? (entry.type === 'directory' ? 0o755 : entry.type === 'symlink' ? 0o777 : 0o644);
    parts.push(header(name, typeFlags[entry.type], { mode, uid: entry.uid ?? 0, gid: entry.gid ?? 0, size: content.length, target }));
    parts.push(content, padding(content.length));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

function longName(parts: Buffer[], type: 'L' | 'K', name: string): void {
  const content = Buffer.from(`${name}\0`);
  parts.push(header('././@LongLink', type, { mode: 0o644, uid: 0, gid: 0, size: content.length, target: '' }), content, padding(content.length));
}

function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}

interface HeaderFields {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly target: string;
}

function header(name: string, type: string, fields: HeaderFields): Buffer {
  const out = Buffer.alloc(block);
  const octal = (value: number, width: number, at: number): void => {
    out.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  Buffer.from(name).copy(out, 0, 0, 100);
  octal(fields.mode, 8, 100);
  octal(fields.uid, 8, 108);
  octal(fields.gid, 8, 116);
  octal(fields.size, 12, 124);
  octal(0, 12, 136);
  out.fill(' ', 148, 156);
  out.write(type, 156, 'latin1');
  Buffer.from(fields.target).copy(out, 157, 0, 100);
  out.write('ustar\0' + '00', 257, 'latin1');
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return out;
}
