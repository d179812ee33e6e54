/** How everything that a profile has on a machine is named, so that it can be found again without any record of it. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

export interface Profile {
  readonly name: string;
  /** The profile's own folder; two homes may both have a profile of one name. */
  readonly directory: string;
}

/** Unique on the machine and readable: `k7s-3f9a01`. */
export function profileId(profile: Profile): string {
  return `${profile.name}-${createHash('sha256').update(resolve(profile.directory)).digest('hex').slice(0, 6)}`;
}

/** Where profiles keep what must not outlive the machine's uptime: pinned namespaces, sockets, containerd's state. */
export const runRoot = '/run/k7s';

/** Short, because the path of a unix socket ends at 108 bytes. */
export function runDirectory(profile: Profile): string {
  return `${runRoot}/${profileId(profile).slice(-6)}`;
}

export function nodeRunDirectory(profile: Profile, node: string): string {
  return `${runDirectory(profile)}/${node}`;
}

export function nodeDirectory(profile: Profile, node: string): string {
  return `${resolve(profile.directory)}/nodes/${node}`;
}

/** The cgroup below which everything of the profile runs. */
export function profileCgroup(profile: Profile): string {
  return `/k7s/${profileId(profile)}`;
}

export function nodeCgroup(profile: Profile, node: string): string {
  return `${profileCgroup(profile)}/${node}`;
}

/** The profile's table in the host's nftables. */
export function hostTable(profile: Profile): string {
  return `k7s-${profileId(profile)}`;
}

/** Written on the profile's links as their alias. */
export function linkAlias(profile: Profile): string {
  return `k7s:${profileId(profile)}`;
}
