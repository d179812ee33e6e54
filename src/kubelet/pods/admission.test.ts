import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from './admission.ts';
import { podFixture } from './fixtures.ts';

const room = { pods: '10', cpu: '2', memory: '1Gi' };
const holding = (hostPort: number, more: object = {}) => podFixture({ containers: [{ name: 'a', ports: [{ containerPort: 80, hostPort, ...more }] }] });

test('a pod whose host port is taken is refused', () => {
  const of = (pod: ReturnType<typeof holding>, other: ReturnType<typeof holding>): string | undefined => refusal(pod, [other], room, {})?.reason;
  assert.deepEqual(refusal(holding(8080), [holding(8080)], room, {}), { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" });
  assert.equal(of(holding(8080), holding(8081)), undefined);
  assert.equal(of(holding(8080, { protocol: 'UDP' }), holding(8080)), undefined);
  assert.equal(of(holding(8080, { hostIP: '10.0.0.1' }), holding(8080, { hostIP: '10.0.0.2' })), undefined);
  assert.equal(of(holding(8080, { hostIP: '10.0.0.1' }), holding(8080)), 'NodePorts');
});

test('what does not fit, or asks for another node, is refused', () => {
  assert.equal(refusal(podFixture({ containers: [{ name: 'a', resources: { requests: { cpu: '3' } } }] }), [], room, {})?.reason, 'OutOfcpu');
  assert.equal(refusal(podFixture({ nodeSelector: { a: 'b' }, containers: [{ name: 'a' }] }), [], room, { a: 'c' })?.reason, 'NodeAffinity');
});
