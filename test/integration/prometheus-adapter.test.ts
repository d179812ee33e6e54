/** The adapter behind a real API server's aggregator; Prometheus is one that says what the test wants it to. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { packages } from '../../src/api/catalog.ts';
import { httpClient, type HttpClient } from '../../src/client/http.ts';
import { parseConfig } from '../../src/metrics/adapter/config.ts';
import { runAdapter } from '../../src/metrics/adapter/server.ts';
import { decodeProtobufBody } from '../../src/schema/protobuf.ts';
import { Registry } from '../../src/schema/registry.ts';
import type { Serving } from '../../src/serving/server.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';

const config = `
rules:
- seriesQuery: 'http_requests_total'
  resources: {template: <<.Resource>>}
  name: {matches: '^(.*)_total$', as: '\${1}_per_second'}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)'
externalRules:
- seriesQuery: 'queue_length'
  resources: {overrides: {namespace: {resource: namespace}}}
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (name)'
resourceRules:
  cpu: &rule
    containerLabel: container
    containerQuery: 'cpu{<<.LabelMatchers>>} by (<<.GroupBy>>)'
    nodeQuery: 'cpu{<<.LabelMatchers>>}'
    resources: {overrides: {node: {resource: node}, namespace: {resource: namespace}, pod: {resource: pod}}}
  memory: {<<: *rule, containerQuery: 'memory{<<.LabelMatchers>>} by (<<.GroupBy>>)', nodeQuery: 'memory{<<.LabelMatchers>>}'}
  window: 1m
`;

let server: TestServer;
let prometheus: Server;
let url = '';
let http: HttpClient;
let adapter: Serving & { stopped: Promise<void> };
const ending = new AbortController();
/** By query; of another one there is nothing. */
const answers = new Map<string, unknown>();

const vector = (...samples: readonly (readonly [Record<string, string>, string])[]): object => ({ resultType: 'vector', result: samples.map(([metric, value]) => ({ metric, value: [1_700_000_000.5, value] })) });

function fakePrometheus(): Server {
  return createServer((request, response) => {
    void text(request).then((body) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://x');
      const parameters = request.method === 'POST' ? new URLSearchParams(body) : searchParams;
      const send = (status: number, value: object): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      assert.equal(request.headers['x-scope-orgid'], 'me');
      if (pathname === '/prefix/api/v1/series') {
        const name = parameters.get('match[]')!;
        return send(200, { status: 'success', data: [{ __name__: name, namespace: 'default', pod: 'a', node: 'n', instance: 'x' }] });
      }
      const query = parameters.get('query')!;
      if (query.includes('pod="broken"')) return send(400, { status: 'error', errorType: 'bad_data', error: 'parse error' });
      send(200, { status: 'success', data: answers.get(query) ?? vector() });
    });
  });
}

async function kubectl(args: string | string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await server.kubectl(args, input && JSON.stringify(input));
  assert.equal(code, 0, `kubectl ${String(args)}: ${stderr}`);
  return stdout.trim();
}
const raw = async (path: string): Promise<any> => JSON.parse(await kubectl(['get', '--raw', path])); // oxlint-disable-line typescript/no-explicit-any
const refused = async (path: string): Promise<string> => {
  const { code, stdout, stderr } = await server.kubectl(['get', '--raw', path]);
  assert.equal(code, 1, stdout);
  return stderr.trim();
};
const custom = '/apis/custom.metrics.k8s.io/v1beta1';
const aggregated = async (): Promise<string> => {
  const { body } = await server.api.client({ name: 'admin', groups: ['system:masters'] }).raw({ method: 'GET', path: '/apis', headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } });
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
};

before(async () => {
  prometheus = fakePrometheus().listen(0, '127.0.0.1');
  await once(prometheus, 'listening');
  url = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}/prefix`;
  http = httpClient({ server: url, surroundings });
  const proxyAuthority = await createAuthority({ commonName: 'front-proxy-ca' });
  const proxy = await issue(proxyAuthority, { commonName: 'front-proxy-client', usages: ['client'] });
  server = await testServer({ frontProxy: { cert: proxy.certPem, key: proxy.keyPem, authority: proxyAuthority.certPem } });
  const own = await issue(await createAuthority({ commonName: 'adapter-ca' }), { commonName: 'adapter', dnsNames: ['localhost'], usages: ['server'] });
  adapter = await runAdapter(
    {
      config: parseConfig(config), relistIntervalMs: 200, maxAgeMs: 60_000, discoveryIntervalMs: 60_000,
      prometheus: { url, http, verb: 'POST', headers: { 'x-scope-orgid': 'me' } }, listen: { host: '127.0.0.1', port: 0, tls: { cert: own.certPem, key: own.keyPem } },
    },
    { client: server.api.client({ name: 'admin', groups: ['system:masters'] }), surroundings, signal: ending.signal },
  );
  await kubectl('create -f -', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'adapter' }, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: adapter.port }] } });
  for (const [group, version] of [['metrics.k8s.io', 'v1beta1'], ['custom.metrics.k8s.io', 'v1beta1'], ['custom.metrics.k8s.io', 'v1beta2'], ['external.metrics.k8s.io', 'v1beta1']] as const) {
    await kubectl('create -f -', {
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}` },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name: 'adapter', namespace: 'default', port: adapter.port } },
    });
  }
  for (const version of ['v1beta1.metrics.k8s.io', 'v1beta1.custom.metrics.k8s.io', 'v1beta2.custom.metrics.k8s.io', 'v1beta1.external.metrics.k8s.io']) await kubectl(`wait --for=condition=Available apiservice/${version} --timeout=20s`);
  await kubectl('create serviceaccount default');
  for (const name of ['a', 'b', 'c']) {
    await kubectl('create -f -', { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name === 'c' ? 'other' : 'web' } }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] } });
  }
  await kubectl('create -f -', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
});

after(async () => {
  ending.abort();
  await adapter?.stopped;
  await adapter?.close();
  await server?.stop();
  http?.close();
  prometheus?.close();
});

test('discovery lists every metric as a resource, and OpenAPI knows the kinds', async () => {
  const list = await eventually(async () => {
    const found = await raw(custom);
    return found.resources.length > 0 ? found : undefined;
  }, 'metrics');
  assert.deepEqual(list, {
    kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'custom.metrics.k8s.io/v1beta1',
    resources: ['namespaces', 'pods', 'nodes'].map((resource) => ({ name: `${resource}/http_requests_per_second`, singularName: '', namespaced: resource === 'pods', kind: 'MetricValueList', verbs: ['get'] })),
  });
  assert.deepEqual((await raw('/apis/external.metrics.k8s.io/v1beta1')).resources, [{ name: 'queue_length', singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] }]);
  // In the one document of all groups they are subresources of what they describe; nothing is there to be listed.
  await eventually(async () => (/"subresource":"http_requests_per_second"/.test(await aggregated()) ? true : undefined), 'the metrics in the aggregated discovery');
  const group = (JSON.parse(await aggregated()) as { items: { metadata: { name: string }; versions: { version: string; resources: object[] }[] }[] }).items.find((g) => g.metadata.name === 'custom.metrics.k8s.io')!;
  assert.deepEqual(group.versions.find((v) => v.version === 'v1beta1')!.resources.find((r) => 'resource' in r && r.resource === 'pods'), {
    resource: 'pods', responseKind: { group: '', version: '', kind: '' }, scope: 'Namespaced', singularResource: '', verbs: [],
    subresources: [{ subresource: 'http_requests_per_second', responseKind: { group: 'custom.metrics.k8s.io', version: 'v1beta1', kind: 'MetricValueList' }, verbs: ['get'] }],
  });
  assert.doesNotMatch(await kubectl('api-resources --api-group=custom.metrics.k8s.io'), /http_requests/);
  assert.ok((await raw('/openapi/v3/apis/custom.metrics.k8s.io/v1beta2')).components.schemas['io.k8s.metrics.pkg.apis.custom_metrics.v1beta2.MetricValueList']);
});

test('the pods that a selector matches, in both versions', async () => {
  answers.set('sum(rate(http_requests_total{namespace="default",pod=~"a|b"}[2m])) by (pod)', vector([{ pod: 'b' }, '2'], [{ pod: 'a' }, '0.2505'], [{ pod: 'z' }, '9']));
  const item = (name: string, value: string) => ({ describedObject: { kind: 'Pod', namespace: 'default', name, apiVersion: '/v1' }, timestamp: '', value });
  const path = '/namespaces/default/pods/*/http_requests_per_second?labelSelector=app%3Dweb';
  const first = await raw(`${custom}${path}`);
  assert.equal(first.kind, 'MetricValueList');
  assert.equal(first.apiVersion, 'custom.metrics.k8s.io/v1beta1');
  assert.match(first.items[0].timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(first.items.map((i: object) => ({ ...i, timestamp: '' })), [
    { ...item('a', '250m'), metricName: 'http_requests_per_second', selector: null }, { ...item('b', '2'), metricName: 'http_requests_per_second', selector: null },
  ]);
  const second = await raw(`/apis/custom.metrics.k8s.io/v1beta2${path}`);
  assert.deepEqual(second.items.map((i: object) => ({ ...i, timestamp: '' })), [
    { ...item('a', '250m'), metric: { name: 'http_requests_per_second', selector: null } }, { ...item('b', '2'), metric: { name: 'http_requests_per_second', selector: null } },
  ]);
});

test('protobuf for who asks for it, and no table', async () => {
  const client = server.api.client({ name: 'admin', groups: ['system:masters'] });
  const ask = async (path: string, accept: string): Promise<{ status: number; type: string; bytes: Buffer }> => {
    const { status, headers, body } = await client.raw({ method: 'GET', path, headers: { accept } });
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    return { status, type: headers['content-type'] ?? '', bytes: Buffer.concat(parts) };
  };
  const path = '/namespaces/default/pods/*/http_requests_per_second?labelSelector=app%3Dweb';
  const protobuf = 'application/vnd.kubernetes.protobuf';
  const registry = new Registry(packages);
  const lists = [['custommetrics', custom, path], ['custommetrics', '/apis/custom.metrics.k8s.io/v1beta2', path], ['externalmetrics', '/apis/external.metrics.k8s.io/v1beta1', '/namespaces/default/queue_length']] as const;
  answers.set('sum(queue_length{namespace="default"}) by (name)', vector([{ name: 'x' }, '1']));
  for (const [pkg, base, rest] of lists) {
    const binary = await ask(base + rest, `${protobuf},application/json`);
    assert.deepEqual([binary.status, binary.type], [200, protobuf]);
    const kind = pkg === 'custommetrics' ? 'MetricValueList' : 'ExternalMetricValueList';
    const decoded = decodeProtobufBody(registry, `${pkg}.${base.split('/').at(-1)}.${kind}`, binary.bytes) as { items: { value: string }[] };
    const { items } = JSON.parse((await ask(base + rest, 'application/json')).bytes.toString()) as { items: { value: string }[] };
    assert.deepEqual(decoded.items.map((i) => i.value), items.map((i) => i.value));
    assert.ok(items.length > 0);
  }
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  assert.equal(JSON.parse((await ask(custom + path, `${table},application/json`)).bytes.toString()).kind, 'MetricValueList');
  const refusal = await ask(custom + path, table);
  assert.deepEqual([refusal.status, JSON.parse(refusal.bytes.toString()).message], [406, 'the resource pods.custom.metrics.k8s.io does not support being converted to a Table']);
});

test('one pod, a node, a namespace, and a selector of the metric', async () => {
  answers.set('sum(rate(http_requests_total{verb="GET",namespace="default",pod="a"}[2m])) by (pod)', vector([{ pod: 'a' }, 'NaN']));
  const one = await raw('/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/a/http_requests_per_second?metricLabelSelector=verb%3DGET');
  assert.deepEqual([one.items[0].value, one.items[0].metric], ['0', { name: 'http_requests_per_second', selector: { matchLabels: { verb: 'GET' } } }]);
  answers.set('sum(rate(http_requests_total{node="n"}[2m])) by (node)', vector([{ node: 'n' }, '+Inf']));
  assert.deepEqual((await raw(`${custom}/nodes/n/http_requests_per_second`)).items.map((i: { describedObject: object; value: string }) => [i.describedObject, i.value]), [[{ kind: 'Node', name: 'n', apiVersion: '/v1' }, '9223372036854775807m']]);
  answers.set('sum(rate(http_requests_total{namespace="default"}[2m])) by (namespace)', vector([{ namespace: 'default' }, '7']));
  assert.deepEqual((await raw(`${custom}/namespaces/default/metrics/http_requests_per_second`)).items.map((i: { describedObject: { kind: string; name: string }; value: string }) => [i.describedObject.kind, i.describedObject.name, i.value]), [['Namespace', 'default', '7']]);
});

test('what is not there is not found, in upstream\'s words', async () => {
  assert.match(await refused(`${custom}/namespaces/default/pods/*/nothing`), /the server could not find the metric nothing for pods$/);
  assert.match(await refused(`${custom}/namespaces/default/pods/c/http_requests_per_second`), /the server could not find the metric http_requests_per_second for pods c$/);
  assert.match(await refused(`${custom}/namespaces/default/pods/*/http_requests_per_second?labelSelector=app%3Dnone`), /the server could not find the metric http_requests_per_second for pods$/);
  assert.match(await refused(`${custom}/namespaces/default/pods/*/http_requests_per_second?metricLabelSelector=a%3E1`), /the server could not find the metric http_requests_per_second for pods$/);
  assert.match(await refused(`${custom}/namespaces/default/deployments.apps/x/http_requests_per_second`), /the server could not find the metric http_requests_per_second for deployments\.apps$/);
  assert.match(await refused('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/nothing'), /the server could not find the metric nothing for namespaces$/);
  assert.match(await refused(`${custom}/pods`), /could not find the requested resource/);
  assert.match(await refused(`${custom}/namespaces/default/pods/broken/http_requests_per_second`), new RegExp(`unable to fetch metrics: Prometheus at ${url}: bad_data: parse error$`));
  const as = await server.as({ name: 'jane' });
  assert.match((await as(['get', '--raw', `${custom}/namespaces/default/pods/*/http_requests_per_second`])).stderr, /pods\.custom\.metrics\.k8s\.io "\*" is forbidden: User "jane" cannot get resource "pods\/http_requests_per_second" in API group "custom\.metrics\.k8s\.io" in the namespace "default"/);
});

test('external metrics, with their labels and the time of the sample', async () => {
  answers.set('sum(queue_length{name!="old",namespace="default"}) by (name)', vector([{ name: 'x' }, '12.5'], [{ name: 'y' }, '3']));
  assert.deepEqual(await raw('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue_length?labelSelector=name%21%3Dold'), {
    kind: 'ExternalMetricValueList', apiVersion: 'external.metrics.k8s.io/v1beta1', metadata: {},
    items: [['x', '12500m'], ['y', '3']].map(([name, value]) => ({ metricName: 'queue_length', metricLabels: { name }, timestamp: '2023-11-14T22:13:20Z', value })),
  });
  answers.set('sum(queue_length{namespace="default"}) by (name)', { resultType: 'scalar', result: [1_700_000_000, '4'] });
  assert.deepEqual((await raw('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue_length')).items, [{ metricName: 'queue_length', metricLabels: null, timestamp: '2023-11-14T22:13:20Z', value: '4' }]);
});

test('resource metrics by resource rules, so that kubectl top reads Prometheus', async () => {
  answers.set('cpu{namespace="default",pod="a"} by (pod,container)', vector([{ pod: 'a', container: 'c' }, '0.1509'], [{ pod: 'a', container: 'side' }, '-1']));
  answers.set('memory{namespace="default",pod="a"} by (pod,container)', vector([{ pod: 'a', container: 'c' }, '1048576']));
  const pod = await eventually(() => raw('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/a').catch(() => undefined), 'the pod to be known');
  assert.deepEqual([pod.window, pod.timestamp, pod.containers], ['1m0s', '2023-11-14T22:13:20Z', [{ name: 'c', usage: { cpu: '150m', memory: '1Mi' } }, { name: 'side', usage: { cpu: '0', memory: '0' } }]]);
  answers.set('cpu{node="n"}', vector([{ node: 'n' }, '1.5']));
  answers.set('memory{node="n"}', vector([{ node: 'n' }, '2147483648']));
  await eventually(async () => (/^n +1500m +2048Mi/.test(await kubectl('top node --no-headers')) ? true : undefined), 'kubectl top node');
});

test('Prometheus away: the answer names it; what is known stays known', async () => {
  prometheus.closeAllConnections();
  prometheus.close();
  const shown = new RegExp(`unable to fetch metrics: Prometheus at ${url}: connect ECONNREFUSED`);
  assert.match(await refused(`${custom}/namespaces/default/pods/*/http_requests_per_second?labelSelector=app%3Dweb`), shown);
  assert.match(await refused('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue_length'), shown);
  assert.match(await refused('/apis/metrics.k8s.io/v1beta1/nodes'), shown);
  await eventually(async () => (shown.test(await refused(`${custom}/namespaces/default/pods/*/nothing`)) ? true : undefined), 'an unknown metric to be blamed on Prometheus too');
  assert.equal((await raw(custom)).resources.length, 3);
});
