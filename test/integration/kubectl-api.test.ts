/** What the real kubectl makes of the API: exit codes and words, as against an upstream server. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, run, testServer, type Result, type TestServer } from '../apiserver.ts';
import { realProgram } from '../kubectl.ts';

let server: TestServer;
let k: TestServer['kubectl'];
before(async () => {
  server = await testServer();
  k = (args, input) => server.kubectl(typeof args === 'string' ? `-n shop ${args}` : ['-n', 'shop', ...args], input);
  await server.kubectl('create namespace shop');
  await k('create serviceaccount default');
});
after(() => server.stop());

const ok = (result: Result): string => {
  assert.equal(result.code, 0, result.stderr);
  return result.stdout;
};
const manifest = (replicas: number, image = 'nginx:1'): string => JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } } },
});

test('apply, diff, apply again; what another manager owns is told, and taken by force', async () => {
  assert.equal(ok(await k('apply -f -', manifest(1))), 'deployment.apps/web created\n');
  assert.equal(ok(await k('apply -f -', manifest(1))), 'deployment.apps/web unchanged\n');
  const same = await k('diff -f -', manifest(1));
  assert.deepEqual([same.code, same.stdout], [0, '']);
  const different = await k('diff -f -', manifest(3));
  assert.equal(different.code, 1);
  assert.match(different.stdout, /^-  replicas: 1$/m);
  assert.match(different.stdout, /^\+  replicas: 3$/m);
  assert.equal(ok(await k('apply -f -', manifest(2))), 'deployment.apps/web configured\n');
  const refused = await k('apply --server-side --field-manager=other -f -', manifest(5));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^error: Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps\/v1: \.spec\.replicas\nPlease review the fields above--they currently have other managers\./);
  assert.equal(ok(await k('apply --server-side --field-manager=other --force-conflicts -f -', manifest(5))), 'deployment.apps/web serverside-applied\n');
  assert.equal(ok(await k('get deployment web -o jsonpath={.spec.replicas} --show-managed-fields')), '5');
});

test('patches of every type, and of subresources', async () => {
  assert.equal(ok(await k(['patch', 'deployment', 'web', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:2"}]}}}}'])), 'deployment.apps/web patched\n');
  assert.equal(ok(await k(['patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}}}'])), 'deployment.apps/web patched\n');
  assert.equal(ok(await k(['patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"add","path":"/metadata/labels/c","value":"d"}]'])), 'deployment.apps/web patched\n');
  assert.equal(ok(await k(['patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}}}'])), 'deployment.apps/web patched (no change)\n');
  assert.equal(ok(await k(['patch', 'deployment', 'web', '--subresource=status', '--type=merge', '-p', '{"status":{"readyReplicas":1,"replicas":1}}'])), 'deployment.apps/web patched\n');
  assert.match(ok(await k(['patch', 'deployment', 'web', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":2}}'])), /^(deployment\.apps|scale\.autoscaling)\/web patched\n$/);
  assert.equal(ok(await k('get deployment web --subresource=scale -o jsonpath={.spec.replicas}')), '2');
  const invalid = await k(['patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"replicas":-1}}']);
  assert.deepEqual([invalid.code, invalid.stderr], [1, 'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0\n']);
});

test('the API is explained and listed', async () => {
  assert.match(ok(await k('explain deployment.spec.strategy --recursive')), /rollingUpdate\s+<RollingUpdateDeployment>\n\s+maxSurge\s+<IntOrString>/);
  assert.match(ok(await k('explain pods.spec.containers --output=plaintext-openapiv2')), /livenessProbe\t<Object>/);
  assert.match(ok(await k('api-resources --api-group=apps -o wide')), /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m);
  assert.doesNotMatch(ok(await k('api-resources --namespaced=false -o name')), /^pods$/m);
  assert.match(ok(await k('api-resources --verbs=list,get -o name')), /^pods$/m);
  assert.match(ok(await k('api-versions')), /^apps\/v1$/m);
  assert.match(ok(await k('get --raw /apis/apps')), /"preferredVersion":\{"groupVersion":"apps\/v1"/);
});

test('who one is and what one may', async () => {
  assert.match(ok(await k('auth whoami')), /Username +kubernetes-admin\nGroups +\[system:masters system:authenticated\]/);
  assert.match(ok(await k('auth can-i --list')), /^\*\.\* +\[\] +\[\] +\[\*\]$/m);
  const denied = await (await server.as({ name: 'nobody' }))('auth can-i delete pods -n shop');
  assert.deepEqual([denied.code, denied.stdout], [1, 'no\n']);
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'reader', namespace: 'shop' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] };
  assert.match(ok(await k('auth reconcile -f -', JSON.stringify(role))), /^role\.rbac\.authorization\.k8s\.io\/reader reconciled\n/);
  assert.match(ok(await k('create token default')).trim(), /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test('pages, watches and waits', async () => {
  for (const name of ['one', 'two', 'three']) ok(await k(`create configmap ${name} --from-literal=a=b`));
  assert.equal(ok(await k('get configmaps --chunk-size=1 -o name')).trim().split('\n').length, 3);
  const watching = k('get configmaps --watch-only --output-watch-events -o name --request-timeout=4s');
  const waiting = k('wait configmap/late --for=create --timeout=20s');
  const labels = k('wait configmap/one --for=jsonpath={.data.done}=yes --timeout=20s');
  const deletion = k('wait configmap/two --for=delete --timeout=20s');
  await eventually(async () => (await k('get configmap one -o name')).code === 0, 'the object');
  ok(await k('create configmap late --from-literal=a=b'));
  ok(await k(['patch', 'configmap', 'one', '--type=merge', '-p', '{"data":{"done":"yes"}}']));
  ok(await k('delete configmap two'));
  assert.equal(ok(await waiting), 'configmap/late condition met\n');
  assert.equal(ok(await labels), 'configmap/one condition met\n');
  assert.match(ok(await deletion), /^configmap\/two condition met\n$|^$/);
  assert.doesNotMatch((await watching).stdout, /one$[^]*ADDED.*one/m);
  const late = await k('wait deployment/web --for=condition=Available --timeout=1s');
  assert.deepEqual([late.code, late.stderr], [1, 'error: timed out waiting for the condition on deployments/web\n']);
});

test('replaced by force, edited, edited badly', async () => {
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'edited' }, data: { color: 'red' } };
  ok(await k('create -f -', JSON.stringify(config)));
  const file = join(server.folder, 'edited.json');
  writeFileSync(file, JSON.stringify({ ...config, data: { color: 'green' } }));
  assert.equal(ok(await k(`replace --force -f ${file}`)), 'configmap "edited" deleted from shop namespace\nconfigmap/edited replaced\n');
  const edit = (expression: string): Promise<Result> => {
    const editor = join(server.folder, 'editor.sh');
    writeFileSync(editor, `#!/bin/sh\nsed -i '${expression}' "$1"\n`);
    chmodSync(editor, 0o755);
    return run(realProgram('kubectl'), ['-n', 'shop', 'edit', 'configmap', 'edited'], { env: { KUBECONFIG: join(server.folder, 'admin.conf'), KUBE_EDITOR: editor } });
  };
  assert.equal(ok(await edit('s/green/blue/')), 'configmap/edited edited\n');
  assert.equal((await edit('s/nothing/there/')).stderr, 'Edit cancelled, no changes made.\n');
  const bad = await edit('s/color: blue/color: [1]/');
  assert.equal(bad.code, 1);
  assert.equal(ok(await k('get configmap edited -o jsonpath={.data.color}')), 'blue');
});

test('scale, autoscale, labels, annotations, images, rollouts, nodes', async () => {
  assert.equal(ok(await k('scale deployment web --replicas=4')), 'deployment.apps/web scaled\n');
  const guarded = await k('scale deployment web --current-replicas=9 --replicas=4');
  assert.deepEqual([guarded.code, guarded.stderr], [1, 'error: Expected replicas to be 9, was 4\n']);
  assert.equal(ok(await k('autoscale deployment web --min=1 --max=3')), 'horizontalpodautoscaler.autoscaling/web autoscaled\n');
  assert.equal(ok(await k('set image deployment/web web=nginx:3')), 'deployment.apps/web image updated\n');
  assert.equal(ok(await k('label deployment web tier=front')), 'deployment.apps/web labeled\n');
  const twice = await k('label deployment web tier=back');
  assert.deepEqual([twice.code, twice.stderr], [1, "error: 'tier' already has a value (front), and --overwrite is false\n"]);
  assert.equal(ok(await k('annotate deployment web note=x')), 'deployment.apps/web annotated\n');
  assert.equal(ok(await k('rollout pause deployment/web')), 'deployment.apps/web paused\n');
  ok(await server.kubectl('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } })));
  assert.equal(ok(await k('taint node n1 a=b:NoSchedule')), 'node/n1 tainted\n');
  assert.equal(ok(await k('cordon n1')), 'node/n1 cordoned\n');
  assert.equal(ok(await k('cordon n1')), 'node/n1 already cordoned\n');
  assert.match(ok(await k('drain n1')), /^node\/n1 already cordoned\nnode\/n1 drained\n$/);
  assert.equal(ok(await k('uncordon n1')), 'node/n1 uncordoned\n');
  assert.equal(ok(await k('delete deployment web --cascade=orphan --wait=false')), 'deployment.apps "web" deleted from shop namespace\n');
});

test('selectors that no field has', async () => {
  const { code, stderr } = await k('get configmaps --field-selector=data.a=b');
  assert.deepEqual([code, stderr], [1, 'Error from server (BadRequest): Unable to find "/v1, Resource=configmaps" that match label selector "", field selector "data.a=b": "data.a" is not a known field selector: only "metadata.name", "metadata.namespace"\n']);
});
