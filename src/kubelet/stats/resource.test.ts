import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceMetrics } from './resource.ts';
import type { ContainerStats, PodStats } from './summary.ts';

const time = '1970-01-01T00:00:01Z';
const container = (name: string): ContainerStats => ({ name, startTime: time, cpu: { time, usageCoreNanoSeconds: 5e8 } });
const pod = (namespace: string, name: string, ...containers: string[]): PodStats => ({ podRef: { name, namespace, uid: name }, startTime: time, containers: containers.map(container) });

test('labels come by name, series by the values of their labels, and what is not known is left out', () => {
  const text = resourceMetrics({ node: { nodeName: 'n', startTime: time, cpu: { time, usageCoreNanoSeconds: 1e9 } }, pods: [pod('x', 'b', 'two', 'one'), pod('a', 'c', 'two')] }, 2000);
  assert.deepEqual(text.split('\n').filter((line) => !line.startsWith('#')), [
    'container_cpu_usage_seconds_total{container="one",namespace="x",pod="b"} 0.5 2000',
    'container_cpu_usage_seconds_total{container="two",namespace="a",pod="c"} 0.5 2000',
    'container_cpu_usage_seconds_total{container="two",namespace="x",pod="b"} 0.5 2000',
    'container_start_time_seconds{container="one",namespace="x",pod="b"} 1',
    'container_start_time_seconds{container="two",namespace="a",pod="c"} 1',
    'container_start_time_seconds{container="two",namespace="x",pod="b"} 1',
    'node_cpu_usage_seconds_total 1 2000',
    'resource_scrape_error 0',
    '',
  ]);
});
