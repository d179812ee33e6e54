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
    { metadata: meta('one', 'a'), spec: { nodeName: 'n1', containers: [{ name: 'c', resources: { requests: { cpu: '500m', memory: '64Mi' }, limits: { memory: '256Mi' } } }] } }, { metadata: meta('zed', 'a'), spec: { containers: [{ name: 'c' }] } },
  ] },
  '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods/one': { kind: 'PodMetrics', ...gv, ...pods[1] },
  '/apis/metrics.k8s.io/v1beta1/namespaces/empty/pods': { kind: 'PodMetricsList', ...gv, metadata: {}, items: [] },
  '/api/v1/namespaces/empty/pods': { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] },
  '/apis/metrics.k8s.io/v1beta1/namespaces/young/pods': { kind: 'PodMetricsList', ...gv, metadata: {}, items: [] },
  '/api/v1/namespaces/young/pods': { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [{ metadata: { ...meta('p', 'young'), creationTimestamp: new Date().toISOString().replace(/\.\d+/, '') } }] },
};

const second = Math.floor(Date.now() / 1000);
const history = { kind: 'PodHistory', apiVersion: 'history.metrics.k7s.io/v1alpha1', step: '15s', times: [second - 40, second - 25, second - 10] };
const disk = (usedBytes: number): object => ({ usedBytes, capacityBytes: 100 * 2 ** 30 });
const psi = (avg10: number): object => ({ psi: { some: { avg10, avg60: 1, avg300: 1, total: 5 }, full: { avg10: 0, avg60: 0, avg300: 0, total: 0 } } });
/** Grows with each answer, as counters do. */
let summaries = 0;
const summary = (): object => ({
  node: { nodeName: 'n1', fs: disk(25 * 2 ** 30), network: { time: new Date().toISOString(), rxBytes: 5 * 2 ** 20, txBytes: 3000 }, cpu: psi(12.34), memory: psi(0), io: psi(3) },
  pods: [{
    podRef: { name: 'one', namespace: 'a', uid: 'u' }, network: { time: new Date(summaries++ * 2000).toISOString(), rxBytes: 10_000 * summaries, txBytes: 700 }, 'ephemeral-storage': disk(7 * 2 ** 20), cpu: psi(1.5), memory: psi(0.25),
    volume: [{ name: 'data', pvcRef: { name: 'data' }, ...disk(3 * 2 ** 30) }, { name: 'scratch', ...disk(2 ** 20) }], containers: [{ name: 'c', rootfs: disk(5 * 2 ** 20), logs: disk(2 ** 20) }],
  }],
});
const cadvisorText = ['periods_total', 'throttled_periods_total', 'throttled_seconds_total']
  .map((name, i) => `container_cpu_cfs_${name}{container="c",id="/x",image="i",name="n",namespace="a",pod="one"} ${[400, 100, 12.5][i]} 1700000000000\ncontainer_cpu_cfs_${name}{container="",id="/x",image="",name="",namespace="a",pod="one"} 999 1700000000000\n`).join('');
Object.assign(answers, {
  '/apis/history.metrics.k7s.io/v1alpha1/namespaces/a/pods': { kind: 'PodHistoryList', items: [{ ...history, metadata: meta('one', 'a'), containers: [{ name: 'c', cpu: [100e6, null, 300e6], memory: [2 ** 20, null, 4 * 2 ** 20] }] }] },
  '/apis/history.metrics.k7s.io/v1alpha1/nodes': { kind: 'NodeHistoryList', items: [{ ...history, metadata: meta('n1'), cpu: [1e9, 2e9, 3e9], memory: [2 ** 30, 2 ** 30, 2 ** 30] }] },
});

let server: Server;
let url: string;
const asked: string[] = [];
before(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    if (request.url === '/api/v1/nodes/n1/proxy/stats/summary') return void response.end(JSON.stringify(summary()));
    if (request.url === '/api/v1/nodes/n1/proxy/metrics/cadvisor') return void response.end(cadvisorText);
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
    'top pod -n a -l app=x,tier!=y', 'top pod -n a --field-selector=metadata.name=one', 'top pod -A -l app=x --field-selector=metadata.namespace!=b --sort-by=cpu', 'top pod one -n a --field-selector=a=b', 'top po -A --show-swap', 'top pod -A --show-swap --containers --sum',
    'top pod -n a --use-protocol-buffers=false', 'top pods -A --sort-by=memory --sum', 'top node -l a=b --no-headers', 'top nodes n1 --show-capacity --use-protocol-buffers=false', 'top no n1 --sort-by=memory', 'top pod one -n a --containers --sum --show-swap --no-headers', 'top pod --bad',
  ]) {
    const argv = ['-s', url, ...args.split(' ')];
    const metricsRequests = (): string[] => asked.splice(0).filter((path) => path.startsWith('/apis/metrics.k8s.io/v1beta1/')).map((path) => decodeURIComponent(path).split(/[?&]/).sort().join(' ')).sort();
    metricsRequests();
    const expected = await run(realProgram('kubectl'), argv, { env: { KUBECONFIG: '/nonexistent', HOME: '/nonexistent', KUBECACHEDIR: '/dev/null' } });
    const expectedRequests = metricsRequests();
    assert.deepEqual(await ownKubectl('/nonexistent', argv), expected, args);
    assert.deepEqual(metricsRequests(), expectedRequests, args);
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

const columnsOf = (text: string): string[][] => text.trimEnd().split('\n').map((line) => line.trim().split(/ {2,}/));

test('--history: least, mean and most; a line of it on a terminal', async () => {
  const args = ['-s', url, 'top', 'pod', '-n', 'a', '--history'];
  const { stdout } = await ownKubectl('/nonexistent', args);
  assert.deepEqual(columnsOf(stdout), [
    ['NAME', 'CPU(cores)', 'MEMORY(bytes)', 'CPU(min)', 'CPU(avg)', 'CPU(max)', 'MEMORY(min)', 'MEMORY(avg)', 'MEMORY(max)'],
    ['one', '250m', '128Mi', '100m', '200m', '300m', '1Mi', '2Mi', '4Mi'], ['zed', '0m', '0Mi', ...Array<string>(6).fill('-')],
  ]);
  const shown = await ownKubectl('/nonexistent', [...args, '--since=1m'], { terminal: true });
  // A minute in twenty cells: points of 40, 25 (nothing measured) and 10 seconds ago.
  assert.match(shown.stdout, /^one +250m +128Mi +[▁-█ ]{20} +100m/m);
  assert.ok(asked.includes('/apis/history.metrics.k7s.io/v1alpha1/namespaces/a/pods?since=1m'));
  const nodes = await ownKubectl('/nonexistent', ['-s', url, 'top', 'node', '--since=1m'], { terminal: true });
  assert.match(nodes.stdout, /^n1 .* [▁-█ ]{20} +1000m +2000m +3000m +[▁-█ ]{20} +1024Mi +1024Mi +1024Mi *$/m);
  const bad = await ownKubectl('/nonexistent', ['-s', url, 'top', 'node', '--since=ten']);
  assert.deepEqual([bad.code, bad.stderr], [1, 'error: --since should be a positive duration such as 10m, not "ten"\n']);
  const none = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-A', '--history']);
  assert.match(none.stderr, /^error: History API not available: .*history\.metrics\.k7s\.io/);
});

test('--storage, --network, --pressure, --throttling: what the kubelets measure', async () => {
  const { stdout } = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-n', 'a', '--storage', '--network', '--pressure', '--throttling']);
  assert.deepEqual(columnsOf(stdout).map((cells) => cells.slice(3)), [
    ['EPHEMERAL(bytes)', 'VOLUMES(bytes)', 'RX(bytes)', 'TX(bytes)', 'CPU(wait%)', 'MEMORY(wait%)', 'IO(wait%)', 'THROTTLED(%)', 'THROTTLED(time)'],
    ['7.0Mi', '3.0Gi', `${((10_000 * summaries) / 1024).toFixed(1)}Ki`, '700B', '1.5%', '0.3%', '-', '25.0%', '12.5s'], Array<string>(9).fill('-'),
  ]);
  const containers = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-n', 'a', '--containers', '--storage', '--network', '--throttling', '--no-headers']);
  assert.deepEqual(columnsOf(containers.stdout)[0]!.slice(4), ['6.0Mi', '-', '-', '-', '25.0%', '12.5s']);
  const nodes = await ownKubectl('/nonexistent', ['-s', url, 'top', 'node', '--storage', '--network', '--pressure']);
  assert.match(nodes.stdout, /^n1 .* 25Gi +25% +5\.0Mi +2\.9Ki +12\.3% +0\.0% +3\.0% *$/m);
  assert.match(nodes.stderr, /^Warning: node n2 is left out: /m);
  assert.match(nodes.stdout, /^n2 .* - +- +- +- +- +- +- *$/m);
});

test('--network --watch: how many bytes a second, from one print to the next', async () => {
  const stop = new AbortController();
  const { stdout } = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-n', 'a', '--network', '--watch', '--interval=10ms', '--no-headers'], {
    signal: stop.signal,
    onOutput: (text) => {
      if (text.split('one').length > 2) stop.abort();
    },
  });
  const lines = columnsOf(stdout).filter(([name]) => name === 'one').map((cells) => cells.slice(5));
  assert.deepEqual(lines.slice(0, 2), [['-', '-'], ['4.9Ki', '0B']]);
});

test('without the right to nodes/proxy the error says which right is missing', async () => {
  const path = '/api/v1/nodes/n1/proxy/stats/summary';
  const refusing = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.statusCode = request.url === path ? 403 : 200;
    const refusal = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message: 'nodes "n1" is forbidden: User "u" cannot get resource "nodes/proxy" in API group "" at the cluster scope', code: 403 };
    response.end(JSON.stringify(request.url === path ? refusal : answers[request.url!.split('?')[0]!]));
  });
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const { code, stderr } = await ownKubectl('/nonexistent', ['-s', `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`, 'top', 'pod', '-n', 'a', '--network']);
  refusing.close();
  assert.equal(code, 1);
  assert.match(stderr, /^error: nodes "n1" is forbidden: .*\n.*the right to "get" "nodes\/proxy"/);
});

test('-o json and yaml: the objects of the metrics API with what the flags add', async () => {
  const { stdout } = await ownKubectl('/nonexistent', ['-s', url, 'top', 'pod', '-n', 'a', '--history', '--storage', '--network', '--pressure', '--throttling', '--utilization', '-o', 'json']);
  const list = JSON.parse(stdout) as { kind: string; items: Record<string, Record<string, unknown>>[] };
  assert.equal(list.kind, 'PodMetricsList');
  const { metadata, containers, network, ...one } = list.items[0]! as unknown as { metadata: { name: string }; containers: Record<string, unknown>[]; network: object };
  assert.equal(metadata.name, 'one');
  assert.deepEqual(Object.keys(network), ['rxBytes', 'txBytes']);
  assert.deepEqual(one, {
    ...when, ...gv, kind: 'PodMetrics', utilizationPercent: { cpuOfRequests: 50, memoryOfRequests: 200, memoryOfLimits: 50 }, storage: { ephemeralBytes: 7 * 2 ** 20, volumeBytes: 3 * 2 ** 30 },
    pressure: { cpu: (psi(1.5) as { psi: object }).psi, memory: (psi(0.25) as { psi: object }).psi }, throttling: { throttledPercent: 25, throttledSeconds: 12.5 },
    history: { step: '15s', times: history.times, cpuNanoCores: { last: 300e6, min: 100e6, avg: 200e6, max: 300e6, values: [100e6, null, 300e6] }, memoryBytes: { last: 4 * 2 ** 20, min: 2 ** 20, avg: 2.5 * 2 ** 20, max: 4 * 2 ** 20, values: [2 ** 20, null, 4 * 2 ** 20] } },
  });
  assert.deepEqual(containers[0]!['storage'], { ephemeralBytes: 6 * 2 ** 20 });
  const node = await ownKubectl('/nonexistent', ['-s', url, 'top', 'node', 'n1', '--storage', '-o', 'yaml']);
  assert.match(node.stdout, /^storage:\n {2}capacityBytes: 107374182400\n {2}usedBytes: 26843545600\n/m);
  const bad = await ownKubectl('/nonexistent', ['-s', url, 'top', 'node', '-o', 'wide']);
  assert.match(bad.stderr, /unable to match a printer suitable for the output format "wide", allowed formats are: json,yaml/);
});

test('top doctor: which station has no figures, and the exit code with it', async () => {
  const objects: Record<string, object> = {
    '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io': { spec: { service: { namespace: 'kube-system', name: 'metrics-server' } }, status: { conditions: [{ type: 'Available', status: 'True' }] } },
    '/api/v1/namespaces/kube-system/services/metrics-server': { spec: { selector: { 'k8s-app': 'metrics-server' } } },
    '/api/v1/namespaces/kube-system/pods': { items: [{
      metadata: { name: 'metrics-server-x' }, spec: { containers: [{ args: ['--metric-resolution=20s'] }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ state: { running: { startedAt: '2024-01-01T00:00:00Z' } } }] },
    }] },
    '/api/v1/nodes': { items: ['n1', 'gone'].map((name) => ({ metadata: { name }, status: { conditions: [{ type: 'Ready', status: 'True' }] } })) },
    '/apis/metrics.k8s.io/v1beta1/nodes': { items: [{ metadata: { name: 'n1' } }] },
    '/api/v1/namespaces/a/pods/young': { metadata: { name: 'young' }, spec: { nodeName: 'n1', containers: [{}] }, status: { phase: 'Running', containerStatuses: [{ state: { running: { startedAt: new Date(Date.now() - 5000).toISOString() } } }] } },
  };
  const cluster = createServer((request, response) => {
    const body = objects[request.url!.split('?')[0]!];
    response.setHeader('content-type', 'application/json');
    response.statusCode = body ? 200 : request.url!.endsWith('/healthz') ? 503 : 404;
    response.end(JSON.stringify(body ?? { kind: 'Status', status: 'Failure', reason: body ? '' : 'NotFound', message: 'dial tcp 10.0.0.9:10250: connect: connection refused', code: response.statusCode }));
  });
  await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve));
  const doctor = (...args: string[]) => ownKubectl('/nonexistent', ['-s', `http://127.0.0.1:${(cluster.address() as AddressInfo).port}`, 'top', 'doctor', ...args]);
  try {
    const { code, stdout } = await doctor('pod/young', '-n', 'a');
    assert.equal(code, 1);
    assert.deepEqual(stdout.split('\n').filter((line) => !line.startsWith(' ')), [
      'ok    metrics.k8s.io is served by kube-system/metrics-server', 'ok    metrics-server: pod metrics-server-x is ready', 'ok    1 of 2 nodes have figures',
      'bad   node gone has no figures: its kubelet does not answer: dial tcp 10.0.0.9:10250: connect: connection refused',
      'wait  pod/young runs since 5 s only: kubectl says NotFound until metrics-server has read it twice, 20 s apart', '',
    ]);
    assert.match(stdout, /→ Is the kubelet running, and its port \(10250\) open/);
    const data = JSON.parse((await doctor('-o', 'json', '--language=zh')).stdout) as { findings: { state: string; what: string; text: string }[] };
    assert.deepEqual(data.findings.map((f) => f.what), ['api', 'server', 'nodes', 'kubeletSilent']);
    assert.match(data.findings[2]!.text, /^2 个节点中有 1 个有数据$/);
    objects['/apis/metrics.k8s.io/v1beta1/nodes'] = { items: [{ metadata: { name: 'n1' } }, { metadata: { name: 'gone' } }] };
    assert.equal((await doctor()).code, 0);
  } finally {
    cluster.close();
  }
});
