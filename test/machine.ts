/** For tests that use the machine itself: whether they can run, and a containerd in a node. */
import { spawn } from 'node:child_process';
import { findProgram } from '../src/base/command.ts';
import { systemClock } from '../src/base/clock.ts';
import { containerdCommand, containerdSocket, waitForSocket } from '../src/cluster/machine/containerd.ts';
import type { MachineNode } from '../src/cluster/machine/node.ts';

/** Why a test must be skipped, or false. In CI nothing is skipped: what is missing there fails. */
export function needs(...programs: string[]): string | false {
  if (process.env['CI'] === 'true') return false;
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = programs.filter((program) => !findProgram(program));
  return missing.length > 0 ? `needs ${missing.join(', ')}` : false;
}

/** Answers the process id once containerd takes calls. The node's end is its end. */
export async function startContainerd(node: MachineNode): Promise<number> {
  const { argv, env } = await containerdCommand(node);
  const child = spawn(argv[0]!, argv.slice(1), { env, stdio: 'ignore', detached: true });
  child.unref();
  await waitForSocket(containerdSocket(node), systemClock, AbortSignal.timeout(20_000));
  return child.pid!;
}
