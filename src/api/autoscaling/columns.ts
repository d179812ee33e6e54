/** Table columns of HorizontalPodAutoscaler (v2) and Scale. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import { none, unset } from '../columns.ts';
import type { Scale } from './v1/types.ts';
import type * as T from './v2/types.ts';

type Target = DeepReadonly<T.MetricTarget> | undefined;
type Current = DeepReadonly<T.MetricValueStatus> | undefined;

/** What a status says: nothing yet, or of something else. */
function said(current: Current, value: string | undefined): string {
  return current ? (value ?? '<nil>') : '<unknown>';
}

function resourceText(name: string, target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${name}: ${said(current, current?.averageValue)}/${target.averageValue}`;
  const now = current?.averageUtilization === undefined ? '<unknown>' : `${current.averageUtilization}%`;
  return `${name}: ${now}/${target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`;
}

function valueText(target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`;
  return `${said(current, current?.value)}/${target?.value ?? '<nil>'}`;
}

function metricText(spec: DeepReadonly<T.MetricSpec>, status: DeepReadonly<T.MetricStatus> | undefined): string {
  switch (spec.type) {
    case 'External': return valueText(spec.external?.target, status?.external?.current);
    case 'Object': return valueText(spec.object?.target, status?.object?.current);
    case 'Pods': return `${said(status?.pods?.current, status?.pods?.current.averageValue)}/${spec.pods?.target.averageValue ?? '<nil>'}`;
    case 'Resource': return resourceText(spec.resource?.name ?? '', spec.resource?.target, status?.resource?.current);
    case 'ContainerResource': return resourceText(spec.containerResource?.name ?? '', spec.containerResource?.target, status?.containerResource?.current);
    default: return '<unknown type>';
  }
}

function targets(h: DeepReadonly<T.HorizontalPodAutoscaler>): string {
  const specs = h.spec.metrics ?? [];
  if (specs.length === 0) return none;
  const texts = specs.map((s, i) => metricText(s, h.status?.currentMetrics?.[i]));
  const shown = texts.slice(0, 2).join(', ');
  return texts.length > 2 ? `${shown} + ${texts.length - 2} more...` : shown;
}

export const horizontalPodAutoscalerColumns = columnList<T.HorizontalPodAutoscaler>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Reference', 'What is scaled.', (h) => `${h.spec.scaleTargetRef.kind}/${h.spec.scaleTargetRef.name}`),
  column('Targets', 'Present and wanted values of the metrics.', targets),
  column('MinPods', 'Fewest pods.', (h) => (h.spec.minReplicas === undefined ? unset : `${h.spec.minReplicas}`)),
  column('MaxPods', 'Most pods.', (h) => h.spec.maxReplicas),
  column('Replicas', 'Pods now.', (h) => h.status?.currentReplicas ?? 0),
  ageColumn,
]);

export const scaleColumns = columnList<Scale>(({ column, integer, ageColumn }) => [
  // Of a column of its own: it does not say that it is one of names.
  column('Name', 'Name of what has the size.', (s) => s.metadata.name),
  integer('Desired', 'Pods that should run.', (s) => s.spec?.replicas ?? 0),
  integer('Available', 'Pods that exist.', (s) => s.status?.replicas ?? 0),
  ageColumn,
]);
