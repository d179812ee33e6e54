import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { events, namespaces, nodes, persistentvolumeclaims, pods, serviceaccounts, services } from '../../src/api/core/v1/index.ts';
import { priorityclasses } from '../../src/api/scheduling/v1/index.ts';
import type { Pod } from '../../src/api/core/v1/types.ts';
import type { Client } from '../../src/client/client.ts';
import { readAdmissionConfiguration } from '../../src/cluster/standalone/admission.ts';
import { testServer, type TestServer } from '../apiserver.ts';

// What upstream answered with the same plugins and the same configuration.
const plugins = ['AlwaysPullImages', 'DenyServiceExternalIPs', 'LimitPodHardAntiAffinityTopology', 'ExtendedResourceToleration', 'PodNodeSelector', 'EventRateLimit', 'NamespaceExists', 'PodTolerationRestriction', 'NodeRestriction'];
const files = {
  'admission.yaml': `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- {name: EventRateLimit, path: events.yaml}
- name: PodNodeSelector
  configuration: {podNodeSelectorPluginConfig: {clusterDefaultNodeSelector: "zone=a", walled: "zone=a,disk=ssd"}}
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: latest, warn: restricted}
    exemptions: {usernames: [], runtimeClasses: [], namespaces: [kube-system, exempt]}
- name: ResourceQuota
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ResourceQuotaConfiguration
    limitedResources:
    - {resource: persistentvolumeclaims, matchContains: [.storageclass.storage.k8s.io/requests.storage]}
    - {resource: pods, matchScopes: [{scopeName: PriorityClass, operator: In, values: [system-cluster-critical]}]}
`,
  'events.yaml': 'apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{type: Namespace, qps: 1, burst: 2, cacheSize: 10}]\n',
};

let server: TestServer;
let client: Client;
before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-admission-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const admissionConfiguration = readAdmissionConfiguration(join(folder, 'admission.yaml'));
  rmSync(folder, { recursive: true });
  server = await testServer({ enabledAdmission: plugins, admissionConfiguration, tolerationSeconds: { notReady: 7 } });
  client = server.api.client({ name: 'admin', groups: ['system:masters'] });
  const annotations: Record<string, Record<string, string>> = {
    selected: { 'scheduler.alpha.kubernetes.io/node-selector': 'zone=b' },
    tolerant: {
      'scheduler.alpha.kubernetes.io/defaultTolerations': '[{"key":"x","operator":"Exists"}]',
      'scheduler.alpha.kubernetes.io/tolerationsWhitelist': '[{"key":"x","operator":"Exists"},{"key":"node.kubernetes.io/not-ready","operator":"Exists"},{"key":"node.kubernetes.io/unreachable","operator":"Exists"}]',
    },
  };
  for (const name of ['plain', 'walled', 'exempt', 'selected', 'tolerant']) {
    await client.create(namespaces, { metadata: { name, annotations: annotations[name] ?? {} } } as never);
    await client.create(serviceaccounts, { metadata: { name: 'default' } }, { namespace: name });
  }
  await client.create(serviceaccounts, { metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } }, { namespace: 'plain' });
  await client.create(nodes, { metadata: { name: 'n1' } } as never);
});
after(() => server.stop());

/** What comes of it, or what is said against it. */
async function said<T>(attempt: Promise<T>): Promise<T | string> {
  try {
    return await attempt;
  } catch (error) {
    return (error as Error).message;
  }
}

interface Parts {
  readonly spec?: object;
  readonly container?: object;
  readonly metadata?: object;
}

function tried(namespace: string, { spec, container, metadata }: Parts = {}, as = client): Promise<Pod | string> {
  const pod = { metadata: { name: 'p', ...metadata }, spec: { automountServiceAccountToken: false, containers: [{ name: 'a', image: 'i:1', ...container }], ...spec } };
  return said(as.create(pods, pod as never, { namespace, dryRun: true }) as Promise<Pod>);
}

const specOf = (pod: Pod | string): Pod['spec'] => (typeof pod === 'string' ? assert.fail(pod) : pod.spec);
const no = (why: string, what = 'pods "p"'): string => `${what} is forbidden: ${why}`;

test('defaults for pods: selectors, tolerations, image policy, extended resources', async () => {
  const plain = specOf(await tried('plain', { container: { resources: { limits: { 'example.com/gpu': '1' }, requests: { cpu: '1', 'example.com/gpu': '1' } } } }));
  assert.deepEqual(plain.nodeSelector, { zone: 'a' });
  assert.deepEqual(plain.tolerations, [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 7 }, { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }, { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  assert.equal(plain.containers[0]!.imagePullPolicy, 'Always');
  assert.deepEqual(specOf(await tried('walled', { spec: { nodeSelector: { disk: 'ssd' } } })).nodeSelector, { disk: 'ssd', zone: 'a' });
  assert.equal(await tried('walled', { spec: { nodeSelector: { disk: 'hdd' } } }), no('pod node label selector labels conflict with its namespace whitelist'));
  assert.equal(await tried('walled', { spec: { nodeSelector: { zone: 'c' } } }), no('pod node label selector conflicts with its namespace node label selector'));
  assert.deepEqual(specOf(await tried('selected')).nodeSelector, { zone: 'b' });
  assert.equal(specOf(await tried('tolerant')).tolerations?.some((t) => t.key === 'x'), true);
  assert.equal(await tried('tolerant', { spec: { tolerations: [{ key: 'y', operator: 'Exists' }] } }), 'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist');
});

test('pod security by configuration', async () => {
  const privileged = { container: { securityContext: { privileged: true } } };
  assert.equal(await tried('plain', privileged), no('violates PodSecurity "baseline:latest": privileged (container "a" must not set securityContext.privileged=true)'));
  specOf(await tried('exempt', privileged));
  const labelled = await server.kubectl('label namespace exempt pod-security.kubernetes.io/enforce=restricted');
  assert.match(labelled.stderr, /namespace "exempt" is exempt from Pod Security, and the policy \(enforce=restricted:latest\) will be ignored/);
  assert.match((await server.kubectl('label namespace plain pod-security.kubernetes.io/enforce=tight pod-security.kubernetes.io/audit-version=1.2')).stderr, /must be one of privileged, baseline, restricted.*must be "latest" or "v1\.x"/s);
});

test('what pods may not have', async () => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } };
  assert.equal(await tried('plain', { spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } }), no('affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed'));
  assert.equal(await tried('plain', { spec: { priorityClassName: 'nope' } }), no('no PriorityClass with name nope was found'));
  assert.equal(await tried('plain', { spec: { priority: 7 } }), no('the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name'));
  assert.equal(await tried('plain', { spec: { serviceAccountName: 'nope' } }), no('error looking up service account plain/nope: serviceaccount "nope" not found'));
  assert.equal(await tried('plain', { spec: { runtimeClassName: 'nope' } }), no('pod rejected: RuntimeClass "nope" not found'));
  assert.equal(await tried('missing'), 'namespaces "missing" not found');
  const strict = { serviceAccountName: 'strict' };
  const not = 'is not allowed because service account strict does not reference that';
  assert.equal(await tried('plain', { spec: { ...strict, volumes: [{ name: 'v', secret: { secretName: 's' } }] } }), no(`volume with secret.secretName="s" ${not} secret`));
  assert.equal(await tried('plain', { spec: { ...strict, imagePullSecrets: [{ name: 'q' }] } }), no(`imagePullSecrets[0].name="q" ${not} imagePullSecret`));
  assert.equal(await tried('plain', { spec: strict, container: { env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] } }), no(`container a with envVar E referencing secret.secretName="s" ${not} secret`));
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
  assert.equal(await tried('plain', { metadata: mirror, spec: { serviceAccountName: 'default', nodeName: 'n' } }), no('a mirror pod may not reference service accounts'));
  assert.equal(await tried('plain', { metadata: mirror, spec: { nodeName: 'n', volumes: [{ name: 'v', secret: { secretName: 's' } }] } }), no('a mirror pod may not reference secrets'));
});

test('limits that need a quota, services, events, classes, namespaces', async () => {
  assert.equal(await tried('plain', { spec: { priorityClassName: 'system-cluster-critical' } }), 'insufficient quota to match these scopes: [{PriorityClass In [system-cluster-critical]}]');
  const claim = (spec: object): Promise<unknown> => said(client.create(persistentvolumeclaims, { metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } } as never, { namespace: 'plain', dryRun: true }));
  assert.equal(await claim({ storageClassName: 'fast' }), no('insufficient quota to consume: fast.storageclass.storage.k8s.io/requests.storage', 'persistentvolumeclaims "c"'));
  assert.notEqual(typeof (await claim({})), 'string');
  const service = { metadata: { name: 's' }, spec: { ports: [{ port: 1 }], externalIPs: ['1.2.3.4'] } };
  assert.equal(await said(client.create(services, service as never, { namespace: 'plain', dryRun: true })), no('Use of external IPs is denied by admission control', 'services "s"'));
  const event = (i: number): Promise<unknown> => said(client.create(events, { metadata: { name: `e${i}` }, involvedObject: { namespace: 'plain', kind: 'Pod', name: 'x' }, reason: 'r', message: 'm', type: 'Normal' } as never, { namespace: 'plain' }));
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => event(i)));
  assert.ok(answers.filter((a) => a === 'Too many requests: limit reached on type Namespace for key plain').length >= 3, JSON.stringify(answers));
  assert.equal(await said(client.delete(namespaces, 'kube-system')), no('this namespace may not be deleted', 'namespaces "kube-system"'));
  await client.create(priorityclasses, { metadata: { name: 'd1' }, value: 5, globalDefault: true });
  assert.equal(await said(client.create(priorityclasses, { metadata: { name: 'd2' }, value: 5, globalDefault: true })), no('PriorityClass d1 is already marked as default. Only one default can exist', 'priorityclasses.scheduling.k8s.io "d2"'));
  await client.delete(priorityclasses, 'd1');
});

test('a kubelet touches only what is its own', async () => {
  await server.kubectl('create clusterrolebinding nodes --clusterrole=cluster-admin --group=system:nodes');
  const node = server.api.client({ name: 'system:node:n1', groups: ['system:nodes'] });
  const patch = async (body: object): Promise<unknown> => {
    const result = await said(node.patch(nodes, 'n1', { type: 'application/merge-patch+json', body }, { dryRun: true }));
    return typeof result === 'string' ? result : 'done';
  };
  // Rights are learnt by watching; the first answer of admission says that they are there.
  for (let i = 0; i < 100 && /cannot patch/.test(String(await patch({}))); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await said(node.create(nodes, { metadata: { name: 'n2' } } as never)), no('node "n1" is not allowed to modify node "n2"', 'nodes "n2"'));
  const labels = { 'node-role.kubernetes.io/x': 'y', 'node-restriction.kubernetes.io/a': 'b', 'example.com/a': 'b', 'kubernetes.io/os': 'linux' };
  assert.equal(await patch({ metadata: { labels } }), no('is not allowed to modify labels: node-restriction.kubernetes.io/a, node-role.kubernetes.io/x', 'nodes "n1"'));
  assert.equal(await patch({ metadata: { labels: { 'example.com/a': 'b', 'x.node.kubernetes.io/y': 'z' } } }), 'done');
  assert.equal(await patch({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }), no('node "n1" is not allowed to modify taints', 'nodes "n1"'));
  const { uid } = (await client.get(nodes, 'n1')).metadata;
  const annotations = { 'kubernetes.io/config.mirror': 'x' };
  const mine = (more: object): object => ({ annotations, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, ...more }] });
  const spec = { nodeName: 'n1' };
  assert.equal(await tried('plain', {}, node), no('pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'));
  assert.equal(await tried('plain', { metadata: { annotations } }, node), no('node "n1" can only create pods with spec.nodeName set to itself'));
  assert.equal(await tried('plain', { metadata: { annotations }, spec }, node), no('node "n1" can only create pods with an owner reference set to itself'));
  assert.equal(await tried('plain', { metadata: mine({}), spec }, node), no('node "n1" can only create pods with a controller owner reference set to itself'));
  assert.equal(await tried('plain', { metadata: mine({ controller: true }), spec: { ...spec, volumes: [{ name: 'v', configMap: { name: 'c' } }] } }, node), no('node "n1" can not create pods that reference configmaps'));
  specOf(await tried('plain', { metadata: mine({ controller: true }), spec }, node));
  await client.create(pods, { metadata: { name: 'other' }, spec: { nodeName: 'n9', automountServiceAccountToken: false, containers: [{ name: 'a', image: 'i' }] } } as never, { namespace: 'plain' });
  const other = 'pods "other"';
  assert.equal(await said(node.delete(pods, 'other', { namespace: 'plain' })), no('node "n1" can only delete pods with spec.nodeName set to itself', other));
  const sub = (name: string, body: object): Promise<unknown> => said(node.post(pods, 'other', name, body, { namespace: 'plain' }));
  assert.equal(await sub('eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'other' } }), no('node n1 can only evict pods with spec.nodeName set to itself', other));
  assert.equal(await sub('binding', { metadata: { name: 'other' }, target: { kind: 'Node', name: 'n1' } }), no(`unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`, other));
  const token = (ref?: object): Promise<unknown> => said(node.post(serviceaccounts, 'default', 'token', { spec: ref ? { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'other', ...ref } } : {} }, { namespace: 'plain' }));
  assert.equal(await token(), no('node requested token not bound to a pod', 'serviceaccounts "default"'));
  assert.equal(await token({}), no('node requested token with a pod binding without a uid', 'serviceaccounts "default"'));
  assert.equal(await token({ uid: (await client.get(pods, 'other', { namespace: 'plain' })).metadata.uid }), no('node requested token bound to a pod scheduled on a different node', 'serviceaccounts "default"'));
  await client.delete(pods, 'other', { namespace: 'plain', gracePeriodSeconds: 0 });
});

test('a configuration that is not right ends the start', async () => {
  const start = (plugin: string, section: Record<string, unknown>): Promise<unknown> => said(testServer({ enabledAdmission: [plugin], admissionConfiguration: new Map([[plugin, section]]) }).then((s) => s.stop()));
  assert.match(String(await start('EventRateLimit', { kind: 'Configuration', apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1' })), /limits: Required value/);
  assert.match(String(await start('PodSecurity', { kind: 'PodSecurityConfiguration', apiVersion: 'pod-security.admission.config.k8s.io/v1', defaults: { enforce: 'tight' } })), /defaults\.enforce: Invalid value: "tight": must be one of privileged, baseline, restricted/);
});
