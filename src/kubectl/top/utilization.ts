/** Beyond upstream: what share of its requests and limits a pod uses. Absent requests or limits give `-`, never 0 %. */
import type { Session } from '../session.ts';
import { podsOf, type Columns, type ColumnSource, type Scene, type Subject } from './scene.ts';
import { percentText, sum, usageOf, type Resource, type Usage } from './usage.ts';

const headers = ['CPU(req%)', 'CPU(lim%)', 'MEMORY(req%)', 'MEMORY(lim%)'];
const shares = [['cpu', 'requests'], ['cpu', 'limits'], ['memory', 'requests'], ['memory', 'limits']] as const;

export function utilizationColumns(session: Session): ColumnSource {
  return (scene) => read(session, scene);
}

async function read(session: Session, scene: Scene): Promise<Columns> {
  const key = (m: { readonly name: string; readonly namespace?: string }): string => `${m.namespace ?? ''}/${m.name}`;
  const pods = new Map((await podsOf(session, scene)).map((pod) => [key(pod.metadata), pod.spec.containers]));
  const cells = ({ pod, container }: Subject): string[] => {
    const measured = (pod?.containers ?? []).filter((c) => container === undefined || c.name === container);
    const declared = measured.map((c) => pods.get(key(pod!.metadata))?.find((d) => d.name === c.name)?.resources);
    const usage = sum(measured.map((c) => usageOf(c.usage)), ['cpu', 'memory']);
    return shares.map(([resource, of]: readonly [Resource, 'requests' | 'limits']) => {
      // One container without a limit has no share of a limit, and neither has its pod.
      if (declared.length === 0 || declared.some((d) => d?.[of]?.[resource] === undefined)) return '-';
      const whole: Usage = sum(declared.map((d) => usageOf(d?.[of])), [resource]);
      return percentText(resource, usage, whole[resource]!);
    });
  };
  return {
    headers, cells,
    data: (of) => {
      const percent = cells(of).map((cell) => (cell === '-' ? undefined : Number(cell.slice(0, -1))));
      const found = shares.flatMap(([resource, part], i) => (percent[i] === undefined ? [] : [[`${resource}Of${part === 'requests' ? 'Requests' : 'Limits'}`, percent[i]]]));
      return found.length ? { utilizationPercent: Object.fromEntries(found) as object } : {};
    },
  };
}
