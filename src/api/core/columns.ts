/** Table columns of the core kinds; pods have their own file. */
import { age } from '../../machinery/duration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import type { Column } from '../../schema/vocabulary.ts';
import { accessModesText, containerImages, containerNames, firstOf, hostPort, ingressPoints, labelsText, none, unset } from '../columns.ts';
import type * as T from './v1/types.ts';

function externalIPs(s: DeepReadonly<T.Service>): string {
  const fixed = s.spec.externalIPs ?? [];
  switch (s.spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return fixed.join(',') || none;
    case 'LoadBalancer':
      return [...ingressPoints(s.status?.loadBalancer?.ingress), ...fixed].join(',') || '<pending>';
    case 'ExternalName':
      return s.spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portsText(ports: DeepReadonly<T.ServicePort[]> | undefined): string {
  return (ports ?? []).map((p) => (p.nodePort ? `${p.port}:${p.nodePort}/${p.protocol}` : `${p.port}/${p.protocol}`)).join(',') || none;
}

export const serviceColumns: readonly Column<T.Service>[] = columnList<T.Service>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Type', 'How the service is reached.', (s) => s.spec.type ?? ''),
  column('Cluster-IP', 'Address of the service inside the cluster.', (s) => s.spec.clusterIPs?.[0] ?? none),
  column('External-IP', 'Addresses of the service from outside.', externalIPs),
  column('Port(s)', 'Ports of the service, with the node ports.', (s) => portsText(s.spec.ports)),
  ageColumn,
  wide('Selector', 'Labels of the pods behind the service.', (s) => labelsText(s.spec.selector)),
]);

function endpointsText(e: DeepReadonly<T.Endpoints>): string {
  const list = (e.subsets ?? []).flatMap((s) => {
    const addresses = s.addresses ?? [];
    if (!s.ports?.length) return addresses.map((a) => a.ip);
    return s.ports.flatMap((p) => addresses.map((a) => hostPort(a.ip, p.port)));
  });
  return e.subsets?.length ? firstOf(list, 3, '') : none;
}

export const endpointsColumns: readonly Column<T.Endpoints>[] = columnList<T.Endpoints>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Endpoints', 'Addresses and ports that serve.', endpointsText), ageColumn]);

function nodeStatus(n: DeepReadonly<T.Node>): string {
  const ready = n.status?.conditions?.find((c) => c.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (n.spec.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function nodeRoles(n: DeepReadonly<T.Node>): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(n.metadata.labels ?? {})) {
    if (key.startsWith(prefix) && key.length > prefix.length) roles.add(key.slice(prefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort().join(',') || none;
}

function nodeAddress(n: DeepReadonly<T.Node>, type: string): string {
  return n.status?.addresses?.find((a) => a.type === type)?.address ?? none;
}

export const nodeColumns: readonly Column<T.Node>[] = columnList<T.Node>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Status', 'Whether the node is ready and takes pods.', nodeStatus),
  column('Roles', 'Roles that the labels of the node name.', nodeRoles),
  ageColumn,
  column('Version', 'Version of the kubelet.', (n) => n.status?.nodeInfo?.kubeletVersion ?? ''),
  wide('Internal-IP', 'Address inside the cluster.', (n) => nodeAddress(n, 'InternalIP')),
  wide('External-IP', 'Address from outside.', (n) => nodeAddress(n, 'ExternalIP')),
  wide('OS-Image', 'Operating system.', (n) => n.status?.nodeInfo?.osImage || '<unknown>'),
  wide('Kernel-Version', 'Version of the kernel.', (n) => n.status?.nodeInfo?.kernelVersion || '<unknown>'),
  wide('Container-Runtime', 'Container runtime and its version.', (n) => n.status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
]);

function firstSeen(e: DeepReadonly<T.Event>, now: number): string {
  return age(e.firstTimestamp || e.eventTime, now);
}

function lastSeen(e: DeepReadonly<T.Event>, now: number): string {
  if (e.series) return age(e.series.lastObservedTime, now);
  return e.lastTimestamp ? age(e.lastTimestamp, now) : firstSeen(e, now);
}

function sourceText(e: DeepReadonly<T.Event>): string {
  const component = e.source?.component || e.reportingComponent || '';
  const host = e.source?.host || e.reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

export const eventColumns: readonly Column<T.Event>[] = columnList<T.Event>(({ column, wide }) => [
  column('Last Seen', 'When it happened last.', lastSeen),
  column('Type', 'Normal or Warning.', (e) => e.type ?? ''),
  column('Reason', 'Why, in one word.', (e) => e.reason ?? ''),
  column('Object', 'What it is about.', (e) => {
    const kind = (e.involvedObject.kind ?? '').toLowerCase();
    return e.involvedObject.name ? `${kind}/${e.involvedObject.name}` : kind;
  }),
  wide('Subobject', 'The part of the object.', (e) => e.involvedObject.fieldPath ?? ''),
  wide('Source', 'Who reported it.', sourceText),
  column('Message', 'What happened.', (e) => (e.message ?? '').trim()),
  wide('First Seen', 'When it happened first.', firstSeen),
  column('Count', 'How often it happened.', (e) => e.series?.count ?? (e.count || 1), { priority: 1 }),
  column('Name', 'Name of the event.', (e) => e.metadata.name, { priority: 1, format: 'name' }),
]);

export const namespaceColumns: readonly Column<T.Namespace>[] = columnList<T.Namespace>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Status', 'Active or Terminating.', (n) => n.status?.phase ?? ''), ageColumn]);

export const secretColumns: readonly Column<T.Secret>[] = columnList<T.Secret>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Type', 'Type of the secret.', (s) => s.type ?? ''),
  column('Data', 'Number of keys.', (s) => Object.keys(s.data ?? {}).length),
  ageColumn,
]);

export const configMapColumns: readonly Column<T.ConfigMap>[] = columnList<T.ConfigMap>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Data', 'Number of keys.', (c) => Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length),
  ageColumn,
]);

export const serviceAccountColumns: readonly Column<T.ServiceAccount>[] = columnList<T.ServiceAccount>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Secrets', 'Number of secrets that pods of this account may use.', (s) => (s.secrets ?? []).length),
  ageColumn,
]);

export const persistentVolumeColumns: readonly Column<T.PersistentVolume>[] = columnList<T.PersistentVolume>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Capacity', 'Size of the volume.', (v) => v.spec.capacity?.['storage'] ?? '0'),
  column('Access Modes', 'How it can be mounted.', (v) => accessModesText(v.spec.accessModes)),
  column('Reclaim Policy', 'What becomes of it when it is released.', (v) => v.spec.persistentVolumeReclaimPolicy ?? ''),
  column('Status', 'Phase of the volume.', (v) => (v.metadata.deletionTimestamp ? 'Terminating' : (v.status?.phase ?? ''))),
  column('Claim', 'The claim that it is bound to.', (v) => (v.spec.claimRef ? `${v.spec.claimRef.namespace ?? ''}/${v.spec.claimRef.name ?? ''}` : '')),
  column('StorageClass', 'Storage class of the volume.', (v) => v.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? v.spec.storageClassName ?? ''),
  column('VolumeAttributesClass', 'Attributes class of the volume.', (v) => v.spec.volumeAttributesClassName ?? unset),
  column('Reason', 'Why it failed.', (v) => v.status?.reason ?? ''),
  ageColumn,
  wide('VolumeMode', 'File system or block device.', (v) => v.spec.volumeMode ?? unset),
]);

export const persistentVolumeClaimColumns: readonly Column<T.PersistentVolumeClaim>[] = columnList<T.PersistentVolumeClaim>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Status', 'Phase of the claim.', (c) => (c.metadata.deletionTimestamp ? 'Terminating' : (c.status?.phase ?? ''))),
  column('Volume', 'Volume that it is bound to.', (c) => c.spec.volumeName ?? ''),
  column('Capacity', 'Size that was given.', (c) => (c.spec.volumeName ? (c.status?.capacity?.['storage'] ?? '0') : '')),
  column('Access Modes', 'How it can be mounted.', (c) => (c.spec.volumeName ? accessModesText(c.status?.accessModes) : '')),
  column('StorageClass', 'Storage class of the claim.', (c) => c.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? c.spec.storageClassName ?? ''),
  column('VolumeAttributesClass', 'Attributes class of the claim.', (c) => c.spec.volumeAttributesClassName ?? unset),
  ageColumn,
  wide('VolumeMode', 'File system or block device.', (c) => c.spec.volumeMode ?? unset),
]);

export const replicationControllerColumns: readonly Column<T.ReplicationController>[] = columnList<T.ReplicationController>(({ integer, wide, nameColumn, ageColumn }) => [
  nameColumn,
  integer('Desired', 'Pods that should run.', (r) => r.spec.replicas ?? 0),
  integer('Current', 'Pods that exist.', (r) => r.status?.replicas ?? 0),
  integer('Ready', 'Pods that are ready.', (r) => r.status?.readyReplicas ?? 0),
  ageColumn,
  wide('Containers', 'Names of the containers.', (r) => containerNames(r.spec.template?.spec.containers)),
  wide('Images', 'Images of the containers.', (r) => containerImages(r.spec.template?.spec.containers)),
  wide('Selector', 'Labels of the pods.', (r) => labelsText(r.spec.selector)),
]);

export const podTemplateColumns: readonly Column<T.PodTemplate>[] = columnList<T.PodTemplate>(({ column, nameColumn }) => [
  nameColumn,
  column('Containers', 'Names of the containers.', (t) => containerNames(t.template?.spec.containers)),
  column('Images', 'Images of the containers.', (t) => containerImages(t.template?.spec.containers)),
  column('Pod Labels', 'Labels of the pods.', (t) => labelsText(t.template?.metadata.labels)),
]);

function quotaText(q: DeepReadonly<T.ResourceQuota>, limits: boolean): string {
  const hard = q.status?.hard ?? {};
  return Object.keys(hard).sort().filter((r) => r.startsWith('limits.') === limits).map((r) => `${r}: ${q.status?.used?.[r] ?? '0'}/${hard[r]}`).join(', ');
}

export const resourceQuotaColumns: readonly Column<T.ResourceQuota>[] = columnList<T.ResourceQuota>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Request', 'Used and allowed requests and objects.', (q) => quotaText(q, false)),
  column('Limit', 'Used and allowed limits.', (q) => quotaText(q, true)),
  ageColumn,
]);

export const componentStatusColumns: readonly Column<T.ComponentStatus>[] = columnList<T.ComponentStatus>(({ column, nameColumn }) => [
  nameColumn,
  column('Status', 'Healthy or not.', (c) => {
    const healthy = c.conditions?.find((x) => x.type === 'Healthy');
    return healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy';
  }),
  column('Message', 'What the component says.', (c) => c.conditions?.find((x) => x.type === 'Healthy')?.message ?? ''),
  column('Error', 'What went wrong.', (c) => c.conditions?.find((x) => x.type === 'Healthy')?.error ?? ''),
]);
