/** What every cluster has from the start: namespaces, roles, priority classes, the `kubernetes` service. */
import { configmaps, endpoints, namespaces, services } from '../../api/core/v1/index.ts';
import { apiservices } from '../../api/apiregistration/v1/index.ts';
import type { ResourceRef } from '../../api/reference.ts';
import { endpointslices } from '../../api/discovery/v1/index.ts';
import { servicecidrs } from '../../api/networking/v1/index.ts';
import { priorityclasses } from '../../api/scheduling/v1/index.ts';
import type { Client } from '../../client/client.ts';
import { thaw, type Draft } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import type { FrontProxyConfig } from '../config.ts';
import { addressAt, type Range } from '../registry/core/addresses.ts';
import { reconcilePolicy } from './reconcile.ts';

export interface BootstrapOptions {
  readonly client: Client;
  readonly serviceRange: Range;
  /** What this server serves itself, with the priorities that discovery orders by. */
  readonly groupVersions: readonly GroupVersion[];
  readonly advertiseAddress: string;
  readonly serviceNodePort?: number | undefined;
  readonly publishEndpoints?: boolean | undefined;
  readonly port: number;
  readonly clientAuthority: string | undefined;
  readonly frontProxy: FrontProxyConfig | undefined;
  /** RFC 3339. */
  readonly now: string;
}

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
}

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { client } = options;
  await Promise.all(systemNamespaces.map((name) => ensure(client, namespaces, { metadata: { name } })));
  await Promise.all([
    reconcilePolicy(client),
    ...priorities.map((c) => ensure(client, priorityclasses, c)),
    ...options.groupVersions.map((gv) => ensureLocalService(options, gv)),
    ensureServiceCidr(options),
    publishAuthentication(options),
    trackLegacyTokens(options),
    publishKubernetesService(options),
  ]);
}

interface Named {
  readonly metadata?: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined;
}

/** Creates what is not there; what is there stays as it is. */
async function ensure<T>(client: Client, ref: ResourceRef<T>, object: Draft<T>): Promise<void> {
  const { name = '', namespace } = (object as Named).metadata ?? {};
  try {
    await client.get(ref, name, namespace ? { namespace } : {});
    return;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  try {
    await client.create(ref, object, namespace ? { namespace } : {});
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

const priorities = [
  { metadata: { name: 'system-node-critical' }, value: 2_000_001_000, description: 'Used for system critical pods that must not be moved from their current node.' },
  { metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000, description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.' },
];

async function ensureLocalService({ client, now }: BootstrapOptions, { group, version, groupPriority, versionPriority }: GroupVersion): Promise<void> {
  const name = `${version}.${group}`;
  await ensure(client, apiservices, {
    metadata: { name, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
    spec: { ...(group === '' ? {} : { group }), version, groupPriorityMinimum: groupPriority, versionPriority },
  });
  const service = await client.get(apiservices, name);
  if (service.status?.conditions?.some((c) => c.type === 'Available')) return;
  const status = { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: now, reason: 'Local', message: 'Local APIServices are always available' }] };
  await client.update(apiservices, { ...service, status }, { subresource: 'status' });
}

async function ensureServiceCidr({ client, serviceRange, now }: BootstrapOptions): Promise<void> {
  await ensure(client, servicecidrs, { metadata: { name: 'kubernetes' }, spec: { cidrs: [serviceRange.cidr] } });
  const cidr = await client.get(servicecidrs, 'kubernetes');
  if (cidr.status?.conditions?.some((c) => c.type === 'Ready')) return;
  const next = thaw(cidr) as { status?: unknown };
  next.status = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now, reason: '', message: 'Kubernetes Service CIDR is ready' }] };
  await client.update(servicecidrs, next as typeof cidr, { subresource: 'status' });
}

/** Tells extension servers which authorities vouch for clients and for the aggregator. */
async function publishAuthentication({ client, clientAuthority, frontProxy }: BootstrapOptions): Promise<void> {
  const data: Record<string, string> = {};
  if (clientAuthority) data['client-ca-file'] = clientAuthority;
  if (frontProxy?.authority) {
    data['requestheader-client-ca-file'] = frontProxy.authority;
    data['requestheader-allowed-names'] = JSON.stringify(frontProxy.allowedNames ?? ['front-proxy-client']);
    data['requestheader-username-headers'] = JSON.stringify(frontProxy.usernameHeaders ?? ['X-Remote-User']);
    data['requestheader-uid-headers'] = JSON.stringify(frontProxy.uidHeaders ?? ['X-Remote-Uid']);
    data['requestheader-group-headers'] = JSON.stringify(frontProxy.groupHeaders ?? ['X-Remote-Group']);
    data['requestheader-extra-headers-prefix'] = JSON.stringify(frontProxy.extraHeaderPrefixes ?? ['X-Remote-Extra-']);
  }
  await put(client, configmaps, { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' }, data });
}

/** Since when the use of service accounts' tokens in Secrets is noted down: those who clean up ask. */
async function trackLegacyTokens({ client, now }: BootstrapOptions): Promise<void> {
  const metadata = { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' };
  const today = now.slice(0, 10);
  await ensure(client, configmaps, { metadata, data: { since: today } });
  const { data } = await client.get(configmaps, metadata.name, metadata);
  if (!/^\d{4}-\d\d-\d\d$/.test(data?.['since'] ?? '')) await put(client, configmaps, { metadata, data: { ...data, since: today } });
}

/** Creates the object, or writes these parts over what is there when they differ. */
async function put<T>(client: Client, ref: ResourceRef<T>, object: Draft<T>): Promise<void> {
  const { name = '', namespace = '' } = (object as Named).metadata ?? {};
  await ensure(client, ref, object);
  const present = await client.get(ref, name, { namespace });
  const { metadata: _metadata, ...parts } = object as Record<string, unknown>;
  await client.update(ref, { ...thaw(present as T), ...parts } as T, { namespace });
}

async function publishKubernetesService({ client, serviceRange, advertiseAddress, port, serviceNodePort, publishEndpoints = true }: BootstrapOptions): Promise<void> {
  const metadata = { name: 'kubernetes', namespace: 'default' };
  await ensure(client, services, {
    metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { clusterIP: addressAt(serviceRange, 1), type: serviceNodePort ? 'NodePort' : 'ClusterIP', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port, ...(serviceNodePort ? { nodePort: serviceNodePort } : {}) }] },
  });
  // Pods could not reach a loopback address; nobody is told of it.
  if (!publishEndpoints || advertiseAddress.startsWith('127.')) return;
  await put(client, endpoints, {
    metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  });
  await put(client, endpointslices, {
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  });
}
