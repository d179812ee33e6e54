/** Claims of real pods: what one writes the next one reads, and it goes with the claim. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, TestCluster, whyNoContainers } from './profile.ts';

const pod = (name: string, command: string, user?: number): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name },
  spec: {
    restartPolicy: 'Never', ...(user === undefined ? {} : { securityContext: { runAsUser: user } }),
    containers: [{ name: 'c', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', command], volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
  },
});

describe('volumes on real containers', { skip: whyNoContainers() ?? false }, () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await TestCluster.start('e2e-volumes');
  });
  after(async () => {
    await cluster?.delete();
  });

  test('one pod writes, another reads, and deleting the claim takes the data away', async () => {
    assert.match(await cluster.ok('get', 'storageclass'), /^standard \(default\) +k7s\.io\/hostpath +Delete +Immediate/m);
    await cluster.apply([
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } } },
      pod('writer', 'echo kept > /data/file', 1000),
    ]);
    await cluster.ok('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/writer', '--timeout=60s');
    const volume = await cluster.ok('get', 'pvc', 'data', '-o', 'jsonpath={.spec.volumeName}');
    const folder = join(cluster.folder, 'home/profiles/e2e-volumes/volumes', volume);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'kept\n');
    await cluster.ok('delete', 'pod', 'writer');
    await cluster.apply(pod('reader', 'cat /data/file'));
    await cluster.ok('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/reader', '--timeout=60s');
    assert.equal(await cluster.ok('logs', 'reader'), 'kept\n');
    await cluster.ok('delete', 'pod', 'reader');
    await cluster.ok('delete', 'pvc', 'data');
    await eventually('volume and folder to go', async () => (await cluster.ok('get', 'pv', '-o', 'name')) === '' && !existsSync(folder));
  });
});
