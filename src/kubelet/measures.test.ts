import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { Metrics } from '../base/metrics.ts';
import { RuntimeError, type Runtime } from './cri/client.ts';
import { kubeletMeasures, measuredRuntime, operationName } from './measures.ts';
import { volumeMetrics } from './server/metrics.ts';

test('operations are called what upstream calls them', () => {
  const names = { RunPodSandbox: 'run_podsandbox', ListPodSandbox: 'list_podsandbox', PodSandboxStatus: 'podsandbox_status', ExecSync: 'exec_sync', ListContainers: 'list_containers', ImageFsInfo: 'image_fs_info', Version: 'version', PortForward: 'port_forward', ReopenContainerLog: 'reopen_container_log' };
  for (const [method, name] of Object.entries(names)) assert.equal(operationName(method), name);
});

test('calls, errors and durations by operation; the answer and the error pass through', async () => {
  const registry = new Metrics();
  const answers: Record<string, () => Promise<unknown>> = { Version: async () => ({ version: '1' }), RunPodSandbox: async () => { throw new RuntimeError(2, 'no'); } };
  const bare = { call: (method: string) => answers[method]!(), events: () => { throw new Error('unused'); }, close: () => undefined } as unknown as Runtime;
  const runtime = measuredRuntime(bare, registry, systemClock);
  assert.deepEqual(await runtime.call('Version', {}), { version: '1' });
  await assert.rejects(runtime.call('RunPodSandbox', { runtimeHandler: 'kata' }), /no/);
  const text = registry.expose();
  assert.match(text, /^kubelet_runtime_operations_total\{operation_type="version"\} 1$/m);
  assert.match(text, /^kubelet_runtime_operations_errors_total\{operation_type="run_podsandbox"\} 1$/m);
  assert.doesNotMatch(text, /errors_total\{operation_type="version"\}/);
  assert.match(text, /^kubelet_runtime_operations_duration_seconds_count\{operation_type="version"\} 1$/m);
  assert.match(text, /^kubelet_run_podsandbox_errors_total\{runtime_handler="kata"\} 1$/m);
  assert.match(text, /^kubelet_started_pods_errors_total 1$/m);
});

test('the node names itself, and joins what the client counts', () => {
  const registry = new Metrics();
  registry.counter({ name: 'rest_client_requests_total', help: 'h' }).inc();
  const measures = kubeletMeasures('n1', registry);
  measures.relisted(0.01, undefined, 2000);
  measures.relisted(0.01, 1, 3000);
  const text = registry.expose();
  assert.match(text, /^kubelet_node_name\{node="n1"\} 1$/m);
  assert.match(text, /^rest_client_requests_total 1$/m);
  assert.match(text, /^kubelet_pleg_relist_duration_seconds_count 2$/m);
  assert.match(text, /^kubelet_pleg_relist_interval_seconds_count 1$/m);
  assert.match(text, /^kubelet_pleg_last_seen_seconds 3$/m);
});

test('volumes of claims; what is not measured yet is left out', () => {
  const text = volumeMetrics([{ namespace: 'a', name: 'c', fs: { time: '', capacityBytes: 10, availableBytes: 4 } }]);
  assert.deepEqual(text.split('\n').filter((line) => line && !line.startsWith('#')), [
    'kubelet_volume_stats_available_bytes{namespace="a",persistentvolumeclaim="c"} 4', 'kubelet_volume_stats_capacity_bytes{namespace="a",persistentvolumeclaim="c"} 10',
  ]);
});
