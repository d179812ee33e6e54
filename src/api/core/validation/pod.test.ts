import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { JsonObject } from '../../../machinery/json.ts';
import { createDefaulter } from '../../../schema/defaults.ts';
import { decode } from '../../../schema/json.ts';
import { Registry } from '../../../schema/registry.ts';
import type { RuleContext } from '../../../schema/vocabulary.ts';
import { packages } from '../../catalog.ts';
import { defaultHooks } from '../../defaults.ts';
import { rulesFor } from '../../rules.ts';
import { validateCreate, validateUpdate } from '../../validation.ts';
import type * as T from '../v1/types.ts';

const registry = new Registry(packages);
const applyDefaults = createDefaulter(registry, defaultHooks);
const context: RuleContext = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, dryRun: false, subresource: '' };
const rules = rulesFor('', 'Pod');

function pod(spec: JsonObject, meta: JsonObject = {}): T.Pod {
  const { object } = decode(registry, 'core.v1.Pod', { metadata: { name: 'a', namespace: 'default', resourceVersion: '1', ...meta }, spec: { containers: [{ name: 'c', image: 'x:1' }], ...spec } });
  applyDefaults('core.v1.Pod', object);
  return object as unknown as T.Pod;
}

function findings(p: T.Pod): string[] {
  return validateCreate(rules, true, p, context).map((e) => `${e.field}: ${e.detail}`);
}

test('a plain pod is valid', () => {
  assert.deepEqual(findings(pod({})), []);
  assert.deepEqual(findings(pod({
    volumes: [{ name: 'v', configMap: { name: 'm' } }, { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    serviceAccountName: 'default',
    initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 80 } } }],
    containers: [{ name: 'c', image: 'x', env: [{ name: 'A B', value: '1' }, { name: 'N', valueFrom: { fieldRef: { fieldPath: "metadata.labels['x/y']" } } }], volumeMounts: [{ name: 'v', mountPath: '/v' }, { name: 't', mountPath: '/t' }], resources: { limits: { cpu: '1', 'example.com/gpu': '2' } } }],
    tolerations: [{ operator: 'Exists' }], nodeSelector: { a: 'b' },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }],
  })), []);
});

const cases: readonly [string, JsonObject, string[]][] = [
  ['no containers', { containers: [] }, ['spec.containers: Required value']],
  ['no image', { containers: [{ name: 'c' }] }, ['spec.containers[0].image: Required value']],
  ['bad name', { containers: [{ name: 'C_1', image: 'x' }] }, ["spec.containers[0].name: Invalid value: \"C_1\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]],
  ['twice the same name', { containers: [{ name: 'c', image: 'x' }, { name: 'c', image: 'x' }] }, ['spec.containers[1].name: Duplicate value: "c"']],
  ['unknown restart policy', { restartPolicy: 'Sometimes' }, ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"']],
  ['mount without volume', { containers: [{ name: 'c', image: 'x', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }, ['spec.containers[0].volumeMounts[0].name: Not found: "v"']],
  ['two sources in a volume', { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }, ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type']],
  ['request above limit', { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] }, ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1']],
  ['negative request', { containers: [{ name: 'c', image: 'x', resources: { requests: { memory: '-1' } } }] }, ['spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0']],
  ['unknown resource', { containers: [{ name: 'c', image: 'x', resources: { requests: { gpus: '1' } } }] }, ['spec.containers[0].resources.requests[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified', 'spec.containers[0].resources.requests[gpus]: Invalid value: "gpus": must be a standard resource for containers']],
  ['port out of range', { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 70000 }] }] }, ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive']],
  ['host port twice', { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 80 }] }] }, ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"']],
  ['probe without handler', { containers: [{ name: 'c', image: 'x', livenessProbe: {} }] }, ['spec.containers[0].livenessProbe: Required value: must specify a handler type']],
  ['liveness success threshold', { containers: [{ name: 'c', image: 'x', livenessProbe: { exec: { command: ['a'] }, successThreshold: 2 } }] }, ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1']],
  ['probe of an init container', { initContainers: [{ name: 'i', image: 'x', readinessProbe: { exec: { command: ['a'] } } }] }, ['spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always']],
  ['env from nowhere', { containers: [{ name: 'c', image: 'x', env: [{ name: 'A', valueFrom: {} }] }] }, ['spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`']],
  ['env of an unknown field', { containers: [{ name: 'c', image: 'x', env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }] }, ['spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo']],
  ['toleration', { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }, ["spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'"]],
  ['dns none', { dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
  ['privileged without escalation', { containers: [{ name: 'c', image: 'x', securityContext: { privileged: true, allowPrivilegeEscalation: false } }] }, ['spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true']],
  ['affinity weight', { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, podAffinityTerm: { topologyKey: 'z' } }] } } }, ['spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100']],
  ['image with spaces', { containers: [{ name: 'c', image: ' x' }] }, ['spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace']],
  ['mode', { volumes: [{ name: 'v', secret: { secretName: 's', defaultMode: 4096 } }] }, ['spec.volumes[0].secret.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive']],
];

for (const [name, spec, expected] of cases) {
  test(`refused: ${name}`, () => assert.deepEqual(findings(pod(spec)), expected));
}

test('metadata comes first', () => {
  assert.match(findings(pod({}, { name: 'A' }))[0]!, /^metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain/);
  assert.match(findings(pod({}, { labels: { 'a b': 'c' } }))[0]!, /^metadata.labels: Invalid value: "a b": name part must consist/);
});

function updateFindings(from: JsonObject, to: JsonObject, subresource = ''): string[] {
  return validateUpdate(rules, pod(to), pod(from), { ...context, subresource }).map((e) => `${e.field}: ${e.detail}`);
}

test('of a pod only a few fields may change', () => {
  assert.deepEqual(updateFindings({}, { containers: [{ name: 'c', image: 'y:2' }] }), [
    // The pull policy follows from the tag alone, so only the image differs.
  ]);
  assert.deepEqual(updateFindings({}, { tolerations: [{ key: 'a', operator: 'Exists' }] }), []);
  assert.deepEqual(updateFindings({ tolerations: [{ key: 'a', operator: 'Exists' }] }, {}), ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds']
    );
  const [refusal, ...rest] = updateFindings({}, { hostname: 'h' });
  assert.equal(rest.length, 0);
  assert.match(refusal!, /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,`spec.initContainers\[\*\].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \(only additions to existing tolerations\),`spec.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n/);
  assert.match(refusal!, /\+ hostname: "h"/);
  assert.deepEqual(updateFindings({}, { containers: [{ name: 'c', image: 'x' }, { name: 'd', image: 'x' }] }), ['spec.containers: Forbidden: pod updates may not add or remove containers']);
  assert.deepEqual(updateFindings({ activeDeadlineSeconds: 5 }, { activeDeadlineSeconds: 9 }), ['spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value']);
  assert.deepEqual(updateFindings({ schedulingGates: [{ name: 'a' }, { name: 'b' }] }, { schedulingGates: [{ name: 'a' }], nodeSelector: { x: 'y' } }), []);
});

test('preparing a pod: phase, class, gates, what each subresource keeps', () => {
  const p = pod({ containers: [{ name: 'c', image: 'x', resources: { limits: { cpu: '1', memory: '1Gi' } } }], schedulingGates: [{ name: 'g' }] });
  p.status = { phase: 'Running' };
  rules!.prepareCreate!(p, context);
  assert.equal(p.status.phase, 'Pending');
  assert.equal(p.status.qosClass, 'Guaranteed');
  assert.equal(p.status.conditions?.[0]?.reason, 'SchedulingGated');
  const old = pod({});
  old.status = { phase: 'Pending', qosClass: 'BestEffort' };
  const now = pod({ hostname: 'changed' });
  now.status = { phase: 'Running' };
  rules!.prepareUpdate!(now, old, { ...context, subresource: 'status' });
  assert.equal(now.spec.hostname, undefined);
  assert.deepEqual(now.status, { phase: 'Running', qosClass: 'BestEffort' });
  assert.equal(rules!.gracePeriod!(old, undefined), 0);
  assert.equal(rules!.gracePeriod!({ ...old, spec: { ...old.spec, nodeName: 'n' } }, undefined), 30);
  assert.equal(rules!.gracePeriod!({ ...old, spec: { ...old.spec, nodeName: 'n' } }, -5), 1);
});
