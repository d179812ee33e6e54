// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const bindings: ResourceRef<T.Binding> = { group: '', version: 'v1', resource: 'bindings', kind: 'Binding', namespaced: true };
export const componentstatuses: ResourceRef<T.ComponentStatus> = { group: '', version: 'v1', resource: 'componentstatuses', kind: 'ComponentStatus', namespaced: false };
export const configmaps: ResourceRef<T.ConfigMap> = { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true };
export const endpoints: ResourceRef<T.Endpoints> = { group: '', version: 'v1', resource: 'endpoints', kind: 'Endpoints', namespaced: true };
export const events: ResourceRef<T.Event> = { group: '', version: 'v1', resource: 'events', kind: 'Event', namespaced: true };
export const limitranges: ResourceRef<T.LimitRange> = { group: '', version: 'v1', resource: 'limitranges', kind: 'LimitRange', namespaced: true };
export const namespaces: ResourceRef<T.Namespace> = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', namespaced: false };
export const nodes: ResourceRef<T.Node> = { group: '', version: 'v1', resource: 'nodes', kind: 'Node', namespaced: false };
export const persistentvolumeclaims: ResourceRef<T.PersistentVolumeClaim> = { group: '', version: 'v1', resource: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim', namespaced: true };
export const persistentvolumes: ResourceRef<T.PersistentVolume> = { group: '', version: 'v1', resource: 'persistentvolumes', kind: 'PersistentVolume', namespaced: false };
export const pods: ResourceRef<T.Pod> = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true };
export const podtemplates: ResourceRef<T.PodTemplate> = { group: '', version: 'v1', resource: 'podtemplates', kind: 'PodTemplate', namespaced: true };
export const replicationcontrollers: ResourceRef<T.ReplicationController> = { group: '', version: 'v1', resource: 'replicationcontrollers', kind: 'ReplicationController', namespaced: true };
export const resourcequotas: ResourceRef<T.ResourceQuota> = { group: '', version: 'v1', resource: 'resourcequotas', kind: 'ResourceQuota', namespaced: true };
export const secrets: ResourceRef<T.Secret> = { group: '', version: 'v1', resource: 'secrets', kind: 'Secret', namespaced: true };
export const serviceaccounts: ResourceRef<T.ServiceAccount> = { group: '', version: 'v1', resource: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true };
export const services: ResourceRef<T.Service> = { group: '', version: 'v1', resource: 'services', kind: 'Service', namespaced: true };
