import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, environment, expand, podField, resourceField, serviceVariables, type Lookup, type NodeFacts } from './environment.ts';
import { podFixture } from './fixtures.ts';
import { cpuQuota, cpuShares, oomScoreAdjust, podLimits, podRequest, qosClass } from './resources.ts';

const facts: NodeFacts = { hostIPs: ['192.168.49.2'], podIPs: ['10.0.0.1', 'fd00::1'], allocatable: { cpu: '2', memory: '4Gi' } };
const lookup = (maps: Record<string, Record<string, string>>): Lookup => ({
  configMap: async (_namespace, name) => (maps[name] ? ({ data: maps[name] } as never) : undefined),
  secret: async () => undefined,
});

test('references among variables', () => {
  const value = (name: string): string | undefined => ({ A: '1' })[name];
  assert.equal(expand('$(A) $$(A) $(B) $A $$ $(', value), '1 $(A) $(B) $A $ $(');
});

test('later variables see earlier ones, services come last and yield', async () => {
  const service = { metadata: { name: 'my-db' }, spec: { clusterIP: '10.96.0.7', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] } } as never;
  const pod = podFixture({ containers: [] });
  const container = {
    name: 'a', resources: {}, envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }],
    env: [{ name: 'X', value: '$(P_k)-$(MY_DB_SERVICE_HOST)' }, { name: 'Y', value: '$(X)!' }, { name: 'MY_DB_SERVICE_PORT', value: 'mine' }],
  };
  const env = await environment(pod, container, [service], lookup({ cm: { k: 'v' } }), facts);
  assert.equal(env.get('Y'), 'v-10.96.0.7!');
  assert.equal(env.get('MY_DB_SERVICE_PORT'), 'mine');
  assert.equal(env.get('MY_DB_PORT_5432_TCP'), 'tcp://10.96.0.7:5432');
});

test('what a container refers to must be there unless it is optional', async () => {
  const pod = podFixture({ containers: [] });
  const of = (configMapKeyRef: object) => environment(pod, { name: 'a', resources: {}, env: [{ name: 'X', valueFrom: { configMapKeyRef: configMapKeyRef as never } }] }, [], lookup({ cm: {} }), facts);
  await assert.rejects(of({ name: 'cm', key: 'k' }), new ConfigError("couldn't find key k in ConfigMap ns/cm"));
  await assert.rejects(of({ name: 'no', key: 'k' }), new ConfigError('configmap "no" not found'));
  assert.equal((await of({ name: 'no', key: 'k', optional: true })).has('X'), false);
});

test('headless services have no variables', () => {
  assert.equal(serviceVariables([{ metadata: { name: 'x' }, spec: { clusterIP: 'None', ports: [{ port: 1 }] } } as never]).size, 0);
});

test('fields and resources of the pod', () => {
  const pod = podFixture({ containers: [] }, { metadata: { labels: { 'a/b': 'c', x: 'y "z"' } } });
  assert.equal(podField(pod, "metadata.labels['a/b']", facts), 'c');
  assert.equal(podField(pod, 'metadata.labels', facts), 'a/b="c"\nx="y \\"z\\""');
  assert.equal(podField(pod, 'status.podIPs', facts), '10.0.0.1,fd00::1');
  const container = { name: 'a', resources: { requests: { cpu: '250m' }, limits: { memory: '100Mi' } } };
  assert.equal(resourceField(container, 'requests.cpu', undefined, facts), '1');
  assert.equal(resourceField(container, 'requests.cpu', '1m', facts), '250');
  assert.equal(resourceField(container, 'limits.cpu', undefined, facts), '2');
  assert.equal(resourceField(container, 'limits.memory', '1Mi', facts), '100');
});

test('quantities become what the kernel takes', () => {
  assert.deepEqual([0, 1, 100, 1000, 1e9].map(cpuShares), [2, 2, 102, 1024, 262_144]);
  assert.deepEqual([0, 1, 200].map(cpuQuota), [0, 1000, 20_000]);
  const guaranteed = podFixture({ containers: [{ name: 'a', resources: { limits: { cpu: '1', memory: '1Gi' } } }] });
  const burstable = podFixture({ containers: [{ name: 'a', resources: { requests: { memory: '1Gi' } } }] });
  const bestEffort = podFixture({ containers: [{ name: 'a' }] });
  assert.deepEqual([guaranteed, burstable, bestEffort].map(qosClass), ['Guaranteed', 'Burstable', 'BestEffort']);
  assert.deepEqual([guaranteed, burstable, bestEffort].map((p) => oomScoreAdjust(p, p.spec.containers[0]!, 4 * 2 ** 30)), [-997, 750, 1000]);
  assert.deepEqual(podLimits(guaranteed), { shares: 1024, quota: 100_000, memory: 2 ** 30 });
  const steps = podFixture({
    initContainers: [{ name: 'i', resources: { requests: { cpu: '3' } } }, { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '500m' } } }],
    containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
  });
  assert.equal(podRequest(steps, 'cpu'), 3000);
});
