/**
 * The network of a profile on its host: one bridge, its address, and masquerading for what leaves it.
 * The bridge's number decides the subnet, so that making the link claims the network, whoever else is starting.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { attempt, CommandError, run } from '../../base/command.ts';
import { hostTable, linkAlias, type Profile } from './profile.ts';

export interface Network {
  readonly bridge: string;
  /** e.g. 192.168.49.0/24 */
  readonly subnet: string;
  /** The bridge's own address: where the API server listens and where nodes send what leaves the cluster. */
  readonly gateway: string;
  /** The pods of all nodes. The host has routes to them, so that no two profiles may have the same. */
  readonly clusterCIDR: string;
}

/** 192.168.49.0/24, then every ninth, as minikube counts; pods in 10.244.0.0/16, then the next, past 10.255 from 10.232 downwards. */
const candidates: readonly Network[] = Array.from({ length: 23 }, (_, i) => ({
  bridge: `k7s${i}`,
  subnet: `192.168.${49 + 9 * i}.0/24`,
  gateway: `192.168.${49 + 9 * i}.1`,
  clusterCIDR: `10.${i < 12 ? 244 + i : 244 - i}.0.0/16`,
}));

interface LinkInfo {
  readonly ifname: string;
  readonly ifalias?: string;
}

export interface NetworkRequest {
  /** When the pods shall have another range than the network's own. */
  readonly clusterCIDR?: string;
  /** The network this profile had before; taken again, or an error when somebody else has it now. */
  readonly previous?: Network;
}

/** Makes or completes the profile's network. */
export async function ensureNetwork(profile: Profile, request: NetworkRequest = {}): Promise<Network> {
  const found = (await findNetwork(profile)) ?? (await claim(profile, request.previous));
  const network = { ...found, clusterCIDR: request.clusterCIDR ?? request.previous?.clusterCIDR ?? found.clusterCIDR };
  await prepareHost();
  await run(['ip', '-batch', '-'], {
    input: `address replace ${network.gateway}/24 brd + dev ${network.bridge}\nlink set dev ${network.bridge} up\n`,
  });
  await run(['nft', '-f', '-'], { input: hostRules(profile, network) });
  await passHostFilter(profile, network);
  return network;
}

/** The network that the profile has at present, recognised by the alias of its bridge. */
export async function findNetwork(profile: Profile): Promise<Network | undefined> {
  const own = new Set((await linksOf(profile)).map((link) => link.ifname));
  return candidates.find((candidate) => own.has(candidate.bridge));
}

/** Every link on the host that carries the profile's alias. */
export async function linksOf(profile: Profile): Promise<readonly LinkInfo[]> {
  const links = JSON.parse((await run(['ip', '-j', 'link', 'show'])) || '[]') as LinkInfo[];
  return links.filter((link) => link.ifalias === linkAlias(profile));
}

export async function destroyNetwork(profile: Profile): Promise<void> {
  const network = await findNetwork(profile);
  if (network) await leaveHostFilter(profile, network);
  for (const link of await linksOf(profile)) await attempt(['ip', 'link', 'delete', 'dev', link.ifname]);
  await attempt(['nft', 'delete', 'table', 'inet', hostTable(profile)]);
}

/** The address of the profile's n-th node, from 0. */
export function nodeAddress(network: Network, index: number): string {
  if (index < 0 || index > 252) throw new RangeError(`no address for node number ${index}`);
  return network.gateway.replace(/\.\d+$/, `.${index + 2}`);
}

async function claim(profile: Profile, previous: Network | undefined): Promise<Network> {
  const taken = await usedNetworks();
  for (const candidate of previous ? [previous] : candidates) {
    if (taken.some((used) => inTheWay(used, candidate.subnet) || inTheWay(used, candidate.clusterCIDR))) continue;
    try {
      await run(['ip', 'link', 'add', 'name', candidate.bridge, 'address', bridgeMac(candidate), 'type', 'bridge']);
    } catch (error) {
      if (error instanceof CommandError && error.stderr.includes('File exists')) continue;
      throw error;
    }
    await run(['ip', 'link', 'set', 'dev', candidate.bridge, 'alias', linkAlias(profile)]);
    return candidate;
  }
  if (previous) throw new Error(`network ${previous.subnet} of profile "${profile.name}" is in use by something else on this machine`);
  throw new Error('no free network between 192.168.49.0/24 and 192.168.247.0/24 on this machine');
}

/** Fixed, since certificates and neighbour tables outlive single nodes: a bridge otherwise takes the lowest of its ports'. */
function bridgeMac(network: Network): string {
  const third = Number(network.gateway.split('.')[2]);
  return `02:6b:37:73:${third.toString(16).padStart(2, '0')}:01`;
}

interface RouteInfo {
  readonly dst: string;
}

async function usedNetworks(): Promise<readonly string[]> {
  const routes = JSON.parse((await run(['ip', '-4', '-j', 'route', 'show', 'table', 'all'])) || '[]') as RouteInfo[];
  return routes.map((route) => route.dst).filter((dst) => /^[\d.]+(\/\d+)?$/.test(dst) && !dst.endsWith('/0') && !/^(127|255)\./.test(dst));
}

/** Within the network, or the same. A wider route (a VPN to 10.0.0.0/8, say) only loses this part of its range. */
export function inTheWay(used: string, network: string): boolean {
  const [inner, outer] = [parseCidr(used), parseCidr(network)];
  if (inner.bits < outer.bits) return false;
  const mask = (0xffffffff << (32 - outer.bits)) >>> 0;
  return (inner.address & mask) >>> 0 === (outer.address & mask) >>> 0;
}

function parseCidr(text: string): { address: number; bits: number } {
  const [host = '', bits] = text.split('/');
  const address = host.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
  return { address, bits: bits === undefined ? 32 : Number(bits) };
}

/** What the kernel must do for a machine that routes for its nodes. Values that already fit are not written. */
async function prepareHost(): Promise<void> {
  if ((await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim() !== '1') await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  // Same-node traffic to a cluster IP only finds its way back when bridged packets pass netfilter.
  try {
    await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8');
  } catch {
    await attempt(['modprobe', 'br_netfilter']);
  }
}

function hostRules(profile: Profile, network: Network): string {
  const table = `inet ${hostTable(profile)}`;
  return `table ${table}
delete table ${table}
table ${table} {
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${network.subnet} ip daddr != { ${network.subnet}, ${network.clusterCIDR} } oifname != "${network.bridge}" masquerade
  }
}
`;
}

/*
 * Where another program (Docker, a firewall) drops packets by policy, accepting them in our own table does not help: a packet must
 * pass every table. A few rules, marked as ours, go in front of that policy, and nowhere else.
 */
interface PolicyRule {
  readonly policy: 'INPUT' | 'FORWARD';
  readonly match: readonly string[];
}

/** Nodes speak to the API server on the bridge's address, and through the host to the world. */
function policyRules({ bridge }: Network): readonly PolicyRule[] {
  return [
    { policy: 'INPUT', match: ['-i', bridge] },
    { policy: 'FORWARD', match: ['-i', bridge] },
    { policy: 'FORWARD', match: ['-o', bridge] },
  ];
}

/** The host's filter rules, when there are any: only asked where somebody uses them, since listing can create the tables. */
async function hostFilter(): Promise<string | undefined> {
  const tables = (await attempt(['nft', 'list', 'tables', 'ip'])) ?? '';
  const legacy = await readFile('/proc/net/ip_tables_names', 'utf8').catch(() => '');
  if (!/^table ip filter$/m.test(tables) && !/^filter$/m.test(legacy)) return undefined;
  return attempt(['iptables', '-w', '-S']);
}

async function passHostFilter(profile: Profile, network: Network): Promise<void> {
  const rules = await hostFilter();
  if (!rules) return;
  for (const { policy, match } of policyRules(network)) {
    if (!rules.includes(`-P ${policy} DROP`)) continue;
    const chain = policy === 'FORWARD' && rules.includes('-N DOCKER-USER') ? 'DOCKER-USER' : policy;
    const rule = [chain, ...match, ...markedAccept(profile)];
    if ((await attempt(['iptables', '-w', '-C', ...rule])) === undefined) await run(['iptables', '-w', '-I', ...rule]);
  }
}

async function leaveHostFilter(profile: Profile, network: Network): Promise<void> {
  const rules = await hostFilter();
  if (!rules?.includes(linkAlias(profile))) return;
  for (const { policy, match } of policyRules(network)) {
    for (const chain of policy === 'FORWARD' ? ['DOCKER-USER', 'FORWARD'] : [policy]) await attempt(['iptables', '-w', '-D', chain, ...match, ...markedAccept(profile)]);
  }
}

function markedAccept(profile: Profile): readonly string[] {
  return ['-m', 'comment', '--comment', linkAlias(profile), '-j', 'ACCEPT'];
}
