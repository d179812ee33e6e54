/** Quantities of a pod as the kernel wants them: shares, quota, bytes, and how likely each is to be killed for memory. */
import { parseQuantity } from '../../machinery/quantity.ts';
import type { LinuxContainerResources } from '../cri/types.ts';
import { isSidecar, type Container, type Pod } from './model.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const quotaPeriod = 100_000;
const minShares = 2;
const maxShares = 262_144;
const minQuota = 1_000;

export function milliCpu(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Number(parseQuantity(quantity).milli());
}

export function wholeUnits(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Number(parseQuantity(quantity).value());
}

export function cpuShares(milli: number): number {
  if (milli === 0) return minShares;
  return Math.min(maxShares, Math.max(minShares, Math.floor((milli * 1024) / 1000)));
}

/** 0: no limit. */
export function cpuQuota(milli: number): number {
  return milli === 0 ? 0 : Math.max(minQuota, Math.floor((milli * quotaPeriod) / 1000));
}

export const cpuPeriod = quotaPeriod;

/** What is asked of one resource; a limit without a request is the request. */
export function requested(container: Container, resource: string): string | undefined {
  return container.resources.requests?.[resource] ?? container.resources.limits?.[resource];
}

/** The class that the API gave the pod for good; worked out where it has given none. */
export function qosClass(pod: Pod): QosClass {
  if (pod.status?.qosClass) return pod.status.qosClass as QosClass;
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const sources = pod.spec.resources ? [pod.spec.resources] : all.map((c) => c.resources);
  let any = false;
  let guaranteed = true;
  for (const { requests = {}, limits = {} } of sources) {
    for (const name of ['cpu', 'memory']) {
      const request = requests[name] === undefined ? 0 : Number(parseQuantity(requests[name]).milli());
      const limit = limits[name] === undefined ? 0 : Number(parseQuantity(limits[name]).milli());
      if (request > 0 || limit > 0) any = true;
      if (limit === 0 || (requests[name] !== undefined && request !== limit)) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** -998 … 1000: the more of the node's memory was asked for, the later the container is killed. */
export function oomScoreAdjust(pod: Pod, container: Container, nodeMemory: number): number {
  if ((pod.spec.priority ?? 0) >= 2_000_000_000) return -997;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const score = 1000 - Math.floor((1000 * wholeUnits(requested(container, 'memory'))) / Math.max(1, nodeMemory));
  return Math.min(999, Math.max(3, score));
}

export function containerResources(pod: Pod, container: Container, nodeMemory: number): LinuxContainerResources {
  const limits = container.resources.limits ?? {};
  return {
    cpuPeriod: quotaPeriod,
    cpuQuota: cpuQuota(milliCpu(limits['cpu'])),
    cpuShares: cpuShares(milliCpu(requested(container, 'cpu'))),
    memoryLimitInBytes: wholeUnits(limits['memory']),
    oomScoreAdj: oomScoreAdjust(pod, container, nodeMemory),
    cpusetCpus: '', cpusetMems: '', hugepageLimits: [], unified: {},
    // Equal to the limit: no swap.
    memorySwapLimitInBytes: wholeUnits(limits['memory']),
  };
}

/** Sum over what runs together, or the largest init step where that is more. */
function podSum(pod: Pod, of: (container: Container) => number): number {
  let total = pod.spec.containers.reduce((sum, c) => sum + of(c), 0);
  let sidecars = 0;
  let peak = 0;
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) sidecars += of(container);
    peak = Math.max(peak, isSidecar(container) ? sidecars : sidecars + of(container));
  }
  total += sidecars;
  return Math.max(total, peak);
}

export interface PodCgroupLimits {
  readonly shares: number;
  /** 0: none. */
  readonly quota: number;
  readonly memory: number;
}

export function podLimits(pod: Pod): PodCgroupLimits {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const limited = (name: string): boolean => all.every((c) => c.resources.limits?.[name] !== undefined);
  const overhead = pod.spec.overhead ?? {};
  return {
    shares: cpuShares(podSum(pod, (c) => milliCpu(requested(c, 'cpu'))) + milliCpu(overhead['cpu'])),
    quota: limited('cpu') ? cpuQuota(podSum(pod, (c) => milliCpu(c.resources.limits?.['cpu'])) + milliCpu(overhead['cpu'])) : 0,
    memory: limited('memory') ? podSum(pod, (c) => wholeUnits(c.resources.limits?.['memory'])) + wholeUnits(overhead['memory']) : 0,
  };
}

/** What the pod asks of the node in one resource: milli for cpu, whole units for all else. */
export function podRequest(pod: Pod, resource: string): number {
  const measure = resource === 'cpu' ? milliCpu : wholeUnits;
  return podSum(pod, (c) => measure(requested(c, resource))) + measure(pod.spec.overhead?.[resource]);
}
