/** Endpoints that somebody wrote for a service without a selector, once more as slices, which are what is read. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { endpoints, services, type EndpointAddress, type EndpointPort, type Endpoints } from '../../api/core/v1/index.ts';
import { endpointslices, type Endpoint, type EndpointSlice } from '../../api/discovery/v1/index.ts';
import { compareVersions, keyOf, type Informer } from '../../client/informer.ts';
import { controllerReference } from '../../client/owner.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';
import { isNamespaceTerminating } from '../pods/replicas.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const managedBy = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
/** Not the slices' business. */
const keptBack = ['endpoints.kubernetes.io/last-change-trigger-time', 'kubectl.kubernetes.io/last-applied-configuration'];
const maxMirrored = 1000;
const byEndpoints = 'mirrored';

type Slice = DeepReadonly<EndpointSlice>;
type Written = DeepReadonly<Endpoints>;
type Content = Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'>;

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslicemirroring-controller',
  setup: (context) => {
    const informer = context.informer(endpoints);
    const serviceInformer = context.informer(services);
    const slices = context.informer(endpointslices).addIndex(byEndpoints, (slice) => (isOurs(slice) ? [sourceOf(slice)] : []));
    const queue = context.queue(async (key) => {
      const service = serviceInformer.getByKey(key);
      const found = informer.getByKey(key);
      const source = found && service && !service.spec?.selector && isMirrored(found) ? found : undefined;
      try {
        await reconcile(key, source, slices, context);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    }, 5);
    const touched = (object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): void => queue.add(keyOf(object));
    informer.on({ added: touched, updated: touched, deleted: touched });
    serviceInformer.on({ added: touched, updated: touched, deleted: touched });
    const changed = (slice: Slice): void => {
      if (isOurs(slice)) queue.add(sourceOf(slice));
    };
    slices.on({ added: changed, updated: changed, deleted: changed });
  },
};

const isOurs = (slice: Slice): boolean => slice.metadata.labels?.[managedByLabel] === managedBy;
const sourceOf = (slice: Slice): string => `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel]}`;

function isMirrored({ metadata }: Written): boolean {
  return metadata.labels?.[skipLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined;
}

async function reconcile(key: string, source: Written | undefined, informer: Informer<EndpointSlice>, { client }: ControllerContext): Promise<void> {
  const wanted = source ? contents(source) : new Map<string, Content>();
  const head = source && headOf(source);
  let newest = '';
  const wrote = (slice: Slice): void => {
    if (compareVersions(slice.metadata.resourceVersion, newest) > 0) newest = slice.metadata.resourceVersion;
  };
  for (const slice of informer.by(byEndpoints, key)) {
    const group = groupOf(slice.addressType, slice.ports ?? []);
    const content = wanted.get(group);
    wanted.delete(group);
    if (!content || !head) await remove(slice, informer, client);
    else if (canonicalJson([content.endpoints, head.labels, head.annotations]) !== canonicalJson([slice.endpoints ?? [], slice.metadata.labels, slice.metadata.annotations ?? {}])) {
      wrote(await client.update<EndpointSlice>(endpointslices, { ...slice, metadata: { ...slice.metadata, ...head }, ...content } as Slice));
    }
  }
  for (const content of wanted.values()) {
    const { name, namespace = '' } = source!.metadata;
    wrote(await client.create(endpointslices, { metadata: { generateName: `${name}-`, namespace, ...head!, ownerReferences: [controllerReference(endpoints, source!)] }, ...content }));
  }
  if (newest) await informer.reached(newest);
}

async function remove(slice: Slice, informer: Informer<EndpointSlice>, client: ControllerContext['client']): Promise<void> {
  try {
    await client.delete(endpointslices, slice.metadata.name, { namespace: slice.metadata.namespace ?? '' });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  await informer.gone(slice);
}

function headOf({ metadata }: Written): { labels: Record<string, string>; annotations: Record<string, string> } {
  return {
    labels: { ...metadata.labels, [serviceNameLabel]: metadata.name, [managedByLabel]: managedBy },
    annotations: Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => !keptBack.includes(name))),
  };
}

const groupOf = (addressType: string, ports: DeepReadonly<EndpointSlice['ports']>): string => `${addressType} ${canonicalJson(ports)}`;

/** One slice for each family and set of ports: an address that stands in several subsets has the ports of all of them. */
function contents({ subsets = [] }: Written): Map<string, Content> {
  const places = new Map<string, { readonly endpoint: Endpoint; readonly ports: Map<string, DeepReadonly<EndpointPort>> }>();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    for (const [list, ready] of [[addresses, true], [notReadyAddresses, false]] as const) {
      for (const address of list) {
        const endpoint = endpointOf(address, ready);
        const key = canonicalJson(endpoint);
        const place = places.get(key) ?? { endpoint, ports: new Map<string, DeepReadonly<EndpointPort>>() };
        places.set(key, place);
        for (const port of ports) place.ports.set(canonicalJson(port), port);
      }
    }
  }
  const out = new Map<string, Content & { endpoints: Endpoint[] }>();
  for (const { endpoint, ports } of places.values()) {
    const listed = [...ports].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { name = '', port, protocol = 'TCP', appProtocol }]) => ({ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) }));
    const addressType = endpoint.addresses[0]!.includes(':') ? 'IPv6' : 'IPv4';
    const group = groupOf(addressType, listed);
    const content = out.get(group) ?? { addressType, ports: listed, endpoints: [] };
    out.set(group, content);
    if (content.endpoints.length < maxMirrored) content.endpoints.push(endpoint);
  }
  return out;
}

function endpointOf({ ip, hostname, nodeName, targetRef }: DeepReadonly<EndpointAddress>, ready: boolean): Endpoint {
  return {
    addresses: [ip], conditions: { ready },
    ...(hostname ? { hostname } : {}), ...(targetRef ? { targetRef: { ...targetRef } } : {}), ...(nodeName ? { nodeName } : {}),
  };
}
