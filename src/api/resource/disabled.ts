/** Fields of features that are off in this version are not kept, unless what is stored has such already. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as T from './v1beta2/types.ts';

type Old<X> = DeepReadonly<X> | undefined;

function hasBinding(c: Old<T.ResourceClaim>): boolean {
  const a = c?.status.allocation;
  return a?.allocationTimestamp !== undefined || (a?.devices?.results ?? []).some((r) => r.bindingConditions?.length || r.bindingFailureConditions?.length);
}

function hasConsumedCapacity(c: Old<T.ResourceClaim>): boolean {
  const devices = c?.spec?.devices;
  return (devices?.constraints ?? []).some((x) => x.distinctAttribute !== undefined)
    || (devices?.requests ?? []).some((r) => r.exactly?.capacity ?? r.firstAvailable?.some((s) => s.capacity))
    || (c?.status.allocation?.devices?.results ?? []).some((r) => r.shareID !== undefined || r.consumedCapacity)
    || (c?.status.devices ?? []).some((d) => d.shareID !== undefined);
}

/** Constraints keep `distinctAttribute`: upstream drops it of a copy. */
export function dropOfRequests(claim: T.DeviceClaim | undefined): void {
  for (const r of claim?.requests ?? []) {
    delete r.exactly?.capacity;
    for (const s of r.firstAvailable ?? []) delete s.capacity;
  }
}

export function dropOfClaim(c: T.ResourceClaim, old?: DeepReadonly<T.ResourceClaim>): void {
  const { allocation } = c.status;
  if (allocation && !hasBinding(old)) {
    delete allocation.allocationTimestamp;
    for (const r of allocation.devices?.results ?? []) {
      delete r.bindingConditions;
      delete r.bindingFailureConditions;
    }
  }
  if (hasConsumedCapacity(old)) return;
  dropOfRequests(c.spec?.devices);
  for (const r of allocation?.devices?.results ?? []) {
    delete r.shareID;
    delete r.consumedCapacity;
  }
  for (const d of c.status.devices ?? []) delete d.shareID;
}

/** What was said of devices goes with their allocation. */
export function dropDeallocated(c: T.ResourceClaim, old: DeepReadonly<T.ResourceClaim>): void {
  const idOf = (d: { driver: string; pool: string; device: string; shareID?: string }): string => JSON.stringify([d.driver, d.pool, d.device, d.shareID]);
  const gone = new Set((old.status.allocation?.devices?.results ?? []).map(idOf));
  for (const r of c.status.allocation?.devices?.results ?? []) gone.delete(idOf(r));
  const kept = (c.status.devices ?? []).filter((d) => !gone.has(idOf(d)));
  if (kept.length > 0) c.status.devices = kept;
  else delete c.status.devices;
}

const ofPartitions = ['consumesCounters', 'nodeName', 'nodeSelector', 'allNodes'] as const;
const ofBinding = ['bindingConditions', 'bindingFailureConditions', 'bindsToNode'] as const;

export function dropOfSlice({ spec }: T.ResourceSlice, old?: DeepReadonly<T.ResourceSlice>): void {
  const before = old?.spec.devices ?? [];
  const had = (keys: readonly (keyof T.Device)[]): boolean => before.some((d) => keys.some((key) => (Array.isArray(d[key]) ? d[key].length > 0 : d[key] !== undefined)));
  const drop = (keys: readonly (keyof T.Device)[]): void => {
    for (const d of spec.devices ?? []) for (const key of keys) delete d[key];
  };
  if (!had(['taints'])) drop(['taints']);
  if (!had(ofPartitions) && !old?.spec.sharedCounters?.length && old?.spec.perDeviceNodeSelection === undefined) {
    delete spec.sharedCounters;
    delete spec.perDeviceNodeSelection;
    drop(ofPartitions);
  }
  if (!had(ofBinding)) drop(ofBinding);
  if (had(['allowMultipleAllocations']) || before.some((d) => Object.values(d.capacity ?? {}).some((c) => c.requestPolicy))) return;
  drop(['allowMultipleAllocations']);
  for (const d of spec.devices ?? []) for (const c of Object.values(d.capacity ?? {})) delete c.requestPolicy;
}

export function dropOfClass(c: T.DeviceClass, old?: DeepReadonly<T.DeviceClass>): void {
  if (old?.spec?.extendedResourceName === undefined) delete c.spec?.extendedResourceName;
}
