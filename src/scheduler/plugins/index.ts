import type { Plugin } from '../plugin.ts';
import { interPodAffinity } from './interpodaffinity.ts';
import { nodeAffinity, nodeName, nodePorts, nodeUnschedulable, schedulingGates, taintToleration } from './nodes.ts';
import { balancedAllocation, imageLocality, nodeResourcesFit } from './resources.ts';
import { podTopologySpread } from './topologyspread.ts';
import { volumeBinding } from './volumebinding.ts';

/** In the order in which they are asked; the first that refuses a node gives the reason. */
export const defaultPlugins: readonly Plugin[] = [
  schedulingGates, nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit, volumeBinding, podTopologySpread, interPodAffinity,
  balancedAllocation, imageLocality,
];
