import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configz } from './configz.ts';
import { guards } from './server.ts';

test('each path is guarded by subresources of the node: the fine ones first, proxy for the rest', () => {
  const cases: Record<string, string[]> = {
    '/stats/summary': ['stats'], '/metrics': ['metrics'], '/metrics/cadvisor': ['metrics'], '/logs/': ['log'], '/checkpoint/a/b/c': ['checkpoint'],
    '/pods': ['pods', 'proxy'], '/runningpods/': ['pods', 'proxy'], '/healthz': ['healthz', 'proxy'], '/healthz/syncloop': ['healthz', 'proxy'], '/configz': ['configz', 'proxy'],
    '/exec/a/b/c': ['proxy'], '/containerLogs/a/b/c': ['proxy'], '/metricsx': ['proxy'], '/podsx': ['proxy'],
  };
  for (const [path, subresources] of Object.entries(cases)) assert.deepEqual(guards(path), subresources, path);
});

test('configz tells the settings in force, with the defaults of those that nobody set', () => {
  const told = configz({
    nodeName: 'n', nodeIPs: ['10.0.0.1'], containerRuntimeEndpoint: '/run/c.sock', rootDir: '/r', podLogsDir: '/l', cgroupRoot: '/k7s/n', clusterDNS: ['10.96.0.10'], clusterDomain: 'cluster.local',
    server: { host: '10.0.0.1', port: 10250, cert: 'c', key: 'secret', clientAuthority: '' },
  }) as { kubeletconfig: Record<string, unknown> };
  const { kind, maxPods, syncFrequency, nodeStatusReportFrequency, cgroupDriver, port } = told.kubeletconfig;
  assert.deepEqual({ kind, maxPods, syncFrequency, nodeStatusReportFrequency, cgroupDriver, port }, { kind: 'KubeletConfiguration', maxPods: 110, syncFrequency: '1m0s', nodeStatusReportFrequency: '5m0s', cgroupDriver: 'cgroupfs', port: 10250 });
  assert.ok(!('readOnlyPort' in told.kubeletconfig), 'closed');
  assert.doesNotMatch(JSON.stringify(told), /secret/);
});
