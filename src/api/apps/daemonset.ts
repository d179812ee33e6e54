/** How often the template of a DaemonSet has changed: an annotation, since apps/v1 has no field for it. */
import { sameValue } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import type * as T from './v1/types.ts';

export const templateGeneration = 'deprecated.daemonset.template.generation';

const parts = specAndStatus<T.DaemonSet>();

export const daemonSetParts: typeof parts = {
  prepareCreate(set, context) {
    parts.prepareCreate(set, context);
    const annotations = (set.metadata.annotations ??= {});
    if (!(Number(annotations[templateGeneration]) >= 1)) annotations[templateGeneration] = '1';
  },
  prepareUpdate(set: T.DaemonSet, old: DeepReadonly<T.DaemonSet>, context: RuleContext) {
    parts.prepareUpdate(set, old, context);
    const before = Number(old.metadata.annotations?.[templateGeneration] ?? 0);
    const changed = context.subresource !== 'status' && !sameValue(set.spec.template, old.spec.template);
    (set.metadata.annotations ??= {})[templateGeneration] = String(changed ? before + 1 : before);
  },
};
