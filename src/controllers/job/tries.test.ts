import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackingFinalizer, indexAnnotation, type JobView, type PodView } from './outcome.ts';
import { failsIndex, failureAnnotations, failuresWith, lastTries } from './tries.ts';

const job = {
  metadata: { name: 'j', namespace: 'n', uid: 'j' },
  spec: {
    completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1, template: {},
    podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3] } }, { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
  },
} as unknown as JobView;

function failed(name: string, index: number, { code = 1, disrupted = false, before = {}, at = '2026-01-01T00:00:00Z' } = {}): PodView {
  return {
    metadata: { name, namespace: 'n', uid: name, creationTimestamp: at, finalizers: [trackingFinalizer], annotations: { [indexAnnotation]: String(index), ...before } },
    status: {
      phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated: { exitCode: code, finishedAt: at } } }],
      ...(disrupted ? { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } : {}),
    },
  } as unknown as PodView;
}

test('an index fails with its last try, or at once where the policy says so; what is ignored only makes the next one wait', () => {
  const first = failed('a', 0);
  assert.equal(failsIndex(job, first), false);
  const counts = failureAnnotations(failuresWith(job, first));
  assert.deepEqual(counts, { 'batch.kubernetes.io/job-index-failure-count': '1' });
  const ignored = failed('b', 0, { disrupted: true, before: counts });
  assert.equal(failsIndex(job, ignored), false);
  assert.deepEqual(failureAnnotations(failuresWith(job, ignored)), { ...counts, 'batch.kubernetes.io/job-index-ignored-failure-count': '1' });
  assert.equal(failsIndex(job, failed('c', 0, { before: counts })), true);
  assert.equal(failsIndex(job, failed('d', 0, { code: 3 })), true);
  assert.deepEqual(failuresWith(job, undefined), { counted: 0, ignored: 0 });
});

test('the last failed pod of an open index stays', () => {
  const later = failed('b', 0, { before: { 'batch.kubernetes.io/job-index-failure-count': '1' }, at: '2026-01-01T00:01:00Z' });
  const held = lastTries(job, [later, failed('a', 0), failed('c', 1), failed('d', 7)], (index) => index === 1);
  assert.deepEqual([...held].map(([index, pod]) => [index, pod.metadata.name]), [[0, 'b']]);
});
