/** What the type of a service asks for. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as T from './v1/types.ts';

type ReadService = DeepReadonly<T.Service>;

export function needsClusterIP(s: ReadService): boolean {
  return s.spec.type === 'ClusterIP' || s.spec.type === 'NodePort' || s.spec.type === 'LoadBalancer';
}

export function needsNodePort(s: ReadService): boolean {
  if (s.spec.type === 'NodePort') return true;
  return s.spec.type === 'LoadBalancer' && s.spec.allocateLoadBalancerNodePorts !== false;
}

export function needsHealthCheckNodePort(s: ReadService): boolean {
  return s.spec.type === 'LoadBalancer' && s.spec.externalTrafficPolicy === 'Local';
}

export function isHeadless(s: ReadService): boolean {
  return s.spec.clusterIP === 'None';
}
