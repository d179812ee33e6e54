/** The system packages that real containers need: what is there is used, what is missing is installed when that is possible. */
import { existsSync } from 'node:fs';
import { attempt, CommandError, findProgram, run } from '../base/command.ts';
import { CliError, type Progress } from './output.ts';

export interface Need {
  readonly what: string;
  readonly present: () => boolean;
  /** The package of Debian and Ubuntu. */
  readonly package: string;
}

export const program = (name: string, of: string): Need => ({ what: name, present: () => findProgram(name) !== undefined, package: of });

/** Where distributions put the network plugins. */
const pluginFolders = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

export function needs(options: { containerd: boolean }): Need[] {
  return [
    ...(options.containerd ? [program('containerd', 'containerd'), program('runc', 'runc')] : []),
    { what: 'network plugins', present: () => pluginFolders.some((folder) => existsSync(`${folder}/bridge`)), package: 'containernetworking-plugins' },
    program('nft', 'nftables'),
    // The port mapping plugin works through it.
    program('iptables', 'iptables'),
    program('conntrack', 'conntrack'),
    program('ip', 'iproute2'),
    program('nsenter', 'util-linux'),
    program('mount', 'mount'),
  ];
}

/** Real containers are for Linux and root; says what else there is. */
export function requireContainers(): void {
  const mend = 'The same cluster with simulated nodes runs anywhere: k7s start --runtime=simulated';
  if (process.platform !== 'linux') throw new CliError(`real containers need Linux, and this is ${process.platform}`, { mend });
  if (process.getuid?.() !== 0) throw new CliError('real containers need root', { mend: `Run k7s start as root. ${mend}` });
}

export function installMissing(progress: Progress, options: { containerd: boolean; install: boolean }): Promise<void> {
  return installNeeds(progress, needs(options), options);
}

export async function installNeeds(progress: Progress, wanted: readonly Need[], options: { install: boolean }): Promise<void> {
  const missing = wanted.filter((need) => !need.present());
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((need) => need.package))];
  const names = missing.map((need) => need.what).join(', ');
  const byHand = `Install ${packages.length === 1 ? 'it' : 'them'} with: apt-get install ${packages.join(' ')}`;
  if (!options.install) throw new CliError(`missing on this machine: ${names}`, { mend: byHand });
  if (!findProgram('apt-get')) {
    throw new CliError(`missing on this machine: ${names}`, {
      mend: "k7s installs only with apt-get, which is not here either: install them with your system's package manager",
    });
  }
  await progress.step('Refreshing the package lists (apt-get update)', () => apt(['update'], byHand));
  for (const name of packages) {
    await progress.step(`Installing the package ${name}`, () => apt(['install', '--yes', '--no-install-recommends', '--no-remove', name], byHand));
  }
  const still = missing.filter((need) => !need.present()).map((need) => need.what);
  if (still.length > 0) throw new CliError(`still missing after the installation: ${still.join(', ')}`, { mend: byHand });
}

async function apt(args: string[], byHand: string): Promise<void> {
  try {
    // A freshly installed containerd of the system's is not ours: it must not start by itself.
    await run(['apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=60', ...args], { env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (args[0] === 'update' && (await attempt(['apt-cache', 'show', 'containerd'])) !== undefined) return;
    throw new CliError(`apt-get ${args[0]} failed: ${error.stderr.trim().split('\n').at(-1) ?? error.message}`, { mend: byHand, cause: error });
  }
}
