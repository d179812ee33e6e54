/** Rules of the apps kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { immutable } from '../../machinery/fieldpath.ts';
import { nameIsLabel } from '../../machinery/names.ts';
import type { AnyKindRules, KindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { daemonSetParts } from './daemonset.ts';
import * as check from './validation.ts';
import type * as T from './v1/types.ts';

/** Validates updates of the main resource only: a status that a controller writes is not the user's spec. */
function onMain<K>(main: (object: DeepReadonly<K>, old: DeepReadonly<K>) => ReturnType<NonNullable<KindRules<K>['validateUpdate']>>): NonNullable<KindRules<K>['validateUpdate']> {
  return (object, old, context) => (context.subresource === 'status' ? [] : main(object, old));
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Deployment: {
    ...specAndStatus<T.Deployment>({ keepLabels: true }),
    validate: check.validateDeployment,
    validateUpdate: onMain<T.Deployment>((d, old) => [...check.validateDeployment(d), ...check.sameSelector(d, old)]),
    generation: 'spec-and-annotations',
    columns: columns.deploymentColumns,
  },
  ReplicaSet: {
    ...specAndStatus<T.ReplicaSet>(),
    validate: check.validateReplicaSet,
    validateUpdate: onMain<T.ReplicaSet>((r, old) => [...check.validateReplicaSet(r), ...check.sameSelector(r, old)]),
    generation: 'spec',
    columns: columns.replicaSetColumns,
    selectable: { 'status.replicas': (r: T.ReplicaSet) => String(r.status?.replicas ?? 0) },
  },
  StatefulSet: {
    ...specAndStatus<T.StatefulSet>(),
    nameRule: nameIsLabel,
    validate: check.validateStatefulSet,
    validateUpdate: onMain<T.StatefulSet>(check.validateStatefulSetUpdate),
    generation: 'spec',
    columns: columns.statefulSetColumns,
  },
  DaemonSet: {
    ...daemonSetParts,
    validate: check.validateDaemonSet,
    validateUpdate: onMain<T.DaemonSet>((d, old) => [...check.validateDaemonSet(d), ...check.sameSelector(d, old)]),
    generation: 'spec',
    columns: columns.daemonSetColumns,
  },
  ControllerRevision: {
    validate: check.validateRevision,
    validateUpdate: onMain<T.ControllerRevision>((r, old) => [...check.validateRevision(r), ...immutable('data', r.data, old.data)]),
    columns: columns.controllerRevisionColumns,
  },
};
