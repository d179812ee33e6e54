/** Running the system's own tools (ip, nft, mount, ctr …). Every failure carries what the tool said. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly argv: readonly string[];
  readonly code: number | undefined;
  readonly stderr: string;

  constructor(argv: readonly string[], code: number | undefined, stderr: string) {
    super(`${argv.slice(0, 4).join(' ')}: ${stderr.trim() || `exit status ${code ?? 'unknown'}`}`);
    this.argv = argv;
    this.code = code;
    this.stderr = stderr;
  }
}

export interface CommandOptions {
  /** Written to standard input, which is otherwise empty. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end and gives its standard output. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [name, ...rest] = argv;
  if (!name) throw new TypeError('an empty command');
  return new Promise((resolve, reject) => {
    const child = spawn(findProgram(name) ?? name, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: '/',
      ...(options.env ? { env: { ...process.env, ...options.env } } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', (error) => reject(options.signal?.aborted ? error : new CommandError(argv, undefined, error.message)));
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new CommandError(argv, code ?? undefined, Buffer.concat(err).toString()));
    });
    // A program that ends without reading its input is judged by its exit status, not by EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

/** Like `run`, but a non-zero exit answers undefined: for questions and for removing what may be gone already. */
export async function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<string | undefined> {
  try {
    return await run(argv, options);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of a program: PATH first, then where systems keep what only root uses. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return name;
  for (const directory of [...(process.env['PATH'] ?? '').split(':'), ...systemDirectories]) {
    if (!directory) continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return undefined;
}
