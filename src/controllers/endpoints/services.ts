/** Which pods stand behind a service, and at which ports: shared by endpoint slices and endpoints. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { nodes, pods, services, type Pod, type Service, type ServicePort } from '../../api/core/v1/index.ts';
import { isFinished } from '../../api/core/podresources.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import type { ControllerContext } from '../harness/controller.ts';
import { canonicalJson, isReady } from '../pods/pods.ts';

export type Family = 'IPv4' | 'IPv6';

export interface ServiceWorld {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  zoneOf(nodeName: string | undefined): string | undefined;
  podsBehind(service: DeepReadonly<Service>): DeepReadonly<Pod>[];
}

export function serviceWorld(context: ControllerContext): ServiceWorld {
  const serviceInformer = context.informer(services);
  const podInformer = context.informer(pods);
  const nodeInformer = context.informer(nodes);
  return {
    services: serviceInformer,
    pods: podInformer,
    zoneOf: (name) => (name ? nodeInformer.get(name)?.metadata.labels?.['topology.kubernetes.io/zone'] : undefined),
    podsBehind: (service) =>
      podInformer.list(service.metadata.namespace ?? '').filter((pod) => selects(service, pod) && !isFinished(pod) && (pod.status?.podIPs?.length || pod.status?.podIP)),
  };
}

export function selects(service: DeepReadonly<Service>, pod: DeepReadonly<Pod>): boolean {
  const selector = service.spec?.selector;
  if (!selector) return false;
  const labels = pod.metadata.labels ?? {};
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}

/** Puts a service into the queue when it or anything behind it changes. */
export function enqueueServices(world: ServiceWorld, queue: WorkQueue): void {
  world.services.on({ added: (s) => queue.add(keyOf(s)), updated: (s) => queue.add(keyOf(s)), deleted: (s) => queue.add(keyOf(s)) });
  const touched = (pod: DeepReadonly<Pod>): void => {
    for (const service of world.services.list(pod.metadata.namespace ?? '')) if (selects(service, pod)) queue.add(keyOf(service));
  };
  world.pods.on({
    added: touched,
    updated: (pod, old) => {
      if (facts(pod) === facts(old)) return;
      touched(pod);
      if (canonicalJson(pod.metadata.labels) !== canonicalJson(old.metadata.labels)) touched(old);
    },
    deleted: touched,
  });
}

function facts(pod: DeepReadonly<Pod>): string {
  const { metadata, spec, status } = pod;
  return JSON.stringify([metadata.labels, !!metadata.deletionTimestamp, spec?.nodeName, spec?.hostname, spec?.subdomain, isReady(pod), isFinished(pod), status?.podIP, status?.podIPs]);
}

/** The number behind a named or numbered target port; undefined when the pod has no such port. */
export function targetPort(port: DeepReadonly<ServicePort>, pod: DeepReadonly<Pod>): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  for (const container of containers) {
    const found = container.ports?.find((p) => p.name === target && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (found) return found.containerPort;
  }
  return undefined;
}

export function addressOf(pod: DeepReadonly<Pod>, family: Family): string | undefined {
  const addresses = pod.status?.podIPs?.map((p) => p.ip) ?? (pod.status?.podIP ? [pod.status.podIP] : []);
  return addresses.find((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4') === family);
}

export function familiesOf(service: DeepReadonly<Service>): Family[] {
  const families = (service.spec?.ipFamilies ?? []) as Family[];
  return families.length ? families : [(service.spec?.clusterIP ?? '').includes(':') ? 'IPv6' : 'IPv4'];
}

/** A name of its own in DNS, for pods that ask for it in this service's domain. */
export function hostnameOf(pod: DeepReadonly<Pod>, service: DeepReadonly<Service>): string | undefined {
  return pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
}

export function isHeadless(service: DeepReadonly<Service>): boolean {
  return service.spec?.clusterIP === 'None';
}

/** Sorted by port name, so that the same ports give the same group. */
export function portsFor(service: DeepReadonly<Service>, pod: DeepReadonly<Pod>): { name: string; port: number; protocol: string; appProtocol?: string }[] {
  return (service.spec?.ports ?? [])
    .flatMap((p) => {
      const port = targetPort(p, pod);
      return port === undefined ? [] : [{ name: p.name ?? '', port, protocol: p.protocol ?? 'TCP', ...(p.appProtocol ? { appProtocol: p.appProtocol } : {}) }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
