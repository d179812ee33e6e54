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
    ['rbac.v1.ClusterRole', { metadata: { name: 'system:x' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, { verbs: ['get'], nonResourceURLs: ['/healthz'] }] }],
    ['rbac.v1.RoleBinding', { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }, { kind: 'ServiceAccount', name: 's', namespace: 'n' }] }],
    ['networking.v1.NetworkPolicy', { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80, endPort: 90 }] }] } }], ['networking.v1.NetworkPolicy', {}],
    ['networking.v1.Ingress', { spec: { rules: [{ host: '*.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }] } }] } }],
    ['networking.v1.IngressClass', { spec: { controller: 'example.com/x' } }], ['networking.v1.ServiceCIDR', { spec: { cidrs: ['10.96.0.0/12'] } }],
    ['networking.v1.IPAddress', { metadata: { name: '10.96.0.1' }, spec: { parentRef: { resource: 'services', name: 'kubernetes', namespace: 'default' } } }],
    ['autoscaling.v2.HorizontalPodAutoscaler', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 } }], ['policy.v1.PodDisruptionBudget', { spec: { minAvailable: '50%', selector: {} } }],
    ['coordination.v1.Lease', { spec: { leaseDurationSeconds: 40 } }], ['storage.v1.StorageClass', { provisioner: 'k7s.io/hostpath' }], ['scheduling.v1.PriorityClass', { value: 7 }],
    ['scheduling.v1.PriorityClass', { metadata: { name: 'system-node-critical' }, value: 2000001000 }],
    ['discovery.v1.EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }],
    ['apiregistration.v1.APIService', { metadata: { name: 'v1.' }, spec: { version: 'v1', groupPriorityMinimum: 18000, versionPriority: 1 } }],
    ['apiregistration.v1.APIService', { metadata: { name: 'v1beta1.metrics.k8s.io' }, spec: { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { namespace: 'kube-system', name: 'metrics-server' } } }],
    ['apiextensions.v1.CustomResourceDefinition', { metadata: { name: 'crons.example.com' }, spec: { group: 'example.com', names: { plural: 'crons', kind: 'Cron' }, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] } }],
    ['certificates.v1.CertificateSigningRequest', { spec: { request: Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nx').toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] } }],
    ['node.v1.RuntimeClass', { handler: 'runc' }],
    ['admissionregistration.v1.ValidatingWebhookConfiguration', { webhooks: [{ name: 'a.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig: { service: { name: 's', namespace: 'n' } } }] }],
  ];
  for (const [type, value] of valid) assert.deepEqual(createFindings(type, value), [], type);
});

const refused: readonly [string, JsonObject, string[]][] = [
  ['apps.v1.Deployment', { spec: { ...deployment.spec, selector: { matchLabels: { app: 'y' } } } }, ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`']],
  ['apps.v1.Deployment', { spec: { template } }, ['spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`']],
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
  ['rbac.v1.Role', { rules: [{ verbs: [], nonResourceURLs: ['/x'] }] }, ['rules[0].verbs: Required value: verbs must contain at least one value', 'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs']],
  ['rbac.v1.ClusterRoleBinding', { roleRef: { kind: 'Role', name: 'r' } }, ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"']],
  ['networking.v1.Ingress', {}, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
  ['networking.v1.NetworkPolicy', { spec: { podSelector: {}, egress: [{ to: [{}] }] } }, ['spec.egress[0].to[0]: Required value: must specify a peer']],
  ['autoscaling.v2.HorizontalPodAutoscaler', { spec: { scaleTargetRef: { apiVersion: 'x/v1', kind: 'D', name: 'd' }, minReplicas: 4, maxReplicas: 3 } }, ['spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`']],
  ['policy.v1.PodDisruptionBudget', { spec: { maxUnavailable: '200%' } }, ['spec.maxUnavailable: Invalid value: "200%": must not be greater than 100%']],
  ['scheduling.v1.PriorityClass', { value: 1000000001 }, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']],
  ['discovery.v1.EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['::1'] }] }, ['endpoints[0].addresses: Invalid value: "::1": must be an IPv4 address', 'endpoints[0].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
  ['apiregistration.v1.APIService', { spec: { version: 'v1', group: 'x.io', groupPriorityMinimum: 1, versionPriority: 1 } }, ['metadata.name: Invalid value: "a": must be `spec.version+"."+spec.group`: "v1.x.io"']],
  ['coordination.v1.Lease', { spec: { leaseDurationSeconds: 0 } }, ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0']],
  ['networking.v1.IPAddress', { metadata: { name: '2001:DB8::1' }, spec: { parentRef: { resource: 'services', name: 's' } } }, ['metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")']],
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
  // Found by each of upstream's looks at the metadata.
  const sameUid = 'metadata.uid: Invalid value: "y": field is immutable';
  assert.deepEqual(updateFindings('core.v1.ConfigMap', { metadata: { uid: 'x' } }, { metadata: { uid: 'y' } }), [sameUid, sameUid]);
});

test('no rule fails with anything but findings, on an almost empty object of each kind', () => {
  for (const r of resources) {
    if (!r.storage) continue;
    const type = `${r.package}.${r.kind}`;
    assert.doesNotThrow(() => createFindings(type, {}), type);
    assert.doesNotThrow(() => updateFindings(type, {}, {}), type);
  }
});
