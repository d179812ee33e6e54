/** The real kubectl against a whole control plane with simulated nodes: rollouts, drains, certificates. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSigningRequest } from '../../src/wire/certificates.ts';
import { eventually, type Result } from '../apiserver.ts';
import { controlPlane, type ControlPlane } from '../controlplane.ts';

let cluster: ControlPlane;
const k = (args: string | readonly string[], input?: object): Promise<Result> => cluster.kubectl(args, input && JSON.stringify(input));
async function ok(args: string | readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await k(args, input);
  assert.equal(code, 0, `kubectl ${args}: ${stdout}${stderr}`);
  return stdout;
}
const until = (args: string, expected: RegExp): Promise<string> =>
  eventually(async () => {
    const { stdout } = await k(args);
    return expected.test(stdout.trim()) ? stdout.trim() : undefined;
  }, `${args} to be ${expected}`);

before(async () => {
  cluster = await controlPlane({ nodes: [{ name: 'a' }, { name: 'b' }] });
  await until('get serviceaccount default -o name', /default/);
  await until('get nodes --no-headers', /a +Ready[^]*b +Ready/);
});
after(() => cluster.stop());

const workload = (kind: string, name: string, spec: object = {}, pod: object = {}): object => ({
  apiVersion: 'apps/v1', kind, metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'web:1' }], ...pod } }, ...spec },
});

test('rollout status, history, undo, restart, pause and resume', async () => {
  await ok('create -f -', workload('Deployment', 'web', { replicas: 2 }));
  assert.match(await ok('rollout status deployment/web --timeout=30s'), /deployment "web" successfully rolled out\n$/);
  assert.equal(await ok('set image deployment/web c=web:2'), 'deployment.apps/web image updated\n');
  await ok(['annotate', 'deployment/web', 'kubernetes.io/change-cause=to two']);
  await ok('rollout status deployment/web --timeout=30s');
  assert.equal(await ok('rollout history deployment/web'), 'deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         to two\n\n');
  assert.match(await ok('rollout history deployment/web --revision=1'), /^deployment\.apps\/web with revision #1\nPod Template:\n  Labels:\tapp=web\n\tpod-template-hash=\w+\n  Containers:\n   c:\n    Image:\tweb:1\n/);
  assert.equal(await ok('rollout undo deployment/web'), 'deployment.apps/web rolled back\n');
  await ok('rollout status deployment/web --timeout=30s');
  assert.equal(await ok('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}'), 'web:1');
  assert.match(await ok('rollout history deployment/web'), /\n2 +to two\n3 +<none>\n/);
  assert.equal(await ok('rollout undo deployment/web --to-revision=3'), 'deployment.apps/web skipped rollback (current template already matches revision 3)\n');
  const unknown = await k('rollout undo deployment/web --to-revision=9');
  assert.deepEqual([unknown.code, unknown.stderr], [1, 'error: unable to find specified revision 9 in history\n']);
  assert.equal(await ok('rollout restart deployment/web'), 'deployment.apps/web restarted\n');
  await ok('rollout status deployment/web --timeout=30s');
  assert.match(await ok('get deployment web -o jsonpath={.spec.template.metadata.annotations}'), /kubectl\.kubernetes\.io\/restartedAt/);
  assert.equal(await ok('rollout pause deployment/web'), 'deployment.apps/web paused\n');
  const paused = await k('rollout undo deployment/web');
  assert.deepEqual([paused.code, paused.stderr], [1, 'error: you cannot rollback a paused deployment; resume it first with \'kubectl rollout resume\' and try again\n']);
  assert.equal(await ok('rollout resume deployment/web'), 'deployment.apps/web resumed\n');
  await ok('delete deployment web');
});

test('rollouts of DaemonSets and StatefulSets go back to their revisions', async () => {
  await ok('create -f -', workload('DaemonSet', 'agent'));
  await ok('create -f -', workload('StatefulSet', 'db', { replicas: 1, serviceName: 'db' }));
  for (const [what, status] of [['daemonset/agent', /daemon set "agent" successfully rolled out\n$/], ['statefulset/db', /(statefulset rolling update complete 1 pods at revision db-\w+|partitioned roll out complete[^\n]*)\.\.\.\n$/]] as const) {
    assert.match(await ok(`rollout status ${what} --timeout=30s`), status);
    await ok(`set image ${what} c=web:2`);
    await ok(`rollout status ${what} --timeout=30s`);
    assert.match(await ok(`rollout history ${what}`), /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/);
    assert.match(await ok(`rollout undo ${what}`), /rolled back\n$/);
    await ok(`rollout status ${what} --timeout=30s`);
    assert.equal(await ok(`get ${what} -o jsonpath={.spec.template.spec.containers[0].image}`), 'web:1');
  }
  await ok('delete statefulset db');
});

test('drain evicts, says what it does not delete, and waits for disruption budgets', async () => {
  // The DaemonSet of the test before has a pod on each node.
  await ok('create -f -', workload('Deployment', 'moved', { replicas: 2 }, { nodeSelector: { 'kubernetes.io/hostname': 'b' } }));
  await ok('create -f -', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'alone' }, spec: { nodeName: 'b', containers: [{ name: 'c', image: 'i' }] } });
  await ok('create -f -', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'data' }, spec: { nodeName: 'b', containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', emptyDir: {} }] } });
  await ok('rollout status deployment/moved --timeout=30s');
  const refused = await k('drain b');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^node\/b cordoned\n/);
  assert.match(refused.stderr, /cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): default\/agent-\w+/);
  assert.match(refused.stderr, /cannot delete Pods with local storage \(use --delete-emptydir-data to override\): default\/data/);
  assert.match(refused.stderr, /cannot delete (cannot delete )?Pods that declare no controller \(use --force to override\): default\/alone/);
  assert.match(await ok('get node b --no-headers'), /Ready,SchedulingDisabled/);

  await ok('create poddisruptionbudget guard --selector=app=moved --min-available=2');
  await until('get pdb guard -o jsonpath={.status.currentHealthy}/{.status.disruptionsAllowed}', /^2\/0$/);
  const guarded = await k('drain b --ignore-daemonsets --force --delete-emptydir-data --timeout=7s --pod-selector=app=moved');
  assert.equal(guarded.code, 1);
  assert.match(guarded.stderr, /error when evicting pods\/"moved-[\w-]+" -n "default" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\./);
  assert.match(guarded.stderr, /global timeout reached: 7s/);

  await ok(['patch', 'pdb', 'guard', '--type=merge', '-p', '{"spec":{"minAvailable":0}}']);
  await until('get pdb guard -o jsonpath={.status.disruptionsAllowed}', /^2$/);
  const drained = await k('drain b --ignore-daemonsets --force --delete-emptydir-data --timeout=40s');
  assert.equal(drained.code, 0, drained.stderr);
  assert.match(drained.stderr, /^Warning: .*ignoring DaemonSet-managed Pods: default\/agent-\w+/);
  assert.match(drained.stderr, /deleting Pods that declare no controller: default\/alone, default\/data/);
  assert.match(drained.stdout, /^node\/b already cordoned\n[^]*evicting pod default\/alone\n[^]*pod\/alone evicted\n[^]*node\/b drained\n$/);
  assert.match(drained.stdout, /pod\/moved-[\w-]+ evicted/);
  const left = await ok('get pods --field-selector=spec.nodeName=b -o name');
  assert.match(left, /^pod\/agent-\w+\n$/);
  assert.equal(await ok('uncordon b'), 'node/b uncordoned\n');
  await ok('rollout status deployment/moved --timeout=30s');
});

test('certificates are approved and denied once, with conditions that say by whom', async () => {
  const { requestPem } = await createSigningRequest({ commonName: 'jane' });
  const ask = (name: string): Promise<string> => ok('create -f -', {
    apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name },
    spec: { request: Buffer.from(requestPem).toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
  });
  const condition = (name: string): Promise<string> => ok(['get', 'csr', name, '-o', 'jsonpath={range .status.conditions[*]}{.type}|{.status}|{.reason}|{.message}{"\\n"}{end}']);
  await ask('yes');
  await ask('no');
  assert.equal(await ok('certificate approve yes'), 'certificatesigningrequest.certificates.k8s.io/yes approved\n');
  assert.equal(await condition('yes'), 'Approved|True|KubectlApprove|This CSR was approved by kubectl certificate approve.\n');
  assert.equal(await ok('certificate deny no'), 'certificatesigningrequest.certificates.k8s.io/no denied\n');
  assert.equal(await condition('no'), 'Denied|True|KubectlDeny|This CSR was denied by kubectl certificate deny.\n');
  await until('get csr yes -o jsonpath={.status.certificate}', /^LS0t/);
  // Again: nothing is left to say. The other way round is refused.
  assert.equal(await ok('certificate approve yes'), 'certificatesigningrequest.certificates.k8s.io/yes approved\n');
  for (const [args, why] of [['deny yes', '"yes" is already Approved'], ['approve no', '"no" is already Denied']] as const) {
    const turned = await k(`certificate ${args}`);
    assert.deepEqual([turned.code, turned.stderr], [1, `error: certificate signing request ${why}\n`]);
  }
  assert.equal(await ok('get csr no -o jsonpath={.status.certificate}'), '');
  const nobody = await (await cluster.as({ name: 'nobody' }))('certificate approve no');
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /certificatesigningrequests\.certificates\.k8s\.io "no" is forbidden: User "nobody" cannot get resource/);
});
