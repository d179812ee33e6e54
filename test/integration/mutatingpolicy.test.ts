import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testServer, type Result, type TestServer } from '../apiserver.ts';

const group = 'admissionregistration.k8s.io';
let server: TestServer;
before(async () => {
  server = await testServer({ disabledAdmission: ['ServiceAccount'], runtimeConfig: [`${group}/v1beta1=true`] });
});
after(() => server.stop());

const create = (object: object, ...flags: string[]): Promise<Result> => server.kubectl(['create', '-f', '-', ...flags], JSON.stringify(object));
const built = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

function policy(name: string, spec: object): object {
  return {
    apiVersion: `${group}/v1beta1`, kind: 'MutatingAdmissionPolicy', metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: ['', 'apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps', 'deployments'] }], objectSelector: { matchLabels: { policy: name } } },
      reinvocationPolicy: 'Never', ...spec,
    },
  };
}

async function put(name: string, spec: object, binding: object = {}): Promise<void> {
  for (const object of [policy(name, spec), { apiVersion: `${group}/v1beta1`, kind: 'MutatingAdmissionPolicyBinding', metadata: { name: `b-${name}` }, spec: { policyName: name, ...binding } }]) {
    const made = await create(object);
    assert.equal(made.code, 0, made.stderr);
  }
}

interface Made {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  data?: Record<string, string>;
  spec: { replicas: number; template: { spec: { containers: { name: string; image?: string; args?: string[]; env?: object[] }[] } } };
}

/** What becomes of a ConfigMap for this policy, or what the client is told. */
async function tried(name: string, data: Record<string, string> = {}): Promise<Made | string> {
  return outcome(await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'default', labels: { policy: name } }, data }, '--dry-run=server', '-o', 'json'));
}

function outcome({ code, stdout, stderr }: Result): Made | string {
  return code === 0 ? (JSON.parse(stdout) as Made) : stderr.trim();
}

async function deployed(name: string): Promise<Made | string> {
  const containers = [{ name: 'a', image: 'i', args: ['1'] }, { name: 'b', image: 'j', env: [{ name: 'Z', value: 'z' }] }];
  return outcome(await create({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace: 'default', labels: { policy: name } },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers } } },
  }, '--dry-run=server', '-o', 'json'));
}

const data = (made: Made | string): unknown => (typeof made === 'string' ? made : made.data);
const denied = (name: string, why: string): string => `The configmaps "x" is invalid: : policy '${name}' with binding 'b-${name}' denied request: ${why}`;

test('a configuration that an expression builds is merged as server-side apply would', async () => {
  await put('labels', { mutations: [built('Object{metadata: Object.metadata{labels: {"a": "b"}, annotations: {"name": object.metadata.name}}}')] });
  const { metadata } = (await tried('labels')) as Made;
  assert.deepEqual([metadata.labels, metadata.annotations], [{ a: 'b', policy: 'labels' }, { name: 'x' }]);
  const container = 'Object.spec.template.spec.containers';
  await put('env', { mutations: [built(`Object{spec: Object.spec{replicas: 3, template: Object.spec.template{spec: Object.spec.template.spec{containers: object.spec.template.spec.containers.map(c, ${container}{name: c.name, env: [${container}.env{name: "E", value: "V"}]})}}}}`)] });
  const { spec } = (await deployed('env')) as Made;
  assert.equal(spec.replicas, 3);
  assert.deepEqual(spec.template.spec.containers.map(({ name, image, args, env }) => ({ name, image, args, env })), [
    { name: 'a', image: 'i', args: ['1'], env: [{ name: 'E', value: 'V' }] }, { name: 'b', image: 'j', args: undefined, env: [{ name: 'Z', value: 'z' }, { name: 'E', value: 'V' }] },
  ]);
  await put('piece', { mutations: [built(`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [${container}{name: "a", args: ["x"]}]}}}}`)] });
  assert.match((await deployed('piece')) as string, /error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \.spec\.template\.spec\.containers\[0\]\.args/);
  await put('misnamed', { mutations: [built('Object{metadata: Object.spec{labels: {"a": "b"}}}')] });
  assert.equal(await tried('misnamed'), denied('misnamed', 'type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type'));
  await put('unknown', { mutations: [built('Object{spec: Object.spec{foo: "b"}}')] });
  assert.equal(await tried('unknown'), denied('unknown', 'error applying patch: failed to convert patch object to typed object: .spec: field not declared in schema'));
});

test('JSON patches', async () => {
  await put('patch', { mutations: [patch('[JSONPatch{op: "test", path: "/data/a", value: "1"}, JSONPatch{op: "add", path: "/data/b", value: "2"}, JSONPatch{op: "add", path: "/metadata/annotations", value: {"x/y": "1"}}, JSONPatch{op: "move", from: "/data/a", path: "/data/c"}]')] });
  assert.deepEqual(data(await tried('patch', { a: '1' })), { b: '2', c: '1' });
  assert.deepEqual(data(await tried('patch', { a: '2' })), { a: '2' }, 'a test that fails leaves the object alone');
  await put('escape', { mutations: [patch('has(object.data) ? [JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("k~z"), value: "v"}] : []')] });
  assert.match((await tried('escape', { a: '1' })) as string, /data\[k~z\]: Invalid value/);
  assert.equal(data(await tried('escape')), undefined);
  await put('sidecar', { mutations: [patch('[JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "side", image: "i"}}]')] });
  assert.deepEqual(((await deployed('sidecar')) as Made).spec.template.spec.containers.map((c) => c.name), ['a', 'b', 'side']);
  await put('misfit', { mutations: [patch('[JSONPatch{op: "replace", path: "/data/nope", value: "2"}]')] });
  assert.equal(await tried('misfit'), denied('misfit', 'JSON Patch: replace operation does not apply: doc is missing path: /data/nope: missing value'));
});

test('conditions, variables, parameters and failure policy', async () => {
  await put('condition', { matchConditions: [{ name: 'n', expression: 'object.data.n == "1"' }], variables: [{ name: 'v', expression: 'object.data.n + "v"' }], mutations: [built('Object{data: {"x": variables.v}}')] });
  assert.deepEqual(data(await tried('condition', { n: '1' })), { n: '1', x: '1v' });
  assert.deepEqual(data(await tried('condition', { n: '2' })), { n: '2' });
  await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'param', namespace: 'default' }, data: { from: 'param' } });
  await put('params', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, mutations: [built('Object{data: params.data}')] }, { paramRef: { name: 'param', parameterNotFoundAction: 'Deny' } });
  assert.deepEqual(data(await tried('params', { a: '1' })), { a: '1', from: 'param' });
  await put('fails', { mutations: [built('Object{data: {"x": object.data.nope}}')] });
  assert.equal(await tried('fails', { a: '1' }), denied('fails', `expression 'Object{data: {"x": object.data.nope}}' resulted in error: no such key: nope`));
  await put('lenient', { failurePolicy: 'Ignore', mutations: [built('Object{data: {"x": object.data.nope}}')] });
  assert.deepEqual(data(await tried('lenient', { a: '1' })), { a: '1' });
});

test('policies see what others made, and look again when they want to', async () => {
  const match = { matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }], objectSelector: { matchLabels: { policy: 'again' } } } };
  await put('again-1', { ...match, reinvocationPolicy: 'IfNeeded', mutations: [patch('has(object.data.later) ? [JSONPatch{op: "add", path: "/data/saw", value: "yes"}] : []')] });
  await put('again-2', { ...match, mutations: [patch('[JSONPatch{op: "add", path: "/data/later", value: has(object.data.later) ? "twice" : "once"}]')] });
  assert.deepEqual(data(await tried('again', { a: '1' })), { a: '1', later: 'once', saw: 'yes' });
});

test('what cannot be right is refused with the policy', async () => {
  const { stderr } = await create(policy('t', {
    reinvocationPolicy: 'x', mutations: [{ patchType: 'Foo' }, { patchType: 'JSONPatch' }, built('object'), built('{}'), patch('1'), patch('[JSONPatch{op: 1}]'), built('Obj{a: 1}')],
    matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['configmaps'] }] },
  }), '--dry-run=server');
  for (const text of [
    'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"', 'spec.mutations[0].patchType: Unsupported value: "Foo": supported values: "ApplyConfiguration", "JSONPatch"',
    'spec.mutations[1].jsonPatch: Required value: must be specified when patchType is JSONPatch', 'Invalid value: "object": must evaluate to Object but got dyn', 'Invalid value: "{}": must evaluate to Object but got map(dyn, dyn)',
    'Invalid value: "1": must evaluate to list(JSONPatch) but got int', "<input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'", "undeclared reference to 'Obj' (in container '')",
    'spec.reinvocationPolicy: Unsupported value: "x": supported values: "IfNeeded", "Never"',
  ]) assert.ok(stderr.includes(text), `${text}\nin\n${stderr}`);
});
