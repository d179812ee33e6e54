/** Gives each node a part of the cluster's pod addresses. */
import { isIPv6 } from 'node:net';
import type { DeepReadonly } from '../../machinery/json.ts';
import { nodes, type Node } from '../../api/core/v1/index.ts';
import type { Controller } from '../harness/controller.ts';

export const nodeIpamController: Controller = {
  name: 'node-ipam-controller',
  account: 'node-controller',
  source: 'cidrAllocator',
  setup: (context) => {
    const { clusterCidr, nodeCidrMaskSize } = context.options;
    if (!clusterCidr) return;
    const pools = clusterCidr.split(',').map((cidr) => new CidrPool(cidr, nodeCidrMaskSize ?? (cidr.includes(':') ? 64 : 24)));
    const informer = context.informer(nodes);
    const rangesOf = (node: DeepReadonly<Node>): readonly string[] => node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []);
    // One at a time: what is given away is known before the next one asks.
    const queue = context.queue(async (name) => {
      const node = informer.get(name);
      if (!node || rangesOf(node).length > 0) return;
      const podCIDRs = pools.map((pool) => pool.take());
      if (podCIDRs.includes(undefined)) {
        podCIDRs.forEach((cidr, i) => cidr && pools[i]!.release(cidr));
        context.events.event(nodes, node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error('no range of pod addresses is left for the node');
      }
      try {
        const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
        const updated = await context.client.patch(nodes, name, { type: 'application/merge-patch+json', body });
        await informer.reached(updated.metadata.resourceVersion);
      } catch (error) {
        podCIDRs.forEach((cidr, i) => pools[i]!.release(cidr!));
        throw error;
      }
    });
    const occupy = (node: DeepReadonly<Node>): void => {
      if (rangesOf(node).length === 0) return queue.add(node.metadata.name);
      for (const cidr of rangesOf(node)) for (const pool of pools) pool.occupy(cidr);
    };
    informer.on({
      added: occupy,
      updated: occupy,
      deleted: (node) => {
        for (const cidr of rangesOf(node)) for (const pool of pools) pool.release(cidr);
      },
    });
  },
};

/** Equal parts of one range. */
export class CidrPool {
  readonly #base: bigint;
  readonly #bits: number;
  readonly #mask: number;
  readonly #count: bigint;
  readonly #used = new Set<bigint>();
  #next = 0n;

  constructor(cidr: string, mask: number) {
    const [address, length] = cidr.trim().split('/') as [string, string];
    this.#bits = isIPv6(address) ? 128 : 32;
    const host = BigInt(this.#bits - Number(length));
    this.#base = (parseAddress(address) >> host) << host;
    this.#mask = mask;
    this.#count = mask < Number(length) ? 0n : 1n << BigInt(mask - Number(length));
  }

  take(): string | undefined {
    for (let i = 0n; i < this.#count; i++) {
      const index = (this.#next + i) % this.#count;
      if (this.#used.has(index)) continue;
      this.#used.add(index);
      this.#next = index + 1n;
      return `${formatAddress(this.#base + (index << BigInt(this.#bits - this.#mask)), this.#bits)}/${this.#mask}`;
    }
    return undefined;
  }

  occupy(cidr: string): void {
    const index = this.#indexOf(cidr);
    if (index !== undefined) this.#used.add(index);
  }

  release(cidr: string): void {
    const index = this.#indexOf(cidr);
    if (index !== undefined) this.#used.delete(index);
  }

  #indexOf(cidr: string): bigint | undefined {
    const address = cidr.split('/')[0]!;
    if ((isIPv6(address) ? 128 : 32) !== this.#bits) return undefined;
    const index = (parseAddress(address) - this.#base) >> BigInt(this.#bits - this.#mask);
    return index >= 0n && index < this.#count ? index : undefined;
  }
}

function parseAddress(text: string): bigint {
  if (!isIPv6(text)) return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const left = groups(head);
  const right = groups(tail);
  const all = tail === undefined ? left : [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function formatAddress(value: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The node's part ends in zeros: they are what `::` stands for.
  let end = 8;
  while (end > 0 && groups[end - 1] === '0') end--;
  return end >= 7 ? groups.join(':') : `${groups.slice(0, end).join(':')}::`;
}
