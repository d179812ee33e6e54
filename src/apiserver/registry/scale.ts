/** The scale subresource: the size of whatever has one, seen and written as a Scale. */
import { applyScale, toScale, validateScale, type Scalable } from '../../api/autoscaling/scale.ts';
import type { Scale } from '../../api/autoscaling/v1/types.ts';
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { toObjectManagers, toScaleManagers, type SizePaths } from '../../schema/apply/scale.ts';
import type { ManagedFieldsEntry } from '../../schema/apply/managed.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { View } from './views.ts';

/** What every Scale has in common; `paths` says where its object has the size, `apiVersion` in which version the request sees that. */
export function scaleFacts(apiVersion: string, paths: SizePaths): Pick<View, 'type' | 'version' | 'group' | 'apiVersion' | 'kind' | 'identity' | 'managers'> & { noteManagers(next: ApiObject, scale: Scale): void } {
  return {
    type: 'autoscaling.v1.Scale', version: 'autoscaling.v1', group: 'autoscaling', apiVersion: 'autoscaling/v1', kind: 'Scale', identity: false,
    managers: (stored) => toScaleManagers(stored.metadata.managedFields as unknown as ManagedFieldsEntry[] | undefined, paths),
    noteManagers({ metadata }, scale) {
      const entries = toObjectManagers(metadata.managedFields as unknown as ManagedFieldsEntry[] | undefined, scale.metadata.managedFields as unknown as ManagedFieldsEntry[] | undefined, paths, apiVersion);
      if (entries) metadata.managedFields = entries as unknown as NonNullable<typeof metadata.managedFields>;
      else delete metadata.managedFields;
    },
  };
}

/** Throws what is wrong with a Scale that was written. */
export function checkScale(scale: Scale): void {
  const errors = validateScale(scale);
  if (errors.length > 0) throw StatusError.invalid({ group: 'autoscaling', kind: 'Scale' }, scale.metadata.name, errors);
}

const usualPath = ['f:spec', 'f:replicas'];

export function scaleView(apiVersion: string): View {
  const { noteManagers, ...facts } = scaleFacts(apiVersion, new Map([[apiVersion, usualPath]]));
  return {
    ...facts,
    read: (stored) => toScale(stored as unknown as DeepReadonly<Scalable>) as unknown as ReadonlyObject,
    write(object, current) {
      const scale = object as unknown as Scale;
      checkScale(scale);
      const next = thaw<ApiObject>(current!);
      next.metadata.resourceVersion = '';
      // Whose it is meant to be is judged where the object is written.
      if (scale.metadata.uid) next.metadata.uid = scale.metadata.uid;
      applyScale(next as unknown as Scalable, scale);
      noteManagers(next, scale);
      return next;
    },
  };
}
