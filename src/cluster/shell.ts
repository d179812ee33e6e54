/** `k7s ssh` and `k7s kubectl`: programs run for a cluster. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Context } from './context.ts';
import { enterNode, nodeExists } from './machine/node.ts';
import { CliError } from './output.ts';
import { profilePaths, readMachine, requireProfile } from './profile.ts';

export async function shell(command: readonly string[], flags: { profile: string; node?: string }, _context: Context): Promise<number> {
  const paths = profilePaths(flags.profile);
  const config = requireProfile(paths);
  if (config.runtime !== 'containerd') throw new CliError('simulated nodes have no shell');
  const name = flags.node ?? config.nodes[0]!.name;
  const node = readMachine(paths).find((candidate) => candidate.name === name);
  if (!node) throw new CliError(`there is no node "${name}"`, { mend: `k7s node list -p ${flags.profile} says which there are` });
  if (!(await nodeExists(paths, name))) throw new CliError(`the node "${name}" is not running`, { mend: `Start it with: k7s start -p ${flags.profile}` });
  const argv = [...enterNode(node), ...(command.length === 0 ? [process.env['SHELL'] || '/bin/sh', '-l'] : command.length === 1 ? ['/bin/sh', '-c', command[0]!] : command)];
  return run(argv);
}

/** Our own kubectl speaking to this cluster, whatever the kubeconfig's current context is. */
export async function kubectl(args: readonly string[], flags: { profile: string }, _context: Context): Promise<number> {
  const paths = profilePaths(flags.profile);
  requireProfile(paths);
  const { main } = await import('../kubectl/main.ts');
  return main(args, { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }, { ...process.env, KUBECONFIG: paths.kubeconfig });
}

function run(argv: readonly string[]): Promise<number> {
  const child = spawn(argv[0]!, argv.slice(1), { stdio: 'inherit' });
  // The terminal sends them to both; the child decides what they mean.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}
