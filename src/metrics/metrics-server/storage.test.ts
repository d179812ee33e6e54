import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeResourceMetrics } from './decode.ts';
import { parseOptions } from './options.ts';
import { Storage, type MetricsPoint } from './storage.ts';

/** One round, in which the node `n` says this. */
const round = (storage: Storage, node: Partial<MetricsPoint> | undefined, container?: Partial<MetricsPoint>): void => {
  const point = (p: Partial<MetricsPoint>): MetricsPoint => ({ startTime: 0, timestamp: 0, cumulativeCpu: 1, memory: 1, ...p });
  storage.store('n', { node: node && point(node), pods: new Map(container ? [['ns/p', [{ name: 'c', ...point(container) }]]] : []) });
  storage.endRound();
};
const s = 1000;
const ns = 1e9;

test('a figure needs two points; CPU is the difference over the time between them', () => {
  const storage = new Storage(15 * s);
  round(storage, { timestamp: 100 * s, cumulativeCpu: 10 * ns, memory: 500 });
  assert.equal(storage.node('n'), undefined);
  assert.equal(storage.ready, false);
  round(storage, { timestamp: 110 * s, cumulativeCpu: 15 * ns, memory: 700 });
  assert.deepEqual(storage.node('n'), { cpu: 0.5 * ns, memory: 700, timestamp: 110 * s, windowMs: 10 * s });
});

test('the same reading again keeps the earlier window', () => {
  const storage = new Storage(15 * s);
  for (const [t, cpu] of [[100, 10], [110, 15], [110, 15]] as const) round(storage, { timestamp: t * s, cumulativeCpu: cpu * ns });
  assert.equal(storage.node('n')!.windowMs, 10 * s);
});

test('a node that stops answering drops out at once, and needs two points again', () => {
  const storage = new Storage(15 * s);
  round(storage, { timestamp: 100 * s, cumulativeCpu: 10 * ns });
  round(storage, { timestamp: 110 * s, cumulativeCpu: 15 * ns });
  round(storage, undefined);
  assert.equal(storage.node('n'), undefined);
  round(storage, { timestamp: 130 * s, cumulativeCpu: 20 * ns });
  assert.equal(storage.node('n'), undefined);
});

test('a counter that went back gives no figure, never a negative one', () => {
  const storage = new Storage(15 * s);
  round(storage, { timestamp: 100 * s, cumulativeCpu: 10 * ns });
  round(storage, { timestamp: 110 * s, cumulativeCpu: 5 * ns });
  assert.equal(storage.node('n'), undefined);
});

test('a restarted container is not compared with its former self', () => {
  const storage = new Storage(15 * s);
  round(storage, undefined, { startTime: 10 * s, timestamp: 100 * s, cumulativeCpu: 10 * ns });
  round(storage, undefined, { startTime: 112 * s, timestamp: 115 * s, cumulativeCpu: 1 * ns });
  assert.equal(storage.pod('ns/p'), undefined);
  round(storage, undefined, { startTime: 112 * s, timestamp: 130 * s, cumulativeCpu: 4 * ns });
  assert.equal(storage.pod('ns/p')!.get('c')!.cpu, 0.2 * ns);
});

test('a container younger than the resolution but older than 10 s counts from its start', () => {
  const storage = new Storage(15 * s);
  round(storage, undefined, { startTime: 100 * s, timestamp: 112 * s, cumulativeCpu: 6 * ns, memory: 9 });
  assert.deepEqual(storage.pod('ns/p')!.get('c'), { cpu: 0.5 * ns, memory: 9, timestamp: 112 * s, windowMs: 12 * s });
});

const text = `# HELP node_cpu_usage_seconds_total x
# TYPE node_cpu_usage_seconds_total counter
node_cpu_usage_seconds_total 1.5 2000
node_memory_working_set_bytes 1e+06 2000
container_cpu_usage_seconds_total{container="c",namespace="ns",pod="p"} 0.25 1999
container_memory_working_set_bytes{container="c",namespace="ns",pod="p"} 4096 1999
container_start_time_seconds{container="c",namespace="ns",pod="p"} 1.5
container_cpu_usage_seconds_total{container="c",namespace="ns",pod="half"} 0.25 1999
other_metric{a="b"} 1
`;

test('the kubelet text becomes points; what is incomplete is left out', () => {
  const decoded = decodeResourceMetrics(text, 5000);
  assert.deepEqual(decoded.node, { startTime: 0, timestamp: 2000, cumulativeCpu: 1.5 * ns, memory: 1000000 });
  assert.deepEqual([...decoded.pods.keys()], ['ns/p']);
  assert.deepEqual(decoded.pods.get('ns/p'), [{ name: 'c', startTime: 1500, timestamp: 1999, cumulativeCpu: 0.25 * ns, memory: 4096 }]);
});

test('text that is no number is an error of that node alone', () => {
  assert.throws(() => decodeResourceMetrics('node_cpu_usage_seconds_total abc 1\n', 1), /failed parsing metrics/);
});

test('flags: upstream names and limits', () => {
  const o = parseOptions(['--kubelet-insecure-tls', '--kubelet-preferred-address-types=InternalIP,Hostname', '--metric-resolution=30s', '--secure-port', '4443']);
  assert.equal(o.kubeletInsecureTls, true);
  assert.deepEqual(o.kubeletPreferredAddressTypes, ['InternalIP', 'Hostname']);
  assert.equal(o.metricResolutionMs, 30_000);
  assert.equal(o.securePort, 4443);
  assert.throws(() => parseOptions(['--metric-resolution=5s']), /at least 10s, but value 5s provided/);
  assert.throws(() => parseOptions(['--no-such-flag']), /unknown flag: --no-such-flag/);
});

test('flags that contradict each other, and values that cannot be read, are refused in upstream\'s words', () => {
  const insecure = '--deprecated-kubelet-completely-insecure';
  const refused: readonly (readonly [readonly string[], string])[] = [
    [[insecure, '--kubelet-insecure-tls'], 'cannot use both --kubelet-insecure-tls and --deprecated-kubelet-completely-insecure'],
    [[insecure, '--kubelet-certificate-authority=x'], 'cannot use both --kubelet-certificate-authority and --deprecated-kubelet-completely-insecure'],
    [[insecure, '--kubelet-client-key=k', '--kubelet-client-certificate=c'], 'cannot use both --kubelet-client-key and --deprecated-kubelet-completely-insecure'],
    [['--kubelet-insecure-tls', '--kubelet-certificate-authority=x'], 'cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls'],
    [['--kubelet-client-key=k'], 'need both --kubelet-client-key and --kubelet-client-certificate'],
    [['--kubelet-request-timeout=20s', '--metric-resolution=15s'], 'metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value 15s kubelet-request-timeout value 20s provided'],
    [['--secure-port=many'], 'invalid argument "many" for "--secure-port" flag: strconv.ParseInt: parsing "many": invalid syntax'],
    [['--kubelet-insecure-tls=perhaps'], 'invalid argument "perhaps" for "--kubelet-insecure-tls" flag: strconv.ParseBool: parsing "perhaps": invalid syntax'],
    [['--kubelet-port'], 'flag needs an argument: --kubelet-port'],
  ];
  for (const [argv, message] of refused) assert.throws(() => parseOptions(argv), { message });
  assert.equal(parseOptions(['--v', '2', '-l', 'a=b', '--kubelet-insecure-tls=false']).nodeSelector, 'a=b');
  assert.deepEqual(parseOptions(['--authorization-always-allow-paths=/metrics']).authorizationAlwaysAllowPaths, ['/metrics']);
});

test('NaN, infinite and negative figures are no measurements; names in another order are the same containers', () => {
  const line = (name: string, pod: string, value: string): string => `${name}{container="c",namespace="ns",pod="${pod}"} ${value} 2000\n`;
  const [cpu, memory] = ['container_cpu_usage_seconds_total', 'container_memory_working_set_bytes'];
  const decoded = decodeResourceMetrics(
    [line(cpu, 'a', '1'), line(cpu, 'b', '2'), line(cpu, 'nan', 'NaN'), line(cpu, 'inf', '1'), line(cpu, 'minus', '-1'), line(memory, 'b', '20'), line(memory, 'a', '10'), line(memory, 'nan', '5'), line(memory, 'inf', '+Inf'), line(memory, 'minus', '5')].join(''),
    1,
  );
  assert.deepEqual([...decoded.pods].map(([key, [c]]) => [key, c!.cumulativeCpu, c!.memory]), [['ns/a', ns, 10], ['ns/b', 2 * ns, 20]]);
});

test('a pod that two nodes claim in one round is the first one\'s', () => {
  const storage = new Storage(15 * s);
  const claim = (t: number, memory: number) => ({ node: undefined, pods: new Map([['ns/p', [{ name: 'c', startTime: 1, timestamp: t * s, cumulativeCpu: t, memory }]]]) });
  for (const t of [100, 115]) {
    storage.store('one', claim(t, 1));
    storage.store('two', claim(t + 1, 2));
    storage.endRound();
  }
  assert.deepEqual([storage.pod('ns/p')!.get('c')!.memory, storage.pod('ns/p')!.get('c')!.windowMs], [1, 15 * s]);
  assert.deepEqual(storage.pointsStored, { nodes: 0, containers: 1 });
});
