/** `kubectl top -o json|yaml`: the objects of the metrics API, each with what the flags add. */
import { dumpYaml } from '../../machinery/yaml.ts';
import type { Session } from '../session.ts';
import type { Columns, Subject } from './scene.ts';
import type { NodeMetrics, PodMetrics } from './usage.ts';

/** One object where one was named, else a list. */
export function printData(session: Session, format: 'json' | 'yaml', of: 'pod' | 'node', metrics: readonly (PodMetrics | NodeMetrics)[], columns: Columns, single: boolean): void {
  const [kind, apiVersion] = [of === 'pod' ? 'PodMetrics' : 'NodeMetrics', 'metrics.k8s.io/v1beta1'];
  const items = metrics.map((m) => ({ kind, apiVersion, ...(of === 'pod' ? podData(m as PodMetrics, columns) : { ...m, ...columns.data(m.metadata) }) }));
  const answer = single ? items[0] : { kind: `${kind}List`, apiVersion, metadata: {}, items };
  session.out(format === 'json' ? `${JSON.stringify(answer, undefined, 4)}\n` : dumpYaml(answer));
}

function podData(pod: PodMetrics, columns: Columns): object {
  const subject: Subject = { name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', pod };
  return { ...pod, ...columns.data(subject), containers: (pod.containers ?? []).map((c) => ({ ...c, ...columns.data({ ...subject, container: c.name }) })) };
}
