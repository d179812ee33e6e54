/** The quality-of-service class of a pod: who is evicted first. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type * as T from './v1/types.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
type Resources = DeepReadonly<T.ResourceRequirements> | undefined;

const qosResources = ['cpu', 'memory'];

function amounts(list: Readonly<Record<string, string>> | undefined): Map<string, string> {
  return new Map(Object.entries(list ?? {}).filter(([name, amount]) => qosResources.includes(name) && parseQuantity(amount).sign() > 0));
}

/** The class that decides who is evicted first; from the pod's own resources where it has any, else from its containers'. */
export function qosClass(spec: DeepReadonly<T.PodSpec>): QosClass {
  const sources: Resources[] = spec.resources ? [spec.resources] : [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((c) => c.resources);
  let any = false;
  let guaranteed = true;
  for (const r of sources) {
    const requests = amounts(r?.requests);
    const limits = amounts(r?.limits);
    if (requests.size + limits.size > 0) any = true;
    for (const name of qosResources) {
      const limit = limits.get(name);
      const request = requests.get(name) ?? limit;
      if (limit === undefined || request === undefined || parseQuantity(limit).cmp(parseQuantity(request)) !== 0) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
