/** The scale subresource: the size of whatever has one, seen and written as a Scale. */
import { applyScale, toScale, validateScale, type Scalable } from '../../api/autoscaling/scale.ts';
import type { Scale } from '../../api/autoscaling/v1/types.ts';
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { View } from './views.ts';

export const scaleView: View = {
  type: 'autoscaling.v1.Scale', version: 'autoscaling.v1', group: 'autoscaling', apiVersion: 'autoscaling/v1', kind: 'Scale',
  identity: false,
  read: (stored) => toScale(stored as unknown as DeepReadonly<Scalable>) as unknown as ReadonlyObject,
  write(object, current) {
    const scale = object as unknown as Scale;
    const errors = validateScale(scale);
    if (errors.length > 0) throw StatusError.invalid({ group: 'autoscaling', kind: 'Scale' }, scale.metadata.name, errors);
    const next = thaw<ApiObject>(current!);
    next.metadata.resourceVersion = '';
    applyScale(next as unknown as Scalable, scale);
    return next;
  },
};
