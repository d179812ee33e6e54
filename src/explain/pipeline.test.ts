import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doctorWords } from './doctorwords.ts';
import { diagnose, type PipelineFacts, type PodFacts } from './pipeline.ts';

const node = { name: 'n', ready: true, measured: true };
const good: PipelineFacts = {
  apiService: { available: true, reason: '', message: '', service: 'kube-system/metrics-server' }, servers: [{ name: 'm', ready: true, reason: '', ageSeconds: 1000 }], resolutionSeconds: 15, nodes: [node],
};
const pod: PodFacts = { name: 'pod/p', exists: true, phase: 'Running', node: 'n', runningSeconds: 300, measured: true };
const found = (facts: Partial<PipelineFacts>): string[] => diagnose({ ...good, ...facts }).map((f) => `${f.state} ${f.what}`);
const healthy = ['ok api', 'ok server', 'ok nodes'];

test('everything in order', () => {
  assert.deepEqual(found({ pod }), [...healthy, 'ok pod']);
});

test('no metrics-server, and one that is not up', () => {
  assert.deepEqual(diagnose({ servers: [], nodes: [], resolutionSeconds: 0 }).map((f) => f.what), ['noApi']);
  const unavailable = { available: false, reason: 'MissingEndpoints', message: 'none', service: 's' };
  assert.deepEqual(found({ apiService: unavailable, servers: [] }), ['bad apiUnavailable', 'bad noServer']);
  assert.deepEqual(found({ apiService: unavailable, servers: [{ name: 'm', ready: false, reason: 'CrashLoopBackOff', ageSeconds: 0 }] }), ['bad apiUnavailable', 'bad serverNotReady']);
});

test('a node: not ready, silent, out of reach for metrics-server alone, or not yet', () => {
  const bare = { name: 'b', ready: true, measured: false };
  assert.deepEqual(found({ nodes: [node, { ...bare, ready: false }] }), [...healthy, 'bad nodeNotReady']);
  assert.deepEqual(found({ nodes: [node, { ...bare, kubelet: { answers: false, message: 'connection refused' } }] }), [...healthy, 'bad kubeletSilent']);
  assert.deepEqual(found({ nodes: [node, { ...bare, kubelet: { answers: true, message: '' } }] }), [...healthy, 'bad serverCannotReach']);
  assert.deepEqual(found({ nodes: [node, bare] }), [...healthy, 'bad nodeUnmeasured']);
  assert.deepEqual(found({ nodes: [bare], servers: [{ name: 'm', ready: true, reason: '', ageSeconds: 20 }] }), ['ok api', 'ok server', 'wait serverYoung']);
});

test('a pod: missing, not scheduled, not running, young, on a node without figures, or left out', () => {
  const { runningSeconds, ...stopped } = pod;
  assert.ok(runningSeconds);
  const last = (of: PodFacts, more: Partial<PipelineFacts> = {}): string => found({ pod: { ...of, measured: false }, ...more }).at(-1)!;
  assert.equal(last({ ...pod, exists: false }), 'bad podMissing');
  assert.equal(last({ ...pod, node: '' }), 'bad podUnscheduled');
  assert.equal(last(stopped), 'bad podNotRunning');
  assert.equal(last({ ...pod, runningSeconds: 44 }), 'wait podYoung');
  assert.equal(last({ ...pod, runningSeconds: 46 }), 'bad podUnmeasured');
  assert.equal(last({ ...pod, runningSeconds: 46 }, { resolutionSeconds: 60 }), 'wait podYoung');
  assert.equal(last(pod, { nodes: [{ ...node, measured: false }] }), 'bad podOfNode');
});

test('every finding has its sentence, and the bad ones that can be helped their hint', () => {
  for (const what of ['noApi', 'api', 'apiUnavailable', 'noServer', 'server', 'serverNotReady', 'nodes', 'nodeNotReady', 'kubeletSilent', 'serverYoung', 'serverCannotReach', 'nodeUnmeasured', 'pod', 'podMissing', 'podUnscheduled', 'podNotRunning', 'podYoung', 'podOfNode', 'podUnmeasured']) {
    assert.ok(`doctor.${what}` in doctorWords, what);
  }
});
