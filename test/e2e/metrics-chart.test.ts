/** metrics-server by Helm, as people install upstream's: a chart in the shape of upstream's, the add-on switched off. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { realProgram, runProgram } from '../kubectl.ts';
import { eventually, TestCluster, whyNoContainers } from './profile.ts';

const name = 'metric-metrics-server';
const labels = { 'app.kubernetes.io/name': 'metrics-server' };
const image = 'registry.k8s.io/metrics-server/metrics-server:v0.8.1';

function probe(path: string, initialDelaySeconds: number): object {
  return { httpGet: { path, port: 'https', scheme: 'HTTPS' }, initialDelaySeconds, periodSeconds: 2, failureThreshold: 15 };
}

const account = { kind: 'ServiceAccount', name, namespace: 'kube-system' };
const bind = (kind: 'RoleBinding' | 'ClusterRoleBinding', binding: string, roleKind: string, role: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name: binding, ...(kind === 'RoleBinding' ? { namespace: 'kube-system' } : {}) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: role }, subjects: [account],
});

const manifests: readonly object[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'kube-system' } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: `system:${name}` },
    rules: [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }, { apiGroups: [''], resources: ['pods', 'nodes', 'namespaces', 'configmaps'], verbs: ['get', 'list', 'watch'] }],
  },
  bind('ClusterRoleBinding', `system:${name}`, 'ClusterRole', `system:${name}`),
  bind('ClusterRoleBinding', `${name}:system:auth-delegator`, 'ClusterRole', 'system:auth-delegator'),
  bind('RoleBinding', `${name}-auth-reader`, 'Role', 'extension-apiserver-authentication-reader'),
  { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'kube-system' }, spec: { selector: labels, ports: [{ name: 'https', port: 443, targetPort: 'https', appProtocol: 'https' }] } },
  {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'kube-system', labels },
    spec: {
      replicas: 1, selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name, priorityClassName: 'system-cluster-critical',
          containers: [{
            name: 'metrics-server', image: '{{ .Values.image }}', imagePullPolicy: 'IfNotPresent',
            args: ['--secure-port=10250', '--cert-dir=/tmp', '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname', '--kubelet-use-node-status-port', '--metric-resolution=15s'],
            ports: [{ name: 'https', containerPort: 10250, protocol: 'TCP' }],
            livenessProbe: probe('/livez', 0), readinessProbe: probe('/readyz', 2),
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' }, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          }],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name, namespace: 'kube-system', port: 443 } },
  },
];

describe('metrics-server from a chart', { skip: whyNoContainers() ?? false }, () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await TestCluster.start('e2e-chart');
    assert.equal((await cluster.k7s(['addons', 'disable', 'metrics-server'])).code, 0);
  });
  after(async () => {
    await cluster?.delete();
  });
  const figures = (): Promise<string> => eventually('figures of the node', async () => /^\S+ +\d+m +\d+% +\d+Mi +\d+%/m.exec((await cluster.kubectl(['top', 'nodes'])).stdout)?.[0], 90);

  test('installs with helm, answers kubectl top, and its arguments can be edited', async () => {
    const chart = join(cluster.folder, 'metrics-server');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: metrics-server\nversion: 1.0.0\nappVersion: 0.8.1\n');
    writeFileSync(join(chart, 'values.yaml'), `image: ${image}\n`);
    writeFileSync(join(chart, 'templates', 'all.yaml'), manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));

    const provided = await cluster.k7s(['image', 'provide', 'metrics-server']);
    assert.deepEqual([provided.code, provided.stdout], [0, `${image}\n`], provided.stderr);
    const installed = await runProgram(realProgram('helm'), ['install', 'metric', chart, '--namespace', 'kube-system'], { env: { ...cluster.env, HOME: cluster.folder } });
    assert.equal(installed.code, 0, installed.stderr);
    await cluster.ok('-n', 'kube-system', 'rollout', 'status', `deployment/${name}`, '--timeout=90s');
    await figures();

    const editor = join(cluster.folder, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/^\\( *\\)- --cert-dir=.*/&\\n\\1- --kubelet-insecure-tls/" "$1"\n');
    chmodSync(editor, 0o755);
    const edited = await cluster.kubectl(['edit', 'deployment', name, '-n', 'kube-system'], { env: { KUBE_EDITOR: editor } });
    assert.equal(edited.code, 0, edited.stderr);
    await cluster.ok('-n', 'kube-system', 'rollout', 'status', `deployment/${name}`, '--timeout=90s');
    assert.match(await cluster.ok('-n', 'kube-system', 'get', 'pods', '-l', 'app.kubernetes.io/name=metrics-server', '-o', 'jsonpath={.items[*].spec.containers[0].args}'), /--kubelet-insecure-tls/);
    await figures();
  });
});
