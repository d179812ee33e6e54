/** Rules of the apps kinds. */
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import type * as T from './v1/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Deployment: { ...specAndStatus<T.Deployment>({ keepLabels: true }), generation: 'spec-and-annotations', columns: columns.deploymentColumns },
  ReplicaSet: {
    ...specAndStatus<T.ReplicaSet>(),
    generation: 'spec',
    columns: columns.replicaSetColumns,
    selectable: { 'status.replicas': (r: T.ReplicaSet) => String(r.status?.replicas ?? 0) },
  },
  StatefulSet: { ...specAndStatus<T.StatefulSet>(), generation: 'spec', columns: columns.statefulSetColumns },
  DaemonSet: { ...specAndStatus<T.DaemonSet>(), generation: 'spec', columns: columns.daemonSetColumns },
  ControllerRevision: { columns: columns.controllerRevisionColumns },
};
