/** The objects that make metrics-server a workload of the cluster: what upstream's own manifest has, with our image. */
import type { JsonObject } from '../../machinery/json.ts';

export interface MetricsServerManifestOptions {
  readonly image: string;
  /** How the image starts the component; the flags follow as args, so that editing args works. */
  readonly command: readonly string[];
  /** Host folders that the image needs, mounted read-only at the same path unless said otherwise. */
  readonly mounts: readonly { readonly name: string; readonly hostPath: string; readonly mountPath: string }[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

/**
 * For Node.js, before the program: a small young generation and an old one that is collected before it has doubled. What is kept changes
 * little from round to round, so that collecting more often costs little.
 */
export const leanHeap: readonly string[] = ['--max-semi-space-size=4', '--initial-heap-size=64', '--heap-growing-percent=25'];
/** Connections come and go by the hundred a second: with an arena for each thread, what they leave behind adds up. */
export const leanMalloc = { name: 'MALLOC_ARENA_MAX', value: '2' } as const;

const labels = { 'k8s-app': 'metrics-server' };
const namespace = 'kube-system';
const name = 'metrics-server';

export function metricsServerManifests(options: MetricsServerManifestOptions): JsonObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    ...rbac(),
    {
      apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels },
      spec: { selector: labels, ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 'https' }] },
    },
    deployment(options),
    apiService('metrics.k8s.io', 'v1beta1'),
    // Behind the one that upstream's clients know.
    apiService('metrics.k8s.io', 'v1', 90),
    apiService('history.metrics.k7s.io', 'v1alpha1'),
  ];
}

function apiService(group: string, version: string, versionPriority = 100): JsonObject {
  return {
    apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}`, labels },
    spec: { group, version, groupPriorityMinimum: 100, versionPriority, insecureSkipTLSVerify: true, service: { name, namespace } },
  };
}

function rbac(): JsonObject[] {
  const account = { kind: 'ServiceAccount', name, namespace };
  const role = (kind: string, roleName: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName });
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  return [
    {
      ...api, kind: 'ClusterRole',
      metadata: {
        name: 'system:aggregated-metrics-reader',
        labels: {
          ...labels, 'rbac.authorization.k8s.io/aggregate-to-admin': 'true', 'rbac.authorization.k8s.io/aggregate-to-edit': 'true', 'rbac.authorization.k8s.io/aggregate-to-view': 'true',
        },
      },
      rules: [{ apiGroups: ['metrics.k8s.io', 'history.metrics.k7s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      ...api, kind: 'ClusterRole', metadata: { name: 'system:metrics-server', labels },
      rules: [
        { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ],
    },
    { ...api, kind: 'RoleBinding', metadata: { name: 'metrics-server-auth-reader', namespace, labels }, roleRef: role('Role', 'extension-apiserver-authentication-reader'), subjects: [account] },
    { ...api, kind: 'ClusterRoleBinding', metadata: { name: 'metrics-server:system:auth-delegator', labels }, roleRef: role('ClusterRole', 'system:auth-delegator'), subjects: [account] },
    { ...api, kind: 'ClusterRoleBinding', metadata: { name: 'system:metrics-server', labels }, roleRef: role('ClusterRole', 'system:metrics-server'), subjects: [account] },
  ];
}

function deployment(options: MetricsServerManifestOptions): JsonObject {
  const probe = (path: string) => ({ httpGet: { path, port: 'https', scheme: 'HTTPS' }, periodSeconds: 10, failureThreshold: 3 });
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          priorityClassName: 'system-cluster-critical',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          containers: [
            {
              name, image: options.image, imagePullPolicy: 'IfNotPresent', command: [...options.command],
              args: ['--cert-dir=/tmp', '--secure-port=10250', '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname', '--kubelet-use-node-status-port', '--metric-resolution=15s'],
              ...(options.env ? { env: options.env.map((e) => ({ ...e })) } : {}),
              ports: [{ name: 'https', containerPort: 10250, protocol: 'TCP' }],
              resources: { requests: { cpu: '100m', memory: '200Mi' } },
              livenessProbe: probe('/livez'),
              // Asked often at first: a cluster that starts waits for this answer.
              readinessProbe: { ...probe('/readyz'), periodSeconds: 2, failureThreshold: 15 },
              securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
              volumeMounts: [{ name: 'tmp-dir', mountPath: '/tmp' }, ...options.mounts.map((m) => ({ name: m.name, mountPath: m.mountPath, readOnly: true }))],
            },
          ],
          volumes: [{ name: 'tmp-dir', emptyDir: {} }, ...options.mounts.map((m) => ({ name: m.name, hostPath: { path: m.hostPath } }))],
        },
      },
    },
  };
}
