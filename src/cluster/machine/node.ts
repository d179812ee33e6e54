/**
 * A node on a Linux machine: network, UTS and mount namespaces of its own, a link into the profile's bridge, and a cgroup.
 * The namespaces are held by bind mounts (pins), not by a process, so that they survive whatever dies in them. Its mounts
 * never reach the host: when the node is destroyed they go with the namespace.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { createCgroup, killCgroup, removeCgroup } from './cgroup.ts';
import { attempt, findProgram, run } from '../../base/command.ts';
import { linksOf, nodeAddress, type Network } from './network.ts';
import { killAll, processesInNamespaces } from './processes.ts';
import { linkAlias, nodeCgroup, nodeDirectory, nodeRunDirectory, profileCgroup, runDirectory, runRoot, type Profile } from './profile.ts';
import { resolverFile } from './resolver.ts';

export interface NodeRequest {
  readonly name: string;
  /** The first node is 0 and gets the address .2. */
  readonly index: number;
  readonly network: Network;
}

export interface MachineNode {
  readonly profile: Profile;
  readonly name: string;
  readonly address: string;
  readonly gateway: string;
  /** Kept across restarts: images, volumes, logs. */
  readonly directory: string;
  /** Gone with the node and with a reboot: pinned namespaces, sockets, the runtime's state. Short. */
  readonly runDirectory: string;
  readonly cgroup: string;
  /** Pods of all nodes. */
  readonly clusterCIDR: string;
  /** Name servers that can be reached from within the node. */
  readonly resolvConf: string;
}

/** Mount points that every node needs on the host's side too. */
const sharedPlaces = ['/run/containerd', '/var/lib/cni'];

const namespaces = ['net', 'uts', 'mnt'] as const;

/** Makes the node or completes one that is half there; what runs in it is not disturbed. */
export async function ensureNode(profile: Profile, request: NodeRequest): Promise<MachineNode> {
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(request.name) || request.name.length > 63) throw new Error(`"${request.name}" is no usable node name`);
  const node: MachineNode = {
    profile,
    name: request.name,
    address: nodeAddress(request.network, request.index),
    gateway: request.network.gateway,
    directory: nodeDirectory(profile, request.name),
    runDirectory: nodeRunDirectory(profile, request.name),
    cgroup: nodeCgroup(profile, request.name),
    clusterCIDR: request.network.clusterCIDR,
    resolvConf: `${nodeRunDirectory(profile, request.name)}/etc/resolv.conf`,
  };
  await mkdir(node.directory, { recursive: true, mode: 0o711 });
  await ensureRunDirectory(profile);
  await createCgroup(node.cgroup);
  if (!(await isPinned(node))) await pin(node);
  await connect(node, request.network, request.index);
  await furnish(node, request);
  return node;
}

/** The argv prefix that starts a program inside the node. The program should be an absolute path. */
export function enterNode(node: Pick<MachineNode, 'runDirectory'>): string[] {
  const pins = `${node.runDirectory}/ns`;
  return [findProgram('nsenter') ?? 'nsenter', `--net=${pins}/net`, `--uts=${pins}/uts`, `--mount=${pins}/mnt`, '--'];
}

/** The nodes of a profile that have anything on this machine, by their run directories. */
export async function listNodes(profile: Profile): Promise<string[]> {
  try {
    const entries = await readdir(runDirectory(profile), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** Ends every process of the node and its containers at once, and removes it from the machine. Its directory stays unless `data`. */
export async function destroyNode(profile: Profile, name: string, options: { clock: Clock; data?: boolean }): Promise<void> {
  const directory = nodeRunDirectory(profile, name);
  await killAll(options.clock, () => processesInNamespaces(namespaces.map((kind) => `${directory}/ns/${kind}`)));
  await killCgroup(nodeCgroup(profile, name), options.clock);
  for (const link of await linksOf(profile)) {
    if (link.ifname === (await readLinkName(directory))) await attempt(['ip', 'link', 'delete', 'dev', link.ifname]);
  }
  for (const kind of namespaces) {
    // More than once when a pin was laid over a pin.
    while ((await attempt(['umount', '--lazy', `${directory}/ns/${kind}`])) !== undefined);
  }
  await removeCgroup(nodeCgroup(profile, name), options.clock);
  await rm(directory, { recursive: true, force: true });
  if (options.data) await rm(nodeDirectory(profile, name), { recursive: true, force: true });
}

/** After the last node: the run directory with its mount, and the profile's cgroup. */
export async function destroyRunDirectory(profile: Profile, clock: Clock): Promise<void> {
  await killCgroup(profileCgroup(profile), clock);
  await removeCgroup(profileCgroup(profile), clock);
  const directory = runDirectory(profile);
  while ((await attempt(['umount', '--lazy', directory])) !== undefined);
  await rm(directory, { recursive: true, force: true });
  // Shared with other profiles: the last one takes away what is then empty.
  const last = await rmdir(runRoot).then(() => true, () => false);
  if (!last) return;
  for (const place of sharedPlaces) await rmdir(place).catch(() => undefined);
  await removeCgroup('/k7s', clock, { onlyEmpty: true });
}

/** A tmpfs that is private: only there can a mount namespace be pinned, and a reboot clears it. */
async function ensureRunDirectory(profile: Profile): Promise<void> {
  const directory = runDirectory(profile);
  await mkdir(directory, { recursive: true, mode: 0o711 });
  if ((await mountPoints()).includes(directory)) return;
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=0711,size=256m', 'k7s', directory]);
  await run(['mount', '--make-private', directory]);
}

async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n');
  return lines.map((line) => (line.split(' ')[4] ?? '').replace(/\\040/g, ' '));
}

async function isPinned(node: MachineNode): Promise<boolean> {
  const mounted = new Set(await mountPoints());
  return namespaces.every((kind) => mounted.has(`${node.runDirectory}/ns/${kind}`)) && existsSync(`${node.runDirectory}/ns/complete`);
}

async function pin(node: MachineNode): Promise<void> {
  const directory = `${node.runDirectory}/ns`;
  await rm(`${directory}/complete`, { force: true });
  await mkdir(directory, { recursive: true });
  for (const kind of namespaces) {
    while ((await attempt(['umount', '--lazy', `${directory}/${kind}`])) !== undefined);
    await writeFile(`${directory}/${kind}`, '');
  }
  // The new mount namespace starts as a copy. The pins of other nodes in it would keep those nodes alive after their end.
  const foreign = (await mountPoints()).filter((path) => path.startsWith(`${runRoot}/`) && /\/ns\/(net|uts)$/.test(path));
  const cni = `${node.directory}/cni`;
  await mkdir(cni, { recursive: true });
  // Shims put their sockets, and network plugins their records, at fixed places: the node has its own of them.
  const script = `set -e
socket="$1" cni="$2"; shift 2
for pin in "$@"; do umount --lazy "$pin"; done
mount --make-rshared /
mkdir -p /run/containerd
mount -t tmpfs -o mode=0711 k7s /run/containerd
ln -s "$socket" /run/containerd/containerd.sock
mkdir -p /var/lib/cni
mount --bind "$cni" /var/lib/cni
`;
  const pins = namespaces.map((kind) => `--${kind === 'mnt' ? 'mount' : kind}=${directory}/${kind}`);
  // Slave: what the host mounts later is seen in the node, never the other way round.
  await run(['unshare', ...pins, '--propagation', 'slave', '/bin/sh', '-c', script, 'k7s', `${node.runDirectory}/containerd.sock`, cni, ...foreign]);
  await writeFile(`${directory}/complete`, '');
}

/** Host and node ends of the node's link; the host end's name tells bridge and node number. */
async function connect(node: MachineNode, network: Network, index: number): Promise<void> {
  const link = `${network.bridge}n${index + 2}`;
  await writeFile(`${node.runDirectory}/link`, link);
  const inside = enterNode(node);
  const present = (await attempt(['ip', 'link', 'show', 'dev', link])) !== undefined && (await attempt([...inside, ip(), 'link', 'show', 'dev', 'eth0'])) !== undefined;
  if (!present) {
    await attempt(['ip', 'link', 'delete', 'dev', link]);
    await attempt([...inside, ip(), 'link', 'delete', 'dev', 'eth0']);
    await run(['ip', 'link', 'add', 'name', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${node.runDirectory}/ns/net`]);
  }
  await run(['ip', '-batch', '-'], {
    input: `link set dev ${link} alias ${linkAlias(node.profile)}\nlink set dev ${link} master ${network.bridge}\nlink set dev ${link} up\n`,
  });
  await run([...inside, ip(), '-batch', '-'], {
    input: `link set dev lo up\naddress replace ${node.address}/24 brd + dev eth0\nlink set dev eth0 up\nroute replace default via ${network.gateway}\n`,
  });
}

async function readLinkName(directory: string): Promise<string> {
  return readFile(`${directory}/link`, 'utf8').catch(() => '');
}

function ip(): string {
  return findProgram('ip') ?? 'ip';
}

const sysctls: readonly (readonly [path: string, value: string])[] = [
  ['net/ipv4/ip_forward', '1'],
  ['net/ipv6/conf/all/forwarding', '1'],
  ['net/bridge/bridge-nf-call-iptables', '1'],
  ['net/ipv4/conf/all/rp_filter', '0'],
  // Long-lived idle connections through a service survive, as upstream's proxy arranges it.
  ['net/netfilter/nf_conntrack_tcp_timeout_established', '86400'],
  ['net/netfilter/nf_conntrack_tcp_timeout_close_wait', '3600'],
];

/** Host name, kernel settings, files under /etc and the node's own nftables rules. */
async function furnish(node: MachineNode, request: NodeRequest): Promise<void> {
  const etc = `${node.runDirectory}/etc`;
  await mkdir(etc, { recursive: true });
  await writeFile(`${etc}/hostname`, `${node.name}\n`);
  await writeFile(`${etc}/hosts`, `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${node.address}\t${node.name}\n`);
  await writeFile(`${etc}/resolv.conf`, await resolverFile());
  const script = `set -e
printf %s "$1" > /proc/sys/kernel/hostname
for file in hostname hosts resolv.conf; do
  [ -e "/etc/$file" ] || continue
  cmp -s "$2/$file" "/etc/$file" || mount --bind "$2/$file" "/etc/$file"
done
shift 2
for setting in "$@"; do
  file="/proc/sys/\${setting%%=*}"
  [ -e "$file" ] && [ "$(cat "$file")" != "\${setting#*=}" ] && echo "\${setting#*=}" > "$file" || true
done
exec ${findProgram('nft') ?? 'nft'} -f -
`;
  const settings = sysctls.map(([path, value]) => `${path}=${value}`);
  await run([...enterNode(node), '/bin/sh', '-c', script, 'k7s', node.name, etc, ...settings], { input: nodeRules(request) });
}

/** Pods reach the world as their node. Between pods and nodes addresses stay what they are. */
function nodeRules({ network }: NodeRequest): string {
  return `table ip k7s-node
delete table ip k7s-node
table ip k7s-node {
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${network.clusterCIDR} ip daddr != { ${network.clusterCIDR}, ${network.subnet} } masquerade
  }
}
`;
}

/** True when the node's namespaces are there, which says nothing about what runs in them. */
export async function nodeExists(profile: Profile, name: string): Promise<boolean> {
  return stat(`${nodeRunDirectory(profile, name)}/ns/complete`).then(() => true, () => false);
}
