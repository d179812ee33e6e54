import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, testServer, type Result, type TestServer } from '../apiserver.ts';

const group = 'admissionregistration.k8s.io';
let server: TestServer;
before(async () => {
  server = await testServer({ disabledAdmission: ['ServiceAccount'] });
  await server.kubectl('create namespace prod');
  await server.kubectl('label namespace prod env=prod');
});
after(() => server.stop());

const apply = (object: object, ...flags: string[]): Promise<Result> => server.kubectl(['apply', '-f', '-', ...flags], JSON.stringify(object));
const create = (object: object, ...flags: string[]): Promise<Result> => server.kubectl(['create', '-f', '-', ...flags], JSON.stringify(object));

/** A policy for ConfigMaps that carry its name as a label. */
function policy(name: string, spec: object): object {
  return {
    apiVersion: `${group}/v1`, kind: 'ValidatingAdmissionPolicy', metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] }], objectSelector: { matchLabels: { policy: name } } },
      ...spec,
    },
  };
}

async function put(name: string, spec: object, binding: object = {}): Promise<void> {
  for (const object of [policy(name, spec), { apiVersion: `${group}/v1`, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: `b-${name}` }, spec: { policyName: name, validationActions: ['Deny'], ...binding } }]) {
    const made = await apply(object);
    assert.equal(made.code, 0, made.stderr);
  }
}

function configMap(policyName: string, data: Record<string, string> = {}, namespace = 'default', name = 'x'): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { policy: policyName } }, data };
}

/** What a client is told when it tries to create one for this policy; empty when it may. */
async function tried(name: string, data?: Record<string, string>, namespace?: string, object?: string): Promise<string> {
  const { stderr } = await create(configMap(name, data, namespace, object), '--dry-run=server');
  return stderr.trim();
}

const denied = (name: string, why: string, reason = 'Invalid'): string => {
  const text = `ValidatingAdmissionPolicy '${name}' with binding 'b-${name}' denied request: ${why}`;
  const by = `configmaps "x" is forbidden: ${text}`;
  return reason === 'Invalid' ? `The configmaps "x" is invalid: : ${text}` : `Error from server (${reason}): error when creating "STDIN": ${by}`;
};

test('a policy refuses in its own words, by message, expression or the rule itself', async () => {
  await put('words', {
    validations: [
      { expression: 'object.data.x == "1"', message: '  x must be 1 ' },
      { expression: 'has(object.data.y)', messageExpression: '"y is missing in " + object.metadata.name + " of " + request.namespace', reason: 'Forbidden' },
      { expression: ' object.data.y.startsWith("a") ', messageExpression: '"two\\nlines"', reason: 'RequestEntityTooLarge' },
    ],
  });
  assert.equal(await tried('words', { x: '2' }), denied('words', 'x must be 1'));
  assert.equal(await tried('words', { z: '1' }), denied('words', `expression 'object.data.x == "1"' resulted in error: no such key: x`));
  assert.equal(await tried('words', { x: '1' }), denied('words', 'y is missing in x of default', 'Forbidden'));
  assert.equal(await tried('words', { x: '1', y: 'b' }), denied('words', 'failed expression: object.data.y.startsWith("a")', 'RequestEntityTooLarge'));
  assert.equal(await tried('words', { x: '1', y: 'a' }), '');
  assert.equal(await tried('other', { x: '2' }), '', 'it is for its own objects only');
});

test('warnings warn, failures may be passed over', async () => {
  await put('warn', { validations: [{ expression: 'false', message: 'careful' }, { expression: 'object.data.nope == "1"' }] }, { validationActions: ['Warn', 'Audit'] });
  assert.equal(await tried('warn', { a: 'b' }), ['careful', `expression 'object.data.nope == "1"' resulted in error: no such key: nope`].map((why) => `Warning: Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'b-warn': ${why}`).join('\n'));
  await put('lenient', { failurePolicy: 'Ignore', validations: [{ expression: 'object.data.nope == "1"' }, { expression: 'object.data.a == "b"' }] });
  assert.equal(await tried('lenient', { a: 'b' }), '');
  assert.match(await tried('lenient', { a: 'c' }), /failed expression: object\.data\.a == "b"/);
});

test('variables are built from variables and worked out when they are needed', async () => {
  await put('vars', { variables: [{ name: 'a', expression: 'object.data.n' }, { name: 'b', expression: 'int(variables.a) + 1' }], validations: [{ expression: 'variables.b > 10', messageExpression: '"b is " + string(variables.b)' }] });
  assert.equal(await tried('vars', { n: '4' }), denied('vars', 'b is 5'));
  assert.equal(await tried('vars', { n: '10' }), '');
  assert.equal(await tried('vars', { n: 'q' }), denied('vars', `expression 'variables.b > 10' resulted in error: composited variable "b" fails to evaluate: type conversion error from 'string' to 'int'`));
  assert.match(await tried('vars', { m: '1' }), /composited variable "b" fails to evaluate: composited variable "a" fails to evaluate: no such key: n/);
});

test('what a policy sees: request, namespace, rights; what it is for: conditions, exclusions, selectors', async () => {
  await put('sees', { validations: [{ expression: 'false', messageExpression: '[request.operation, request.resource.resource, request.kind.kind, request.userInfo.username, string(request.dryRun), string(has(request.subResource)), string(oldObject == null), namespaceObject.metadata.name, namespaceObject.status.phase].join(" ")' }] });
  assert.equal(await tried('sees'), denied('sees', 'CREATE configmaps ConfigMap kubernetes-admin true false true default Active'));
  await put('rights', { validations: [{ expression: 'authorizer.group("").resource("pods").check("get").allowed()', message: 'may not' }, { expression: '!authorizer.serviceAccount("default", "x").path("/secret").check("get").allowed()', message: 'may' }] });
  assert.equal(await tried('rights'), '');
  await put('condition', { matchConditions: [{ name: 'c', expression: 'object.data.n == "1"' }], validations: [{ expression: 'false' }] });
  assert.equal(await tried('condition', { n: '2' }), '');
  assert.equal(await tried('condition', { n: '1' }), denied('condition', 'failed expression: false'));
  assert.equal(await tried('condition', { m: '1' }), denied('condition', `expression 'object.data.n == "1"' resulted in error: no such key: n`));
  const rules = (operations: string[], more: object = {}): object => ({ apiGroups: ['*'], apiVersions: ['*'], operations, resources: ['configmaps'], ...more });
  await put('exclusion', { matchConstraints: { resourceRules: [rules(['*'])], excludeResourceRules: [rules(['CREATE'], { resourceNames: ['spared'] })], objectSelector: { matchLabels: { policy: 'exclusion' } } }, validations: [{ expression: 'false' }] });
  assert.equal(await tried('exclusion', {}, 'default', 'spared'), '');
  assert.notEqual(await tried('exclusion'), '');
  await put('namespaces', { validations: [{ expression: 'false' }] }, { matchResources: { namespaceSelector: { matchLabels: { env: 'prod' } }, resourceRules: [rules(['CREATE'])] } });
  assert.equal(await tried('namespaces'), '');
  assert.notEqual(await tried('namespaces', {}, 'prod'), '');
});

test('an expression that is too expensive is ended', async () => {
  const ten = '[1,2,3,4,5,6,7,8,9,10]';
  await put('costly', { validations: [{ expression: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].reduceRight((inner, v) => `${ten}.all(${v}, ${inner})`, 'true') }] });
  assert.match(await tried('costly'), /resulted in error: operation cancelled: actual cost limit exceeded/);
});

test('parameters by name and by selector, of kinds built in and custom', async () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const validations = [{ expression: 'object.data.n == params.data.n', messageExpression: '"want " + params.data.n + " of " + params.metadata.namespace' }];
  await put('byname', { paramKind, validations }, { paramRef: { name: 'the-param', parameterNotFoundAction: 'Deny' } });
  assert.equal(await tried('byname', { n: '1' }), denied('byname', 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction'));
  await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'the-param', namespace: 'default' }, data: { n: '7' } });
  assert.equal(await tried('byname', { n: '6' }), denied('byname', 'want 7 of default'));
  assert.equal(await tried('byname', { n: '7' }), '');
  await put('byselector', { paramKind, validations }, { paramRef: { selector: { matchLabels: { param: 'yes' } }, namespace: 'prod', parameterNotFoundAction: 'Allow' } });
  assert.equal(await tried('byselector', { n: '1' }), '');
  for (const n of ['1', '2']) await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `p${n}`, namespace: 'prod', labels: { param: 'yes' } }, data: { n } });
  assert.equal(await tried('byselector', { n: '1' }), denied('byselector', 'want 2 of prod'));
  const nobody = (text: string): string => `The configmaps "x" is invalid: : ValidatingAdmissionPolicy 'custom' denied request: ${text}`;
  await put('custom', { paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' }, validations: [{ expression: 'size(object.data) <= params.spec.most', message: 'too many' }] }, { paramRef: { name: 'l', parameterNotFoundAction: 'Allow' } });
  assert.equal(await tried('custom'), nobody("failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'"));
  await apply({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'limits.example.com' },
    spec: { group: 'example.com', scope: 'Cluster', names: { plural: 'limits', singular: 'limit', kind: 'Limit' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { most: { type: 'integer' } } } } } } }] },
  });
  await server.kubectl('wait --for=condition=Established crd/limits.example.com');
  assert.equal(await tried('custom', { a: '1', b: '2' }), '');
  const limit = await apply({ apiVersion: 'example.com/v1', kind: 'Limit', metadata: { name: 'l' }, spec: { most: 1 } });
  assert.equal(limit.code, 0, limit.stderr);
  assert.equal(await tried('custom', { a: '1', b: '2' }), denied('custom', 'too many'));
  assert.equal(await tried('custom', { a: '1' }), '');
  await put('scoped', { paramKind: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' }, validations: [{ expression: 'true' }] }, { paramRef: { name: 'view', namespace: 'default', parameterNotFoundAction: 'Deny' } });
  assert.equal(await tried('scoped'), denied('scoped', 'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`'));
});

test('annotations that cannot be worked out refuse; a deletion is judged too', async () => {
  await put('notes', { auditAnnotations: [{ key: 'k', valueExpression: '"v" + object.data.n' }] });
  assert.equal(await tried('notes', { n: '1' }), '');
  assert.equal(await tried('notes', { m: '1' }), denied('notes', `expression '"v" + object.data.n' resulted in error: no such key: n`));
  await put('deletion', { validations: [{ expression: 'request.operation != "DELETE" || oldObject.data.keep != "yes"', message: 'is kept' }] });
  assert.equal((await create(configMap('deletion', { keep: 'yes' }, 'default', 'kept'))).code, 0);
  assert.match((await server.kubectl('delete configmap kept')).stderr, /denied request: is kept/);
});

test('expressions that do not compile are refused with the policy', async () => {
  const refusal = async (spec: object): Promise<string> => (await create(policy('t', spec), '--dry-run=server')).stderr;
  assert.match(await refusal({ validations: [{ expression: 'object.spec' }] }), /spec\.validations\[0\]\.expression: Invalid value: "object\.spec": must evaluate to bool but got dyn/);
  assert.match(await refusal({ validations: [{ expression: 'request.foo == 1' }] }), /compilation failed: ERROR: <input>:1:8: undefined field 'foo'\n \| request\.foo == 1\n \| \.{7}\^/);
  const several = await refusal({
    matchConditions: [{ name: 'a', expression: 'variables.x' }], variables: [{ name: 'for', expression: 'variables.zz' }, { name: 'b', expression: '1' }],
    validations: [{ expression: 'variables.b > "x"', messageExpression: '1', message: 'a\nb', reason: 'Foo' }], auditAnnotations: [{ key: 'a', valueExpression: '1' }],
  });
  for (const text of [
    "undeclared reference to 'variables' (in container '')", 'spec.variables[0].name: Invalid value: "for": must be a valid CEL identifier', "undefined field 'zz'",
    "found no matching overload for '_>_' applied to '(int, string)'", 'messageExpression: Invalid value: "1": must evaluate to string but got int', 'must not contain line breaks',
    'Unsupported value: "Foo": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"', 'must evaluate to one of [string null_type] but got int',
  ]) assert.ok(several.includes(text), `${text}\nin\n${several}`);
});

test('the audit log has what policies note', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-policy-audit-'));
  const log = join(folder, 'audit.log');
  const audited = await testServer({ disabledAdmission: ['ServiceAccount'], audit: { policy: 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, omitStages: [RequestReceived]}]', log: { path: log } } });
  try {
    const make = async (object: object): Promise<void> => {
      const { code, stderr } = await audited.kubectl('create -f -', JSON.stringify(object));
      assert.equal(code, 0, stderr);
    };
    await make(policy('noted', { validations: [{ expression: 'true' }, { expression: 'false', message: 'not quite' }], auditAnnotations: [{ key: 'size', valueExpression: 'string(size(object.data))' }, { key: 'nothing', valueExpression: 'null' }] }));
    for (const name of ['one', 'two']) await make({ apiVersion: `${group}/v1`, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: 'noted', validationActions: name === 'one' ? ['Audit'] : ['Audit', 'Warn'] } });
    await make(configMap('noted', { a: 'b' }));
    const annotations = await eventually(() => {
      const events = readFileSync(log, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { verb: string; objectRef?: { resource?: string; name?: string }; annotations?: Record<string, string> });
      return events.find((e) => e.verb === 'create' && e.objectRef?.resource === 'configmaps')?.annotations;
    }, 'the event');
    assert.equal(annotations['noted/size'], '1');
    assert.equal(annotations['noted/nothing'], undefined);
    assert.deepEqual(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure']!), [{ message: 'not quite', policy: 'noted', binding: 'one', expressionIndex: 1, validationActions: ['Audit'] }]);
  } finally {
    await audited.stop();
    rmSync(folder, { recursive: true });
  }
});
