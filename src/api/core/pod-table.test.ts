import { test } from 'node:test';
import assert from 'node:assert/strict';
import { tableOf } from '../../schema/table.ts';
import { rulesFor } from '../rules.ts';
import { summarizePod } from './pod-table.ts';
import type * as T from './v1/types.ts';

const now = Date.parse('2026-01-02T00:00:00Z');

function pod(status: Partial<T.PodStatus>, spec: Partial<T.PodSpec> = {}, deleted = false): T.Pod {
  return {
    metadata: { name: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T23:55:00Z', ...(deleted ? { deletionTimestamp: '2026-01-02T00:00:00Z' } : {}) },
    spec: { containers: [{ name: 'c' } as T.Container], ...spec } as T.PodSpec,
    status: status as T.PodStatus,
  };
}

function container(state: Partial<T.ContainerState>, more: Partial<T.ContainerStatus> = {}): T.ContainerStatus {
  return { name: 'c', state, lastState: {}, ready: false, restartCount: 0, image: '', imageID: '', ...more } as T.ContainerStatus;
}

test('the state of a pod in one word', () => {
  const cases: readonly [T.Pod, string][] = [
    [pod({ phase: 'Pending' }), 'Pending'],
    [pod({ phase: 'Running', containerStatuses: [container({ running: {} }, { ready: true })] }), 'Running'],
    [pod({ phase: 'Running', containerStatuses: [container({ waiting: { reason: 'CrashLoopBackOff' } })] }), 'CrashLoopBackOff'],
    [pod({ phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] }), 'Completed'],
    [pod({ phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 3 } })] }), 'ExitCode:3'],
    [pod({ phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 137, signal: 9 } })] }), 'Signal:9'],
    [pod({ phase: 'Failed', reason: 'Evicted' }), 'Evicted'],
    [pod({ phase: 'Running', containerStatuses: [container({ running: {} }, { ready: true })] }, {}, true), 'Terminating'],
    [pod({ phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] }, {}, true), 'Completed'],
    [pod({ phase: 'Pending', initContainerStatuses: [container({ running: {} })] }, { initContainers: [{ name: 'c' } as T.Container] }), 'Init:0/1'],
    [pod({ phase: 'Pending', initContainerStatuses: [container({ waiting: { reason: 'CrashLoopBackOff' } })] }, { initContainers: [{ name: 'c' } as T.Container] }), 'Init:CrashLoopBackOff'],
    [pod({ phase: 'Pending', initContainerStatuses: [container({ terminated: { exitCode: 2, reason: 'Error' } })] }, { initContainers: [{ name: 'c' } as T.Container] }), 'Init:Error'],
    [pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }), 'SchedulingGated'],
  ];
  for (const [p, expected] of cases) assert.equal(summarizePod(p).status, expected);
});

test('sidecars count among the containers, and only their restarts count once the pod runs', () => {
  const p = pod(
    {
      phase: 'Running',
      conditions: [{ type: 'Initialized', status: 'True' }],
      initContainerStatuses: [container({ terminated: { exitCode: 0 } }, { name: 'once', restartCount: 5 }), container({ running: {} }, { name: 'side', started: true, ready: true, restartCount: 1 })],
      containerStatuses: [container({ running: {} }, { ready: true, restartCount: 2, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T23:59:00Z' } } })],
    },
    { initContainers: [{ name: 'once' } as T.Container, { name: 'side', restartPolicy: 'Always' } as T.Container] },
  );
  assert.deepEqual(summarizePod(p), { ready: 2, total: 2, restarts: 3, lastRestart: '2026-01-01T23:59:00Z', status: 'Running' });
});

test('a table of pods', () => {
  const p = pod({ phase: 'Succeeded', podIPs: [{ ip: '10.0.0.7' }], containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] }, { nodeName: 'n1' });
  const table = tableOf(rulesFor('', 'Pod'), [p], { now, metadata: { resourceVersion: '9' } }) as { columnDefinitions: { name: string; priority: number }[]; rows: { cells: unknown[]; conditions: unknown[]; object: { kind: string } }[] };
  assert.deepEqual(table.columnDefinitions.map((c) => c.name), ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates']);
  assert.deepEqual(table.rows[0]!.cells, ['web', '0/1', 'Completed', '0', '5m', '10.0.0.7', 'n1', '<none>', '<none>']);
  assert.equal(table.rows[0]!.conditions.length, 1);
  assert.equal(table.rows[0]!.object.kind, 'PartialObjectMetadata');
});

test('kinds without columns of their own show when they were created', () => {
  const role = { metadata: { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' } };
  const table = tableOf(rulesFor('rbac.authorization.k8s.io', 'Role'), [role], { now, includeObject: 'None' }) as { rows: { cells: unknown[] }[] };
  assert.deepEqual(table.rows[0]!.cells, ['r', '2026-01-01T00:00:00Z']);
});
