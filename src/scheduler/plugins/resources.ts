/** Whether a node has room, and which has it best. */
import { podAmounts, isFinished } from '../../api/core/podresources.ts';
import { refuse, type Plugin } from '../plugin.ts';
import type { NodeInfo, PodInfo } from '../state.ts';

const name = 'NodeResourcesFit';
const first = ['cpu', 'memory', 'ephemeral-storage'];

/** In upstream's order: pods, cpu, memory, ephemeral storage, then the others. */
function shortages(pod: PodInfo, node: NodeInfo): { reasons: string[]; final: boolean } {
  const reasons: string[] = [];
  let final = false;
  if (node.pods.size + 1 > (node.allocatable.get('pods') ?? 0)) reasons.push('Too many pods');
  const check = (resource: string, wanted: number): void => {
    const allocatable = node.allocatable.get(resource) ?? 0;
    if (wanted === 0 || wanted <= allocatable - (node.requested.get(resource) ?? 0)) return;
    reasons.push(`Insufficient ${resource}`);
    final ||= wanted > allocatable;
  };
  for (const resource of first) check(resource, pod.requests.get(resource) ?? 0);
  for (const [resource, wanted] of pod.requests) if (!first.includes(resource)) check(resource, wanted);
  return { reasons, final };
}

export const nodeResourcesFit: Plugin = {
  name,
  weight: 1,
  filterFor: (pod) => ({
    filter: (node) => {
      const { reasons, final } = shortages(pod, node);
      return reasons.length ? refuse(name, final, ...reasons) : undefined;
    },
  }),
  /** Least allocated: the emptier, the better. */
  rankFor: (pod) => ({
    score: (node) => {
      let sum = 0;
      let counted = 0;
      for (const resource of ['cpu', 'memory']) {
        const allocatable = node.allocatable.get(resource) ?? 0;
        if (allocatable === 0) continue;
        const used = (node.weighed.get(resource) ?? 0) + (pod.weights.get(resource) ?? 0);
        sum += used > allocatable ? 0 : Math.floor(((allocatable - used) * 100) / allocatable);
        counted++;
      }
      return counted ? Math.floor(sum / counted) : 0;
    },
  }),
  helps: (change, pod) => {
    if (change.kind === 'pod-removed') return true;
    if (change.kind === 'pod-updated') return change.old !== undefined && gaveBack(change.old, change.pod);
    if (change.kind !== 'node') return false;
    const allocatable = new Set(Object.keys(change.node.status?.allocatable ?? {}));
    return [...pod.requests.keys()].every((resource) => allocatable.has(resource));
  },
};

type Pod = PodInfo['pod'];

/** It ended, or was resized to less. */
function gaveBack(before: Pod, after: Pod): boolean {
  if (isFinished(after)) return true;
  if (before.spec === after.spec) return false;
  const now = podAmounts(after, 'requests');
  for (const [resource, value] of podAmounts(before, 'requests')) if (value > (now.get(resource) ?? 0)) return true;
  return false;
}

/** Prefers nodes on which cpu and memory would be used up evenly. */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  rankFor: (pod) => {
    // A pod that asks for nothing unbalances nothing.
    if (!pod.requests.get('cpu') && !pod.requests.get('memory')) return undefined;
    return {
      score: (node) => {
        const share = (resource: string): number => {
          const allocatable = node.allocatable.get(resource) ?? 0;
          return allocatable === 0 ? 0 : Math.min(1, ((node.requested.get(resource) ?? 0) + (pod.requests.get(resource) ?? 0)) / allocatable);
        };
        return Math.floor((1 - Math.abs(share('cpu') - share('memory')) / 2) * 100);
      },
    };
  },
};

const minImage = 23 * 1024 * 1024;
const maxImagePerContainer = 1000 * 1024 * 1024;

/** Prefers nodes that have the images already, the more so the bigger and the more widespread they are. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  rankFor: ({ pod }, cluster) => {
    const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const images = containers.map((c) => normalized(c.image ?? ''));
    const max = maxImagePerContainer * containers.length;
    const total = Math.max(1, cluster.nodes.length);
    if (!images.some((image) => cluster.nodesWithImage(image) > 0)) return undefined;
    return {
      score: (node) => {
        let sum = 0;
        for (const image of images) sum += Math.floor(((node.images.get(image) ?? 0) * cluster.nodesWithImage(image)) / total);
        return Math.floor((100 * (Math.min(Math.max(sum, minImage), max) - minImage)) / (max - minImage));
      },
    };
  },
};

function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image;
}
