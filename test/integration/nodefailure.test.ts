/** A node that falls silent: what is said of it, and what becomes of its pods. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { microTimestamp, systemClock, timestamp } from '../../src/base/clock.ts';
import { leases } from '../../src/api/coordination/v1/index.ts';
import { nodes, pods } from '../../src/api/core/v1/index.ts';
import { eventually } from '../apiserver.ts';
import { controlPlane } from '../controlplane.ts';

test('a silent node becomes unknown and loses its pods; the others do not', async (t) => {
  const cluster = await controlPlane({ scheduler: false, controllers: { nodeMonitorPeriodMs: 200, nodeMonitorGracePeriodMs: 4000 } });
  t.after(() => cluster.stop());
  const { client } = cluster;
  const now = timestamp(systemClock.now());
  for (const name of ['alive', 'silent']) {
    const condition = { type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now, reason: 'KubeletReady', message: '' };
    await client.create(nodes, { metadata: { name } });
    await client.patch(nodes, name, { type: 'application/strategic-merge-patch+json', body: { status: { conditions: [condition] } } }, { subresource: 'status' });
    await client.create(leases, { metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name, renewTime: microTimestamp(systemClock.now()) } });
  }
  const beat = systemClock.every(500, () => {
    const body = { spec: { renewTime: microTimestamp(systemClock.now()) } };
    client.patch(leases, 'alive', { type: 'application/merge-patch+json', body }, { namespace: 'kube-node-lease' }).catch(() => undefined);
  });
  t.after(() => beat.cancel());
  await eventually(async () => ((await cluster.kubectl('get serviceaccount default -o name')).code === 0 ? true : undefined), 'the account');
  const tolerations = (seconds?: number) => [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', ...(seconds === undefined ? {} : { tolerationSeconds: seconds }) }];
  for (const [name, nodeName, seconds] of [['leaves', 'silent', 0], ['stays', 'silent', undefined], ['elsewhere', 'alive', 0]] as const) {
    await client.create(pods, { metadata: { name, namespace: 'default' }, spec: { nodeName, tolerations: tolerations(seconds), containers: [{ name: 'c', image: 'i' }] } });
  }
  await eventually(async () => (await client.get(nodes, 'silent')).spec?.taints?.some((x) => x.effect === 'NoExecute' && x.key === 'node.kubernetes.io/unreachable') || undefined, 'the taint');
  const silent = await client.get(nodes, 'silent');
  const ready = silent.status?.conditions?.find((c) => c.type === 'Ready');
  assert.deepEqual([ready?.status, ready?.reason, ready?.message], ['Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.']);
  await eventually(async () => (await client.get(pods, 'leaves', { namespace: 'default' })).metadata.deletionTimestamp, 'the eviction');
  for (const name of ['stays', 'elsewhere']) assert.equal((await client.get(pods, name, { namespace: 'default' })).metadata.deletionTimestamp, undefined, name);
  assert.equal((await client.get(nodes, 'alive')).status?.conditions?.find((c) => c.type === 'Ready')?.status, 'True');
});
