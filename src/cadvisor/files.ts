import { readFileSync } from 'node:fs';

/** A small pseudo-file's text, or undefined when it is not (or no longer) there: a cgroup may vanish between two reads. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ESRCH' || code === 'EOPNOTSUPP' || code === 'EINVAL' || code === 'EACCES' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** A file of one number; `max` and what is absent give undefined. */
export function readNumber(path: string): number | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const n = Number(text);
  return Number.isFinite(n) && text.trim() !== '' ? n : undefined;
}

/** `key value` lines, as memory.stat and cpu.stat are written. */
export function parseFlat(text: string): Map<string, number> {
  const out = new Map<string, number>();
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const space = text.indexOf(' ', start);
    if (space > start && space < end) out.set(text.slice(start, space), Number(text.slice(space + 1, end)));
    start = end + 1;
  }
  return out;
}
