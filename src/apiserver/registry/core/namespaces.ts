/** Namespaces go in two steps: what they contain first, by the finalizers of their spec, then they themselves. */
import type { Namespace } from '../../../api/core/v1/types.ts';
import { timestamp } from '../../../base/clock.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { ApiObject } from '../../objects.ts';
import { isReleased } from '../deletion.ts';
import type { KindHooks } from '../storage.ts';

const contentFinalizer = 'kubernetes';

export const namespaceHooks: KindHooks = {
  planDeletion(object, now) {
    const namespace = object as unknown as DeepReadonly<Namespace>;
    if (namespace.metadata.deletionTimestamp === undefined) {
      return {
        action: 'mark',
        apply: (going: ApiObject) => {
          const next = going as unknown as Namespace;
          next.metadata.deletionTimestamp = timestamp(now);
          next.status = { ...next.status, phase: 'Terminating' };
          next.spec = { ...next.spec, finalizers: next.spec?.finalizers ?? [contentFinalizer] };
        },
      };
    }
    return (namespace.spec?.finalizers ?? []).length > 0 || (namespace.metadata.finalizers ?? []).length > 0 ? { action: 'wait' } : { action: 'remove' };
  },
  isReleased: (object) => isReleased(object) && ((object as unknown as DeepReadonly<Namespace>).spec?.finalizers ?? []).length === 0,
};
