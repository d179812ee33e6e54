/** What each controller may do, by the name of its service account in kube-system. */
import type { PolicyRule } from '../../api/rbac/v1/types.ts';
import { events, rule } from './rules.ts';

const core = 'core';
const apps = 'apps extensions';
const get = 'get list watch';
const list = 'list watch';

export const controllerRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    rule(list, core, 'persistentvolumeclaims persistentvolumes'), rule(get, core, 'nodes'), rule('patch update', core, 'nodes/status'), rule(list, core, 'pods'), events,
    rule('create delete get list watch', 'storage.k8s.io', 'volumeattachments'), rule(get, 'storage.k8s.io', 'csidrivers'), rule(get, 'storage.k8s.io', 'csinodes'),
  ],
  'clusterrole-aggregation-controller': [rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles')],
  'cronjob-controller': [
    rule('get list update watch', 'batch', 'cronjobs'), rule('create delete get list patch update watch', 'batch', 'jobs'), rule('update', 'batch', 'cronjobs/status'),
    rule('update', 'batch', 'cronjobs/finalizers'), rule('delete list watch', core, 'pods'), events,
  ],
  'daemon-set-controller': [
    rule(get, apps, 'daemonsets'), rule('update', apps, 'daemonsets/status'), rule('update', apps, 'daemonsets/finalizers'), rule(list, core, 'nodes'),
    rule('create delete list patch watch', core, 'pods'), rule('create', core, 'pods/binding'), rule('create delete get list patch update watch', 'apps', 'controllerrevisions'), events,
  ],
  'deployment-controller': [
    rule('get list update watch', apps, 'deployments'), rule('update', apps, 'deployments/status'), rule('update', apps, 'deployments/finalizers'),
    rule('create delete get list patch update watch', apps, 'replicasets'), rule('get list update watch', core, 'pods'), events,
  ],
  'disruption-controller': [
    rule(get, apps, 'deployments'), rule(get, apps, 'replicasets'), rule(get, core, 'replicationcontrollers'), rule(get, 'policy', 'poddisruptionbudgets'), rule(get, 'apps', 'statefulsets'),
    rule('update', 'policy', 'poddisruptionbudgets/status'), rule('patch update', core, 'pods/status'), rule('get', '*', '*/scale'), events,
  ],
  'endpoint-controller': [rule(get, core, 'pods services'), rule('create delete get list update watch', core, 'endpoints'), rule('create', core, 'endpoints/restricted'), events],
  'endpointslice-controller': [rule(get, core, 'nodes pods services'), rule('update', core, 'services/finalizers'), rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'), rule('create', 'discovery.k8s.io', 'endpointslices/restricted'), events],
  'endpointslicemirroring-controller': [
    rule(get, core, 'endpoints services'), rule('update', core, 'services/finalizers'), rule('update', core, 'endpoints/finalizers'),
    rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'), rule('create', 'discovery.k8s.io', 'endpointslices/restricted'), events,
  ],
  'expand-controller': [rule('get list patch update watch', core, 'persistentvolumes'), rule('patch update', core, 'persistentvolumeclaims/status'), rule(get, core, 'persistentvolumeclaims'), events, rule('get', core, 'services')],
  'ephemeral-volume-controller': [rule(get, core, 'pods'), rule('update', core, 'pods/finalizers'), rule('create get list watch', core, 'persistentvolumeclaims'), events],
  'resource-claim-controller': [
    rule(get, core, 'pods'), rule('update', core, 'pods/finalizers'), rule('create delete get list watch', 'resource.k8s.io', 'resourceclaims'),
    rule('patch update', 'resource.k8s.io', 'resourceclaims resourceclaims/status'), rule('patch update', core, 'pods/status'), events,
  ],
  'generic-garbage-collector': [rule('delete get list patch update watch', '*', '*'), events],
  'horizontal-pod-autoscaler': [
    rule(get, 'autoscaling', 'horizontalpodautoscalers'), rule('update', 'autoscaling', 'horizontalpodautoscalers/status'), rule('get update', '*', '*/scale'), rule(list, core, 'pods'),
    rule(list, 'metrics.k8s.io', 'pods'), rule(get, 'custom.metrics.k8s.io', '*'), rule(get, 'external.metrics.k8s.io', '*'), events,
  ],
  'job-controller': [
    rule('get list patch update watch', 'batch', 'jobs'), rule('update', 'batch', 'jobs/status'), rule('update', 'batch', 'jobs/finalizers'), rule('create delete list patch watch', core, 'pods'), events,
  ],
  'namespace-controller': [rule('delete get list watch', core, 'namespaces'), rule('update', core, 'namespaces/finalize namespaces/status'), rule('delete deletecollection get list watch', '*', '*')],
  'node-controller': [
    rule('delete get list patch update watch', core, 'nodes'), rule('patch update', core, 'nodes/status'), rule('patch update', core, 'pods/status'), rule('delete get list watch', core, 'pods'), events,
  ],
  'persistent-volume-binder': [
    rule('create delete get list update watch', core, 'persistentvolumes'), rule('update', core, 'persistentvolumes/status'), rule('get list update watch', core, 'persistentvolumeclaims'),
    rule('update', core, 'persistentvolumeclaims/status'), rule('create delete get list watch', core, 'pods'), rule(get, 'storage.k8s.io', 'storageclasses'), rule(list, core, 'nodes'), events,
    rule('watch', core, 'events'), rule('get', core, 'services'),
  ],
  'pod-garbage-collector': [rule('delete list watch', core, 'pods'), rule(get, core, 'nodes'), rule('patch', core, 'pods/status')],
  'replicaset-controller': [rule('get list update watch', apps, 'replicasets'), rule('update', apps, 'replicasets/status'), rule('update', apps, 'replicasets/finalizers'), rule('create delete list patch watch', core, 'pods'), events],
  'replication-controller': [
    rule('get list update watch', core, 'replicationcontrollers'), rule('update', core, 'replicationcontrollers/status'), rule('update', core, 'replicationcontrollers/finalizers'),
    rule('create delete list patch watch', core, 'pods'), events,
  ],
  'resourcequota-controller': [rule(list, '*', '*'), rule('update', core, 'resourcequotas/status'), events],
  'route-controller': [rule(list, core, 'nodes'), rule('patch', core, 'nodes/status'), events],
  'service-account-controller': [rule('create', core, 'serviceaccounts'), events],
  'service-controller': [rule(get, core, 'services'), rule('patch update', core, 'services/status'), rule(list, core, 'nodes'), events],
  'service-cidrs-controller': [
    rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'), rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers'),
    rule('patch update', 'networking.k8s.io', 'servicecidrs/status'), rule(get, 'networking.k8s.io', 'ipaddresses'), events,
  ],
  'statefulset-controller': [
    rule(list, core, 'pods'), rule(get, 'apps', 'statefulsets'), rule('update', 'apps', 'statefulsets/status'), rule('update', 'apps', 'statefulsets/finalizers'),
    rule('create delete get patch update', core, 'pods'), rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    rule('create get list watch', core, 'persistentvolumeclaims'), events, rule('delete update', core, 'persistentvolumeclaims'), rule('update', core, 'pods/finalizers'),
  ],
  'ttl-controller': [rule('list patch update watch', core, 'nodes'), events],
  'certificate-controller': [
    rule('delete get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    rule('update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
    rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    rule('sign', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client', 'kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving', 'kubernetes.io/legacy-unknown'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'), events,
  ],
  'pvc-protection-controller': [rule('get list update watch', core, 'persistentvolumeclaims'), rule(get, core, 'pods'), events],
  'pv-protection-controller': [rule('get list update watch', core, 'persistentvolumes'), events],
  'volumeattributesclass-protection-controller': [rule(get, core, 'persistentvolumeclaims'), rule(get, core, 'persistentvolumes'), rule('get list update watch', 'storage.k8s.io', 'volumeattributesclasses'), events],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs'), events],
  'root-ca-cert-publisher': [rule('create update', core, 'configmaps'), events],
  'validatingadmissionpolicy-status-controller': [rule(get, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'), rule('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'), events],
  'legacy-service-account-token-cleaner': [rule('get', core, 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'), rule('delete patch', core, 'secrets')],
  'selinux-warning-controller': [events, rule(get, core, 'persistentvolumes'), rule(get, core, 'persistentvolumeclaims'), rule(get, core, 'pods'), rule(get, 'storage.k8s.io', 'csidrivers')],
};
