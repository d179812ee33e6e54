import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bindings, pods } from '../../src/api/core/v1/index.ts';
import { createSigningRequest } from '../../src/wire/certificates.ts';
import { eventually, testServer, type TestServer } from '../apiserver.ts';

let server: TestServer;
before(async () => {
  server = await testServer();
  await server.kubectl('create serviceaccount default');
});
after(() => server.stop());

const create = (object: unknown) => server.kubectl('create -f -', JSON.stringify(object));

test('roles decide, and words say who may not do what', async () => {
  const alice = await server.as({ name: 'alice', groups: ['devs'] });
  assert.equal((await alice('get pods')).stderr, 'Error from server (Forbidden): pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"\n');
  assert.equal((await alice('auth can-i list pods')).stdout, 'no\n');
  // The default roles are filled by a controller, of which there is none here.
  await server.kubectl('create clusterrole editor --verb=* --resource=pods,deployments.apps');
  await server.kubectl('create rolebinding devs --clusterrole=editor --group=devs');
  await eventually(async () => (await alice('get pods')).code === 0 || undefined, 'the binding to count');
  assert.equal((await alice('auth can-i create deployments')).stdout, 'yes\n');
  assert.equal((await alice('auth can-i list pods -n kube-system')).stdout, 'no\n');
  const whoami = await alice('auth whoami -o jsonpath={.status.userInfo.username}');
  assert.equal(whoami.stdout, 'alice');
  const asBob = await server.kubectl('get pods --as=bob');
  assert.match(asBob.stderr, /User "bob" cannot list resource "pods"/);
});

test('nobody grants what they do not have', async () => {
  const carol = await server.as({ name: 'carol' });
  await server.kubectl('create clusterrole role-writer --verb=create,get --resource=roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io');
  await server.kubectl('create clusterrolebinding carol --clusterrole=role-writer --user=carol');
  await eventually(async () => (await carol('auth can-i create roles')).stdout === 'yes\n' || undefined, 'the binding to count');
  assert.match((await carol('create role secrets --verb=get --resource=secrets')).stderr, /is attempting to grant RBAC permissions not currently held:\s+\{APIGroups:\[""\], Resources:\["secrets"\], Verbs:\["get"\]\}/);
  assert.match((await carol('create rolebinding x --clusterrole=cluster-admin --user=carol')).stderr, /attempting to grant RBAC permissions not currently held/);
  assert.equal((await carol('create role roles --verb=get --resource=roles.rbac.authorization.k8s.io')).code, 0);
});

test('a token is its service account, until that is gone', async () => {
  await server.kubectl('create serviceaccount robot');
  const token = (await server.kubectl('create token robot')).stdout.trim();
  const robot = await server.as({ token });
  assert.equal((await robot('auth whoami -o jsonpath={.status.userInfo.username}')).stdout, 'system:serviceaccount:default:robot');
  await server.kubectl('delete serviceaccount robot');
  assert.match((await robot('get pods')).stderr, /Unauthorized|must be logged in/);
  const forged = await server.as({ token: `${token.slice(0, -8)}AAAAAAAA` });
  assert.match((await forged('get pods')).stderr, /Unauthorized|must be logged in/);
});

test('pods get an account with its token, a priority and tolerations; unknown namespaces and accounts are refused', async () => {
  assert.equal((await server.kubectl('run web --image=x')).code, 0);
  const pod = JSON.parse((await server.kubectl('get pod web -o json')).stdout);
  assert.equal(pod.spec.serviceAccountName, 'default');
  assert.match(pod.spec.volumes[0].name, /^kube-api-access-[a-z0-9]{5}$/);
  assert.equal(pod.spec.containers[0].volumeMounts[0].mountPath, '/var/run/secrets/kubernetes.io/serviceaccount');
  assert.equal(pod.spec.priority, 0);
  assert.deepEqual(pod.spec.tolerations.map((t: { key: string }) => t.key), ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);
  assert.match((await server.kubectl('-n nowhere run web --image=x')).stderr, /namespaces "nowhere" not found/);
  assert.match((await server.kubectl(['run', 'other', '--image=x', '--overrides={"spec":{"serviceAccountName":"ghost"}}'])).stderr, /error looking up service account default\/ghost: serviceaccount "ghost" not found/);
  assert.match((await server.kubectl('delete namespace kube-system')).stderr, /this namespace may not be deleted/);
});

test('a pod is bound once', async () => {
  const client = server.api.client({ name: 'system:kube-scheduler' });
  await server.kubectl('run bound --image=x');
  const binding = { metadata: { name: 'bound' }, target: { kind: 'Node', name: 'n1' } };
  await client.post(pods, 'bound', 'binding', binding, { namespace: 'default' });
  const pod = await client.get(pods, 'bound', { namespace: 'default' });
  assert.equal(pod.spec.nodeName, 'n1');
  assert.equal(pod.status.conditions?.find((c) => c.type === 'PodScheduled')?.status, 'True');
  await assert.rejects(client.create(bindings, binding, { namespace: 'default' }), /already assigned to node "n1"/);
});

test('services get addresses and node ports that nobody else has', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) => server.api.client({ name: 'x', groups: ['system:masters'] }).create(
    { group: '', version: 'v1', resource: 'services', kind: 'Service', namespaced: true }, { metadata: { name: `s${i}` }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }, { namespace: 'default' },
  )));
  const specs = made.map((s) => (s as unknown as { spec: { clusterIP: string; ports: { nodePort: number }[] } }).spec);
  assert.equal(new Set(specs.map((s) => s.clusterIP)).size, 20);
  assert.equal(new Set(specs.map((s) => s.ports[0]!.nodePort)).size, 20);
  const service = (name: string, spec: object) => create({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  assert.match((await service('taken', { clusterIP: specs[0]!.clusterIP })).stderr, /failed to allocate IP [0-9.]+: provided IP is already allocated/);
  assert.match((await service('taken', { type: 'NodePort', ports: [{ port: 80, nodePort: specs[0]!.ports[0]!.nodePort }] })).stderr, /provided port is already allocated/);
  assert.match((await service('far', { clusterIP: '1.2.3.4' })).stderr, /not in the valid range/);
  await server.kubectl('delete service s0');
  assert.equal((await service('again', { clusterIP: specs[0]!.clusterIP })).code, 0);
  assert.match((await server.kubectl('get service kubernetes')).stdout, /kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP/);
});

test('kubectl scales, patches and labels', async () => {
  await server.kubectl('create deployment d --image=x --replicas=3');
  assert.equal((await server.kubectl('scale deployment d --replicas=1')).stdout, 'deployment.apps/d scaled\n');
  assert.match((await server.kubectl('scale deployment d --current-replicas=5 --replicas=2')).stderr, /Expected replicas to be 5, was 1/);
  await server.kubectl('label deployment d tier=web');
  await server.kubectl(['patch', 'deployment', 'd', '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":4}]']);
  await server.kubectl('set image deployment/d x=y');
  assert.equal((await server.kubectl('get deployment d -o jsonpath={.metadata.labels.tier},{.spec.replicas},{.spec.template.spec.containers[0].image},{.metadata.generation}')).stdout, 'web,4,y,4');
  assert.match((await server.kubectl(['patch', 'deployment', 'd', '-p', '{"spec":{"replicas":-1}}'])).stderr, /spec.replicas: Invalid value: -1: must be greater than or equal to 0/);
});

test('a certificate request is approved by who may approve for its signer', async () => {
  const dave = await server.as({ name: 'dave' });
  await server.kubectl('create clusterrole csrs --verb=create,get,list,update --resource=certificatesigningrequests.certificates.k8s.io,certificatesigningrequests.certificates.k8s.io/approval');
  await server.kubectl('create clusterrolebinding csrs --clusterrole=csrs --user=dave');
  const request = async (name: string, organizations: string[]) => {
    const { requestPem } = await createSigningRequest({ commonName: 'dave', organizations });
    return { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec: { request: Buffer.from(requestPem).toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] } };
  };
  await eventually(async () => (await dave('create -f -', JSON.stringify(await request('dave', [])))).code === 0 || undefined, 'the binding to count');
  assert.match((await dave('certificate approve dave')).stderr, /user not permitted to approve requests with signerName "kubernetes.io\/kube-apiserver-client"/);
  assert.equal((await server.kubectl('certificate approve dave')).stdout, 'certificatesigningrequest.certificates.k8s.io/dave approved\n');
  assert.match((await dave('create -f -', JSON.stringify(await request('root', ['system:masters'])))).stderr, /with system:masters group is not allowed/);
});

test('an event is the same through both of its groups', async () => {
  await create({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: 'default' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'web' }, reason: 'Tested', message: 'told', type: 'Normal' });
  assert.equal((await server.kubectl('get events.events.k8s.io e -o jsonpath={.note},{.regarding.name}')).stdout, 'told,web');
});
