import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/ids.ts';
import type { Node, Pod, PodSpec } from '../api/core/v1/index.ts';
import { defaultPlugins } from './plugins/index.ts';
import { preempt } from './preemption.ts';
import { decide, explain } from './schedule.ts';
import { ClusterState, podInfo, type PodInfo } from './state.ts';

interface NodeFacts {
  labels?: Record<string, string>;
  spec?: Node['spec'];
  cpu?: string;
  memory?: string;
  pods?: string;
  more?: Record<string, string>;
}

function node(name: string, facts: NodeFacts = {}): Node {
  const { labels = {}, spec = {}, cpu = '4', memory = '8Gi', pods = '110', more = {} } = facts;
  return {
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '', labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec, status: { allocatable: { cpu, memory, pods, ...more } },
  } as unknown as Node;
}

let serial = 0;

function pod(facts: { cpu?: string; memory?: string; labels?: Record<string, string>; on?: string; spec?: Partial<PodSpec>; namespace?: string } = {}): Pod {
  const { cpu, memory, labels = {}, on, spec = {}, namespace = 'default' } = facts;
  const name = `p${++serial}`;
  const requests = { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) };
  return {
    metadata: { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2025-01-01T00:00:00Z', labels },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...(on ? { nodeName: on } : {}), ...spec },
    status: {},
  } as Pod;
}

function cluster(nodes: readonly Node[], pods: readonly Pod[] = []): ClusterState {
  const state = new ClusterState();
  nodes.forEach((n) => state.setNode(n));
  pods.forEach((p) => state.setPod(p));
  return state;
}

function place(state: ClusterState, subject: Pod): string {
  const decision = decide(podInfo(subject), state, defaultPlugins, seededRandom(1));
  return 'node' in decision ? decision.node.name : explain(decision.misfit);
}

function placeOrPreempt(state: ClusterState, subject: Pod): string {
  const info: PodInfo = podInfo(subject);
  const decision = decide(info, state, defaultPlugins, seededRandom(1));
  if ('node' in decision) return decision.node.name;
  const result = preempt(info, decision.misfit, decision.filters, state, [], () => 0);
  return 'why' in result ? `${explain(decision.misfit)} preemption: ${result.why}` : `${result.candidate.node}: ${result.candidate.victims.map((v) => v.pod.metadata.name).join(' ')}`;
}

test('a pod that fits nowhere says why, in upstream words', () => {
  const full = pod({ cpu: '3500m', on: 'a' });
  assert.equal(
    placeOrPreempt(cluster([node('a')], [full]), pod({ cpu: '1' })),
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  );
  const nodes = [
    node('a', { cpu: '1', memory: '1Gi' }),
    node('b', { spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } as never }),
    node('c', { spec: { unschedulable: true } as never }),
    node('d', { pods: '0' }),
  ];
  assert.equal(
    placeOrPreempt(cluster(nodes), pod({ cpu: '2', memory: '2Gi' })),
    '0/4 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods, 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 1 node(s) were unschedulable. ' +
      'preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.',
  );
  assert.equal(placeOrPreempt(cluster([node('a')], [full]), pod({ cpu: '1', spec: { preemptionPolicy: 'Never' } })), '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.');
});

test('selectors, affinity, tolerations and ports', () => {
  const state = cluster([node('a', { labels: { disk: 'ssd', size: '5' } }), node('b', { labels: { disk: 'hdd' }, spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } as never })]);
  const tolerations = [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }];
  assert.equal(place(state, pod({ spec: { nodeSelector: { disk: 'ssd' } } })), 'a');
  assert.equal(place(state, pod({ spec: { nodeSelector: { disk: 'hdd' }, tolerations } })), 'b');
  assert.equal(place(state, pod({ spec: { nodeSelector: { disk: 'hdd' } } })), "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint {k: v}.");
  const affinity = (expression: object): Partial<PodSpec> => ({ tolerations, affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression as never] }] } } } });
  assert.equal(place(state, pod({ spec: affinity({ key: 'size', operator: 'Gt', values: ['4'] }) })), 'a');
  assert.equal(place(state, pod({ spec: affinity({ key: 'disk', operator: 'NotIn', values: ['ssd'] }) })), 'b');
  const withPort = (on?: string): Pod => pod({ ...(on ? { on } : {}), spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] as never } });
  assert.equal(place(cluster([node('a')], [withPort('a')]), withPort()), "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
});

test('pods of daemon sets look at their one node only', () => {
  const named = (name: string): Pod => pod({
    cpu: '1', spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }] } } } },
  });
  const state = cluster([node('a'), node('b', { cpu: '500m' }), node('c')]);
  assert.equal(place(state, named('c')), 'c');
  assert.equal(place(state, named('b')), "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].");
});

test('the emptier node is taken, and what is assumed counts', () => {
  const state = cluster([node('a'), node('b')], [pod({ cpu: '2', memory: '4Gi', on: 'a' })]);
  assert.equal(place(state, pod({ cpu: '1', memory: '2Gi' })), 'b');
  state.assume(podInfo(pod({ cpu: '4', memory: '8Gi' })), 'b');
  assert.equal(place(state, pod({ cpu: '1', memory: '2Gi' })), 'a');
});

test('requests: init containers by the largest, sidecars and overhead on top', () => {
  const container = (cpu: string, more: object = {}): never => ({ name: 'c', resources: { requests: { cpu } }, ...more }) as never;
  const info = podInfo(pod({ spec: {
    containers: [container('1'), container('500m')],
    initContainers: [container('200m', { restartPolicy: 'Always' }), container('2')],
    overhead: { cpu: '100m' },
  } }));
  assert.equal(info.requests.get('cpu'), 2300);
});

test('near, far, and existing pods that want to be alone', () => {
  const zone = (name: string, value: string): Node => node(name, { labels: { zone: value } });
  const term = (app: string, topologyKey = 'zone') => [{ labelSelector: { matchLabels: { app } }, topologyKey }];
  const near = (app: string): Partial<PodSpec> => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term(app) } } });
  const far = (app: string): Partial<PodSpec> => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term(app) } } });
  const nodes = [zone('a1', 'a'), zone('a2', 'a'), zone('b1', 'b')];
  const web = pod({ labels: { app: 'web' }, on: 'b1' });
  assert.equal(place(cluster(nodes, [web]), pod({ spec: near('web') })), 'b1');
  assert.match(place(cluster(nodes, [web]), pod({ spec: far('web') })), /^a/);
  assert.equal(place(cluster(nodes, [web]), pod({ spec: near('db') })), "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.");
  assert.match(place(cluster(nodes), pod({ labels: { app: 'db' }, spec: near('db') })), /^[ab]\d$/, 'the first of its kind may start');
  const alone = ['a1', 'b1'].map((on) => pod({ on, spec: far('web') }));
  assert.equal(place(cluster(nodes, alone), pod({ labels: { app: 'web' } })), "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.");
  assert.match(place(cluster(nodes, alone), pod({ labels: { app: 'web' }, namespace: 'other' })), /^[ab]\d$/, 'affinity is about the own namespace');
});

test('topology spread keeps the skew', () => {
  const zone = (name: string, value?: string): Node => node(name, value ? { labels: { zone: value } } : {});
  const spread = { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'x' } } }] };
  const on = (name: string): Pod => pod({ labels: { app: 'x' }, on: name });
  const subject = (): Pod => pod({ labels: { app: 'x' }, spec: spread });
  assert.equal(place(cluster([zone('a', 'a'), zone('b', 'b')], [on('a'), on('a')]), subject()), 'b');
  assert.equal(
    place(cluster([zone('a', 'a'), node('b', { labels: { zone: 'b' }, cpu: '0', pods: '0' }), zone('c')], [on('a')]), subject()),
    "0/3 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread constraints (missing required label).",
  );
});

test('preemption takes the least important that suffice, and leaves the counts as they were', () => {
  const low = (cpu: string, on: string, priority: number): Pod => pod({ cpu, on, spec: { priority }, labels: { app: 'low' } });
  const pods = [low('2', 'a', 10), low('1', 'a', 5), low('1', 'a', 1), low('4', 'b', 20)];
  const state = cluster([node('a'), node('b')], pods);
  const [, five, one] = pods.map((p) => p.metadata.name);
  assert.equal(placeOrPreempt(state, pod({ cpu: '1', spec: { priority: 100 } })), `a: ${one}`);
  assert.equal(placeOrPreempt(state, pod({ cpu: '2', spec: { priority: 100 } })), `a: ${five} ${one}`);
  assert.equal(
    placeOrPreempt(state, pod({ cpu: '3', spec: { priority: 6 } })),
    '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.',
  );
  const nominated = podInfo(pod({ cpu: '1', spec: { priority: 100 } }));
  state.nominate(nominated, 'a');
  state.removePod(one!);
  assert.match(place(state, pod({ cpu: '1', spec: { priority: 50 } })), /2 Insufficient cpu/, 'the room is promised');
  state.denominate(nominated.uid);
  assert.equal(place(state, pod({ cpu: '1', spec: { priority: 50 } })), 'a');
});

test('a pod for which another is on its way out keeps what was promised to it', () => {
  const going = pod({ cpu: '4', on: 'a', spec: { priority: 1 } });
  going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  const state = cluster([node('a')], [going]);
  const waiting = pod({ cpu: '1', spec: { priority: 100 } });
  waiting.status = { nominatedNodeName: 'a' };
  const info = podInfo(waiting);
  const decision = decide(info, state, defaultPlugins, seededRandom(1));
  assert.ok('misfit' in decision);
  assert.deepEqual(preempt(info, decision.misfit, decision.filters, state, [], () => 0), { why: 'not eligible due to a terminating pod on the nominated node.', asked: false });
});
