/** Beyond upstream: what share of its requests and limits a pod uses. Absent requests or limits give `-`, never 0 %. */
import type { Session } from '../session.ts';
import { percentText, sum, usageOf, type Amounts, type PodMetrics, type Resource, type Usage } from './usage.ts';

interface PodObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts } }[] };
}

export const utilizationColumns = ['CPU(req%)', 'CPU(lim%)', 'MEMORY(req%)', 'MEMORY(lim%)'] as const;

export interface Shares {
  /** The four cells of a pod, or of one of its containers. */
  cells(pod: PodMetrics, container?: string): string[];
}

export async function readShares(session: Session, scope: string, name: string | undefined, query: Readonly<Record<string, string>>): Promise<Shares> {
  const list = name ? [await session.json(`/api/v1${scope}/pods/${name}`)] : ((await session.json(`/api/v1${scope}/pods`, { query }))['items'] ?? []);
  const key = (m: PodObject['metadata']): string => `${m.namespace ?? ''}/${m.name}`;
  const pods = new Map((list as unknown as PodObject[]).map((pod) => [key(pod.metadata), pod.spec.containers]));
  return {
    cells: (pod, container) => {
      const measured = (pod.containers ?? []).filter((c) => container === undefined || c.name === container);
      const declared = measured.map((c) => pods.get(key(pod.metadata))?.find((d) => d.name === c.name)?.resources);
      const usage = sum(measured.map((c) => usageOf(c.usage)), ['cpu', 'memory']);
      const share = (resource: Resource, of: 'requests' | 'limits'): string => {
        // One container without a limit has no share of a limit, and neither has its pod.
        if (declared.length === 0 || declared.some((d) => d?.[of]?.[resource] === undefined)) return '-';
        const whole: Usage = sum(declared.map((d) => usageOf(d?.[of])), [resource]);
        return percentText(resource, usage, whole[resource]!);
      };
      return [share('cpu', 'requests'), share('cpu', 'limits'), share('memory', 'requests'), share('memory', 'limits')];
    },
  };
}
