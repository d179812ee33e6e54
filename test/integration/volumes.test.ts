/** Claims and volumes: binding, provisioning, reclaiming and scheduling, looked at with the real kubectl. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { standardClass } from '../../src/controllers/volumes/hostpath.ts';
import { eventually } from '../apiserver.ts';
import { controlPlane, type ControlPlane } from '../controlplane.ts';

let cluster: ControlPlane;
const folder = mkdtempSync(join(tmpdir(), 'k7s-volumes-'));

async function kubectl(args: string, input?: object): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input && JSON.stringify(input));
  assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
  return stdout.trim();
}
const create = (object: object): Promise<string> => kubectl('create -f -', object);
const until = (what: string, args: string, expected: RegExp): Promise<string> =>
  eventually(async () => {
    const { stdout, stderr } = await cluster.kubectl(args);
    const text = (stdout || stderr).trim();
    return expected.test(text) ? text : undefined;
  }, `${what} (${args})`);

const claim = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const volume = (name: string, storage: string, spec: object = {}): object => ({
  apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/tmp/${name}` }, storageClassName: 'manual', ...spec },
});
const pod = (name: string, claimName: string): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] },
});
const scheduled = (name: string): string => `get pod ${name} -o jsonpath={.spec.nodeName}/{.status.conditions[?(@.type=="PodScheduled")].message}`;

before(async () => {
  cluster = await controlPlane({ nodes: [{ name: 'a' }, { name: 'b' }], controllers: { clusterCidr: '10.244.0.0/16', hostPathVolumes: { folder } } });
  await until('default account', 'get serviceaccount default -o name', /^serviceaccount\/default$/);
});
after(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a claim without a class waits for the default one, and its pod for the claim', async () => {
  await create(pod('early', 'data'));
  await until('no claim', scheduled('early'), /^\/0\/2 nodes are available: persistentvolumeclaim "data" not found\.$/);
  await create(claim('data'));
  await until('not bound', scheduled('early'), /^\/0\/2 nodes are available: pod has unbound immediate PersistentVolumeClaims\.$/);
  await until('event', 'describe pvc data', /FailedBinding .*no persistent volumes available for this claim and no storage class is set/);
  await create(standardClass);
  await until('bound', 'get pvc data --no-headers', /^data +Bound +pvc-\S+ +1Gi +RWO +standard/);
  await until('placed', scheduled('early'), /^[ab]\//);
  const name = await kubectl('get pvc data -o jsonpath={.spec.volumeName}');
  assert.match(await kubectl(`get pv ${name} --no-headers`), /1Gi +RWO +Delete +Bound +default\/data +standard/);
  assert.ok(existsSync(join(folder, name)));
  writeFileSync(join(folder, name, 'file'), 'x');
  for (const reason of ['ExternalProvisioning', 'Provisioning', 'ProvisioningSucceeded']) {
    await until('event', `get events --field-selector involvedObject.name=data,reason=${reason} -o name`, /^event/);
  }

  await kubectl('delete pvc data --wait=false');
  await until('protected', 'get pvc data --no-headers', /^data +Terminating/);
  await kubectl('delete pod early');
  await until('claim gone', 'get pvc data', /not found/);
  await until('volume gone', `get pv ${name}`, /not found/);
  assert.ok(!existsSync(join(folder, name)));
});

test('the smallest volume that will do is taken, and kept when it says so', async () => {
  for (const [name, size] of [['big', '10Gi'], ['small', '2Gi'], ['tiny', '500Mi']] as const) await create(volume(name, size));
  await until('available', 'get pv small -o jsonpath={.status.phase}', /^Available$/);
  await until('available', 'get pv big -o jsonpath={.status.phase}', /^Available$/);
  await create(claim('kept', { storageClassName: 'manual' }));
  await until('bound', 'get pvc kept --no-headers', /^kept +Bound +small +2Gi/);
  await create(claim('named', { storageClassName: 'manual', volumeName: 'tiny' }));
  await until('too small', 'describe pvc named', /VolumeMismatch .*Cannot bind to requested volume "tiny": requested PV is too small/);
  await kubectl('delete pvc kept named');
  await until('released', 'get pv small -o jsonpath={.status.phase}', /^Released$/);
  await kubectl('delete pv small tiny big');
});

test('a claim that waits for its consumer gets the volume of its node', async () => {
  await create({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' });
  await create({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'late' }, provisioner: 'k7s.io/hostpath', volumeBindingMode: 'WaitForFirstConsumer' });
  await create(claim('local', { storageClassName: 'local' }));
  await until('waits', 'describe pvc local', /WaitForFirstConsumer .*waiting for first consumer to be created before binding/);
  await create(pod('local', 'local'));
  await until('nothing there', scheduled('local'), /2 node\(s\) didn't find available persistent volumes to bind/);
  const here = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] }] } };
  await create(volume('disk', '5Gi', { storageClassName: 'local', hostPath: undefined, local: { path: '/mnt/disk' }, nodeAffinity: here }));
  await until('placed by its volume', scheduled('local'), /^b\//);
  assert.match(await kubectl('get pvc local --no-headers'), /^local +Bound +disk/);
  await create(claim('late', { storageClassName: 'late' }));
  await create(pod('late', 'late'));
  await until('placed', scheduled('late'), /^[ab]\//);
  assert.match(await kubectl('get pvc late -o jsonpath={.status.phase},{.metadata.annotations.volume\\.kubernetes\\.io/selected-node}'), /^Bound,[ab]$/);
});

test('a stateful set and an ephemeral volume get their own', async () => {
  await create({
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' },
    spec: {
      serviceName: 'db', replicas: 2, selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } }],
    },
  });
  await until('ready', 'get statefulset db -o jsonpath={.status.readyReplicas}', /^2$/);
  assert.equal(await kubectl('get pvc -l app=db -o jsonpath={.items[*].status.phase}'), 'Bound Bound');
  const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } };
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'scratch' }, spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: template } }] } });
  await until('placed', scheduled('scratch'), /^[ab]\//);
  await kubectl('delete pod scratch --grace-period=0 --force');
  await until('gone with the pod', 'get pvc scratch-v', /not found/);
});
