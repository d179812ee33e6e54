/** The objects that make Heapster a workload, under the names that old clients ask for. */
import type { JsonObject } from '../../machinery/json.ts';

export interface HeapsterManifestOptions {
  readonly image: string;
  /** How the image starts the component; the flags follow as args. */
  readonly command: readonly string[];
  readonly mounts: readonly { readonly name: string; readonly hostPath: string; readonly mountPath: string }[];
}

const namespace = 'kube-system';
const name = 'heapster';
const labels = { 'k8s-app': name, task: 'monitoring' };

export function heapsterManifests({ image, command, mounts }: HeapsterManifestOptions): JsonObject[] {
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const probe = (path: string) => ({ httpGet: { path, port: 8082, scheme: 'HTTP' }, periodSeconds: 10 });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    {
      ...api, kind: 'ClusterRole', metadata: { name: 'heapster-summaries', labels },
      rules: [{ apiGroups: [''], resources: ['nodes/stats'], verbs: ['get'] }, { apiGroups: ['metrics.k8s.io'], resources: ['nodes', 'pods'], verbs: ['get', 'list'] }],
    },
    // The cluster brings system:heapster itself: pods, nodes, namespaces and events, to be read.
    ...['system:heapster', 'heapster-summaries'].map((role) => ({
      ...api, kind: 'ClusterRoleBinding', metadata: { name: role === 'system:heapster' ? name : role, labels }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    })),
    {
      apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels: { ...labels, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'Heapster' } },
      spec: { selector: { 'k8s-app': name }, ports: [{ port: 80, targetPort: 8082 }] },
    },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: { 'k8s-app': name } },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            containers: [
              {
                name, image, imagePullPolicy: 'IfNotPresent', command: [...command], args: ['--source=kubernetes:https://kubernetes.default', '--metric_resolution=15s'],
                ports: [{ name: 'http', containerPort: 8082, protocol: 'TCP' }],
                resources: { requests: { cpu: '50m', memory: '100Mi' } },
                livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 180, timeoutSeconds: 5 },
                readinessProbe: { ...probe('/healthz'), periodSeconds: 2, failureThreshold: 15 },
                securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
                volumeMounts: mounts.map((m) => ({ name: m.name, mountPath: m.mountPath, readOnly: true })),
              },
            ],
            volumes: mounts.map((m) => ({ name: m.name, hostPath: { path: m.hostPath } })),
          },
        },
      },
    },
  ];
}
