/** A definition goes only after the objects of its kind. */
import type { CustomResourceDefinition } from '../../api/apiextensions/v1/types.ts';
import { timestamp } from '../../base/clock.ts';
import type { ApiObject } from '../objects.ts';
import type { KindHooks } from '../registry/storage.ts';
import { withCondition } from './names.ts';

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** Hooks of the storage of definitions: the first delete only marks. */
export const definitionHooks: KindHooks = {
  planDeletion(object, now) {
    if (object.metadata.deletionTimestamp !== undefined) return undefined;
    return {
      action: 'mark',
      apply(marked: ApiObject) {
        const { metadata, status } = marked as unknown as CustomResourceDefinition;
        if ((metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1;
        metadata.deletionTimestamp = timestamp(now);
        metadata.deletionGracePeriodSeconds = 0;
        if (!metadata.finalizers?.includes(cleanupFinalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), cleanupFinalizer];
        status.conditions = withCondition(status.conditions ?? [], {
          type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        }, timestamp(now));
      },
    };
  },
};
