/** The objects that make the adapter a workload of the cluster. Rules are in a ConfigMap, Prometheus' address among the args. */
import type { JsonObject } from '../../machinery/json.ts';
import { dumpYaml } from '../../machinery/yaml.ts';

export interface AdapterManifestOptions {
  readonly image: string;
  /** How the image starts the component; the flags follow as args. */
  readonly command: readonly string[];
  readonly mounts: readonly { readonly name: string; readonly hostPath: string; readonly mountPath: string }[];
}

const namespace = 'kube-system';
const name = 'prometheus-adapter';
const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'metrics-adapter' };

/** Counters of pods as rates, their gauges as they are; series of a namespace that are of no pod as external metrics. */
const rules = {
  rules: [
    {
      seriesQuery: '{__name__=~"^.+_total$",namespace!="",pod!=""}',
      seriesFilters: [{ isNot: '^container_' }],
      resources: { template: '<<.Resource>>' },
      name: { matches: '^(.+)_total$', as: '${1}_per_second' },
      metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)',
    },
    {
      seriesQuery: '{__name__!~"^(container_.*|.+_(total|bucket|created|info))$",namespace!="",pod!=""}',
      resources: { template: '<<.Resource>>' },
      metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)',
    },
  ],
  externalRules: [
    {
      seriesQuery: '{__name__!~"^(container_.*|.+_(bucket|created|info))$",namespace!="",pod=""}',
      resources: { overrides: { namespace: { resource: 'namespace' } } },
      metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>})',
    },
  ],
};

export function prometheusAdapterManifests(options: AdapterManifestOptions): JsonObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    ...rbac(),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'adapter-config', namespace, labels }, data: { 'config.yaml': dumpYaml(rules) } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels }, spec: { selector: labels, ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 'https' }] } },
    deployment(options),
    ...([['custom.metrics.k8s.io', 'v1beta1', 100], ['custom.metrics.k8s.io', 'v1beta2', 200], ['external.metrics.k8s.io', 'v1beta1', 100]] as const).map(([group, version, versionPriority]) => ({
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}`, labels },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority, insecureSkipTLSVerify: true, service: { name, namespace } },
    })),
  ];
}

function rbac(): JsonObject[] {
  const account = { kind: 'ServiceAccount', name, namespace };
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const role = (kind: string, roleName: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName });
  const read = (apiGroup: string, ...resources: readonly string[]) => ({ apiGroups: [apiGroup], resources: [...resources], verbs: ['get', 'list', 'watch'] });
  return [
    {
      ...api, kind: 'ClusterRole', metadata: { name, labels },
      rules: [read('', 'nodes', 'namespaces', 'pods', 'services', 'persistentvolumes', 'persistentvolumeclaims'), read('apps', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'), read('batch', 'jobs', 'cronjobs'), read('networking.k8s.io', 'ingresses')],
    },
    { ...api, kind: 'ClusterRole', metadata: { name: 'custom-metrics-server-resources', labels }, rules: [{ apiGroups: ['custom.metrics.k8s.io', 'external.metrics.k8s.io'], resources: ['*'], verbs: ['*'] }] },
    { ...api, kind: 'ClusterRoleBinding', metadata: { name, labels }, roleRef: role('ClusterRole', name), subjects: [account] },
    { ...api, kind: 'ClusterRoleBinding', metadata: { name: `${name}:system:auth-delegator`, labels }, roleRef: role('ClusterRole', 'system:auth-delegator'), subjects: [account] },
    {
      ...api, kind: 'ClusterRoleBinding', metadata: { name: 'hpa-controller-custom-metrics', labels }, roleRef: role('ClusterRole', 'custom-metrics-server-resources'),
      subjects: [{ kind: 'ServiceAccount', name: 'horizontal-pod-autoscaler', namespace }],
    },
    { ...api, kind: 'RoleBinding', metadata: { name: `${name}-auth-reader`, namespace, labels }, roleRef: role('Role', 'extension-apiserver-authentication-reader'), subjects: [account] },
  ];
}

function deployment({ image, command, mounts }: AdapterManifestOptions): JsonObject {
  const probe = (path: string) => ({ httpGet: { path, port: 'https', scheme: 'HTTPS' }, periodSeconds: 5, failureThreshold: 5 });
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          containers: [
            {
              name, image, imagePullPolicy: 'IfNotPresent', command: [...command],
              args: ['--cert-dir=/tmp', '--config=/etc/adapter/config.yaml', '--metrics-relist-interval=1m', '--prometheus-url=http://prometheus.monitoring.svc:9090/', '--secure-port=6443'],
              ports: [{ name: 'https', containerPort: 6443, protocol: 'TCP' }],
              resources: { requests: { cpu: '102m', memory: '180Mi' } },
              livenessProbe: { ...probe('/livez'), initialDelaySeconds: 30 },
              readinessProbe: { ...probe('/readyz'), periodSeconds: 2, failureThreshold: 15 },
              securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
              terminationMessagePolicy: 'FallbackToLogsOnError',
              volumeMounts: [{ name: 'tmp-dir', mountPath: '/tmp' }, { name: 'config', mountPath: '/etc/adapter', readOnly: true }, ...mounts.map((m) => ({ name: m.name, mountPath: m.mountPath, readOnly: true }))],
            },
          ],
          volumes: [{ name: 'tmp-dir', emptyDir: {} }, { name: 'config', configMap: { name: 'adapter-config' } }, ...mounts.map((m) => ({ name: m.name, hostPath: { path: m.hostPath } }))],
        },
      },
    },
  };
}
