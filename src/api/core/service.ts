/** Rules of services: which fields follow from others, and what an update keeps of what was allocated. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { keep } from '../strategy.ts';
import { serviceColumns } from './columns.ts';
import { needsClusterIP, needsHealthCheckNodePort, needsNodePort } from './service-facts.ts';
import { validateService, validateServiceUpdate } from './validation/service.ts';
import { warnOfIP } from './warnings/addresses.ts';
import { serviceWarnings } from './warnings/objects.ts';
import { nameIsLabel1035 } from '../../machinery/names.ts';
import type * as T from './v1/types.ts';

type ReadService = DeepReadonly<T.Service>;

/** clusterIP and clusterIPs[0] are one value; older clients know only the first. */
function normalizeClusterIPs(s: T.Service, old?: ReadService): void {
  const spec = s.spec;
  const list = spec.clusterIPs ?? [];
  if (!old) {
    if (spec.clusterIP && list.length === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.spec;
  const sameList = (before.clusterIPs ?? []).join() === list.join();
  if ((spec.clusterIP ?? '') === (before.clusterIP ?? '')) return;
  if (!spec.clusterIP && sameList) delete spec.clusterIPs;
  else if (spec.clusterIP && sameList) spec.clusterIPs = [spec.clusterIP];
}

/** What was allocated stays, when an update leaves it out. */
function keepAllocated(s: T.Service, old: ReadService): void {
  const spec = s.spec;
  if (needsClusterIP(s) && needsClusterIP(old)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.spec.clusterIP && old.spec.clusterIPs) spec.clusterIPs = [...old.spec.clusterIPs];
  }
  if (needsNodePort(s) && needsNodePort(old)) {
    const used = new Set((spec.ports ?? []).map((p) => p.nodePort ?? 0));
    for (const p of spec.ports ?? []) {
      if (p.nodePort) continue;
      const before = old.spec.ports?.find((o) => o.port === p.port && o.protocol === p.protocol);
      if (!before?.nodePort || used.has(before.nodePort)) continue;
      p.nodePort = before.nodePort;
      used.add(before.nodePort);
    }
  }
  if (needsHealthCheckNodePort(s) && needsHealthCheckNodePort(old) && !spec.healthCheckNodePort && old.spec.healthCheckNodePort) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

/** Leaving a type drops what only that type has, unless the update changed it on purpose. */
function dropTypeDependent(s: T.Service, old: ReadService): void {
  const spec = s.spec;
  const before = old.spec;
  if (needsClusterIP(old) && !needsClusterIP(s) && spec.clusterIP === before.clusterIP && (spec.clusterIPs ?? []).join() === (before.clusterIPs ?? []).join()) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
  }
  const portsOf = (x: ReadService): string => [...new Set((x.spec.ports ?? []).flatMap((p) => p.nodePort || []))].sort().join();
  const hasPorts = (x: ReadService): boolean => x.spec.type === 'NodePort' || x.spec.type === 'LoadBalancer';
  if (hasPorts(old) && !hasPorts(s) && portsOf(s) === portsOf(old)) for (const p of spec.ports ?? []) delete p.nodePort;
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(s) && spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort;
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
  const outside = (x: ReadService): boolean => hasPorts(x) || (x.spec.type === 'ClusterIP' && (x.spec.externalIPs ?? []).length > 0);
  if (outside(old) && !outside(s) && spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy;
  if (spec.type !== 'LoadBalancer') s.status = { loadBalancer: {} };
}

function prepareUpdate(s: T.Service, old: ReadService, context: RuleContext): void {
  if (context.subresource === 'status') {
    keep(s, old, 'spec');
    return;
  }
  keep(s, old, 'status');
  keepAllocated(s, old);
  normalizeClusterIPs(s, old);
  dropTypeDependent(s, old);
}

export const serviceRules: KindRules<T.Service> = {
  prepareCreate(s) {
    s.status = { loadBalancer: {} };
    if (s.spec.type === 'ExternalName') delete s.spec.internalTrafficPolicy;
    normalizeClusterIPs(s);
  },
  prepareUpdate,
  nameRule: nameIsLabel1035,
  validate: validateService,
  validateUpdate: (s, old, context) => validateServiceUpdate(s, old, context.subresource),
  warnings: (s, _old, { subresource }) => {
    if (subresource !== 'status') return serviceWarnings(s);
    const out: string[] = [];
    for (const [i, p] of (s.status?.loadBalancer?.ingress ?? []).entries()) if (p.ip) warnOfIP(`status.loadBalancer.ingress[${i}]`, p.ip, out);
    return out;
  },
  columns: serviceColumns,
  selectable: { 'spec.clusterIP': (s) => s.spec.clusterIP ?? '', 'spec.type': (s) => s.spec.type ?? '' },
};
