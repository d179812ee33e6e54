/** Clusters inside a program: one process, several at once, any client. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { startCluster } from '../../src/index.ts';
import { deployments } from '../../src/api/apps/v1/index.ts';
import { nodes, pods } from '../../src/api/core/v1/index.ts';
import { realProgram, runProgram } from '../kubectl.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-library-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function eventually(what: string, probe: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await probe()) return;
  }
  assert.fail(`${what}: not in time`);
}

test('a deployment runs on simulated nodes; the in-process client, client-node and kubectl see the same', async () => {
  const cluster = await startCluster({ nodes: 3, name: 'lib' });
  try {
    await eventually('three nodes', async () => (await cluster.client.list(nodes)).items.length === 3);
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web' }] } };
    await eventually('the namespace takes pods', async () =>
      cluster.client
        .create(deployments, { metadata: { name: 'web', namespace: 'default' }, spec: { replicas: 6, selector: { matchLabels: { app: 'web' } }, template } } as never)
        .then(() => true, () => false));
    const running = async (): Promise<number> => (await cluster.client.list(pods, { namespace: 'default' })).items.filter((pod) => pod.status?.phase === 'Running').length;
    await eventually('six running pods', async () => (await running()) === 6);

    const config = new KubeConfig();
    config.loadFromString(cluster.kubeconfig);
    const listed = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace: 'default' });
    assert.equal(listed.items.length, 6);
    assert.ok(listed.items.every((pod) => pod.metadata?.creationTimestamp instanceof Date));

    const file = join(folder, 'lib');
    writeFileSync(file, cluster.kubeconfig);
    const scaled = await runProgram(realProgram('kubectl'), ['--kubeconfig', file, 'scale', 'deployment/web', '--replicas=2']);
    assert.equal(scaled.stdout, 'deployment.apps/web scaled\n', scaled.stderr);
    await eventually('two pods', async () => (await cluster.client.list(pods, { namespace: 'default' })).items.length === 2);
  } finally {
    await cluster.stop();
  }
});

test('several clusters in one process know nothing of one another', async () => {
  const clusters = await Promise.all([startCluster({ name: 'a' }), startCluster({ name: 'b' })]);
  try {
    const [a, b] = clusters;
    assert.notEqual(a.url, b.url);
    for (const cluster of clusters) await eventually('its node', async () => (await cluster.client.list(nodes)).items.length === 1);
    assert.deepEqual((await a.client.list(nodes)).items.map((node) => node.metadata.name), ['a']);
    assert.deepEqual((await b.client.list(nodes)).items.map((node) => node.metadata.name), ['b']);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
});
