import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exited, healthy, podFixture, run, running, sandbox } from './fixtures.ts';
import { nothingRunning, type PodRuntime } from './model.ts';
import { planPod, stopOrder, type Plan, type ProbeResults } from './plan.ts';
import type { Pod } from './model.ts';

/** A plan in a few words. */
function words(plan: Plan): string {
  if (plan.finished) return 'finished';
  return [plan.createSandbox ? `sandbox ${plan.attempt}` : '', ...plan.stop.map((s) => `stop ${s.view.name}`), ...plan.start.map((s) => `start ${s.container.name}`)].filter((w) => w !== '').join(', ');
}

const two = podFixture({ containers: [{ name: 'a' }, { name: 'b' }] });
const never = podFixture({ restartPolicy: 'Never', containers: [{ name: 'a' }, { name: 'b' }] });
const onFailure = podFixture({ restartPolicy: 'OnFailure', containers: [{ name: 'a' }] });
const steps = podFixture({ initContainers: [{ name: 'one' }, { name: 'side', restartPolicy: 'Always' }, { name: 'two' }], containers: [{ name: 'a' }] });
const dead = { ...sandbox, ready: false };

const cases: [string, Pod, PodRuntime, string][] = [
  ['nothing is there', two, nothingRunning, 'sandbox 0'],
  ['an empty sandbox', two, running(), 'start a, start b'],
  ['all run', two, running(run('a'), run('b')), ''],
  ['one has ended', two, running(run('a'), exited('b', 0)), 'start b'],
  ['one was made but never started', two, running(run('a'), run('b', { state: 'CONTAINER_CREATED' })), 'start b'],
  ['never again', never, running(run('a'), exited('b', 1)), ''],
  ['all are over', never, running(exited('a', 0), exited('b', 1)), 'finished'],
  ['success is not repeated', onFailure, running(exited('a', 0)), 'finished'],
  ['failure is', onFailure, running(exited('a', 1)), 'start a'],
  ['the sandbox died', two, { sandboxes: [dead], containers: [exited('a', 137), exited('b', 137)] }, 'sandbox 1'],
  ['the sandbox of a finished pod died', never, { sandboxes: [dead], containers: [exited('a', 0), exited('b', 0)] }, 'finished'],
  ['the sandbox of a pod that succeeded died', onFailure, { sandboxes: [dead], containers: [exited('a', 0)] }, 'finished'],
  ['a sandbox without an address', two, { sandboxes: [{ ...sandbox, ips: [] }], containers: [] }, 'sandbox 1'],
  ['the first step', steps, running(), 'start one'],
  ['the first step runs', steps, running(run('one')), ''],
  ['the first step failed', steps, running(exited('one', 1)), 'start one'],
  ['the sidecar is next', steps, running(exited('one', 0)), 'start side'],
  ['then the second step', steps, running(exited('one', 0), run('side')), 'start two'],
  ['the sidecar ended before its time', steps, running(exited('one', 0), exited('side', 0)), 'start side'],
  ['all steps are done', steps, running(exited('one', 0), run('side'), exited('two', 0)), 'start a'],
  ['later only the sidecar is tended', steps, running(run('a'), exited('side', 1)), 'start side'],
  ['an image was changed', two, running(run('a', { hash: 'other' }), run('b')), 'stop a'],
];

for (const [what, pod, runtime, expected] of cases) {
  test(`plan: ${what}`, () => assert.equal(words(planPod(pod, runtime, healthy)), expected));
}

test('plan: a failed step ends a pod that is never restarted', () => {
  const pod = podFixture({ restartPolicy: 'Never', initContainers: [{ name: 'one' }], containers: [{ name: 'a' }] });
  assert.equal(words(planPod(pod, running(exited('one', 2)), healthy)), 'finished');
});

test('plan: probes that fail stop their container, also a sidecar', () => {
  const ill: ProbeResults = { ...healthy, liveness: (view) => (view.name === 'b' ? 'failed' : 'passed') };
  assert.equal(words(planPod(two, running(run('a'), run('b')), ill)), 'stop b');
  assert.equal(planPod(two, running(run('a'), run('b')), ill).stop[0]!.message, 'Container b failed liveness probe, will be restarted');
  const late: ProbeResults = { ...healthy, startup: (view) => (view.name === 'side' ? 'failed' : 'passed'), started: () => false };
  assert.equal(words(planPod(steps, running(exited('one', 0), run('side')), late)), 'stop side');
});

test('sidecars stop after the others, the last first', () => {
  const pod = podFixture({ initContainers: [{ name: 's1', restartPolicy: 'Always' }, { name: 's2', restartPolicy: 'Always' }], containers: [{ name: 'a' }] });
  assert.deepEqual(stopOrder(pod, [run('s1'), run('a'), run('s2')]).map((group) => group.map((c) => c.name)), [['a'], ['s2'], ['s1']]);
});
