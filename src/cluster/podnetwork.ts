import { join } from 'node:path';
import type { CniRequest } from '../network/cni/config.ts';
import type { MachineNode } from './machine/node.ts';

/** The n-th node has the n-th /24 of the cluster's range. */
export function podRange(clusterCIDR: string, index: number): string {
  const [first, second] = clusterCIDR.split('.');
  return `${first}.${second}.${index}.0/24`;
}

export function podNetwork(node: MachineNode, clusterCIDR: string, index: number): CniRequest {
  return { podCIDRs: [podRange(clusterCIDR, index)], dataDirectory: join(node.directory, 'cni/networks') };
}
