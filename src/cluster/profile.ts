/** A profile is one cluster: a folder below K7S_HOME with its configuration, certificates, store, logs and nodes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { k7sHome } from './home.ts';
import { CliError } from './output.ts';
import type { Network } from './machine/network.ts';
import type { MachineNode } from './machine/node.ts';

export type Runtime = 'containerd' | 'simulated';

export interface NodeConfig {
  readonly name: string;
  /** The first node is 0; its address is derived from it. */
  readonly index: number;
}

export interface ProfileConfig {
  readonly name: string;
  readonly runtime: Runtime;
  /** A CRI socket of somebody else's; then no containerd of our own is started. */
  readonly containerRuntimeEndpoint?: string;
  readonly apiServer: { readonly address: string; readonly port: number };
  readonly serviceCIDR: string;
  readonly clusterCIDR: string;
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  readonly network?: Network;
  readonly nodes: readonly NodeConfig[];
  /** Add-ons that are switched on. */
  readonly addons: readonly string[];
}

/** The folder of a profile and what lies in it. */
export interface ProfilePaths {
  readonly name: string;
  readonly directory: string;
  readonly config: string;
  readonly parts: string;
  /** The nodes as they were made on this machine. */
  readonly machine: string;
  readonly kubeconfig: string;
  /** Stands for the build that the profile runs. */
  readonly program: string;
  readonly pki: string;
  readonly store: string;
  readonly logs: string;
  /** Persistent volumes that were made for claims. */
  readonly volumes: string;
  readonly deleting: string;
}

export function profilesDirectory(home = k7sHome()): string {
  return join(home, 'profiles');
}

export function profilePaths(name: string, home = k7sHome()): ProfilePaths {
  if (!/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) {
    throw new CliError(`"${name}" is not a valid profile name`, { mend: 'Use up to 40 lower-case letters, digits and dashes', exitCode: 64 });
  }
  return pathsOf(join(profilesDirectory(home), name));
}

export function pathsOf(directory: string): ProfilePaths {
  return {
    name: directory.slice(directory.lastIndexOf('/') + 1),
    directory,
    config: join(directory, 'config.json'),
    parts: join(directory, 'parts.json'),
    machine: join(directory, 'machine.json'),
    kubeconfig: join(directory, 'kubeconfig'),
    program: join(directory, 'program'),
    pki: join(directory, 'pki'),
    store: join(directory, 'store'),
    logs: join(directory, 'logs'),
    volumes: join(directory, 'volumes'),
    deleting: join(directory, 'deleting'),
  };
}

export function listProfiles(home = k7sHome()): string[] {
  const directory = profilesDirectory(home);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => !name.startsWith('.') && statSync(join(directory, name)).isDirectory());
}

/** undefined when there is no such profile; an error with its mend when what is there is no whole profile. */
export function readProfile(paths: ProfilePaths): ProfileConfig | undefined {
  if (!existsSync(paths.directory)) return undefined;
  const mend = `Remove what is left of it with: k7s delete -p ${paths.name}`;
  if (existsSync(paths.deleting)) throw new CliError(`the profile "${paths.name}" is half deleted`, { mend });
  if (!existsSync(paths.config)) {
    // A first start that ended before it wrote anything has left an empty folder at most.
    if (readdirSync(paths.directory).length === 0) return undefined;
    throw new CliError(`the profile "${paths.name}" has no configuration (${paths.config})`, { mend });
  }
  try {
    return JSON.parse(readFileSync(paths.config, 'utf8')) as ProfileConfig;
  } catch (cause) {
    throw new CliError(`the configuration ${paths.config} cannot be read`, { mend, cause });
  }
}

export function writeProfile(paths: ProfilePaths, config: ProfileConfig): void {
  writeJson(paths.config, config);
}

export function writeJson(file: string, value: unknown): void {
  writeText(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Whole or not at all, and for the owner's eyes only. */
export function writeText(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function readMachine(paths: ProfilePaths): MachineNode[] {
  if (!existsSync(paths.machine)) return [];
  return JSON.parse(readFileSync(paths.machine, 'utf8')) as MachineNode[];
}

export function requireProfile(paths: ProfilePaths): ProfileConfig {
  const config = readProfile(paths);
  if (config) return config;
  const flag = paths.name === 'k7s' ? '' : ` -p ${paths.name}`;
  throw new CliError(`Profile "${paths.name}" not found`, { mend: `To start a cluster, run: "k7s start${flag}"`, exitCode: 85 });
}
