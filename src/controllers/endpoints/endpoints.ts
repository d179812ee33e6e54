/** The older form of a service's endpoints: one object, ready and not ready addresses, at most a thousand. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { endpoints, services, type EndpointAddress, type Endpoints, type EndpointSubset, type Pod, type Service } from '../../api/core/v1/index.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { canonicalJson, isReady } from '../pods/pods.ts';
import { isNamespaceTerminating } from '../pods/replicas.ts';
import { addressOf, enqueueServices, familiesOf, hostnameOf, isHeadless, portsFor, serviceWorld, type ServiceWorld } from './services.ts';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const headlessLabel = 'service.kubernetes.io/headless';
const capacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
const maxAddresses = 1000;

export const endpointsController: Controller = {
  name: 'endpoints-controller',
  account: 'endpoint-controller',
  source: 'endpoint-controller',
  setup: (context) => {
    const world = serviceWorld(context);
    const informer = context.informer(endpoints);
    const queue = context.queue((key) => reconcile(key, world, informer, context), 5);
    enqueueServices(world, queue);
    informer.on({ deleted: (e) => queue.add(keyOf(e)) });
  },
};

async function reconcile(key: string, world: ServiceWorld, informer: Informer<Endpoints>, context: ControllerContext): Promise<void> {
  const service = world.services.getByKey(key);
  const found = informer.getByKey(key);
  if (!service) {
    // Only what this controller made; others belong to whoever made them.
    if (found?.metadata.labels?.[managedByLabel]) await removeOld(found, context);
    return;
  }
  if (!service.spec?.selector || service.spec.type === 'ExternalName' || service.metadata.deletionTimestamp) return;
  const { subsets, truncated } = subsetsOf(service, world);
  const labels: Record<string, string> = { ...service.metadata.labels, [managedByLabel]: 'endpoint-controller' };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = '';
  const annotations: Record<string, string> = { ...found?.metadata.annotations };
  delete annotations[capacityAnnotation];
  if (truncated) annotations[capacityAnnotation] = 'truncated';
  const { name, namespace = '' } = service.metadata;
  if (found && canonicalJson([found.subsets ?? [], found.metadata.labels, found.metadata.annotations ?? {}]) === canonicalJson([subsets, labels, annotations])) return;
  try {
    const written = found
      ? await context.client.update<Endpoints>(endpoints, { ...found, metadata: { ...found.metadata, labels, annotations }, subsets } as DeepReadonly<Endpoints>)
      : await context.client.create(endpoints, { metadata: { name, namespace, labels, annotations }, subsets });
    await informer.reached(written.metadata.resourceVersion);
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    context.events.event(services, service, 'Warning', 'FailedToUpdateEndpoint', `Failed to update endpoint ${key}: ${(error as Error).message}`);
    throw error;
  }
}

async function removeOld(found: DeepReadonly<Endpoints>, { client }: ControllerContext): Promise<void> {
  const { name, namespace = '', uid } = found.metadata;
  try {
    await client.delete(endpoints, name, { namespace, preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}

function subsetsOf(service: DeepReadonly<Service>, world: ServiceWorld): { subsets: EndpointSubset[]; truncated: boolean } {
  const family = familiesOf(service)[0]!;
  const publish = service.spec?.publishNotReadyAddresses ?? false;
  const behind = world.podsBehind(service).filter((pod) => (publish || !pod.metadata.deletionTimestamp) && addressOf(pod, family));
  const isUp = (pod: DeepReadonly<Pod>): boolean => publish || isReady(pod);
  const ordered = [...behind].sort((a, b) => Number(isUp(b)) - Number(isUp(a)) || compare(addressOf(a, family)!, addressOf(b, family)!));
  const groups = new Map<string, { ports: EndpointSubset['ports']; up: EndpointAddress[]; down: EndpointAddress[] }>();
  for (const pod of ordered.slice(0, maxAddresses)) {
    const ports = portsFor(service, pod).map(({ name, ...port }) => ({ ...(name ? { name } : {}), ...port }));
    const key = canonicalJson(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, up: [], down: [] }));
    const { name, namespace = '', uid } = pod.metadata;
    const hostname = hostnameOf(pod, service);
    const address = { ip: addressOf(pod, family)!, ...(hostname ? { hostname } : {}), ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}), targetRef: { kind: 'Pod', namespace, name, uid } };
    (isUp(pod) ? group.up : group.down).push(address);
  }
  const subsets = [...groups].sort(([a], [b]) => compare(a, b)).map(([, { ports, up, down }]) => ({
    ...(up.length ? { addresses: up } : {}), ...(down.length ? { notReadyAddresses: down } : {}), ...(ports?.length ? { ports } : {}),
  }));
  return { subsets, truncated: ordered.length > maxAddresses };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
