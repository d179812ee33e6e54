/** Rules of the apps kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { nameIsLabel } from '../../machinery/names.ts';
import type { AnyKindRules, KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { dropDisabledOfTemplate } from '../core/disabled.ts';
import { templateRule, templateWarnings } from '../core/warnings/pod.ts';
import { warnOfClaim } from '../core/warnings/volumes.ts';
import { andTemplate, specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { daemonSetParts } from './daemonset.ts';
import * as check from './validation.ts';
import type * as T from './v1/types.ts';

type Check<K> = (object: DeepReadonly<K>, old: DeepReadonly<K>) => ReturnType<NonNullable<KindRules<K>['validateUpdate']>>;

/** A status that a controller writes is judged apart from the user's spec. */
function updates<K>(main: Check<K>, status: Check<K>): NonNullable<KindRules<K>['validateUpdate']> {
  return (object, old, context) => (context.subresource === 'status' ? status : main)(object, old);
}

/** Several pods at a time is behind a gate that is off. */
function dropOfStatefulSet(spec: T.StatefulSetSpec, old?: DeepReadonly<T.StatefulSetSpec>): void {
  dropDisabledOfTemplate(spec.template, old?.template);
  const rolling = spec.updateStrategy.rollingUpdate;
  if (rolling?.maxUnavailable !== undefined && old?.updateStrategy.rollingUpdate?.maxUnavailable === undefined) delete rolling.maxUnavailable;
}

function statefulSetWarnings(s: DeepReadonly<T.StatefulSet>, old: DeepReadonly<T.StatefulSet> | undefined, { subresource }: RuleContext): string[] {
  if (subresource !== '') return [];
  const out = old && old.metadata.generation === s.metadata.generation ? [] : templateWarnings(s.spec.template, 'spec.template');
  for (const [i, c] of (s.spec.volumeClaimTemplates ?? []).entries()) warnOfClaim(c.spec, `spec.volumeClaimTemplates[${i}]${old ? '.Spec' : ''}`, out);
  if ((s.spec.revisionHistoryLimit ?? 0) < 0) out.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Deployment: {
    ...andTemplate(specAndStatus<T.Deployment>({ keepLabels: true }), (d) => d.spec.template, dropDisabledOfTemplate),
    warnings: templateRule<T.Deployment>((d) => d.spec.template, 'spec.template', true),
    validate: check.validateDeployment,
    validateUpdate: updates<T.Deployment>((d, old) => [...check.validateDeployment(d), ...check.sameSelector(d, old)], check.validateDeploymentStatus),
    generation: 'spec-and-annotations',
    columns: columns.deploymentColumns,
  },
  ReplicaSet: {
    ...andTemplate(specAndStatus<T.ReplicaSet>(), (r) => r.spec.template, dropDisabledOfTemplate),
    warnings: templateRule<T.ReplicaSet>((r) => r.spec.template, 'spec.template', true),
    validate: check.validateReplicaSet,
    validateUpdate: updates<T.ReplicaSet>((r, old) => [...check.validateReplicaSet(r), ...check.sameSelector(r, old)], check.validateReplicaSetStatus),
    generation: 'spec',
    columns: columns.replicaSetColumns,
  },
  StatefulSet: {
    ...andTemplate(specAndStatus<T.StatefulSet>(), (s) => s.spec, dropOfStatefulSet),
    warnings: statefulSetWarnings,
    nameRule: nameIsLabel,
    validate: check.validateStatefulSet,
    validateUpdate: updates<T.StatefulSet>(check.validateStatefulSetUpdate, check.validateStatefulSetStatus),
    generation: 'spec',
    columns: columns.statefulSetColumns,
  },
  DaemonSet: {
    ...andTemplate(daemonSetParts, (d: T.DaemonSet) => d.spec.template, dropDisabledOfTemplate),
    warnings: templateRule<T.DaemonSet>((d) => d.spec.template, 'spec.template', false),
    validate: check.validateDaemonSet,
    validateUpdate: updates<T.DaemonSet>((d, old) => [...check.sameSelector(d, old), ...check.validateDaemonSet(d)], check.validateDaemonSetStatus),
    generation: 'spec',
    columns: columns.daemonSetColumns,
  },
  ControllerRevision: {
    metadataChecks: [4, 3],
    validate: check.validateRevision,
    validateUpdate: check.validateRevisionUpdate,
    columns: columns.controllerRevisionColumns,
  },
};
