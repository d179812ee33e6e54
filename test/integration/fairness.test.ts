import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, send, type Answer, type Sent } from '../http.ts';

const tokenFile = ['root,root,1,"system:masters"', 'alice,alice,2,"team"', 'bob,bob,3,"team"', 'carol,carol,4,"other"'].join('\n');
const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
const configmaps = '/api/v1/namespaces/default/configmaps';

const levelOf = (name: string, limitResponse: object) => ({ apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'PriorityLevelConfiguration', metadata: { name }, spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse } } });
const schemaOf = (name: string, level: string, precedence: number, subject: object) => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema', metadata: { name },
  spec: { priorityLevelConfiguration: { name: level }, matchingPrecedence: precedence, distinguisherMethod: { type: 'ByUser' }, rules: [{ subjects: [subject], resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['configmaps'], namespaces: ['*'], clusterScope: true }] }] },
});

let server: TestServer;
const root = (path: string, method = 'GET', body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  call(server.api.url, { path, method, token: 'root', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const uidOf = async (path: string): Promise<string> => ((await root(path)).json()['metadata'] as { uid: string }).uid;
/** Holds a seat for as long as its body does not come. */
const hold = (token: string): Sent => send(server.api.url, { path: configmaps, method: 'POST', token, open: true, headers: { 'content-type': 'application/json', 'content-length': '2' } });
const executing = (level: string): Promise<number> => column(level, 'ExecutingRequests');
async function column(level: string, name: string): Promise<number> {
  const [head, ...rows] = (await root('/debug/api_priority_and_fairness/dump_priority_levels')).text.split('\n').map((line) => line.split(/,\s*/));
  return Number(rows.find((row) => row[0] === level)?.[head!.indexOf(name)]);
}

before(async () => {
  server = await testServer({ tokenFile, authorization: ['AlwaysAllow'], limits: { maxRequestsInFlight: 2, maxMutatingRequestsInFlight: 2, requestTimeoutMs: 40_000 } });
  for (const level of [levelOf('tiny', { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } }), levelOf('strict', { type: 'Reject' })]) {
    assert.equal((await root(`${group}/prioritylevelconfigurations`, 'POST', level)).status, 201);
  }
  for (const schema of [schemaOf('alice', 'tiny', 60, { kind: 'User', user: { name: 'alice' } }), schemaOf('team', 'strict', 70, { kind: 'Group', group: { name: 'team' } }), schemaOf('lost', 'nowhere', 50, { kind: 'User', user: { name: '*' } })]) {
    assert.equal((await root(`${group}/flowschemas`, 'POST', schema)).status, 201);
  }
});
after(() => server.stop());

void test('the objects that a server begins with are there, and say that their levels are', async () => {
  const names = ((await root(`${group}/flowschemas`)).json()['items'] as { metadata: { name: string; annotations?: Record<string, string> } }[]).filter((o) => o.metadata.annotations?.['apf.kubernetes.io/autoupdate-spec'] === 'true').map((o) => o.metadata.name);
  assert.deepEqual(names, ['catch-all', 'exempt', 'global-default', 'kube-controller-manager', 'kube-scheduler', 'kube-system-service-accounts', 'probes', 'service-accounts', 'system-leader-election', 'system-node-high', 'system-nodes']);
  const condition = async (name: string): Promise<Record<string, string> | undefined> => ((await root(`${group}/flowschemas/${name}`)).json() as { status?: { conditions?: Record<string, string>[] } }).status?.conditions?.[0];
  const probes = await eventually(() => condition('probes'), 'the condition');
  assert.deepEqual([probes['type'], probes['status'], probes['reason'], probes['message']], ['Dangling', 'False', 'Found', 'This FlowSchema references the PriorityLevelConfiguration object named "exempt" and it exists']);
  const lost = await eventually(() => condition('lost'), 'the condition');
  assert.deepEqual([lost['status'], lost['reason'], lost['message']], ['True', 'NotFound', 'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object']);
});

void test('every answer says by uid how it was classified: the first schema by precedence, then name', async () => {
  const path = `${configmaps}/nothing`;
  for (const [token, schema, level] of [['root', 'exempt', 'exempt'], ['alice', 'alice', 'tiny'], ['bob', 'team', 'strict'], ['carol', 'global-default', 'global-default']] as const) {
    const { status, headers } = await call(server.api.url, { path, token });
    assert.equal(status, 404);
    assert.equal(headers['x-kubernetes-pf-flowschema-uid'], await uidOf(`${group}/flowschemas/${schema}`), token);
    assert.equal(headers['x-kubernetes-pf-prioritylevel-uid'], await uidOf(`${group}/prioritylevelconfigurations/${level}`), token);
  }
});

void test('a full level queues, then turns away with 429; other levels and the exempt are not touched', async () => {
  const held = hold('alice');
  await eventually(async () => (await executing('tiny')) === 1, 'the seat to be taken');
  const waiting = send(server.api.url, { path: configmaps, token: 'alice' });
  await eventually(async () => (await column('tiny', 'WaitingRequests')) === 1, 'the second to wait');
  const requests = (await root('/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1')).text;
  assert.match(requests, /^tiny, +alice, +0, +0, +alice, .* alice, +list, +\/api\/v1\/namespaces\/default\/configmaps, +default, /m);
  assert.match((await root('/debug/api_priority_and_fairness/dump_queues')).text, /^tiny, +0, +1, +1, +1, /m);

  const refused = await call(server.api.url, { path: configmaps, token: 'alice' });
  assert.deepEqual([refused.status, refused.text, refused.headers['retry-after'], refused.headers['content-type']], [429, 'Too many requests, please try again later.\n', '1', 'text/plain; charset=utf-8']);
  assert.ok(refused.headers['x-kubernetes-pf-prioritylevel-uid']);
  assert.equal((await call(server.api.url, { path: configmaps, token: 'carol' })).status, 200);
  assert.equal((await root(configmaps)).status, 200);

  held.request.end('{}');
  assert.equal((await held.answer).status, 422);
  assert.equal((await waiting.answer).status, 200);
  const metrics = (await root('/metrics')).text;
  assert.match(metrics, /^apiserver_flowcontrol_rejected_requests_total\{priority_level="tiny",flow_schema="alice",reason="queue-full"\} 1$/m);
  assert.match(metrics, /^apiserver_flowcontrol_request_wait_duration_seconds_count\{priority_level="tiny",flow_schema="alice",execute="true"\} 1$/m);
  assert.match(metrics, /^apiserver_flowcontrol_nominal_limit_seats\{priority_level="tiny"\} 1$/m);
});

void test('a level that rejects has no queue; a client that leaves its queue is forgotten', async () => {
  const held = hold('bob');
  await eventually(async () => (await executing('strict')) === 1, 'the seat to be taken');
  assert.equal((await call(server.api.url, { path: configmaps, token: 'bob' })).status, 429);
  held.request.destroy();
  await eventually(async () => (await executing('strict')) === 0, 'the seat to come back');

  const first = hold('alice');
  await eventually(async () => (await executing('tiny')) === 1, 'the seat to be taken');
  const waiting = send(server.api.url, { path: configmaps, token: 'alice' });
  await eventually(async () => (await column('tiny', 'WaitingRequests')) === 1, 'the second to wait');
  waiting.request.destroy();
  await eventually(async () => (await column('tiny', 'CancelledRequests')) === 1, 'the wait to end');
  first.request.destroy();
  await eventually(async () => (await executing('tiny')) === 0, 'the seat to come back');
});

void test('a watch keeps its seat only until it stands', async () => {
  const watch = send(server.api.url, { path: `${configmaps}?watch=1&timeoutSeconds=20`, token: 'bob' });
  await new Promise((resolve) => watch.request.once('response', resolve));
  await eventually(async () => (await executing('strict')) === 0, 'the seat to come back');
  assert.equal((await call(server.api.url, { path: configmaps, token: 'bob' })).status, 200);
  watch.request.destroy();
});

void test('what a user changes in a suggested object stays, when it says so; mandatory levels are put right', async () => {
  const path = `${group}/prioritylevelconfigurations/workload-low`;
  const merge = { 'content-type': 'application/merge-patch+json' };
  assert.equal((await root(path, 'PATCH', { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } }, spec: { limited: { nominalConcurrencyShares: 7 } } }, merge)).status, 200);
  await eventually(async () => /nominal_limit_seats\{priority_level="workload-low"\} 1$/m.test((await root('/metrics')).text), 'the new share');
  assert.equal((await root(`${group}/flowschemas/global-default`, 'DELETE')).status, 200);
  await eventually(async () => (await call(server.api.url, { path: '/api/v1/pods', token: 'carol' })).headers['x-kubernetes-pf-flowschema-uid'] === (await uidOf(`${group}/flowschemas/catch-all`)), 'the catch-all');
});

void test('without priority and fairness reads and writes have plain limits, and masters always pass', async () => {
  const plain = await testServer({ tokenFile, authorization: ['AlwaysAllow'], limits: { priorityAndFairness: false, maxRequestsInFlight: 5, maxMutatingRequestsInFlight: 1 } });
  try {
    const { url } = plain.api;
    const held = send(url, { path: configmaps, method: 'POST', token: 'alice', open: true, headers: { 'content-type': 'application/json', 'content-length': '2' } });
    const body = JSON.stringify({ metadata: { name: 'x' } });
    const post = (token: string): Promise<Answer> => call(url, { path: `${configmaps}?dryRun=All`, method: 'POST', token, body });
    const refused = await eventually(async () => {
      const answer = await post('carol');
      return answer.status === 429 ? answer : undefined;
    }, 'the limit to be reached');
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(refused.headers['x-kubernetes-pf-flowschema-uid'], undefined);
    assert.equal((await call(url, { path: configmaps, token: 'carol' })).status, 200);
    assert.equal((await post('root')).status, 201);
    held.request.destroy();
  } finally {
    await plain.stop();
  }
});
