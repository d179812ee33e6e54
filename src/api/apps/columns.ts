/** Table columns of the apps kinds. */
import { columnList } from '../../schema/table.ts';
import { containerImages, containerNames, labelsText, none, selectorText } from '../columns.ts';
import type * as T from './v1/types.ts';

export const deploymentColumns = columnList<T.Deployment>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Ready', 'Pods that are ready, of all that should run.', (d) => `${d.status?.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`),
  column('Up-to-date', 'Pods of the present template.', (d) => d.status?.updatedReplicas ?? 0),
  column('Available', 'Pods that have been ready long enough.', (d) => d.status?.availableReplicas ?? 0),
  ageColumn,
  wide('Containers', 'Names of the containers.', (d) => containerNames(d.spec.template.spec.containers)),
  wide('Images', 'Images of the containers.', (d) => containerImages(d.spec.template.spec.containers)),
  wide('Selector', 'Labels of the pods.', (d) => selectorText(d.spec.selector)),
]);

export const replicaSetColumns = columnList<T.ReplicaSet>(({ integer, wide, nameColumn, ageColumn }) => [
  nameColumn,
  integer('Desired', 'Pods that should run.', (r) => r.spec.replicas ?? 0),
  integer('Current', 'Pods that exist.', (r) => r.status?.replicas ?? 0),
  integer('Ready', 'Pods that are ready.', (r) => r.status?.readyReplicas ?? 0),
  ageColumn,
  wide('Containers', 'Names of the containers.', (r) => containerNames(r.spec.template?.spec.containers)),
  wide('Images', 'Images of the containers.', (r) => containerImages(r.spec.template?.spec.containers)),
  wide('Selector', 'Labels of the pods.', (r) => selectorText(r.spec.selector)),
]);

export const statefulSetColumns = columnList<T.StatefulSet>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Ready', 'Pods that are ready, of all that should run.', (s) => `${s.status?.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`),
  ageColumn,
  wide('Containers', 'Names of the containers.', (s) => containerNames(s.spec.template.spec.containers)),
  wide('Images', 'Images of the containers.', (s) => containerImages(s.spec.template.spec.containers)),
]);

export const daemonSetColumns = columnList<T.DaemonSet>(({ column, integer, wide, nameColumn, ageColumn }) => [
  nameColumn,
  integer('Desired', 'Nodes that should run the pod.', (d) => d.status?.desiredNumberScheduled ?? 0),
  integer('Current', 'Nodes that have the pod and should.', (d) => d.status?.currentNumberScheduled ?? 0),
  integer('Ready', 'Nodes on which the pod is ready.', (d) => d.status?.numberReady ?? 0),
  integer('Up-to-date', 'Nodes with a pod of the present template.', (d) => d.status?.updatedNumberScheduled ?? 0),
  integer('Available', 'Nodes on which the pod has been ready long enough.', (d) => d.status?.numberAvailable ?? 0),
  column('Node Selector', 'Labels of the nodes.', (d) => labelsText(d.spec.template.spec.nodeSelector)),
  ageColumn,
  wide('Containers', 'Names of the containers.', (d) => containerNames(d.spec.template.spec.containers)),
  wide('Images', 'Images of the containers.', (d) => containerImages(d.spec.template.spec.containers)),
  wide('Selector', 'Labels of the pods.', (d) => selectorText(d.spec.selector)),
]);

export const controllerRevisionColumns = columnList<T.ControllerRevision>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Controller', 'Owner of the revision.', (r) => {
    const owner = r.metadata.ownerReferences?.find((o) => o.controller);
    if (!owner) return none;
    const slash = owner.apiVersion.indexOf('/');
    const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
    return `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
  }),
  column('Revision', 'Number of the revision.', (r) => r.revision),
  ageColumn,
]);
