import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { packages } from '../api/catalog.ts';
import { readTree } from '../machinery/jsontree.ts';
import { StatusError } from '../machinery/status.ts';
import { decode, encodeJson, normalise, parseJson } from './json.ts';
import { decodeProtobuf, decodeProtobufBody, encodeProtobuf, encodeProtobufBody, encodeWatchFrame, unwrapUnknown, WatchFrameReader, wrapUnknown } from './protobuf.ts';
import { arbitraryStruct } from '../../test/arbitrary.ts';
import { Registry } from './registry.ts';

const registry = new Registry(packages);
const facts = process.env['K7S_API_FACTS'] ?? join(import.meta.dirname, '../../../shared/api-facts');
const samples = join(facts, 'roundtrip-1.34');

function typeOfFile(file: string): string {
  const parts = file.split('.');
  const [version, kind] = [parts.at(-3)!, parts.at(-2)!];
  const group = parts.slice(0, -3).join('.');
  return registry.typeOf(group === 'core' ? '' : group, version, kind) ?? `meta.v1.${kind}`;
}

test('full samples of upstream pass both ways byte for byte', { skip: existsSync(samples) ? false : 'the recorded samples are not on this machine' }, () => {
  const files = readdirSync(samples).filter((f) => f.endsWith('.json'));
  assert.ok(files.length >= 50);
  for (const file of files) {
    const type = typeOfFile(file);
    const text = JSON.stringify(JSON.parse(readFileSync(join(samples, file), 'utf8')));
    const body = readFileSync(join(samples, file.replace(/json$/, 'pb')));
    const { object, strict } = decode(registry, type, parseJson(text).value);
    assert.deepEqual(strict, [], file);
    assert.equal(JSON.stringify(object), text, file);
    assert.equal(encodeProtobufBody(registry, type, object).toString('hex'), body.toString('hex'), file);
    assert.equal(JSON.stringify(decodeProtobufBody(registry, type, body)), text, file);
  }
});

test('verbs of discovery stand in a message of their own', () => {
  const bytes = encodeProtobuf(registry, 'meta.v1.APIResource', { name: 'a', singularName: '', namespaced: false, kind: '', verbs: ['get', 'list'] });
  assert.match(bytes.toString('hex'), /220b0a036765740a046c697374/);
  assert.deepEqual(decodeProtobuf(registry, 'meta.v1.APIResource', bytes)['verbs'], ['get', 'list']);
});

test('what a sparse object gains and loses', () => {
  const bare = decode(registry, 'core.v1.Pod', { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', labels: {} }, spec: { containers: [{ name: 'c', image: null, stdin: false }], hostNetwork: false } }).object;
  assert.equal(JSON.stringify(bare), '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}}');
  const deployment = decode(registry, 'apps.v1.Deployment', { metadata: { name: 'd' } }).object;
  assert.equal(JSON.stringify(deployment), '{"metadata":{"name":"d"},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}');
  const service = decode(registry, 'core.v1.Service', { spec: { ports: [{ port: 80 }] } }).object;
  assert.equal(JSON.stringify(service), '{"metadata":{},"spec":{"ports":[{"port":80,"targetPort":0}]},"status":{"loadBalancer":{}}}');
  const condition = decode(registry, 'core.v1.Pod', { spec: { containers: [] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }).object;
  assert.equal(JSON.stringify(condition), '{"metadata":{},"spec":{"containers":[]},"status":{"conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":null}]}}');
});

test('quantities, times and base64 take their canonical form', () => {
  const pod = decode(registry, 'core.v1.Pod', { metadata: { creationTimestamp: '2024-02-29T12:00:00.25+02:00' }, spec: { containers: [{ name: 'c', resources: { limits: { memory: '1024Mi', cpu: 0.1 } } }] } }).object;
  assert.equal(JSON.stringify(pod), '{"metadata":{"creationTimestamp":"2024-02-29T10:00:00Z"},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"100m","memory":"1Gi"}}}]},"status":{}}');
  const secret = decode(registry, 'core.v1.Secret', { data: { b: 'YQ==\n', a: null } }).object;
  assert.equal(JSON.stringify(secret), '{"metadata":{},"data":{"a":null,"b":"YQ=="}}');
});

test('unknown and duplicate fields are reported with their paths', () => {
  const text = '{"kind":"Pod","apiVersion":"v1","zed":1,"spec":{"containers":[{"name":"a","name":"b","imag":"x","env":[{"name":"k","valu":"v"}]}],"foo":{"a":{}}}}';
  const parsed = parseJson(text, { odd: true });
  assert.equal(parsed.odd, true);
  const { strict, object } = decode(registry, 'core.v1.Pod', parsed.value, { odd: true, tree: () => readTree(text) });
  assert.deepEqual(strict, ['unknown field "zed"', 'duplicate field "spec.containers[0].name"', 'unknown field "spec.containers[0].imag"', 'unknown field "spec.containers[0].env[0].valu"', 'unknown field "spec.foo"']);
  assert.equal(JSON.stringify(object), '{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":[{"name":"b","env":[{"name":"k"}],"resources":{}}]},"status":{}}');
  assert.equal(parseJson('{"a":"x:y","b":{"c":":"},"d":"nginx:1.25","e":1}', { odd: true }).odd, false);
  assert.equal(parseJson('{"a":[1.0]}', { odd: true }).odd, true);
});

test('wrong types are refused in the known words', () => {
  const cases: [type: string, value: unknown, message: RegExp][] = [
    ['apps.v1.Deployment', { kind: 'Deployment', apiVersion: 'apps/v1', spec: { replicas: 'three' } }, /^Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/],
    ['apps.v1.Deployment', { spec: { replicas: 3e9 } }, /json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec\.spec\.replicas of type int32$/],
    ['core.v1.Pod', { spec: { containers: [{ name: 'a', env: [{ name: 'x', value: 1 }] }] } }, /json: cannot unmarshal number into Go struct field EnvVar\.spec\.containers\.env\.value of type string$/],
    ['core.v1.Pod', { spec: { containers: {} } }, /json: cannot unmarshal object into Go struct field PodSpec\.spec\.containers of type \[\]v1\.Container$/],
    ['core.v1.Pod', { spec: { containers: [{ resources: { limits: { cpu: 'lots' } } }] } }, /quantities must match the regular expression/],
    ['core.v1.Pod', { metadata: { creationTimestamp: 'now' } }, /parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"$/],
    ['core.v1.Secret', { kind: 'Secret', data: { a: 'a*b' } }, /illegal base64 data at input byte 1$/],
    ['core.v1.Pod', [], /json: cannot unmarshal array into Go value of type v1\.Pod$/],
  ];
  for (const [type, value, message] of cases) {
    assert.throws(() => decode(registry, type, value), (e) => e instanceof StatusError && e.code === 400 && message.test(e.message), String(message));
  }
});

test('texts that are no JSON say where they fail', () => {
  for (const [text, message] of [
    ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a"', 'unexpected end of JSON input'],
    ['{} x', "invalid character 'x' after top-level value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['', 'unexpected end of JSON input'],
  ] as const) assert.throws(() => parseJson(text), { message });
  assert.throws(() => parseJson('['.repeat(100_000) + ']'.repeat(100_000)), { message: 'exceeded max depth' });
});

test('integers keep their digits, keys their bytewise order', () => {
  const text = '{"metadata":{"labels":{"10":"b","9":"a","a":"c"},"generation":9007199254740993}}';
  const { object } = decode(registry, 'core.v1.ConfigMap', parseJson(text).value);
  assert.equal(encodeJson(object).toString(), '{"metadata":{"generation":9007199254740993,"labels":{"10":"b","9":"a","a":"c"}}}');
  const bytes = encodeProtobuf(registry, 'core.v1.ConfigMap', object);
  assert.ok(bytes.indexOf('10') < bytes.indexOf('9'));
  assert.deepEqual(decodeProtobuf(registry, 'core.v1.ConfigMap', bytes), object);
  assert.equal(encodeJson({ a: '<&>\u2028' }).toString(), '{"a":"\\u003c\\u0026\\u003e\\u2028"}');
});

test('a member called __proto__ stays a member', () => {
  const { object } = decode(registry, 'core.v1.ConfigMap', parseJson('{"data":{"__proto__":"x"}}').value);
  assert.equal(encodeJson(object).toString(), '{"metadata":{},"data":{"__proto__":"x"}}');
  assert.deepEqual(decodeProtobuf(registry, 'core.v1.ConfigMap', encodeProtobuf(registry, 'core.v1.ConfigMap', object)), object);
});

test('watch frames come whole however the bytes are cut', () => {
  const body = wrapUnknown({ apiVersion: 'v1', kind: 'Pod' }, encodeProtobuf(registry, 'core.v1.Pod', normalise(registry, 'core.v1.Pod', { metadata: { name: 'a' } })));
  const stream = Buffer.concat([encodeWatchFrame('ADDED', body), encodeWatchFrame('DELETED', body)]);
  for (const size of [1, 7, 1000]) {
    const reader = new WatchFrameReader();
    const frames = [];
    for (let at = 0; at < stream.length; at += size) frames.push(...reader.push(stream.subarray(at, at + size)));
    assert.deepEqual(frames.map((f) => f.type), ['ADDED', 'DELETED']);
    assert.equal(unwrapUnknown(frames[1]!.body).kind, 'Pod');
    assert.deepEqual(decodeProtobufBody(registry, 'core.v1.Pod', frames[0]!.body), normalise(registry, 'core.v1.Pod', { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' } }));
  }
});

/** Protobuf does not tell nil from empty: what JSON keeps as [] or {} comes back as null. */
function withoutEmpties(value: unknown): unknown {
  if (Array.isArray(value)) return value.length ? value.map(withoutEmpties) : null;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutEmpties(v)]));
}

test('any object survives protobuf', () => {
  for (const type of ['core.v1.Pod', 'core.v1.Service', 'core.v1.PersistentVolume', 'apps.v1.StatefulSet', 'networking.v1.NetworkPolicy', 'authentication.v1.TokenReview', 'policy.v1.PodDisruptionBudget', 'apiextensions.v1.CustomResourceDefinition', 'coordination.v1.Lease']) {
    fc.assert(
      fc.property(arbitraryStruct(registry.struct(type), 0), (value) => {
        const { object, strict } = decode(registry, type, value);
        assert.deepEqual(strict, []);
        assert.deepEqual(decode(registry, type, JSON.parse(JSON.stringify(object))).object, object);
        const bytes = encodeProtobuf(registry, type, object);
        const back = decodeProtobuf(registry, type, bytes);
        assert.deepEqual(withoutEmpties(back), withoutEmpties(object));
        assert.ok(encodeProtobuf(registry, type, back).equals(bytes));
      }),
      { numRuns: 30 },
    );
  }
});

test('random bytes never crash a decoder', () => {
  const good = encodeProtobufBody(registry, 'core.v1.Pod', normalise(registry, 'core.v1.Pod', { metadata: { name: 'a', labels: { a: 'b' } }, spec: { containers: [{ name: 'c', resources: { limits: { cpu: '1' } } }] } }));
  const tolerant = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof StatusError && error.code === 400, String((error as Error).stack));
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.length - 1), fc.nat(255), (bytes, at, byte) => {
      tolerant(() => decodeProtobuf(registry, 'core.v1.Pod', bytes));
      tolerant(() => decodeProtobufBody(registry, 'core.v1.Pod', bytes));
      const bent = Buffer.from(good);
      bent[at] = byte;
      tolerant(() => decodeProtobufBody(registry, 'core.v1.Pod', bent));
      tolerant(() => decodeProtobufBody(registry, 'core.v1.Pod', good.subarray(0, at)));
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.jsonValue(), (value) => tolerant(() => decode(registry, 'core.v1.Pod', value))), { numRuns: 300 });
});
