/** The processes of a profile as data. Written down when the profile starts; the supervisor keeps them alive. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerdCommand } from './machine/containerd.ts';
import { hierarchies } from './machine/cgroup.ts';
import { enterNode, type MachineNode } from './machine/node.ts';
import { profileCgroup } from './machine/profile.ts';
import type { Installation } from './installation.ts';
import type { ProfileConfig, ProfilePaths } from './profile.ts';

export interface Part {
  readonly name: string;
  /** What the process is seen as. */
  readonly argv: readonly string[];
  /** What comes before it: entering a cgroup and namespaces; each of these programs becomes the next. */
  readonly prefix: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: string;
  /** How long it may take to end when asked to. */
  readonly graceMs: number;
}

/** What a profile runs; the supervisor is one of them only for those who look for it. */
export interface Parts {
  readonly build: string;
  readonly supervisor: Part;
  readonly supervised: readonly Part[];
}

export function readParts(paths: ProfilePaths): Parts | undefined {
  try {
    return JSON.parse(readFileSync(paths.parts, 'utf8')) as Parts;
  } catch {
    return undefined;
  }
}

/** The cgroup of a process that belongs to the profile but to no node. */
export function partCgroup(paths: ProfilePaths, part: string): string {
  return `${profileCgroup(paths)}/${part}`;
}

export function nodeSystemCgroup(node: MachineNode): string {
  return `${node.cgroup}/system`;
}

/** A shell that moves itself into the cgroup and then becomes the command. */
function inCgroup(path: string): string[] {
  const script = 'while [ "$1" != -- ]; do mkdir -p "$1" && echo $$ > "$1/cgroup.procs" || true; shift; done; shift; exec "$@"';
  const directories = hierarchies()
    .filter((hierarchy) => !hierarchy.controllers.includes('cpuset'))
    .map((hierarchy) => join(hierarchy.mountPoint, path));
  return ['/bin/sh', '-c', script, 'k7s', ...directories, '--'];
}

export async function profileParts(paths: ProfilePaths, config: ProfileConfig, nodes: readonly MachineNode[], installation: Installation): Promise<Parts> {
  const k7s = (...args: string[]): string[] => [...installation.command, ...args];
  const log = (name: string): string => join(paths.logs, `${name}.log`);
  const own = config.runtime === 'containerd';
  const part = (name: string, argv: string[], prefix: string[], graceMs = 5000): Part => ({ name, argv, prefix, log: log(name), graceMs });
  const server = part('server', k7s('server', '--directory', paths.directory), own ? inCgroup(partCgroup(paths, 'server')) : []);
  const ofNodes = nodes.map(async (node): Promise<Part[]> => {
    const cgroup = inCgroup(nodeSystemCgroup(node));
    const enter = enterNode(node);
    const agent = part(`agent-${node.name}`, k7s('agent', '--directory', paths.directory, '--node', node.name), [...cgroup, ...enter]);
    if (config.containerRuntimeEndpoint) return [agent];
    const { argv, env } = await containerdCommand(node);
    const program = argv.slice(enter.length);
    return [{ ...part(`containerd-${node.name}`, program, [...cgroup, ...enter]), env }, agent];
  });
  return {
    build: installation.build,
    supervisor: part('supervisor', k7s('supervise', '--directory', paths.directory), own ? inCgroup(partCgroup(paths, 'supervisor')) : []),
    supervised: [server, ...(await Promise.all(ofNodes)).flat()],
  };
}
