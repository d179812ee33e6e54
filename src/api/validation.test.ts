import { test } from 'node:test';
import assert from 'node:assert/strict';
import { thaw, type JsonObject } from '../machinery/json.ts';
import { createDefaulter } from '../schema/defaults.ts';
import { decode } from '../schema/json.ts';
import { Registry } from '../schema/registry.ts';
import type { RuleContext } from '../schema/vocabulary.ts';
import { packages, resources } from './catalog.ts';
import { defaultHooks } from './defaults.ts';
import { rulesFor } from './rules.ts';
import { validateCreate, validateUpdate } from './validation.ts';

const registry = new Registry(packages);
const applyDefaults = createDefaulter(registry, defaultHooks);
const context: RuleContext = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, dryRun: false, subresource: '' };

/** As the server does it: decode, default, prepare. */
function made(type: string, value: JsonObject): JsonObject {
  const r = definition(type);
  const { object } = decode(registry, type, { ...value, metadata: { name: 'a', uid: 'u', resourceVersion: '1', ...(r.namespaced ? { namespace: 'default' } : {}), ...(value['metadata'] as JsonObject | undefined) } });
  applyDefaults(type, object);
  rulesFor(r.group, r.kind)?.prepareCreate?.(object, context);
  return object;
}

function definition(type: string): (typeof resources)[number] {
  return resources.find((r) => `${r.package}.${r.kind}` === type)!;
}

function createFindings(type: string, value: JsonObject): string[] {
  const r = definition(type);
  return validateCreate(rulesFor(r.group, r.kind), r.namespaced, made(type, value), context).map((e) => `${e.field}: ${e.detail}`);
}

function updateFindings(type: string, from: JsonObject, to: JsonObject): string[] {
  const r = definition(type);
  const rules = rulesFor(r.group, r.kind);
  const old = made(type, from);
  const object = made(type, to);
  rules?.prepareUpdate?.(object, thaw(old), context);
  return validateUpdate(rules, object, old, context).map((e) => `${e.field}: ${e.detail}`);
}

const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
const deployment = { spec: { selector: { matchLabels: { app: 'x' } }, template } };
const service = { spec: { ports: [{ port: 80 }] } };
const job = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } } };
const cron = (schedule: string): JsonObject => ({ spec: { schedule, jobTemplate: job } });
const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };

test('valid objects of many kinds', () => {
  const valid: readonly [string, JsonObject][] = [
    ['apps.v1.Deployment', deployment], ['apps.v1.ReplicaSet', deployment], ['apps.v1.DaemonSet', deployment],
    ['apps.v1.StatefulSet', { spec: { ...deployment.spec, serviceName: 's', volumeClaimTemplates: [{ metadata: { name: 'data' }, ...claim }], template: { ...template, spec: { containers: [{ name: 'c', image: 'x', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] } } } }],
    ['core.v1.Service', service], ['core.v1.Service', { spec: { clusterIP: 'None' } }], ['core.v1.Service', { spec: { type: 'ExternalName', externalName: 'example.com.' } }], ['core.v1.Service', { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }],
    ['batch.v1.Job', job], ['batch.v1.CronJob', cron('*/5 1-3 * jan-mar mon')], ['batch.v1.CronJob', cron('@hourly')],
    ['core.v1.Namespace', {}], ['core.v1.ConfigMap', { data: { 'a.b': 'c' } }], ['core.v1.Secret', { data: { k: 'YQ==' } }], ['core.v1.ServiceAccount', {}], ['core.v1.Node', { spec: { podCIDRs: ['10.0.0.0/24'] } }],
    ['core.v1.PersistentVolumeClaim', claim], ['core.v1.PersistentVolume', { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } } }],
    ['core.v1.Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }], ['core.v1.ResourceQuota', { spec: { hard: { pods: '3', 'requests.cpu': '1' } } }], ['core.v1.LimitRange', { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } }],
    ['core.v1.ReplicationController', { spec: { template } }],
  ];
  for (const [type, value] of valid) assert.deepEqual(createFindings(type, value), [], type);
});

const refused: readonly [string, JsonObject, string[]][] = [
  ['apps.v1.Deployment', { spec: { ...deployment.spec, selector: { matchLabels: { app: 'y' } } } }, ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`']],
  ['apps.v1.Deployment', { spec: { template } }, ['spec.selector: Required value']],
  ['apps.v1.Deployment', { spec: { ...deployment.spec, replicas: -1 } }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
  ['apps.v1.Deployment', { spec: { ...deployment.spec, strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } } }, ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]],
  ['apps.v1.Deployment', { spec: { ...deployment.spec, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } }, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0']],
  ['apps.v1.Deployment', { spec: { ...deployment.spec, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } }, ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']],
  ['core.v1.Service', { spec: {} }, ['spec.ports: Required value']],
  ['core.v1.Service', { metadata: { name: '1a' }, ...service }, ["metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"]],
  ['core.v1.Service', { spec: { ports: [{ port: 80 }, { port: 81 }] } }, ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value']],
  ['core.v1.Service', { spec: { ports: [{ port: 80, nodePort: 30000 }] } }, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
  ['core.v1.Service', { spec: { type: 'Other', ports: [{ port: 80 }] } }, ['spec.type: Unsupported value: "Other": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']],
  ['batch.v1.Job', { spec: { template } }, ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
  ['batch.v1.CronJob', cron('x'), ['spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]']],
  ['batch.v1.CronJob', cron('61 * * * *'), ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61']],
  ['core.v1.ConfigMap', { data: { 'a/b': 'c' } }, ["data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"]],
  ['core.v1.Secret', { type: 'kubernetes.io/tls', data: {} }, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
  ['core.v1.Namespace', { metadata: { name: 'a.b' } }, ['metadata.name: Invalid value: "a.b": must not contain dots']],
  ['core.v1.PersistentVolumeClaim', { spec: {} }, ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value']],
  ['core.v1.ConfigMap', { metadata: { finalizers: ['mine'] } }, ['metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified']],
];

for (const [type, value, expected] of refused) {
  test(`refused: ${type}: ${expected[0]!.slice(0, 60)}`, () => assert.deepEqual(createFindings(type, value), expected));
}

test('updates', () => {
  const other = { spec: { selector: { matchLabels: { app: 'y' } }, template: { ...template, metadata: { labels: { app: 'y' } } } } };
  assert.deepEqual(updateFindings('apps.v1.Deployment', deployment, other), ['spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable']);
  assert.deepEqual(updateFindings('apps.v1.StatefulSet', { spec: { ...deployment.spec, serviceName: 's' } }, { spec: { ...deployment.spec, serviceName: 't' } }), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
  assert.deepEqual(updateFindings('core.v1.Service', { spec: { ...service.spec, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'] } }, { spec: { ...service.spec, clusterIP: '10.0.0.2', ipFamilies: ['IPv4'] } }), ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']);
  assert.deepEqual(updateFindings('core.v1.Service', { spec: { ...service.spec, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'] } }, { spec: { ports: [{ port: 81 }], ipFamilies: ['IPv4'] } }), []);
  assert.deepEqual(updateFindings('core.v1.ConfigMap', { immutable: true, data: { a: 'b' } }, { immutable: true, data: { a: 'c' } }), ['data: Forbidden: field is immutable when `immutable` is set']);
  assert.deepEqual(updateFindings('core.v1.Secret', { type: 'Opaque' }, { type: 'other/type' }), ['type: Invalid value: "other/type": field is immutable']);
  assert.match(updateFindings('core.v1.PersistentVolumeClaim', claim, { spec: { ...claim.spec, accessModes: ['ReadOnlyMany'] } })[0]!, /^spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims/);
  assert.deepEqual(updateFindings('core.v1.ConfigMap', { metadata: { uid: 'x' } }, { metadata: { uid: 'y' } }), ['metadata.uid: Invalid value: "y": field is immutable']);
});

test('no rule fails with anything but findings, on an almost empty object of each kind', () => {
  for (const r of resources) {
    if (!r.storage) continue;
    const type = `${r.package}.${r.kind}`;
    assert.doesNotThrow(() => createFindings(type, {}), type);
    assert.doesNotThrow(() => updateFindings(type, {}, {}), type);
  }
});
