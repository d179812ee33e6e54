/**
 * What no client should send: mutated and truncated bodies in every encoding, patches of the wrong shape, bombs, deep nesting, keys that mean
 * something to JavaScript. The server may refuse or accept, but it answers soon, with a Status when it refuses, and goes on serving.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { packages } from '../../src/api/catalog.ts';
import { compile, evaluate } from '../../src/machinery/cel/cel.ts';
import { dyn } from '../../src/machinery/cel/types.ts';
import { JsonPathError, parseTemplate } from '../../src/machinery/jsonpath.ts';
import { JsonSyntaxError, parseJson } from '../../src/machinery/jsontext.ts';
import { parseFieldSelector, parseLabelSelector } from '../../src/machinery/selectors.ts';
import { StatusError } from '../../src/machinery/status.ts';
import { parseYaml, YamlSyntaxError } from '../../src/machinery/yaml.ts';
import { decodeProtobuf, encodeProtobuf, encodeProtobufBody } from '../../src/schema/protobuf.ts';
import { decode } from '../../src/schema/json.ts';
import { Registry } from '../../src/schema/registry.ts';
import type { Client } from '../../src/client/client.ts';
import { testServer, type TestServer } from '../apiserver.ts';

const seed = 20_261_127;
const few = { seed, numRuns: 60, interruptAfterTimeLimit: 8000, markInterruptAsFailure: false };
const many = { seed, numRuns: 600, interruptAfterTimeLimit: 3000, markInterruptAsFailure: false };
const deadlineMs = 60_000;

const pods = '/api/v1/namespaces/default/pods';
const maps = '/api/v1/namespaces/default/configmaps';
const protobuf = 'application/vnd.kubernetes.protobuf';

function samplePod(name: string): object {
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { a: 'b' }, annotations: { note: 'ü' }, finalizers: ['example.com/f'], ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }] },
    spec: {
      containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }], env: [{ name: 'E', value: '1' }], resources: { requests: { cpu: '100m', memory: '1Gi' } } }],
      tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 3 }], volumes: [{ name: 'v', emptyDir: {} }],
    },
  };
}

/** Text or bytes with some of it changed, cut off, repeated or replaced by what decoders stumble over. */
function mutations(sample: Buffer): fc.Arbitrary<Buffer> {
  const spice = fc.constantFrom('', '{', '}', '[', ']', '"', ',', ':', 'null', '-', '1e999', '99999999999999999999', '\\u0000', '\\ud800', '"__proto__":{"x":1},', '"constructor":1,', '\u0000', '&a ', '*a', '!!js/function ', '\t', '\xff\xfe', '\x80');
  const edit = fc.record({ at: fc.nat(sample.length), remove: fc.nat(12), insert: fc.oneof(spice.map((s) => Buffer.from(s, 'latin1')), fc.uint8Array({ maxLength: 6 }).map((b) => Buffer.from(b))) });
  const edited = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => edits.reduce((bytes, { at, remove, insert }) => Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]), sample));
  return fc.oneof({ weight: 4, arbitrary: edited }, { weight: 1, arbitrary: fc.nat(sample.length).map((n) => sample.subarray(0, n)) });
}

let server: TestServer;
let client: Client;
before(async () => {
  server = await testServer();
  client = server.api.client({ name: 'mallory', groups: ['system:masters'] });
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await send('POST', maps, { metadata: { name: 'target', labels: { a: 'b' } }, data: { k: 'v' } });
  await send('POST', pods, samplePod('target'));
});
after(() => server.stop());

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(method: string, path: string, body: unknown, type = 'application/json', headers: Record<string, string> = {}): Promise<Answer> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const answer = await client.raw({ method, path, headers: { 'content-type': type, ...headers }, ...(method === 'GET' ? {} : { body: bytes }), signal: AbortSignal.timeout(deadlineMs) });
  const parts: Uint8Array[] = [];
  for await (const part of answer.body) parts.push(part);
  return { status: answer.status, text: Buffer.concat(parts).toString() };
}

/** Refused with a Status of the client's fault. */
function isRefused({ status, text }: Answer, what: string): void {
  assert.ok(status >= 400 && status < 500, `${what}: ${status} ${text.slice(0, 300)}`);
  const object = JSON.parse(text) as { kind: string; status: string; code: number; message: string };
  assert.deepEqual([object.kind, object.status, object.code], ['Status', 'Failure', status], what);
  assert.notEqual(object.message, '', what);
}

function isAnswered(answer: Answer, what: string): void {
  if (answer.status >= 200 && answer.status < 300) return;
  isRefused(answer, what);
}

/** Upstream takes the blame for options of deletions that it cannot read; what is wrong with them is told all the same. */
function isAnsweredOrBlamed(answer: Answer, what: string): void {
  if (answer.status !== 500) return isAnswered(answer, what);
  const { kind, message } = JSON.parse(answer.text) as { kind: string; message: string };
  assert.equal(kind, 'Status');
  assert.match(message, /json parse error|cannot unmarshal|is registered for version|^unexpected GroupVersion string/, what);
}

const shown = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1')).slice(0, 400);

describe('bodies of writes', () => {
  let n = 0;
  const create = (bytes: Buffer, type: string): Promise<void> => send('POST', `${pods}?dryRun=All&fieldValidation=Strict`, bytes, type).then((answer) => isAnswered(answer, `${type} ${shown(bytes)}`));

  test('mutated JSON', () => fc.assert(fc.asyncProperty(mutations(Buffer.from(JSON.stringify(samplePod('m')))), (bytes) => create(bytes, 'application/json')), few));
  test('any JSON', () => fc.assert(fc.asyncProperty(fc.json({ maxDepth: 4 }), (text) => create(Buffer.from(text), 'application/json')), few));
  test('any JSON in the place of any part', async () => {
    const places = [['metadata'], ['metadata', 'labels'], ['metadata', 'managedFields'], ['metadata', 'ownerReferences'], ['spec'], ['spec', 'containers'], ['spec', 'volumes'], ['status'], ['spec', 'tolerations'], ['spec', 'affinity']];
    await fc.assert(fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), async (path, value) => {
      const object = structuredClone(samplePod(`p${n++}`)) as Record<string, unknown>;
      let at = object;
      for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
      at[path.at(-1)!] = value;
      await create(Buffer.from(JSON.stringify(object)), 'application/json');
    }), few);
  });
  test('mutated YAML', () => fc.assert(fc.asyncProperty(mutations(Buffer.from('apiVersion: v1\nkind: Pod\nmetadata: {name: y, labels: &l {a: "b"}}\nspec:\n  containers:\n  - name: c\n    image: |\n      i\n  nodeSelector: *l\n')), (bytes) => create(bytes, 'application/yaml')), few));
  test('mutated protobuf', async () => {
    const sample = encodeProtobufBody(new Registry(packages), 'core.v1.Pod', decode(new Registry(packages), 'core.v1.Pod', samplePod('b')).object);
    await fc.assert(fc.asyncProperty(mutations(sample), (bytes) => create(bytes, protobuf)), few);
  });
  test('options of deletions', () => fc.assert(fc.asyncProperty(mutations(Buffer.from('{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":3,"preconditions":{"uid":"x"},"propagationPolicy":"Foreground","dryRun":["All"]}')), async (bytes) => isAnsweredOrBlamed(await send('DELETE', `${maps}/none`, bytes), shown(bytes))), few));
});

describe('bombs', () => {
  const cases: [string, string, Buffer | string][] = [
    ['nested lists', 'application/json', `{"metadata":{"name":"x"},"spec":${'['.repeat(100_000)}`],
    ['nested lists that close', 'application/json', `{"metadata":{"name":"x"},"spec":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['nested objects', 'application/json', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['nested managed fields', 'application/json', `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","managedFields":[{"fieldsV1":${'{"f:a":'.repeat(20_000)}{}${'}'.repeat(20_000)}}]}}`],
    ['YAML aliases', 'application/yaml', `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghijk'.split('').map((k, i) => `${k}: &${k} [${Array.from({ length: 9 }, () => `*${'abcdefghijk'[i]}`).join(',')}]`).join('\n')}\n`],
    ['YAML that contains itself', 'application/yaml', 'apiVersion: v1\nkind: Pod\nmetadata: &m {name: x, annotations: *m}\nspec: &s [*s]\n'],
    ['nested YAML', 'application/yaml', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['YAML blocks', 'application/yaml', Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
    ['blank YAML', 'application/yaml', `${' \n'.repeat(2000)}x`],
    ['blank YAML with comments', 'application/yaml', `${' \n# \t\n'.repeat(1000)}: x`],
    ['protobuf of a length it has not', protobuf, Buffer.from([0x6b, 0x38, 0x73, 0, 0x0a, 0x09, 0x0a, 2, 0x76, 0x31, 0x12, 3, 0x50, 0x6f, 0x64, 0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['protobuf with an endless varint', protobuf, Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), Buffer.alloc(100_000, 0xff)])],
    ['nested protobuf groups', protobuf, Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), Buffer.alloc(100_000, 0x0b)])],
    ['a huge number', 'application/json', `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","generation":${'9'.repeat(100_000)}}}`],
    ['a huge exponent', 'application/json', '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"1e1000000000"}}}]}}'],
    ['a quantity of nonsense', 'application/json', `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"${'9'.repeat(200_000)}x"}}}]}}`],
  ];
  for (const [name, type, body] of cases) {
    test(name, async () => isRefused(await send('POST', pods, Buffer.from(body), type), name));
  }

  test('a body over the limit', async () => {
    const answer = await send('POST', maps, `{"metadata":{"name":"big"},"data":{"k":"${'x'.repeat(4 << 20)}"}}`);
    assert.equal(answer.status, 413);
  });

  test('keys that mean something to JavaScript are keys', async () => {
    const data = '{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}';
    const labels = '{"constructor":"c","toString":"t"}';
    const made = await send('POST', maps, `{"metadata":{"name":"keys","labels":${labels}},"data":${data}}`);
    assert.equal(made.status, 201, made.text);
    for (const [type, patch] of [['application/merge-patch+json', '{"data":{"__proto__":"q","valueOf":"v"}}'], ['application/strategic-merge-patch+json', '{"data":{"__proto__":"r"}}'], ['application/json-patch+json', '[{"op":"add","path":"/data/__proto__","value":"s"}]']] as const) {
      const { status, text } = await send('PATCH', `${maps}/keys`, patch, type);
      assert.equal(status, 200, text);
    }
    const { text } = await send('GET', `${maps}/keys`, '');
    assert.match(text, /"data":\{"__proto__":"s","constructor":"c","hasOwnProperty":"h","toString":"t","valueOf":"v"\}/);
    assert.equal(({} as Record<string, unknown>)['valueOf'], Object.prototype.valueOf);
    const found = await send('GET', `${maps}?labelSelector=toString%3Dt`, '');
    assert.equal((JSON.parse(found.text) as { items: unknown[] }).items.length, 1);
    const none = await send('GET', `${maps}?labelSelector=valueOf`, '');
    assert.equal((JSON.parse(none.text) as { items: unknown[] }).items.length, 0);
  });
});

describe('patches', () => {
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'nonsense'),
    path: fc.constantFrom('', '/', '/spec', '/spec/containers/0', '/spec/containers/-', '/spec/containers/99999999999', '/spec/containers/-1', '/metadata/labels/a~1b', '/metadata/~2', '/__proto__/x', '/metadata/annotations/constructor', 'x', '/metadata/managedFields'),
    from: fc.constantFrom('', '/spec', '/spec/containers/0', '/metadata/labels', '/none'),
    value: fc.jsonValue({ maxDepth: 2 }),
  }, { requiredKeys: ['op', 'path'] });
  const patch = async (type: string, body: unknown): Promise<void> => {
    const answer = await send('PATCH', `${pods}/target?dryRun=All&fieldManager=m&force=true`, body, type);
    // Upstream answers 500 for what does not fit the type, and clients look for its words.
    if (type.includes('apply') && answer.status === 500 && answer.text.includes('failed to create typed patch object')) return;
    isAnswered(answer, `${type} ${JSON.stringify(body)?.slice(0, 300)}`);
  };
  const directive = fc.constantFrom<Record<string, unknown>>(
    { $patch: 'delete' }, { $patch: 'replace' }, { $patch: 'x' }, { $patch: 1 }, { $retainKeys: ['a'] }, { $retainKeys: 1 }, { '$setElementOrder/containers': [{ name: 'c' }] }, { '$setElementOrder/containers': 1 }, { '$deleteFromPrimitiveList/finalizers': ['x'] }, { '$deleteFromPrimitiveList/finalizers': {} },
  );
  const fragment = fc.oneof(fc.jsonValue({ maxDepth: 3 }), directive, fc.tuple(directive, fc.jsonValue({ maxDepth: 1 })).map(([d, v]) => ({ ...d, containers: [v, { name: 'c', ...d }], finalizers: v })));
  const wrapped = fc.oneof(fragment, fragment.map((spec) => ({ spec })), fragment.map((metadata) => ({ metadata })), fragment.map((c) => ({ spec: { containers: c } })));

  test('JSON patches', () => fc.assert(fc.asyncProperty(fc.oneof(fc.array(operation, { maxLength: 4 }), fc.jsonValue({ maxDepth: 2 })), (body) => patch('application/json-patch+json', body)), few));
  test('merge patches', () => fc.assert(fc.asyncProperty(wrapped, (body) => patch('application/merge-patch+json', body)), few));
  test('strategic merge patches', () => fc.assert(fc.asyncProperty(wrapped, (body) => patch('application/strategic-merge-patch+json', body)), few));
  test('applied configurations', () => fc.assert(fc.asyncProperty(wrapped, (body) => patch('application/apply-patch+yaml', typeof body === 'object' && body !== null ? { apiVersion: 'v1', kind: 'Pod', ...body } : body)), few));
  test('copies that grow', async () => {
    const grow = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/metadata/annotations', path: '/metadata/annotations/x' }));
    isRefused(await send('PATCH', `${pods}/target`, grow, 'application/json-patch+json'), 'copies');
    isRefused(await send('PATCH', `${pods}/target`, Array.from({ length: 20_000 }, () => ({ op: 'test', path: '/kind', value: 'Pod' })), 'application/json-patch+json'), 'many operations');
  });
});

describe('requests', () => {
  const word = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('-1', '0', '1e9', '99999999999999999999', 'true', '=', '!', 'a in (', 'metadata.name=x', 'a=b,c!=d', '\u0000', '%', '../..'));
  test('parameters', () => fc.assert(fc.asyncProperty(
    fc.constantFrom('labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'timeoutSeconds', 'sendInitialEvents', 'pretty', 'includeObject'), word,
    async (name, value) => isAnswered(await send('GET', `${pods}?${name}=${encodeURIComponent(value.toWellFormed())}`, ''), `${name}=${value}`),
  ), few));
  test('continue tokens', () => fc.assert(fc.asyncProperty(fc.jsonValue({ maxDepth: 2 }), async (value) => isAnswered(await send('GET', `${pods}?limit=1&continue=${Buffer.from(JSON.stringify(value)).toString('base64url')}`, ''), JSON.stringify(value))), few));
  test('Accept headers', () => fc.assert(fc.asyncProperty(fc.oneof(fc.stringMatching(/^[a-z*/;=.,+ "0-9]{0,40}$/), fc.constantFrom('application/json;as=Table', 'application/json;as=Table;g=x;v=y', ';;;', '*/*;q=nan', protobuf)), async (accept) => {
    const { status } = await send('GET', `${maps}/target`, '', 'application/json', { accept });
    assert.ok(status === 200 || status === 406, `${accept}: ${status}`);
  }), few));
  test('paths', () => fc.assert(fc.asyncProperty(fc.stringMatching(/^[a-z0-9/.%:~-]{0,40}$/), async (path) => {
    const { status } = await send('GET', `/api/v1/${path}`, '');
    assert.ok(status < 500, `${path}: ${status}`);
  }), few));
});

describe('expressions', () => {
  const pieces = fc.array(fc.constantFrom('self', '.a', '[0]', '(', ')', '+', '&&', '||', '?', ':', '"x"', "r'\\d'", 'b"1"', '1', '1u', '1e308', '-9223372036854775808', '.matches("(a*)*b")', '.all(x, x > 0)', '.map(y, y)', '[1,2]', '{"a":1}', 'has(', '!', ' ', 'in', 'size(', 'duration("1s")', 'quantity("1e99999")', ',', '\u0000', '"'), { maxLength: 14 }).map((parts) => parts.join(''));
  const variables = { self: dyn };

  test('CEL compiles or says why not, and its runs are bounded', () => {
    fc.assert(fc.property(pieces, fc.jsonValue({ maxDepth: 3 }), (source, self) => {
      const { program, issues } = compile(source, { variables, unchecked: true });
      assert.ok(program || issues.length > 0, source);
      if (program) evaluate(program, { self: { json: self } }, { costLimit: 100_000 });
    }), many);
    for (const source of ['('.repeat(20_000), '!'.repeat(20_000), `${'['.repeat(5000)}${']'.repeat(5000)}`, 'a.'.repeat(20_000), '1+'.repeat(20_000), `${'x?'.repeat(3000)}1${':1'.repeat(3000)}`]) {
      assert.ok(compile(source, { variables }).issues.length > 0, source.slice(0, 20));
    }
    const loops = compile('[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a + b + c + d + e + f > 0))))))', { variables });
    assert.ok(loops.program);
    assert.ok(evaluate(loops.program, {}, { costLimit: 100_000 }).exceeded);
  });

  test('a definition with any rule or path is answered', () => fc.assert(fc.asyncProperty(pieces, fc.string({ maxLength: 12 }), async (rule, jsonPath) => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'things.bad.example.com' },
      spec: {
        group: 'bad.example.com', scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, additionalPrinterColumns: [{ name: 'C', type: 'string', jsonPath: jsonPath.toWellFormed() }], schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', pattern: rule, 'x-kubernetes-validations': [{ rule }] } } } } }],
      },
    };
    isAnswered(await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All', crd), rule);
  }), { ...few, numRuns: 30 }));

  test('JSONPath parses or says why not', () => {
    const text = fc.array(fc.constantFrom('{', '}', '.', '..', '[', ']', '*', '?(', '@', '==', '<', ')', '"a"', "'b'", '-1', ':', ',', 'range ', 'end', 'a', '$', '\\', '{.a[?(@.b==1)]}', '\n'), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(fc.property(text, fc.jsonValue({ maxDepth: 3 }), (source, value) => {
      expected(() => parseTemplate(source).render(value as never), JsonPathError);
    }), many);
    for (const source of ['{'.repeat(20_000), `{${'..a'.repeat(30)}}`, `{.a${'[?(@.a'.repeat(5000)}`, '{range .a}'.repeat(5000)]) {
      expected(() => parseTemplate(source).render({ a: { a: { a: [1] } } }), JsonPathError);
    }
  });

  test('selectors parse or say why not', () => {
    const text = fc.array(fc.constantFrom('a', 'b.c/d', '=', '==', '!=', '!', ' in ', ' notin ', '(', ')', ',', '>', '<', '1', ' ', '\\', '\u0000', 'in', '-', '_', 'é'), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(fc.property(text, (source) => {
      expected(() => parseLabelSelector(source), Error);
      expected(() => parseFieldSelector(source), Error);
    }), many);
    for (const source of [','.repeat(100_000), '('.repeat(100_000), `a in (${'x,'.repeat(100_000)}`, ' '.repeat(100_000), '!'.repeat(100_000)]) {
      expected(() => parseLabelSelector(source), Error);
      expected(() => parseFieldSelector(source), Error);
    }
  });
});

/** Runs into nothing, or into the one kind of error that the engine has words for; never into JavaScript's own. */
function expected(run: () => unknown, kind: new (...args: never[]) => Error): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof kind && !(error instanceof RangeError) && !(error instanceof TypeError) && !(error instanceof ReferenceError), String(error));
  }
}

describe('decoders alone', () => {
  const registry = new Registry(packages);
  test('protobuf of every kind of message', () => {
    const types = ['core.v1.Pod', 'core.v1.Service', 'apps.v1.Deployment', 'meta.v1.DeleteOptions', 'apiextensions.v1.CustomResourceDefinition', 'rbac.v1.ClusterRole'].filter((t) => {
      try {
        return registry.struct(t) !== undefined;
      } catch {
        return false;
      }
    });
    assert.ok(types.length >= 4);
    const sample = encodeProtobuf(registry, 'core.v1.Pod', decode(registry, 'core.v1.Pod', samplePod('d')).object);
    fc.assert(fc.property(fc.constantFrom(...types), fc.oneof(mutations(sample), fc.uint8Array({ maxLength: 60 })), (type, bytes) => {
      expected(() => decodeProtobuf(registry, type, bytes), StatusError);
    }), many);
  });
  test('JSON and YAML texts', () => {
    const sample = Buffer.from('{"a":[1,2.5e3,-0,true,null,"\\u00e4\\n"],"b":{"c":{"d":12345678901234567890}}}');
    fc.assert(fc.property(mutations(sample), (bytes) => {
      expected(() => parseJson(bytes, { odd: true }), JsonSyntaxError);
      expected(() => parseYaml(bytes.toString(), { duplicates: true }), YamlSyntaxError);
    }), many);
  });
});

test('the server has come through', async () => {
  assert.equal((await send('GET', '/readyz', '')).status, 200);
  assert.equal((await send('POST', maps, { metadata: { name: 'afterwards' } })).status, 201);
  assert.equal(Object.keys(Object.prototype).length, 0);
});
