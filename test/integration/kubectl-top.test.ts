/** `kubectl top` of ours beside the real one, over the same recorded metrics. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { run } from '../apiserver.ts';
import { realProgram } from '../kubectl.ts';
import { ownKubectl } from '../ownkubectl.ts';

const meta = (name: string, namespace?: string): object => ({ name, ...(namespace ? { namespace } : {}), creationTimestamp: '2024-01-01T00:00:00Z' });
const when = { timestamp: '2024-01-01T00:00:00Z', window: '15s' };
const pod = (namespace: string, name: string, ...usage: [string, string, string][]): object => ({ metadata: meta(name, namespace), ...when, containers: usage.map(([container, cpu, memory]) => ({ name: container, usage: { cpu, memory } })) });
const gv = { apiVersion: 'metrics.k8s.io/v1beta1' };
const pods = [pod('b', 'two', ['x', '1500m', '200Mi'], ['a', '1n', '1048575']), pod('a', 'one', ['c', '249999999n', '131072Ki']), pod('a', 'zed', ['c', '0', '0'])];
const node = (name: string, allocatable: object, extra: object = {}): object => ({ metadata: meta(name), status: { allocatable, capacity: { cpu: '8', memory: '16Gi' }, nodeInfo: extra } });

const answers: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [{ name: 'metrics.k8s.io', versions: [{ groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' }], preferredVersion: { groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' } }] },
  '/apis/metrics.k8s.io/v1beta1/nodes': { kind: 'NodeMetricsList', ...gv, metadata: {}, items: [{ metadata: meta('n2'), ...when, usage: { cpu: '1999m', memory: '3Gi' } }, { metadata: meta('n1'), ...when, usage: { cpu: '123456789n', memory: '1234567Ki' } }] },
  '/apis/metrics.k8s.io/v1beta1/nodes/n1': { kind: 'NodeMetrics', ...gv, metadata: meta('n1'), ...when, usage: { cpu: '123456789n', memory: '1234567Ki' } },
  '/api/v1/nodes': { kind: 'NodeList', apiVersion: 'v1', metadata: {}, items: [node('n1', { cpu: '4', memory: '8148352Ki' }), node('n2', { cpu: '3920m', memory: '7Gi' }, { swap: { capacity: 2147483648 } }), node('silent', { cpu: '1', memory: '1Gi' })] },
  '/api/v1/nodes/n1': { kind: 'Node', apiVersion: 'v1', ...node('n1', { cpu: '4', memory: '8148352Ki' }) },
  '/apis/metrics.k8s.io/v1beta1/pods': { kind: 'PodMetricsList', ...gv, metadata: {}, items: pods },
  '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods': { kind: 'PodMetricsList', ...gv, metadata: {}, items: pods.slice(1) },
  '/api/v1/namespaces/a/pods': { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [
    { metadata: meta('one', 'a'), spec: { containers: [{ name: 'c', resources: { requests: { cpu: '500m', memory: '64Mi' }, limits: { memory: '256Mi' } } }] } }, { metadata: meta('zed', 'a'), spec: { containers: [{ name: 'c' }] } },
  ] },
  '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods/one': { kind: 'PodMetrics', ...gv, ...pods[1] },
  '/apis/metrics.k8s.io/v1beta1/namespaces/empty/pods': { kind: 'PodMetricsList', ...gv, metadata: {}, items: [] },
  '/api/v1/namespaces/empty/pods': { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] },
  '/apis/metrics.k8s.io/v1beta1/namespaces/young/pods': { kind: 'PodMetricsList', ...gv, metadata: {}, items: [] },
  '/api/v1/namespaces/young/pods': { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [{ metadata: { ...meta('p', 'young'), creationTimestamp: new Date().toISOString().replace(/\.\d+/, '') } }] },
};

let server: Server;
let url: string;
before(async () => {
  server = createServer((request, response) => {
    const body = answers[request.url!.split('?')[0]!];
    response.setHeader('content-type', 'application/json');
    response.statusCode = body ? 200 : 404;
    response.end(JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', message: `${request.url} not found`, code: 404 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => void server.close());

test('the same figures, columns and words', async () => {
  for (const args of [
    'top pod -A', 'top pod -A --containers', 'top pod -A --sum', 'top pod -A --containers --sum --no-headers', 'top pod -n a --sort-by=cpu', 'top pod -n a --sort-by=memory --containers', 'top pod one -n a', 'top pod -n a --sum --no-headers',
    'top pod -n empty', 'top pod -n young', 'top node n1', 'top pods -n a --no-headers', 'top node n1 --no-headers', 'top node --sort-by=size', 'top pod a b', 'top pod one -l a=b', 'top node n1 -l a=b', 'top node nope', 'top pod nope -n a',
  ]) {
    const argv = ['-s', url, ...args.split(' ')];
    const expected = await run(realProgram('kubectl'), argv, { env: { KUBECONFIG: '/nonexistent', HOME: '/nonexistent', KUBECACHEDIR: '/dev/null' } });
    assert.deepEqual(await ownKubectl('/nonexistent', argv), expected, args);
  }
});

test('nodes that say nothing stand below those that do', async () => {
  for (const args of ['top node', 'top node --sort-by=cpu', 'top node --sort-by=memory', 'top node --show-capacity', 'top node --show-swap']) {
    const argv = ['-s', url, ...args.split(' ')];
    const expected = await run(realProgram('kubectl'), argv, { env: { KUBECONFIG: '/nonexistent', HOME: '/nonexistent', KUBECACHEDIR: '/dev/null' } });
    assert.deepEqual(await ownKubectl('/nonexistent', argv), expected, args);
  }
});

test('the share of requests and limits; what is not declared has none', async () => {
  const { stdout } = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-n', 'a', '--utilization']);
  assert.match(stdout, /^NAME +CPU\(cores\) +MEMORY\(bytes\) +CPU\(req%\) +CPU\(lim%\) +MEMORY\(req%\) +MEMORY\(lim%\) *$/m);
  assert.match(stdout, /^one +250m +128Mi +50% +- +200% +50% *$/m);
  assert.match(stdout, /^zed +0m +0Mi +- +- +- +- *$/m);
});

test('--watch prints again until it is interrupted', async () => {
  const stop = new AbortController();
  const { stdout, code } = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-n', 'a', '--watch', '--interval=10ms'], {
    signal: stop.signal,
    onOutput: (text) => {
      if (text.split('NAME').length > 3) stop.abort();
    },
  });
  assert.ok(stdout.split('NAME').length > 3, stdout);
  assert.equal(code, 0);
});
