import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { packages } from '../../api/catalog.ts';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { Registry } from '../registry.ts';
import { applyJsonPatch, type JsonPatchError } from './jsonpatch.ts';
import { applyMergePatch, createMergePatch, createThreeWayMergePatch } from './mergepatch.ts';
import { applyStrategicMergePatch } from './strategic.ts';
import { createStrategicMergePatch, createThreeWayStrategicMergePatch, PatchConflict } from './strategicdiff.ts';

const registry = new Registry(packages);
const pod = registry.struct('core.v1.Pod');
const deployment = registry.struct('apps.v1.Deployment');

describe('JSON patch', () => {
  const applied = (document: JsonValue, ...patch: object[]): JsonValue => applyJsonPatch(document, patch);
  const refused = (document: JsonValue, ...patch: object[]): string => {
    try {
      applyJsonPatch(document, patch);
    } catch (error) {
      assert.ok(error instanceof StatusError && error.code === 422 && error.reason === 'Invalid');
      return (error.cause as JsonPatchError).message;
    }
    return assert.fail('the patch was accepted');
  };

  test('carries out every operation', () => {
    assert.deepEqual(applied({ a: [1, 2] }, { op: 'add', path: '/a/1', value: 9 }), { a: [1, 9, 2] });
    assert.deepEqual(applied({ a: [1] }, { op: 'add', path: '/a/-', value: { x: 1 } }), { a: [1, { x: 1 }] });
    assert.deepEqual(applied({ a: [1, 2], b: 1 }, { op: 'remove', path: '/a/0' }, { op: 'remove', path: '/b' }), { a: [2] });
    assert.deepEqual(applied({ 'a/b': { '~': 1 } }, { op: 'replace', path: '/a~1b/~0', value: null }), { 'a/b': { '~': null } });
    assert.deepEqual(applied({ a: 1 }, { op: 'move', from: '/a', path: '/b' }, { op: 'copy', from: '/b', path: '/c' }), { b: 1, c: 1 });
    assert.deepEqual(applied({ a: { b: [1] } }, { op: 'test', path: '/a', value: { b: [1] } }), { a: { b: [1] } });
    assert.deepEqual(applied({ a: 1 }, { op: 'replace', path: '', value: { b: 2 } }), { b: 2 });
    assert.deepEqual(applied({ a: 1 }, { op: 'test', path: '/missing', value: null }), { a: 1 });
  });

  test('says what does not fit, in the known words', () => {
    assert.equal(refused({}, { op: 'remove', path: '/x' }), "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value");
    assert.deepEqual(applyJsonPatch({}, [{ op: 'replace', path: '/x', value: 1 }, { op: 'copy', from: '/y', path: '/z' }]), { x: 1, z: null });
    assert.equal(refused({}, { op: 'replace', path: '/x/y', value: 1 }), 'replace operation does not apply: doc is missing path: /x/y: missing value');
    assert.equal(refused({}, { op: 'add', path: '/x/y', value: 1 }), 'add operation does not apply: doc is missing path: "/x/y": missing value');
    assert.equal(refused({ a: 1 }, { op: 'test', path: '/a', value: 2 }), 'testing value /a failed: test failed');
    assert.equal(refused({ a: [] }, { op: 'add', path: '/a/7', value: 2 }), 'Unable to access invalid index: 7: invalid index referenced');
    assert.equal(refused({ a: { b: {} } }, { op: 'move', from: '/a', path: '/a/b/c' }), 'move operation does not apply: doc is missing destination path: /a/b/c: missing value');
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null }));
    assert.throws(() => applyJsonPatch({}, many), /The allowed maximum operations in a JSON patch is 10000, got 10001/);
  });

  test('never reaches a prototype, and leaves its input alone', () => {
    const document: JsonObject = { a: { b: 1 } };
    const out = applied(document, { op: 'add', path: '/__proto__', value: { polluted: true } }, { op: 'add', path: '/a/c', value: 2 }) as JsonObject;
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.equal(Object.getPrototypeOf(out), Object.prototype);
    assert.match(refused({}, { op: 'add', path: '/__proto__/polluted', value: 1 }), /missing path/);
    assert.match(refused({}, { op: 'add', path: '/constructor/prototype/x', value: 1 }), /missing path/);
    assert.deepEqual(document, { a: { b: 1 } });
  });
});

describe('merge patch', () => {
  const json = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.constantFrom<JsonValue>('x', 'y', 1, 2, true), fc.array(fc.constantFrom<JsonValue>(1, 2), { maxLength: 2 }), fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value'), { maxKeys: 3, noNullPrototype: true })),
  })).value;
  const object = fc.dictionary(fc.constantFrom('a', 'b', 'c'), json, { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;

  test('what is made of two documents leads from one to the other', () => {
    fc.assert(fc.property(object, object, (a, b) => assert.deepEqual(applyMergePatch(a, createMergePatch(a, b)), b)));
  });

  test('three ways: what only the server set stays, what was taken back goes', () => {
    const patch = createThreeWayMergePatch({ a: 1, b: 1, c: { x: 1 } }, { a: 2, c: {} }, { a: 1, b: 1, c: { x: 1, y: 2 }, server: true });
    assert.deepEqual(patch, { a: 2, b: null, c: { x: null } });
  });

  test('follows the standard where types differ', () => {
    assert.deepEqual(applyMergePatch({ a: [1] }, { a: { b: null, c: 1 } }), { a: { c: 1 } });
    assert.deepEqual(applyMergePatch({ a: { b: 1 } }, { a: [null] }), { a: [null] });
  });
});

describe('strategic merge patch', () => {
  const containers = (...names: string[]): JsonObject => ({ spec: { containers: names.map((name) => ({ name, image: `${name}:1` })) } });

  test('merges lists by their key', () => {
    const out = applyStrategicMergePatch(containers('a', 'b'), { spec: { containers: [{ name: 'b', image: 'b:2' }, { name: 'c' }] } }, pod);
    assert.deepEqual(out, { spec: { containers: [{ name: 'a', image: 'a:1' }, { name: 'b', image: 'b:2' }, { name: 'c' }] } });
    const ports = { spec: { ports: [{ port: 80, name: 'a' }, { port: 443 }] } };
    assert.deepEqual(applyStrategicMergePatch(ports, { spec: { ports: [{ port: 80, name: 'b' }] } }, registry.struct('core.v1.Service')), { spec: { ports: [{ port: 80, name: 'b' }, { port: 443 }] } });
  });

  test('obeys its directives', () => {
    assert.deepEqual(applyStrategicMergePatch(containers('a', 'b'), { spec: { containers: [{ name: 'a', $patch: 'delete' }] } }, pod), containers('b'));
    assert.deepEqual(applyStrategicMergePatch(containers('a', 'b'), { spec: { containers: [{ $patch: 'replace' }, { name: 'z' }] } }, pod), { spec: { containers: [{ name: 'z' }] } });
    assert.deepEqual(applyStrategicMergePatch(containers('a', 'b', 'c'), { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] } }, pod), containers('c', 'b', 'a'));
    const finalizers = { metadata: { finalizers: ['x', 'y', 'z'] } };
    assert.deepEqual(applyStrategicMergePatch(finalizers, { metadata: { '$deleteFromPrimitiveList/finalizers': ['y'], finalizers: ['n'] } }, pod), { metadata: { finalizers: ['n', 'x', 'z'] } });
    const strategy = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    assert.deepEqual(applyStrategicMergePatch(strategy, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, deployment), { spec: { strategy: { type: 'Recreate' } } });
    assert.deepEqual(applyStrategicMergePatch({ metadata: { labels: { a: '1' } } }, { metadata: { labels: { a: null, b: null, c: '3' } } }, pod), { metadata: { labels: { c: '3' } } });
    assert.deepEqual(applyStrategicMergePatch({ spec: { nodeSelector: { a: '1' } } }, { spec: { nodeSelector: { $patch: 'replace', b: '2' } } }, pod), { spec: { nodeSelector: { b: '2' } } });
  });

  test('refuses what it cannot carry out', () => {
    assert.throws(() => applyStrategicMergePatch(containers('a'), { spec: { containers: [{ image: 'x' }] } }, pod), /does not contain declared merge key: name/);
    assert.throws(() => applyStrategicMergePatch(containers('a'), { spec: { $retainKeys: ['x'], containers: [] } }, pod), /invalid patch format of retainKeys/);
    assert.throws(() => applyStrategicMergePatch(containers('a'), { spec: { '$setElementOrder/nope': [] } }, pod), /unable to find api field in struct PodSpec for the json field "nope"/);
  });

  test('from three objects does what kubectl apply does', () => {
    const original = { metadata: { labels: { app: 'x', old: '1' } }, spec: { replicas: 3, template: containers('a', 'b') } };
    const modified = { metadata: { labels: { app: 'y' } }, spec: { template: containers('b', 'c') } };
    const current = { metadata: { labels: { app: 'x', old: '1', other: '2' } }, spec: { replicas: 5, paused: true, template: containers('a', 'b', 'sidecar') } };
    const patch = createThreeWayStrategicMergePatch(original, modified, current, deployment);
    assert.deepEqual(patch, {
      metadata: { labels: { app: 'y', old: null } },
      spec: {
        replicas: null,
        template: { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }], containers: [{ name: 'c', image: 'c:1' }, { $patch: 'delete', name: 'a' }] } },
      },
    });
    const out = applyStrategicMergePatch(current, patch, deployment);
    assert.deepEqual(out, {
      metadata: { labels: { app: 'y', other: '2' } },
      spec: { paused: true, template: { spec: { containers: ['b', 'sidecar', 'c'].map((name) => ({ name, image: `${name}:1` })) } } },
    });
    assert.throws(() => createThreeWayStrategicMergePatch(original, modified, { ...current, metadata: { labels: { app: 'z' } } }, deployment, { overwrite: false }), PatchConflict);
  });

  test('made of two objects leads from one to the other', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const container = fc.record({ name, image: fc.constantFrom('1', '2'), env: fc.uniqueArray(fc.record({ name, value: fc.constantFrom('x', 'y') }), { selector: (e) => e.name, maxLength: 3 }) }, { requiredKeys: ['name'] });
    const object = fc.record({
      metadata: fc.record({ labels: fc.dictionary(name, fc.constantFrom('1', '2'), { noNullPrototype: true }), finalizers: fc.uniqueArray(name) }, { requiredKeys: [] }),
      spec: fc.record({ containers: fc.uniqueArray(container, { selector: (c) => c.name }), nodeName: name, tolerations: fc.array(fc.record({ key: name })) }, { requiredKeys: [] }),
    }) as unknown as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(object, object, (a, b) => {
        const out = applyStrategicMergePatch(a, createStrategicMergePatch(a, b, pod), pod);
        assert.deepEqual(dropEmpty(out), dropEmpty(b));
        assert.deepEqual(createStrategicMergePatch(a, a, pod), {});
      }),
      { numRuns: 300 },
    );
  });
});

/** To the API a list of nothing is no list, and patches do not keep them apart either. */
function dropEmpty(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(dropEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, v]) => !(Array.isArray(v) && v.length === 0)).map(([k, v]) => [k, dropEmpty(v)]));
}
