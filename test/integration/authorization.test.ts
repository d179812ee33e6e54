/** Whether something may be done: webhooks, their configuration, policies of attributes, nodes, escalation, reviews. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pods } from '../../src/api/core/v1/index.ts';
import { authorizationFlags, authorizationOf, type Authorization } from '../../src/cluster/standalone/apiserver-authorization.ts';
import { parseFlags } from '../../src/kubectl/flags.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-authorization-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const flags = (...argv: string[]): Promise<Authorization> => authorizationOf(parseFlags(authorizationFlags, argv).flags, surroundings);

interface Review {
  readonly apiVersion: string;
  readonly spec: { user?: string; groups?: string[]; group?: string[]; resourceAttributes?: Record<string, unknown>; nonResourceAttributes?: { path: string; verb: string } };
}

async function startHook() {
  const authority = await createAuthority({ commonName: 'hook-ca' });
  const pair = await issue(authority, { commonName: 'hook', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const reviews: Review[] = [];
  const state = { broken: false };
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const review = JSON.parse(body) as Review;
      reviews.push(review);
      if (state.broken) return response.writeHead(400).end();
      const { user, resourceAttributes: asked } = review.spec;
      const status = user === 'mallory' ? { allowed: false, denied: true, reason: 'never' } : { allowed: asked?.['resource'] === 'pods' && asked['verb'] === 'list', reason: 'says the hook' };
      response.end(JSON.stringify({ ...review, status }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const config = file('hook.yaml', {
    'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'hook' } }], users: [],
    clusters: [{ name: 'hook', cluster: { server: `https://127.0.0.1:${(server.address() as AddressInfo).port}/may`, 'certificate-authority-data': Buffer.from(authority.certPem).toString('base64') } }],
  });
  return { reviews, state, config, stop: () => (server.closeAllConnections(), server.close()) };
}

describe('a webhook', () => {
  let hook: Awaited<ReturnType<typeof startHook>>;
  before(async () => {
    hook = await startHook();
  });
  after(() => hook.stop());

  test('by flags: is asked after others, in its version, and its answers are remembered', async () => {
    const authorization = await flags('--authorization-mode=RBAC,Webhook', `--authorization-webhook-config-file=${hook.config}`);
    const server = await testServer({ authorization: authorization.choice });
    try {
      const alice = await server.as({ name: 'alice', groups: ['devs'] });
      hook.reviews.length = 0;
      for (let i = 0; i < 2; i++) assert.equal((await alice('get pods -l a=b --field-selector=spec.nodeName=n')).code, 0);
      const asked = hook.reviews.filter((r) => r.spec.resourceAttributes?.['resource'] === 'pods');
      assert.equal(asked.length, 1);
      assert.equal(asked[0]!.apiVersion, 'authorization.k8s.io/v1beta1');
      assert.deepEqual(asked[0]!.spec, {
        user: 'alice', group: ['devs', 'system:authenticated'], extra: (asked[0]!.spec as { extra?: unknown }).extra,
        resourceAttributes: {
          namespace: 'default', verb: 'list', version: 'v1', resource: 'pods',
          fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n'] }] }, labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
        },
      });
      assert.match((await alice('get secrets')).stderr, /cannot list resource "secrets" in API group "" in the namespace "default": says the hook/);
      assert.match((await alice('auth can-i --list')).stderr, /Warning: the list may be incomplete: webhook authorizer does not support user rule resolution/);
    } finally {
      await server.stop();
      authorization.close();
    }
  });

  test('by a file: conditions, order, failure policy, and a change of the file', async () => {
    const webhook = (more: object) => ({
      type: 'Webhook', name: 'hook', webhook: {
        timeout: '3s', subjectAccessReviewVersion: 'v1', matchConditionSubjectAccessReviewVersion: 'v1', failurePolicy: 'Deny', connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: hook.config },
        authorizedTTL: '1m', unauthorizedTTL: '1m', cacheAuthorizedRequests: false, cacheUnauthorizedRequests: false,
        matchConditions: [{ expression: "has(request.resourceAttributes) && request.resourceAttributes.namespace == 'default'" }, { expression: "!('system:nodes' in request.groups)" }], ...more,
      },
    });
    const write = (...authorizers: object[]) => file('authorization.json', { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers });
    const path = write(webhook({}), { type: 'RBAC', name: 'rbac' });
    const authorization = await flags(`--authorization-config=${path}`);
    const server = await testServer({ authorization: authorization.choice });
    try {
      const [alice, mallory] = [await server.as({ name: 'alice' }), await server.as({ name: 'mallory' })];
      hook.reviews.length = 0;
      assert.equal((await alice('get pods')).code, 0);
      assert.ok(hook.reviews.every((r) => r.spec.resourceAttributes?.['namespace'] === 'default' && r.apiVersion === 'authorization.k8s.io/v1'));
      assert.equal((await alice('get pods -n kube-system')).code, 1);
      await server.kubectl('create clusterrolebinding mallory --clusterrole=cluster-admin --user=mallory');
      await eventually(async () => (await mallory('get pods -n kube-system')).code === 0 || undefined, 'the binding to count');
      assert.match((await mallory('get pods')).stderr, /cannot list resource "pods" in API group "" in the namespace "default": never/);
      hook.state.broken = true;
      assert.equal((await mallory('get configmaps')).code, 1, 'what cannot be asked denies');
      write({ type: 'RBAC', name: 'rbac' });
      await eventually(async () => (await mallory('get pods')).code === 0 || undefined, 'the webhook to be gone');
      assert.equal((await alice('get pods')).code, 1);
    } finally {
      hook.state.broken = false;
      await server.stop();
      authorization.close();
    }
  });
});

test('policies of attributes, a line each', async () => {
  const policy = (spec: object) => JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
  const policies = file('policy.jsonl', [
    '# who may what', policy({ user: 'alice', namespace: '*', resource: '*', apiGroup: '*' }), policy({ group: 'readers', namespace: 'default', resource: 'pods', readonly: true }),
    policy({ user: '*', readonly: true, nonResourcePath: '/version' }), '',
  ].join('\n'));
  const authorization = await flags('--authorization-mode=ABAC', `--authorization-policy-file=${policies}`);
  const server = await testServer({ authorization: authorization.choice });
  try {
    const may = async (user: string, group: string, asked: object): Promise<boolean> => {
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, groups: [group, 'system:authenticated'], ...asked } };
      return JSON.parse((await server.kubectl('create --raw /apis/authorization.k8s.io/v1/subjectaccessreviews -f -', JSON.stringify(review))).stdout).status.allowed;
    };
    const podsIn = (namespace: string, verb: string) => ({ resourceAttributes: { namespace, verb, resource: 'pods' } });
    const path = (of: string) => ({ nonResourceAttributes: { path: of, verb: 'get' } });
    assert.deepEqual([
      await may('alice', 'x', podsIn('other', 'create')), await may('bob', 'readers', podsIn('default', 'list')), await may('bob', 'readers', podsIn('default', 'create')),
      await may('bob', 'readers', podsIn('other', 'list')), await may('bob', 'x', path('/version')), await may('bob', 'x', path('/metrics')),
    ], [true, true, false, false, true, false]);
  } finally {
    await server.stop();
    authorization.close();
  }
});

describe('with Node and RBAC', () => {
  let server: TestServer;
  before(async () => {
    server = await testServer();
    await server.kubectl('create serviceaccount default');
  });
  after(() => server.stop());

  test('a kubelet reads what pods on its node refer to, and its own node, and nothing else', async () => {
    const kubelet = await server.as({ name: 'system:node:n1', groups: ['system:nodes'] });
    const create = async (object: object) => assert.equal((await server.kubectl('create -f -', JSON.stringify(object))).stderr, '');
    for (const name of ['direct', 'volume', 'other']) await server.kubectl(`create secret generic ${name}`);
    await server.kubectl('create configmap settings');
    await create({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], claimRef: { name: 'claim', namespace: 'default' }, csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { name: 'volume', namespace: 'default' } } } });
    await create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'claim' }, spec: { accessModes: ['ReadWriteOnce'], volumeName: 'pv', resources: { requests: { storage: '1Gi' } } } });
    const pod = (name: string, volumes: object[]) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'c', image: 'x', envFrom: [{ configMapRef: { name: 'settings' } }] }], volumes } });
    await create(pod('here', [{ name: 's', secret: { secretName: 'direct' } }, { name: 'c', persistentVolumeClaim: { claimName: 'claim' } }]));
    await create(pod('there', [{ name: 's', secret: { secretName: 'other' } }]));
    const scheduler = server.api.client({ name: 'system:kube-scheduler' });
    for (const [name, node] of [['here', 'n1'], ['there', 'n2']] as const) await scheduler.post(pods, name, 'binding', { metadata: { name }, target: { kind: 'Node', name: node } }, { namespace: 'default' });
    const refusal = async (what: string): Promise<string> => /: (?=[^:]*$)(.*)\n$/.exec((await kubelet(what)).stderr)?.[1] ?? '';
    for (const what of ['secret direct', 'secret volume', 'configmap settings', 'pvc claim', 'pv pv', 'pod here', 'serviceaccount default', 'pods --field-selector=spec.nodeName=n1']) assert.equal((await kubelet(`get ${what}`)).stderr.replace(/No resources.*/s, ''), '', what);
    const unrelated = "no relationship found between node 'n1' and this object";
    assert.deepEqual([await refusal('get secret other'), await refusal('get pod there'), await refusal('get secrets'), await refusal('get configmap -A')],
      [unrelated, unrelated, 'No Object name found', 'can only read namespaced object of this type']);
    assert.equal(await refusal('get pods'), 'can only list/watch pods with spec.nodeName field selector');
    assert.equal(await refusal('get nodes'), "node 'n1' cannot read all nodes, only its own Node object");
    assert.equal(await refusal('get node n2'), "node 'n1' cannot read 'n2', only its own Node object");
    assert.equal(await refusal('get resourceslices'), 'can only list/watch/deletecollection resourceslices with nodeName field selector');
    assert.equal((await kubelet('get resourceslices --field-selector=spec.nodeName=n1')).code, 0);
    assert.equal(await refusal('get csinode n2'), 'can only access CSINode with the same name as the requesting node');
    assert.equal(await refusal('get lease n1'), 'can only access leases in the "kube-node-lease" system namespace');
  });

  test('refusals to grant are worded as upstream words them', async () => {
    await server.kubectl('create clusterrole rw --verb=create,get,update,patch --resource=roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io,clusterroles.rbac.authorization.k8s.io,clusterrolebindings.rbac.authorization.k8s.io');
    await server.kubectl('create clusterrolebinding carol --clusterrole=rw --user=carol');
    const as = (args: string) => server.kubectl(`--as=carol --as-group=devs ${args}`);
    await eventually(async () => (await as('auth can-i create roles')).stdout === 'yes\n' || undefined, 'the binding to count');
    const who = 'user "carol" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n';
    const group = 'rbac.authorization.k8s.io';
    const expected: [string, string][] = [
      ['create role secrets --verb=get,list --resource=secrets,pods --resource-name=a',
        `Error from server (Forbidden): roles.${group} "secrets" is forbidden: ${who}{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get" "list"]}\n{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get" "list"]}\n`],
      ['create clusterrole urls --verb=get --non-resource-url=/x', `Error from server (Forbidden): clusterroles.${group} "urls" is forbidden: ${who}{NonResourceURLs:["/x"], Verbs:["get"]}\n`],
      ['create rolebinding x --clusterrole=cluster-admin --user=carol', `error: failed to create rolebinding: rolebindings.${group} "x" is forbidden: ${who}{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}\n`],
      ['create rolebinding x --role=nowhere --user=carol', `error: failed to create rolebinding: rolebindings.${group} "nowhere" not found\n`],
      ['create clusterrole agg --aggregation-rule=a=b', `Error from server (Forbidden): clusterroles.${group} "agg" is forbidden: must have cluster-admin privileges to use the aggregationRule\n`],
    ];
    for (const [args, stderr] of expected) assert.equal((await as(args)).stderr, stderr, args);
    assert.equal((await as('create rolebinding ok --clusterrole=rw --user=dave')).code, 0);
    await server.kubectl('create role powerful --verb=* --resource=secrets');
    assert.match((await as('label role powerful a=b')).stderr, /attempting to grant RBAC permissions not currently held/, 'whoever writes a role must have what it grants');
    await server.kubectl('create role escalator --verb=escalate --resource=roles.rbac.authorization.k8s.io --resource-name=powerful');
    await server.kubectl('create rolebinding escalator --role=escalator --user=carol');
    await eventually(async () => (await as('label role powerful a=b')).code === 0 || undefined, 'escalate to count');
  });

  test('access reviews are judged as upstream judges them', async () => {
    const review = async (path: string, kind: string, spec: object, metadata: object = {}): Promise<{ status?: { allowed?: boolean; reason?: string }; message?: string }> => {
      const response = await server.api.client({ name: 'admin', groups: ['system:masters'] }).raw({
        method: 'POST', path: `/apis/authorization.k8s.io/v1/${path}`, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, metadata, spec }),
      });
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString());
    };
    const message = async (...args: Parameters<typeof review>): Promise<string | undefined> => (await review(...args)).message?.replace('.authorization.k8s.io "" is invalid: ', '');
    const subject = (spec: object, metadata: object = {}) => message('subjectaccessreviews', 'SubjectAccessReview', spec, metadata);
    const attributes = { verb: 'list', resource: 'pods' };
    assert.equal(await subject({}), '[spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]');
    assert.equal(await subject({ user: 'a', resourceAttributes: attributes, nonResourceAttributes: { path: '/x', verb: 'get' } }), 'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes');
    assert.match((await subject({ user: 'a', resourceAttributes: attributes }, { name: 'n' }))!, /^metadata: Invalid value: .*: must be empty$/);
    assert.equal(await subject({ user: 'a', resourceAttributes: { ...attributes, fieldSelector: { requirements: [] }, labelSelector: { requirements: [{ key: 'k', operator: 'Exists', values: ['b'] }, { key: 'k', operator: 'In' }] } } }),
      '[spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required, '
      + "spec.resourceAttributes.labelSelector.requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist', "
      + "spec.resourceAttributes.labelSelector.requirements[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn']");
    assert.equal(await message('namespaces/default/localsubjectaccessreviews', 'LocalSubjectAccessReview', { user: 'a', resourceAttributes: attributes }, { namespace: 'default' }), 'spec.resourceAttributes.namespace: Invalid value: "": must match metadata.namespace');
    assert.equal(await message('namespaces/default/localsubjectaccessreviews', 'LocalSubjectAccessReview', { user: 'a', nonResourceAttributes: { path: '/x' } }, { namespace: 'default' }), 'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":""}: disallowed on this kind of request');
    const node = { user: 'system:node:n1', groups: ['system:nodes'] };
    const narrowed = (selector: object) => review('subjectaccessreviews', 'SubjectAccessReview', { ...node, resourceAttributes: { ...attributes, fieldSelector: selector } });
    assert.equal((await narrowed({ rawSelector: 'spec.nodeName=n1' })).status?.allowed, true);
    assert.equal((await narrowed({ requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] })).status?.allowed, true);
    assert.deepEqual((await narrowed({ rawSelector: 'spec.nodeName=n2' })).status, { allowed: false, reason: 'can only list/watch pods with spec.nodeName field selector' });
  });
});

test('flags about what may be done are refused in upstream\'s words', async () => {
  let files = 0;
  const config = (authorizers: object) => `--authorization-config=${file(`bad-${files++}.json`, { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers })}`;
  const refusals: [string[], string][] = [
    [['--authorization-mode=RBAC,Nonsense,RBAC'], '[authorization-mode "Nonsense" is not a valid mode, authorization-mode ["RBAC" "Nonsense" "RBAC"] has mode specified more than once]'],
    [['--authorization-mode=ABAC'], "authorization-mode ABAC's authorization policy file not passed"],
    [['--authorization-mode=RBAC', '--authorization-webhook-config-file=/x'], 'cannot specify --authorization-webhook-config-file without mode Webhook'],
    [['--authorization-mode=RBAC', '--authorization-config=/x'], '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined'],
    [['--authorization-mode=ABAC', `--authorization-policy-file=${file('bad.jsonl', '\n{"kind":"Policy","apiVersion":"v9"}')}`], `error reading policy file ${join(folder, 'bad.jsonl')}, line 2: {"kind":"Policy","apiVersion":"v9"}: no kind "Policy" is registered for version "v9"`],
    [[config([])], 'authorizers: Required value: at least one authorization mode must be defined'],
    [[config([{ type: 'RBAC', name: 'mine' }])], 'expected name rbac for authorizer RBAC instead of mine'],
    [[config([{ type: 'Webhook', name: 'x', webhook: { timeout: '1m', connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' }, matchConditions: [{ expression: 'request.nobody' }] } }])],
      '[authorizers[0].timeout: Invalid value: "1m0s": must be > 0s and <= 30s, authorizers[0].subjectAccessReviewVersion: Required value, authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified, '
      + 'authorizers[0].failurePolicy: Required value, authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "x": must be an absolute path, '
      + 'authorizers[0].matchConditions[0].expression: Invalid value: "request.nobody": compilation failed: ERROR: <input>:1:8: undefined field \'nobody\'\n | request.nobody\n | .......^]'],
  ];
  for (const [argv, message] of refusals) await assert.rejects(flags(...argv), { message }, argv.join(' '));
});
