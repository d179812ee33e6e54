/** The roles and bindings that every cluster starts with. */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../api/rbac/v1/types.ts';
import type { Draft } from '../../machinery/json.ts';
import { controllerRoles } from './controllers.ts';
import { events, rule, urls } from './rules.ts';

const readWrite = 'create delete deletecollection get list patch update watch';
const write = 'create delete deletecollection patch update';
const read = 'get list watch';

const aggregated = (to: string): Record<string, string> => ({ [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' });

interface RoleData {
  readonly rules: readonly PolicyRule[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Gathers the rules of all roles that say they aggregate to this name; a controller writes them. */
  readonly gathers?: string;
}

const approver = (signer: string): RoleData => ({ rules: [rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)] });

const toAdmin = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(readWrite, 'rbac.authorization.k8s.io', 'rolebindings roles'),
];

const toEdit = [
  rule(read, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(write, 'core', 'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(write, 'apps', 'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale'),
  rule(write, 'autoscaling', 'horizontalpodautoscalers'),
  rule(write, 'batch', 'cronjobs jobs'),
  rule(write, 'extensions', 'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale'),
  rule(write, 'policy', 'poddisruptionbudgets'),
  rule(write, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(readWrite, 'coordination.k8s.io', 'leases'),
  rule(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const toView = [
  rule(read, 'core', 'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status'),
  rule(read, 'core', 'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status'),
  rule(read, 'core', 'namespaces'),
  rule(read, 'discovery.k8s.io', 'endpointslices'),
  rule(read, 'apps', 'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status'),
  rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(read, 'extensions', 'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale'),
  rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  rule(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

/** What kubelets may do; the node authorizer narrows some of it to the pods of the node. */
export const nodeRules: readonly PolicyRule[] = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(read, 'core', 'services'),
  rule('create get list watch', 'core', 'nodes'),
  rule('patch update', 'core', 'nodes/status'),
  rule('patch update', 'core', 'nodes'),
  rule('create patch update', 'core', 'events'),
  rule(read, 'core', 'pods'),
  rule('create delete', 'core', 'pods'),
  rule('patch update', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule(read, 'core', 'configmaps secrets'),
  rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('get', 'core', 'endpoints'),
  rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
  rule('get', 'storage.k8s.io', 'volumeattachments'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('get patch update', 'core', 'persistentvolumeclaims/status'),
  rule(read, 'storage.k8s.io', 'csidrivers'),
  rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  rule(read, 'node.k8s.io', 'runtimeclasses'),
  rule('get', 'resource.k8s.io', 'resourceclaims'),
  rule('deletecollection', 'resource.k8s.io', 'resourceslices'),
  rule('get', 'core', 'serviceaccounts'),
];

const review = [rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews')];
const electing = ['leases', 'leasecandidates'].map((resource) => rule('create get list update watch', 'coordination.k8s.io', resource));
const leaderLease = (name: string): PolicyRule[] => [rule('create', 'coordination.k8s.io', 'leases'), rule('get update', 'coordination.k8s.io', 'leases', name)];

const roles: Readonly<Record<string, RoleData>> = {
  'cluster-admin': { rules: [rule('*', '*', '*'), urls('*', '*')] },
  'system:discovery': { rules: [urls('get', '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/')] },
  'system:public-info-viewer': { rules: [urls('get', '/healthz /livez /readyz /version /version/')] },
  'system:monitoring': { rules: [urls('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'), rule('get', 'core', 'nodes/metrics')] },
  'system:basic-user': { rules: [rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'), rule('create', 'authentication.k8s.io', 'selfsubjectreviews')] },
  'admin': { rules: [], gathers: 'admin' },
  'edit': { rules: [], gathers: 'edit', labels: aggregated('admin') },
  'view': { rules: [], gathers: 'view', labels: aggregated('edit') },
  'system:aggregate-to-admin': { rules: toAdmin, labels: aggregated('admin') },
  'system:aggregate-to-edit': { rules: toEdit, labels: aggregated('edit') },
  'system:aggregate-to-view': { rules: toView, labels: aggregated('view') },
  'system:heapster': { rules: [rule(read, 'core', 'events namespaces nodes pods'), rule(read, 'extensions', 'deployments')] },
  'system:node': { rules: nodeRules },
  'system:node-problem-detector': { rules: [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), events] },
  'system:kubelet-api-admin': { rules: [rule(read, 'core', 'nodes'), rule('proxy', 'core', 'nodes'), rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'), rule('*', 'core', 'nodes/configz nodes/healthz nodes/pods')] },
  'system:node-bootstrapper': { rules: [rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')] },
  'system:auth-delegator': { rules: review },
  'system:kube-aggregator': { rules: [rule(read, 'core', 'endpoints services')] },
  'system:kube-controller-manager': {
    rules: [
      events, ...leaderLease('kube-controller-manager'),
      rule('create', 'core', 'secrets serviceaccounts'), rule('delete', 'core', 'secrets'),
      rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'), rule('update', 'core', 'secrets serviceaccounts'),
      ...review, rule('list watch', '*', '*'), rule('create', 'core', 'serviceaccounts/token'),
    ],
  },
  'system:kube-dns': { rules: [rule('list watch', 'core', 'endpoints services')] },
  'system:persistent-volume-provisioner': {
    rules: [
      rule('create delete get list watch', 'core', 'persistentvolumes'), rule('get list update watch', 'core', 'persistentvolumeclaims'),
      rule(read, 'storage.k8s.io', 'storageclasses'), rule('watch', 'core', 'events'), events,
    ],
  },
  'system:kube-scheduler': {
    rules: [
      events, rule('create', 'coordination.k8s.io', 'leases'), rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
      rule(readWrite, 'coordination.k8s.io', 'leasecandidates'),
      rule(read, 'core', 'nodes'), rule('delete get list watch', 'core', 'pods'), rule('create', 'core', 'bindings pods/binding'), rule('patch update', 'core', 'pods/status'),
      rule(read, 'core', 'replicationcontrollers services'), rule(read, 'apps extensions', 'replicasets'), rule(read, 'apps', 'statefulsets'),
      rule(read, 'policy', 'poddisruptionbudgets'), rule(read, 'core', 'persistentvolumeclaims persistentvolumes'), ...review,
      rule(read, 'storage.k8s.io', 'csinodes'), rule(read, 'storage.k8s.io', 'volumeattachments'), rule(read, 'core', 'namespaces'), rule(read, 'storage.k8s.io', 'csidrivers'), rule(read, 'storage.k8s.io', 'csistoragecapacities'),
      rule(read, 'resource.k8s.io', 'deviceclasses'), rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims'), rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims/status'),
      rule('update', 'core', 'pods/finalizers'), rule(read, 'resource.k8s.io', 'resourceslices'),
    ],
  },
  'system:volume-scheduler': {
    rules: [rule('get list patch update watch', 'core', 'persistentvolumes'), rule(read, 'storage.k8s.io', 'storageclasses'), rule('get list patch update watch', 'core', 'persistentvolumeclaims')],
  },
  'system:node-proxier': { rules: [rule('list watch', 'core', 'endpoints services'), rule(read, 'core', 'nodes'), events, rule('list watch', 'networking.k8s.io', 'servicecidrs'), rule('list watch', 'discovery.k8s.io', 'endpointslices')] },
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': { rules: [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')] },
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': { rules: [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')] },
  'system:certificates.k8s.io:kube-apiserver-client-approver': approver('kube-apiserver-client'),
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': approver('kube-apiserver-client-kubelet'),
  'system:certificates.k8s.io:kubelet-serving-approver': approver('kubelet-serving'),
  'system:certificates.k8s.io:legacy-unknown-approver': approver('legacy-unknown'),
  'system:service-account-issuer-discovery': { rules: [urls('get', '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/')] },
};

const user = (name: string): Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });
const everybody = [group('system:authenticated'), group('system:unauthenticated')];

/** Bindings carry the name of their role. */
const bindings: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:monitoring': [group('system:monitoring')],
  'system:discovery': [group('system:authenticated')],
  'system:basic-user': [group('system:authenticated')],
  'system:public-info-viewer': everybody,
  'system:node-proxier': [user('system:kube-proxy')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [account('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:node': [],
};

const controllerPrefix = 'system:controller:';

const metadata = (name: string, labels: Readonly<Record<string, string>> = {}, namespace?: string) => ({
  name, ...(namespace ? { namespace } : {}),
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});

const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });

export function clusterRoles(): Draft<ClusterRole>[] {
  const own = Object.entries(roles).map(([name, data]) => ({
    metadata: metadata(name, data.labels), rules: [...data.rules],
    ...(data.gathers ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregated(data.gathers) }] } } : {}),
  }));
  const controllers = Object.entries(controllerRoles).map(([name, rules]) => ({ metadata: metadata(controllerPrefix + name), rules: [...rules] }));
  return [...own, ...controllers];
}

export function clusterRoleBindings(): Draft<ClusterRoleBinding>[] {
  const own = Object.entries(bindings).map(([name, subjects]) => ({ metadata: metadata(name), roleRef: roleRef('ClusterRole', name), ...(subjects.length > 0 ? { subjects: [...subjects] } : {}) }));
  const controllers = Object.keys(controllerRoles).map((name) => ({ metadata: metadata(controllerPrefix + name), roleRef: roleRef('ClusterRole', controllerPrefix + name), subjects: [account(name)] }));
  return [...own, ...controllers];
}

interface NamespacedData {
  readonly rules?: readonly PolicyRule[];
  readonly subjects?: readonly Subject[];
  /** Where the binding's name is not its role's. */
  readonly role?: string;
}

const namespaced: readonly (readonly [namespace: string, name: string, data: NamespacedData])[] = [
  ['kube-system', 'extension-apiserver-authentication-reader', { rules: [rule(read, 'core', 'configmaps', 'extension-apiserver-authentication')] }],
  ['kube-system', 'system::extension-apiserver-authentication-reader', { role: 'extension-apiserver-authentication-reader', subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')] }],
  ['kube-system', `${controllerPrefix}bootstrap-signer`, { rules: [rule(read, 'core', 'secrets')], subjects: [account('bootstrap-signer')] }],
  ['kube-system', `${controllerPrefix}cloud-provider`, { rules: [rule('create get list watch', 'core', 'configmaps')], subjects: [account('cloud-provider')] }],
  ['kube-system', `${controllerPrefix}token-cleaner`, { rules: [rule('delete get list watch', 'core', 'secrets'), events], subjects: [account('token-cleaner')] }],
  ['kube-system', 'system::leader-locking-kube-controller-manager', {
    rules: [rule('watch', 'core', 'configmaps'), rule('get update', 'core', 'configmaps', 'kube-controller-manager'), ...electing],
    subjects: [user('system:kube-controller-manager'), account('kube-controller-manager'), account('leader-election-controller')],
  }],
  ['kube-system', 'system::leader-locking-kube-scheduler', {
    rules: [rule('watch', 'core', 'configmaps'), rule('get update', 'core', 'configmaps', 'kube-scheduler'), ...electing], subjects: [user('system:kube-scheduler'), account('kube-scheduler')],
  }],
  ['kube-public', `${controllerPrefix}bootstrap-signer`, { rules: [rule(read, 'core', 'configmaps'), rule('update', 'core', 'configmaps', 'cluster-info'), events], subjects: [account('bootstrap-signer')] }],
];

export function namespaceRoles(): Draft<Role>[] {
  return namespaced.flatMap(([namespace, name, { rules }]) => (rules ? [{ metadata: metadata(name, {}, namespace), rules: [...rules] }] : []));
}

export function namespaceRoleBindings(): Draft<RoleBinding>[] {
  return namespaced.flatMap(([namespace, name, { subjects, role }]) =>
    subjects ? [{ metadata: metadata(name, {}, namespace), roleRef: roleRef('Role', role ?? name), subjects: [...subjects] }] : []);
}

