/** What objects count for against a quota: pure. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { Quantity, parseQuantity } from '../../machinery/quantity.ts';
import type { PersistentVolumeClaim, Pod, ResourceQuota, ScopedResourceSelectorRequirement, Service } from './v1/types.ts';
import { isFinished, podAmounts } from './podresources.ts';

export type Usage = Map<string, Quantity>;

const one = parseQuantity('1');

function add(usage: Usage, name: string, amount: Quantity): void {
  const before = usage.get(name);
  usage.set(name, before ? before.add(amount) : amount);
}

export function podUsage(pod: DeepReadonly<Pod>): Usage {
  const usage: Usage = new Map();
  add(usage, 'count/pods', one);
  if (isFinished(pod)) return usage;
  add(usage, 'pods', one);
  for (const side of ['requests', 'limits'] as const) {
    for (const [name, amount] of podAmounts(pod, side)) {
      const quantity = name === 'cpu' ? Quantity.ofMilli(amount) : Quantity.of(amount, 'BinarySI');
      add(usage, `${side}.${name}`, quantity);
      if (side === 'requests' && (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage')) add(usage, name, quantity);
    }
  }
  return usage;
}

export function serviceUsage(service: DeepReadonly<Service>): Usage {
  const usage: Usage = new Map([['services', one], ['count/services', one]]);
  const { type, ports = [], allocateLoadBalancerNodePorts } = service.spec ?? {};
  if (type === 'LoadBalancer') add(usage, 'services.loadbalancers', one);
  // Ports that nobody may allocate count only where they are named.
  const counted = type === 'LoadBalancer' && allocateLoadBalancerNodePorts === false ? ports.filter((p) => p.nodePort) : ports;
  if ((type === 'NodePort' || type === 'LoadBalancer') && counted.length > 0) add(usage, 'services.nodeports', Quantity.of(counted.length));
  return usage;
}

export function claimUsage(claim: DeepReadonly<PersistentVolumeClaim>): Usage {
  const usage: Usage = new Map([['persistentvolumeclaims', one], ['count/persistentvolumeclaims', one]]);
  const asked = claim.spec?.resources?.requests?.['storage'];
  const prefix = claim.spec?.storageClassName ? `${claim.spec.storageClassName}.storageclass.storage.k8s.io/` : undefined;
  if (prefix) add(usage, `${prefix}persistentvolumeclaims`, one);
  if (asked) for (const name of ['requests.storage', ...(prefix ? [`${prefix}requests.storage`] : [])]) add(usage, name, parseQuantity(asked));
  return usage;
}

/** Claims know one scope: the attributes class that they ask for or have. */
export function claimInScope(quota: DeepReadonly<ResourceQuota>, claim: DeepReadonly<PersistentVolumeClaim>): boolean {
  const names = [claim.spec?.volumeAttributesClassName, claim.status?.modifyVolumeStatus?.targetVolumeAttributesClassName, claim.status?.currentVolumeAttributesClassName].filter((name) => !!name) as string[];
  if (quota.spec?.scopes?.some((scope) => scope !== 'VolumeAttributesClass')) return false;
  const scopes = [...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })), ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
  return scopes.every(({ scopeName, operator, values = [] }) => {
    if (scopeName !== 'VolumeAttributesClass') return false;
    if (operator === 'In') return names.some((name) => values.includes(name));
    if (operator === 'NotIn') return !names.some((name) => values.includes(name));
    return operator === 'Exists' ? names.length > 0 : names.length === 0;
  });
}

/** Whether all scopes of the quota apply to the pod. */
export function inScope(quota: DeepReadonly<ResourceQuota>, pod: DeepReadonly<Pod>): boolean {
  const scopes = (quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...scopes, ...(quota.spec?.scopeSelector?.matchExpressions ?? [])].every((r) => scopeFits(r, pod));
}

export function scopeFits({ scopeName, operator, values = [] }: DeepReadonly<ScopedResourceSelectorRequirement>, pod: DeepReadonly<Pod>): boolean {
  const bestEffort = podAmounts(pod, 'requests').size + podAmounts(pod, 'limits').size === 0;
  const terms = [...(pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...(pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])];
  switch (scopeName) {
    case 'Terminating':
      return pod.spec?.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return pod.spec?.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'CrossNamespacePodAffinity':
      return terms.some((t) => t.namespaces?.length || t.namespaceSelector);
    case 'PriorityClass': {
      const name = pod.spec?.priorityClassName ?? '';
      if (operator === 'In') return values.includes(name);
      if (operator === 'NotIn') return !values.includes(name);
      return operator === 'Exists' ? name !== '' : name === '';
    }
    default:
      return false;
  }
}
