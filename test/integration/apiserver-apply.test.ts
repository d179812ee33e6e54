/** Field management as the real kubectl sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testServer, type Result, type TestServer } from '../apiserver.ts';

let server: TestServer;
before(async () => {
  server = await testServer();
});
after(() => server.stop());

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: object;
}

const configMap = (data: Record<string, string>): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data });
const apply = (input: string, more = ''): Promise<Result> => server.kubectl(`apply --server-side --validate=false ${more} -f -`.replace(/ +/g, ' '), input);

async function managers(name: string): Promise<Entry[]> {
  const { stdout } = await server.kubectl(`get ${name} -o json --show-managed-fields`);
  return (JSON.parse(stdout) as { metadata: { managedFields?: Entry[] } }).metadata.managedFields ?? [];
}

test('server-side apply creates, removes what is no longer stated, and refuses what others own', async () => {
  const made = await apply(configMap({ a: '1', b: '1' }));
  assert.equal(made.stdout, 'configmap/settings serverside-applied\n', made.stderr);
  assert.deepEqual((await managers('configmap/settings')).map((e) => [e.manager, e.operation, e.fieldsV1]), [['kubectl', 'Apply', { 'f:data': { 'f:a': {}, 'f:b': {} } }]]);
  await apply(configMap({ b: '1' }));
  assert.equal((await server.kubectl('get configmap settings -o jsonpath={.data}')).stdout, '{"b":"1"}');
  const refused = await apply(configMap({ b: '2' }), '--field-manager=other');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Apply failed with 1 conflict: conflict with "kubectl": \.data\.b/);
  assert.match(refused.stderr, /--force-conflicts/);
  const forced = await apply(configMap({ b: '2' }), '--field-manager=other --force-conflicts');
  assert.equal(forced.code, 0, forced.stderr);
  assert.deepEqual((await managers('configmap/settings')).map((e) => e.manager), ['other']);
});

test('a field that the type does not have is named', async () => {
  const refused = await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'odd' }, spec: { foo: 1 } }));
  assert.match(refused.stderr, /failed to create typed patch object \(default\/odd; \/v1, Kind=Service\): \.spec\.foo: field not declared in schema/);
});

test('creating and updating are tracked by the name of the client', async () => {
  await server.kubectl('create deployment web --image=nginx');
  const [created] = await managers('deployment/web');
  assert.deepEqual([created?.manager, created?.operation], ['kubectl-create', 'Update']);
  const spec = (created!.fieldsV1 as { 'f:spec': Record<string, object> })['f:spec'];
  assert.deepEqual(Object.keys(spec), ['f:progressDeadlineSeconds', 'f:replicas', 'f:revisionHistoryLimit', 'f:selector', 'f:strategy', 'f:template']);
  assert.deepEqual(spec['f:strategy'], { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} }, 'f:type': {} });
  const container = (spec['f:template'] as { 'f:spec': { 'f:containers': object } })['f:spec']['f:containers'];
  assert.deepEqual(container, {
    'k:{"name":"nginx"}': { '.': {}, 'f:image': {}, 'f:imagePullPolicy': {}, 'f:name': {}, 'f:resources': {}, 'f:terminationMessagePath': {}, 'f:terminationMessagePolicy': {} },
  });
});
