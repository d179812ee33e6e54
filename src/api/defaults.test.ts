import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { JsonObject } from '../machinery/json.ts';
import { createDefaulter } from '../schema/defaults.ts';
import { decode, normalise } from '../schema/json.ts';
import { Registry } from '../schema/registry.ts';
import { packages } from './catalog.ts';
import { imageTag } from './core/defaults.ts';
import { defaultHooks } from './defaults.ts';

const registry = new Registry(packages);
const applyDefaults = createDefaulter(registry, defaultHooks);

function defaulted(type: string, value: unknown): JsonObject {
  const { object } = decode(registry, type, value);
  applyDefaults(type, object);
  return normalise(registry, type, object);
}

test('a bare pod', () => {
  const pod = defaulted('core.v1.Pod', { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'nginx', resources: { limits: { cpu: '1' } } }], volumes: [{ name: 'v' }] } });
  assert.deepEqual(pod['spec'], {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [{ name: 'c', image: 'nginx', resources: { limits: { cpu: '1' }, requests: { cpu: '1' } }, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }],
    restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', securityContext: {}, schedulerName: 'default-scheduler', enableServiceLinks: true,
  });
});

test('fields that say the same as others do', () => {
  const named = defaulted('core.v1.PodTemplate', { metadata: { name: 'a' }, template: { spec: { serviceAccount: 'robot', containers: [] } } })['template'] as { spec: JsonObject };
  assert.deepEqual([named.spec['serviceAccountName'], named.spec['serviceAccount']], ['robot', 'robot']);
  const node = (spec: JsonObject): unknown => defaulted('core.v1.Node', { metadata: { name: 'a' }, spec })['spec'];
  assert.deepEqual(node({ podCIDR: '10.0.0.0/24' }), { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] });
  assert.deepEqual(node({ podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'] }), { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'] });
  assert.deepEqual(defaulted('core.v1.Pod', { metadata: { name: 'a' }, spec: { containers: [] }, status: { podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }] } })['status'], { podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }] });
  const secret = defaulted('core.v1.Secret', { metadata: { name: 'a' }, data: { a: 'MQ==', b: 'MQ==' }, stringData: { b: 'ü' } });
  assert.deepEqual([secret['data'], secret['stringData']], [{ a: 'MQ==', b: 'w7w=' }, undefined]);
});

test('what is not absent is kept, and pointers to zero count as given', () => {
  const pod = defaulted('core.v1.Pod', {
    metadata: { name: 'a' },
    spec: {
      terminationGracePeriodSeconds: 0, enableServiceLinks: false, hostNetwork: true,
      containers: [{ name: 'c', image: 'reg:5000/x:v1', ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { port: 80 } } }],
    },
  });
  const spec = pod['spec'] as JsonObject & { containers: JsonObject[] };
  assert.equal(spec['terminationGracePeriodSeconds'], 0);
  assert.equal(spec['enableServiceLinks'], false);
  assert.equal(spec.containers[0]!['imagePullPolicy'], 'IfNotPresent');
  assert.deepEqual(spec.containers[0]!['ports'], [{ hostPort: 80, containerPort: 80, protocol: 'TCP' }]);
  assert.deepEqual(spec.containers[0]!['livenessProbe'], { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
});

test('a deployment gets its strategy, and its template a pod\'s defaults but not enableServiceLinks', () => {
  const d = defaulted('apps.v1.Deployment', { metadata: { name: 'a' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { spec: { containers: [{ name: 'c', image: 'x:1' }] } } } });
  const spec = d['spec'] as JsonObject & { template: { spec: JsonObject } };
  assert.equal(spec['replicas'], 1);
  assert.deepEqual(spec['strategy'], { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } });
  assert.equal(spec['revisionHistoryLimit'], 10);
  assert.equal(spec['progressDeadlineSeconds'], 600);
  assert.equal(spec.template.spec['dnsPolicy'], 'ClusterFirst');
  assert.equal(spec.template.spec['enableServiceLinks'], undefined);
});

test('services, jobs, claims, autoscalers', () => {
  const s = defaulted('core.v1.Service', { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }], type: 'NodePort' } })['spec'] as JsonObject;
  assert.deepEqual(s, { ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }], type: 'NodePort', sessionAffinity: 'None', externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' });
  const j = defaulted('batch.v1.Job', { metadata: { name: 'a' }, spec: { template: { metadata: { labels: { x: 'y' } }, spec: { containers: [] } } } });
  assert.deepEqual((j['metadata'] as JsonObject)['labels'], { x: 'y' });
  const { parallelism, completions, backoffLimit, completionMode, suspend, manualSelector, podReplacementPolicy } = j['spec'] as JsonObject;
  assert.deepEqual([parallelism, completions, backoffLimit, completionMode, suspend, manualSelector, podReplacementPolicy], [1, 1, 6, 'NonIndexed', false, false, 'TerminatingOrFailed']);
  const c = defaulted('core.v1.PersistentVolumeClaim', { metadata: { name: 'a' } });
  assert.deepEqual(c['status'], { phase: 'Pending' });
  const h = defaulted('autoscaling.v2.HorizontalPodAutoscaler', { metadata: { name: 'a' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 } })['spec'] as JsonObject;
  assert.deepEqual(h['metrics'], [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]);
});

test('defaulting twice changes nothing, for every kind', () => {
  for (const pkg of packages) {
    for (const kind of pkg.lists) {
      const type = `${pkg.name}.${kind}`;
      const once = defaulted(type, { metadata: { name: 'x' } });
      assert.deepEqual(defaulted(type, once), once, type);
    }
  }
});

test('the tag of an image', () => {
  for (const [image, tag] of [['x', 'latest'], ['x:1', '1'], ['h:5000/x', 'latest'], ['h:5000/x:2', '2'], ['x@sha256:abc', ''], ['x:3@sha256:abc', '3'], ['', 'latest']] as const) assert.equal(imageTag(image), tag, image);
});
