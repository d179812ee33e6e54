/** The end of a log file, found from its end. */
import { open } from 'node:fs/promises';
import { parseLine } from './line.ts';

const block = 64 * 1024;

/** Where the last `lines` lines begin. */
export async function startOfTail(path: string, lines: number): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (lines <= 0) return size;
    let seen = 0;
    const buffer = Buffer.alloc(block);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - block);
      const { bytesRead } = await file.read(buffer, 0, end - start, start);
      for (let i = bytesRead - 1; i >= 0; i--) {
        // The newline at the very end closes the last line, it does not begin another.
        if (buffer[i] === 0x0a && start + i !== size - 1 && ++seen === lines) return start + i + 1;
      }
      end = start;
    }
    return 0;
  } finally {
    await file.close();
  }
}

/** Last words out of a log: at most so many lines and bytes, without what the runtime adds. */
export async function tailOfLog(path: string, lines: number, bytes: number): Promise<string> {
  const from = await startOfTail(path, lines);
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(size - from);
    await file.read(buffer, 0, buffer.length, from);
    const out: Buffer[] = [];
    for (let at = 0; at < buffer.length; ) {
      const newline = buffer.indexOf(0x0a, at);
      const end = newline < 0 ? buffer.length : newline + 1;
      const line = parseLine(buffer.subarray(at, end));
      if (line) out.push(line.content);
      at = end;
    }
    return Buffer.concat(out).subarray(-bytes).toString();
  } finally {
    await file.close();
  }
}
