import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, testServer, type TestServer } from '../apiserver.ts';

let server: TestServer;
before(async () => {
  server = await testServer();
  for (const name of ['pages', 'many', 'watched']) await server.kubectl(['create', 'namespace', name]);
});
after(() => server.stop());

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

function request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const session = connect(server.api.url, { ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem });
  return new Promise<Answer>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':method': method, ':path': path, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers });
    const chunks: Buffer[] = [];
    let head: Record<string, unknown> = {};
    stream.on('response', (h) => (head = h));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks).toString() }));
    stream.on('error', reject);
    stream.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  }).finally(() => session.close());
}

const json = async (method: string, path: string, body?: unknown): Promise<Record<string, never>> => JSON.parse((await request(method, path, body)).body) as Record<string, never>;

test('kubectl creates, gets, lists, watches and deletes', async () => {
  const { kubectl } = server;
  assert.equal((await kubectl('create namespace basics')).stdout, 'namespace/basics created\n');
  assert.equal((await kubectl('-n basics create configmap settings --from-literal=a=b')).stdout, 'configmap/settings created\n');
  assert.match((await kubectl('-n basics get configmaps')).stdout, /^NAME +DATA +AGE\nsettings +1 +\d+s\n$/);
  assert.equal((await kubectl('-n basics get configmap settings -o jsonpath={.data.a}')).stdout, 'b');
  const watching = server.kubectl('-n basics get configmaps -w --request-timeout=3s -o name');
  await kubectl('-n basics create configmap other --from-literal=a=b');
  assert.deepEqual((await watching).stdout.trim().split('\n').sort(), ['configmap/other', 'configmap/settings']);
  assert.match((await kubectl('-n basics delete configmap settings')).stdout, /configmap "settings" deleted/);
  const gone = await kubectl('-n basics get configmap settings');
  assert.equal(gone.stderr, 'Error from server (NotFound): configmaps "settings" not found\n');
  assert.equal(gone.code, 1);
});

test('kubectl run makes a pod with all its defaults', async () => {
  await server.kubectl('create namespace pods');
  await server.kubectl('-n pods create serviceaccount default');
  assert.equal((await server.kubectl('-n pods run web --image=nginx')).stdout, 'pod/web created\n');
  assert.match((await server.kubectl('-n pods get pods')).stdout, /^NAME +READY +STATUS +RESTARTS +AGE\nweb +0\/1 +Pending +0 +\d+s\n$/);
  const pod = JSON.parse((await server.kubectl('-n pods get pod web -o json')).stdout);
  assert.equal(pod.spec.terminationGracePeriodSeconds, 30);
  assert.equal(pod.spec.containers[0].imagePullPolicy, 'Always');
  assert.equal(pod.status.phase, 'Pending');
});

test('objects are kept as the schema writes them', async () => {
  const spec = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ image: 'x', name: 'c' }] } } };
  const at = '/apis/apps/v1/namespaces/default/daemonsets';
  const made = await request('POST', at, { spec, metadata: { name: 'canonical' }, kind: 'DaemonSet', apiVersion: 'apps/v1' });
  assert.equal(made.status, 201, made.body);
  assert.match(made.body, /^{"kind":"DaemonSet","apiVersion":"apps\/v1","metadata":{"name":"canonical","namespace":"default","uid":"[^"]+","resourceVersion":"\d+","generation":1,"creationTimestamp":/);
  assert.match(made.body, /"spec":{"selector":.*"containers":\[{"name":"c","image":"x","resources":{},.*"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}},"revisionHistoryLimit":10},"status":/);
  assert.match(made.body, /"status":{"currentNumberScheduled":0,"numberMisscheduled":0,"desiredNumberScheduled":0,"numberReady":0}}$/);
  assert.equal((await request('PUT', `${at}/canonical`, JSON.parse(made.body))).body, made.body, 'the same object again is no change');
  const job = await request('POST', '/apis/batch/v1/namespaces/default/jobs', { metadata: { name: 'j' }, spec: { template: { spec: { containers: [{ name: 'c', image: 'x' }], restartPolicy: 'Never' } } } });
  const { metadata, spec: { template } } = JSON.parse(job.body) as { metadata: { labels: object }; spec: { template: { metadata: { labels: object } } } };
  assert.deepEqual(metadata.labels, template.metadata.labels);
});

test('a token asked for without audiences is for the API server, for an hour', async () => {
  assert.equal((await server.kubectl('-n many create serviceaccount robot')).code, 0);
  for (const body of [{}, { spec: {} }, { spec: { audiences: null } }]) {
    const answer = await request('POST', '/api/v1/namespaces/many/serviceaccounts/robot/token', body);
    assert.equal(answer.status, 201, answer.body);
    const { spec, status } = JSON.parse(answer.body) as { spec: { audiences: string[] }; status: { token: string } };
    assert.deepEqual(spec, { audiences: ['https://kubernetes.default.svc.cluster.local'], expirationSeconds: 3600, boundObjectRef: null });
    assert.deepEqual((JSON.parse(Buffer.from(status.token.split('.')[1]!, 'base64url').toString()) as { aud: string[] }).aud, spec.audiences);
  }
});

test('an unknown field is refused when strict, and warned of otherwise', async () => {
  const object = { metadata: { name: 'x' }, data: { a: 'b' }, extra: 1 };
  const strict = await request('POST', '/api/v1/namespaces/default/configmaps?fieldValidation=Strict', object);
  assert.equal(strict.status, 400);
  assert.match(strict.body, /strict decoding error: unknown field \\"extra\\"/);
  const warned = await request('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', object);
  assert.equal(warned.status, 201);
  assert.equal(warned.headers['warning'], '299 - "unknown field \\"extra\\""');
  assert.equal((await request('GET', '/api/v1/namespaces/default/configmaps/x')).status, 404);
});

test('lists come in pages of one revision, and resourceVersion is honoured', async () => {
  for (let i = 0; i < 5; i++) await request('POST', '/api/v1/namespaces/pages/configmaps', { metadata: { name: `c${i}` } });
  const first = (await json('GET', '/api/v1/namespaces/pages/configmaps?limit=2')) as unknown as { items: { metadata: { name: string } }[]; metadata: Record<string, string> };
  assert.equal(first.items.length, 2);
  assert.equal(first.metadata['remainingItemCount'], 3);
  await request('POST', '/api/v1/namespaces/pages/configmaps', { metadata: { name: 'c9' } });
  const names = first.items.map((i) => i.metadata.name);
  let token: string | undefined = first.metadata['continue'];
  while (token) {
    const page = (await json('GET', `/api/v1/namespaces/pages/configmaps?limit=2&continue=${encodeURIComponent(token)}`)) as unknown as typeof first;
    names.push(...page.items.map((i) => i.metadata.name));
    token = page.metadata['continue'];
  }
  assert.deepEqual(names, ['c0', 'c1', 'c2', 'c3', 'c4']);
  assert.equal((await request('GET', '/api/v1/namespaces/pages/configmaps?resourceVersion=999999')).status, 504);
});

test('writes compare revisions', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const made = (await json('POST', path, { metadata: { name: 'race' } })) as unknown as { metadata: Record<string, unknown>; data?: object };
  const first = await request('PUT', `${path}/race`, { ...made, data: { a: '1' } });
  assert.equal(first.status, 200);
  const second = await request('PUT', `${path}/race`, { ...made, data: { a: '2' } });
  assert.equal(second.status, 409);
  assert.match(second.body, /the object has been modified; please apply your changes to the latest version and try again/);
  assert.equal((await request('POST', path, { metadata: { name: 'race' } })).status, 409);
  // What changes nothing is not written.
  const same = JSON.parse((await request('PUT', `${path}/race`, JSON.parse(first.body))).body);
  assert.equal(same.metadata.resourceVersion, JSON.parse(first.body).metadata.resourceVersion);
});

test('finalizers hold an object until they are gone', async () => {
  const path = '/api/v1/namespaces/default/configmaps/held';
  const held = { metadata: { name: 'held', finalizers: ['example.com/wait'] } };
  const create = async (): Promise<string> => (await request('POST', '/api/v1/namespaces/default/configmaps', held)).body;
  await create();
  assert.match(await create(), /"message":"configmaps \\"held\\" already exists"/);
  const deleting = JSON.parse((await request('DELETE', path)).body);
  assert.ok(deleting.metadata.deletionTimestamp);
  assert.match(await create(), /"message":"object is being deleted: configmaps \\"held\\" already exists"/);
  assert.equal((await request('GET', path)).status, 200);
  delete deleting.metadata.finalizers;
  assert.equal((await request('PUT', path, deleting)).status, 200);
  assert.equal((await request('GET', path)).status, 404);
});

test('generateName makes names; a delete collection leaves nothing', async () => {
  const path = '/api/v1/namespaces/many/configmaps';
  const names = new Set<string>();
  for (let i = 0; i < 10; i++) names.add(((await json('POST', path, { metadata: { generateName: 'g-' } })) as unknown as { metadata: { name: string } }).metadata.name);
  assert.equal(names.size, 10);
  for (const name of names) assert.match(name, /^g-[a-z0-9]{5}$/);
  await request('DELETE', path);
  assert.deepEqual((await json('GET', path) as unknown as { items: unknown[] }).items, []);
});

test('a watch starts after a revision, or with the present state and a bookmark', async () => {
  const path = '/api/v1/namespaces/watched/configmaps';
  const first = (await json('POST', path, { metadata: { name: 'one' } })) as unknown as { metadata: { resourceVersion: string } };
  await request('POST', path, { metadata: { name: 'two' } });
  const events = (text: string) => text.trim().split('\n').map((line) => JSON.parse(line) as { type: string; object: { metadata: { name?: string; annotations?: Record<string, string> } } });
  const resumed = events((await request('GET', `${path}?watch=1&timeoutSeconds=1&resourceVersion=${first.metadata.resourceVersion}`)).body);
  assert.deepEqual(resumed.map((e) => [e.type, e.object.metadata.name]), [['ADDED', 'two']]);
  const state = events((await request('GET', `${path}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`)).body);
  assert.deepEqual(state.map((e) => e.type), ['ADDED', 'ADDED', 'BOOKMARK']);
  assert.equal(state[2]!.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
});

const factsFile = join(process.env['K7S_API_FACTS'] ?? join(import.meta.dirname, '../../../shared/api-facts'), 'kubernetes-1.34.json');

test('discovery serves what the facts say is on by default', { skip: !existsSync(factsFile) && 'the facts are not on this machine' }, async () => {
  interface Fact { group: string; version: string; resource: string; kind: string; singular: string; namespaced: boolean; verbs: string[]; shortNames?: string[]; categories?: string[]; servedByDefault?: boolean; subresources?: { name: string; kind: string; verbs: string[] }[] }
  const facts = (JSON.parse(readFileSync(factsFile, 'utf8')) as { resources: Fact[] }).resources.filter((r) => r.servedByDefault);
  const expected = facts.flatMap((f) => [
    [f.group, f.version, f.resource, f.kind, f.namespaced, f.verbs.join(), (f.shortNames ?? []).join(), (f.categories ?? []).join()].join(' '),
    ...(f.subresources ?? []).map((s) => [f.group, f.version, `${f.resource}/${s.name}`, s.kind, f.namespaced, s.verbs.join(), '', ''].join(' ')),
  ]).sort();
  interface Listed { name: string; kind: string; namespaced: boolean; verbs: string[]; shortNames?: string[]; categories?: string[] }
  const served: string[] = [];
  const groups = (await json('GET', '/apis') as unknown as { groups: { name: string; versions: { groupVersion: string; version: string }[] }[] }).groups;
  for (const { name, versions } of [{ name: '', versions: [{ groupVersion: 'v1', version: 'v1' }] }, ...groups]) {
    for (const { groupVersion, version } of versions) {
      const list = await json('GET', name === '' ? `/api/${groupVersion}` : `/apis/${groupVersion}`) as unknown as { resources: Listed[] };
      for (const r of list.resources) served.push([name, version, r.name, r.kind, r.namespaced, r.verbs.join(), (r.shortNames ?? []).join(), (r.categories ?? []).join()].join(' '));
    }
  }
  assert.deepEqual(served.sort(), expected);
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const aggregated = await request('GET', '/apis', undefined, { accept });
  assert.match(String(aggregated.headers['content-type']), /as=APIGroupDiscoveryList/);
  assert.deepEqual(JSON.parse(aggregated.body).items.map((g: { metadata: { name: string } }) => g.metadata.name), groups.map((g) => g.name));
  assert.equal((await request('GET', '/apis', undefined, { accept, 'if-none-match': String(aggregated.headers['etag']) })).status, 304);
});

test('health, version and metrics', async () => {
  assert.equal((await eventually(async () => (await request('GET', '/readyz')).status === 200 || undefined, 'readiness')), true);
  assert.equal(((await json('GET', '/version')) as unknown as { minor: string }).minor, '34');
  assert.match((await request('GET', '/metrics')).body, /apiserver_request_total\{verb="[A-Z]+".*code="200"/);
});

test('the root lists groups, versions and checks; the index of documents has discovery too', async () => {
  const { paths } = (await json('GET', '/')) as unknown as { paths: string[] };
  for (const path of ['/apis/', '/apis/apps', '/apis/apps/v1', '/livez/ping', '/readyz/shutdown', '/openapi/v3/', '/version']) assert.ok(paths.includes(path), path);
  assert.ok(!paths.includes('/') && paths.every((path, i) => i === 0 || paths[i - 1]! < path));
  const index = ((await json('GET', '/openapi/v3')) as unknown as { paths: Record<string, { serverRelativeURL: string }> }).paths;
  for (const name of ['api', 'apis', 'apis/apps', 'version']) {
    const document = (await json('GET', index[name]!.serverRelativeURL)) as unknown as { paths: Record<string, unknown> };
    assert.deepEqual(Object.keys(document.paths), [`/${name}/`]);
  }
});
