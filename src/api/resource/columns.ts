import { age } from '../../machinery/duration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import type * as T from './v1/types.ts';
import type { DeviceTaintRule } from './v1alpha3/types.ts';

function claimState(c: DeepReadonly<T.ResourceClaim>): string {
  const deleted = c.metadata.deletionTimestamp !== undefined;
  if (!c.status?.allocation) return deleted ? 'deleted' : 'pending';
  return [...(deleted ? ['deleted'] : []), 'allocated', ...(c.status.reservedFor?.length ? ['reserved'] : [])].join(',');
}

export const deviceClassColumns = columnList<T.DeviceClass>(({ nameColumn, ageColumn }) => [nameColumn, ageColumn]);
export const resourceClaimTemplateColumns = columnList<T.ResourceClaimTemplate>(({ nameColumn, ageColumn }) => [nameColumn, ageColumn]);
export const resourceClaimColumns = columnList<T.ResourceClaim>(({ column, nameColumn, ageColumn }) => [nameColumn, column('State', 'pending, allocated, reserved…', claimState), ageColumn]);
export const resourceSliceColumns = columnList<T.ResourceSlice>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Node', 'Node that has the devices.', (s) => s.spec.nodeName ?? ''),
  column('Driver', 'Driver of the devices.', (s) => s.spec.driver),
  column('Pool', 'Pool of the devices.', (s) => s.spec.pool.name),
  ageColumn,
]);
export const deviceTaintRuleColumns = columnList<DeviceTaintRule>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Key', 'Key of the taint.', (r) => r.spec.taint.key),
  column('Value', 'Value of the taint.', (r) => r.spec.taint.value ?? ''),
  column('Effect', 'What it does to pods.', (r) => r.spec.taint.effect),
  column('TimeAdded', 'Since when the devices are tainted.', (r, now) => (r.spec.taint.timeAdded ? age(r.spec.taint.timeAdded, now) : '')),
  ageColumn,
]);
