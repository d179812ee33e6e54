/** Writes the endpoints of each service with a selector into slices of at most a hundred. */
import { timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { services, type Pod, type Service } from '../../api/core/v1/index.ts';
import { endpointslices, type Endpoint, type EndpointSlice } from '../../api/discovery/v1/index.ts';
import { compareVersions, type Informer } from '../../client/informer.ts';
import { controllerReference } from '../../client/owner.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { canonicalJson, isReady } from '../pods/pods.ts';
import { isNamespaceTerminating } from '../pods/replicas.ts';
import { addressOf, enqueueServices, familiesOf, hostnameOf, isHeadless, portsFor, serviceWorld, type Family, type ServiceWorld } from './services.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';
const maxEndpoints = 100;
const byService = 'service';

type Slice = DeepReadonly<EndpointSlice>;

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  setup: (context) => {
    const world = serviceWorld(context);
    const slices = context.informer(endpointslices).addIndex(byService, (slice) => (isOurs(slice) ? [serviceKey(slice)] : []));
    const queue = context.queue((key) => reconcile(key, world, slices, context), 5);
    enqueueServices(world, queue);
    const touched = (slice: Slice): void => {
      if (isOurs(slice)) queue.add(serviceKey(slice));
    };
    slices.on({ updated: (slice, old) => (slice.metadata.generation === old.metadata.generation && slice.metadata.generation !== undefined ? undefined : touched(slice)), deleted: touched });
  },
};

const isOurs = (slice: Slice): boolean => slice.metadata.labels?.[managedByLabel] === managedBy;
const serviceKey = (slice: Slice): string => `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel]}`;

async function reconcile(key: string, world: ServiceWorld, informer: Informer<EndpointSlice>, context: ControllerContext): Promise<void> {
  const service = world.services.getByKey(key);
  // Slices of a service that is gone go by garbage collection.
  if (!service?.spec?.selector || service.metadata.deletionTimestamp || service.spec.type === 'ExternalName') return;
  const existing = informer.by(byService, key);
  const families = familiesOf(service);
  const changes: Change[] = existing.filter((s) => !families.includes(s.addressType as Family)).map((slice) => ({ delete: slice }));
  for (const family of families) changes.push(...plan(service, family, existing.filter((s) => s.addressType === family), world));
  try {
    await apply(changes, service, informer, context);
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    context.events.event(services, service, 'Warning', 'FailedToUpdateEndpointSlices', `Error updating Endpoint Slices for Service ${key}: ${(error as Error).message}`);
    throw error;
  }
}

type Content = Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'>;
type Change = { readonly create: Content } | { readonly update: Slice; readonly content: Content } | { readonly delete: Slice };

function endpointOf(pod: DeepReadonly<Pod>, service: DeepReadonly<Service>, family: Family, world: ServiceWorld): Endpoint {
  const ready = isReady(pod);
  const terminating = !!pod.metadata.deletionTimestamp;
  const publish = service.spec?.publishNotReadyAddresses ?? false;
  const { name, namespace = '', uid } = pod.metadata;
  const hostname = hostnameOf(pod, service);
  const zone = world.zoneOf(pod.spec?.nodeName);
  return {
    addresses: [addressOf(pod, family)!],
    conditions: { ready: publish || (ready && !terminating), serving: publish || ready, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

/** Endpoints stay in the slice they are in, so that a change of one pod rewrites one slice. */
function plan(service: DeepReadonly<Service>, family: Family, existing: readonly Slice[], world: ServiceWorld): Change[] {
  const groups = new Map<string, { ports: EndpointSlice['ports']; wanted: Map<string, Endpoint> }>();
  for (const pod of world.podsBehind(service)) {
    if (!addressOf(pod, family)) continue;
    const ports = portsFor(service, pod);
    const key = canonicalJson(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, wanted: new Map() }));
    group.wanted.set(pod.metadata.uid, endpointOf(pod, service, family, world));
  }
  const changes: Change[] = [];
  const used = new Set<Slice>();
  for (const [key, { ports, wanted }] of groups) {
    const slices = existing.filter((s) => canonicalJson(s.ports ?? []) === key);
    changes.push(...fill(slices, wanted, { addressType: family, ports }));
    slices.forEach((s) => used.add(s));
  }
  const unused = existing.filter((s) => !used.has(s));
  // A service without endpoints keeps one empty slice to say so.
  if (groups.size === 0) {
    const keep = unused.shift();
    const content: Content = { addressType: family, endpoints: [], ports: [] };
    changes.push(keep ? { update: keep, content } : { create: content });
  }
  return [...changes, ...unused.map((slice) => ({ delete: slice }))];
}

function fill(slices: readonly Slice[], wanted: Map<string, Endpoint>, base: Omit<Content, 'endpoints'>): Change[] {
  const kept = slices.map((slice) => ({
    slice,
    endpoints: (slice.endpoints ?? []).flatMap((e) => {
      const uid = e.targetRef?.uid ?? '';
      const found = wanted.get(uid);
      wanted.delete(uid);
      return found ? [found] : [];
    }),
  }));
  const rest = [...wanted.values()];
  for (const { endpoints } of kept) endpoints.push(...rest.splice(0, Math.max(0, maxEndpoints - endpoints.length)));
  const changes: Change[] = [];
  while (rest.length > 0) changes.push({ create: { ...base, endpoints: rest.splice(0, maxEndpoints) } });
  for (const { slice, endpoints } of kept) changes.push(endpoints.length > 0 ? { update: slice, content: { ...base, endpoints } } : { delete: slice });
  return changes;
}

async function apply(changes: readonly Change[], service: DeepReadonly<Service>, informer: Informer<EndpointSlice>, { client, surroundings }: ControllerContext): Promise<void> {
  const { name, namespace = '' } = service.metadata;
  const labels: Record<string, string> = { ...service.metadata.labels, [serviceNameLabel]: name, [managedByLabel]: managedBy };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = '';
  const triggered = { 'endpoints.kubernetes.io/last-change-trigger-time': timestamp(surroundings.clock.now()) };
  let newest = '';
  const wrote = (slice: Slice): void => {
    if (compareVersions(slice.metadata.resourceVersion, newest) > 0) newest = slice.metadata.resourceVersion;
  };
  for (const change of changes) {
    if ('create' in change) {
      const metadata = { generateName: `${name}-`, namespace, labels, annotations: triggered, ownerReferences: [controllerReference(services, service)] };
      wrote(await client.create(endpointslices, { metadata, ...change.create }));
    } else if ('update' in change) {
      const { update: slice, content } = change;
      const same = canonicalJson([content.endpoints, content.ports, labels]) === canonicalJson([slice.endpoints ?? [], slice.ports ?? [], slice.metadata.labels]);
      if (same) continue;
      const annotations = { ...slice.metadata.annotations, ...triggered };
      wrote(await client.update<EndpointSlice>(endpointslices, { ...slice, metadata: { ...slice.metadata, labels, annotations }, ...content } as Slice));
    } else {
      try {
        await client.delete(endpointslices, change.delete.metadata.name, { namespace });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      await informer.gone(change.delete);
    }
  }
  if (newest) await informer.reached(newest);
}
