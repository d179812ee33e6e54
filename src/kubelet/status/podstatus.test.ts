import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exited, healthy, podFixture, run, running, sandbox } from '../pods/fixtures.ts';
import { nothingRunning, type Pod, type PodRuntime } from '../pods/model.ts';
import { podStatus, type StatusInput } from './podstatus.ts';
import { statusPatch } from './writer.ts';

const input = (pod: Pod, runtime: PodRuntime, more: Partial<StatusInput> = {}): StatusInput => ({
  pod, runtime, probes: healthy, reasons: new Map(), messages: new Map(), hostIPs: ['192.168.49.2'], now: Date.parse('2026-01-02T00:00:00Z'),
  startTime: '2026-01-01T00:00:01Z', ended: false, ...more,
});

const one = (restartPolicy: string): Pod => podFixture({ restartPolicy, containers: [{ name: 'a' }] });
const init = (restartPolicy = 'Always'): Pod => podFixture({ restartPolicy, initContainers: [{ name: 'i' }], containers: [{ name: 'a' }] });

const phases: [string, Pod, PodRuntime, Partial<StatusInput>, string][] = [
  ['nothing yet', one('Always'), nothingRunning, {}, 'Pending'],
  ['running', one('Always'), running(run('a')), {}, 'Running'],
  ['crashing', one('Always'), running(exited('a', 1)), { reasons: new Map([['a', { reason: 'CrashLoopBackOff', message: '' }]]) }, 'Running'],
  ['succeeded', one('Never'), running(exited('a', 0)), {}, 'Succeeded'],
  ['failed', one('Never'), running(exited('a', 1)), {}, 'Failed'],
  ['will be tried again', one('OnFailure'), running(exited('a', 1)), {}, 'Running'],
  ['init runs', init(), running(run('i')), {}, 'Pending'],
  ['init failed', init('Never'), running(exited('i', 1)), {}, 'Failed'],
  ['init is over', init(), running(exited('i', 0), run('a')), {}, 'Running'],
  ['deleted while running', one('Always'), running(exited('a', 143)), { ended: true }, 'Failed'],
  ['deleted and ended well', one('Always'), running(exited('a', 0)), { ended: true }, 'Succeeded'],
  ['refused', one('Always'), nothingRunning, { ended: true, verdict: { reason: 'OutOfcpu', message: 'no' } }, 'Failed'],
];

for (const [what, pod, runtime, more, expected] of phases) {
  test(`phase: ${what}`, () => assert.equal(podStatus(input(pod, runtime, more)).phase, expected));
}

test('a container that waits says why and keeps its last run', () => {
  const reasons = new Map([['a', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]]);
  const [status] = podStatus(input(one('Always'), running(exited('a', 3)), { reasons, messages: new Map([['a-id', 'bye']]) })).containerStatuses!;
  assert.deepEqual(status!.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } });
  assert.deepEqual(status!.lastState!.terminated, {
    exitCode: 3, reason: 'Error', message: 'bye', startedAt: '1970-01-01T00:00:02Z', finishedAt: '1970-01-01T00:00:03Z', containerID: 'containerd://a-id',
  });
  const [initializing] = podStatus(input(init(), running(run('i')))).containerStatuses!;
  assert.deepEqual(initializing!.state, { waiting: { reason: 'PodInitializing' } });
  const [next] = podStatus(input(init(), nothingRunning)).initContainerStatuses!;
  assert.deepEqual(next!.state, { waiting: { reason: 'PodInitializing' } });
});

test('what was never its turn still waits when an init container has ended the pod', () => {
  const pod = podFixture({ restartPolicy: 'Never', initContainers: [{ name: 'i' }, { name: 'j' }], containers: [{ name: 'a' }] });
  const status = podStatus(input(pod, running(exited('i', 1)), { ended: true }));
  const waiting = { waiting: { reason: 'PodInitializing' } };
  assert.deepEqual([status.initContainerStatuses![0]!.state!.terminated?.exitCode, status.initContainerStatuses![1]!.state, status.containerStatuses![0]!.state], [1, waiting, waiting]);
  const [lost] = podStatus(input(one('Never'), nothingRunning, { ended: true })).containerStatuses!;
  assert.equal(lost!.state!.terminated?.reason, 'ContainerStatusUnknown');
});

test('conditions keep their time until they change, and name who is not ready', () => {
  const pod = podFixture({ containers: [{ name: 'a' }, { name: 'b' }] }, {
    status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }, { type: 'Initialized', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });
  const status = podStatus(input(pod, running(run('a'), exited('b', 1))));
  const of = (type: string) => status.conditions!.find((c) => c?.type === type)!;
  assert.equal(of('Ready').lastTransitionTime, '2026-01-01T00:00:00Z');
  assert.equal(of('Ready').message, 'containers with unready status: [b]');
  assert.equal(of('Initialized').lastTransitionTime, '2026-01-02T00:00:00Z');
  assert.equal(of('PodReadyToStartContainers').status, 'True');
});

test('a readiness gate of somebody else holds the pod back', () => {
  const gated = (status: string): Pod => podFixture({ readinessGates: [{ conditionType: 'example.com/x' }], containers: [{ name: 'a' }] }, { status: { conditions: [{ type: 'example.com/x', status }] } });
  const ready = (pod: Pod): string | undefined => podStatus(input(pod, running(run('a')))).conditions!.find((c) => c?.type === 'Ready')!.status;
  assert.equal(ready(gated('False')), 'False');
  assert.equal(ready(gated('True')), 'True');
});

test('a pod whose sandbox is gone keeps the address it had', () => {
  const pod = podFixture({ containers: [{ name: 'a' }] }, { status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] } });
  assert.equal(podStatus(input(pod, { sandboxes: [{ ...sandbox, ready: false, ips: [] }], containers: [] })).podIP, '10.0.0.1');
});

test('a patch holds what changed, clears what is over and nothing else', () => {
  const old = { phase: 'Pending', reason: 'x', podIPs: [{ ip: '1' }], conditions: [{ type: 'Ready', status: 'False', reason: 'why' }, { type: 'A', status: 'True' }], qosClass: 'BestEffort', resize: 'kept' };
  const fresh = { phase: 'Running', podIPs: [{ ip: '2' }], conditions: [{ type: 'Ready', status: 'True' }, { type: 'A', status: 'True' }], qosClass: 'BestEffort' };
  assert.deepEqual(statusPatch(old, fresh), {
    phase: 'Running', reason: null, podIPs: [{ $patch: 'replace' }, { ip: '2' }], conditions: [{ type: 'Ready', status: 'True', reason: null }],
  });
  assert.equal(statusPatch(fresh, fresh), undefined);
});
