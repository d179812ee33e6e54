/** Our kubectl, run in this process, with what it printed. */
import { Readable, Writable } from 'node:stream';
import { main } from '../src/kubectl/main.ts';
import type { Result } from './apiserver.ts';

export async function ownKubectl(kubeconfig: string, args: readonly string[], options: { input?: string; signal?: AbortSignal; onOutput?: (text: string) => void; terminal?: boolean } = {}): Promise<Result> {
  const collected = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        collected[name] += chunk.toString();
        options.onOutput?.(collected[name]);
        done();
      },
    });
  const io = { stdin: Readable.from([Buffer.from(options.input ?? '')]), stdout: Object.assign(sink('stdout'), options.terminal ? { isTTY: true } : {}), stderr: sink('stderr') };
  const code = await main(args, io, { KUBECONFIG: kubeconfig, HOME: '/nonexistent' }, options.signal);
  return { code, ...collected };
}
