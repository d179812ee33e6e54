import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packages } from '../api/catalog.ts';
import { JsonSyntaxError, readTree, treeOf } from '../machinery/jsontree.ts';
import { goNameOfField } from './gonames.ts';
import { duplicatesIn, explain } from './problems.ts';
import { Registry } from './registry.ts';

const registry = new Registry(packages);
const mismatch = (type: string, text: string): string | undefined => explain(registry.struct(type), readTree(text)).mismatch;

test('every field that has a Go type of its own is there, and once', () => {
  let count = 0;
  for (const pkg of packages) {
    const seen = new Set<string>();
    for (const [name, fields] of Object.entries(pkg.goTypes ?? {})) {
      for (const place of fields.split(' ')) {
        const [struct = '', key = ''] = place.split('.');
        assert.ok(registry.struct(`${pkg.name}.${struct}`).field(key), `${pkg.name}: ${place} of ${name}`);
        assert.ok(!seen.has(place), place);
        seen.add(place);
        count++;
      }
    }
  }
  assert.ok(count > 250, String(count));
  const port = registry.struct('core.v1.ContainerPort');
  assert.equal(goNameOfField(port, port.field('protocol')!), 'v1.Protocol');
});

test('what ends decoding counts before what came earlier', () => {
  assert.equal(mismatch('core.v1.ConfigMap', '{"data":5,"metadata":{"creationTimestamp":"x"}}'), 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"');
  assert.equal(mismatch('core.v1.ConfigMap', '{"data":5,"immutable":5}'), 'json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string');
  assert.equal(mismatch('core.v1.Pod', '{"spec":{"containers":[{"ports":[{"containerPort":1.0}]}]}}'), 'json: cannot unmarshal number 1.0 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32');
  assert.equal(mismatch('core.v1.Pod', '{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":{}}}}]}}'), 'json: cannot unmarshal object into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32');
  assert.equal(mismatch('core.v1.ConfigMap', '{"binaryData":{"a":"YQ==YQ=="}}'), 'illegal base64 data at input byte 4');
  assert.equal(mismatch('core.v1.ConfigMap', '{"binaryData":{"a":"YQ=\\n=\\n"}}'), undefined);
  assert.equal(mismatch('apiextensions.v1.JSONSchemaProps', '{"items":{"type":5}}'), 'json: cannot unmarshal number into Go struct field JSONSchemaProps.items of type string');
});

test('unknown and repeated fields stand in the order of the text, each once', () => {
  const { strict } = explain(registry.struct('core.v1.ConfigMap'), readTree('{"kind":"a","kind":"b","metadata":{"labels":{"x":"1","x":"2","x":"3"},"zz":1,"zz":2},"Data":{},"data":{},"data":{"u":"1","u":"2"}}'));
  assert.deepEqual(strict, ['duplicate field "kind"', 'duplicate field "metadata.labels.x"', 'unknown field "metadata.zz"', 'unknown field "Data"', 'duplicate field "data"', 'duplicate field "data.u"']);
  assert.deepEqual(duplicatesIn(readTree('{"a":[{"b":1,"b":2}],"a":1}')), ['duplicate field "a[0].b"', 'duplicate field "a"']);
  assert.deepEqual(explain(registry.struct('apiextensions.v1.JSONSchemaProps'), treeOf({ items: { nope: 1 }, nope: 1 })).strict, ['unknown field "nope"']);
});

test('texts that are no JSON are refused in the known words', () => {
  const refused = (text: string): string => {
    try {
      readTree(text);
    } catch (error) {
      assert.ok(error instanceof JsonSyntaxError);
      return error.message;
    }
    return assert.fail(`${text} was read`);
  };
  const cases: readonly (readonly [string, string])[] = [
    ['', 'unexpected end of JSON input'], ['{"a":', 'unexpected end of JSON input'], ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{"a":nul', "invalid character ' ' in literal null (expecting 'l')"], ['-', "invalid character ' ' in numeric literal"], ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"], ['{} x', "invalid character 'x' after top-level value"], ['{"a":é}', "invalid character 'Ã' looking for beginning of value"],
    ['"\\x"', "invalid character 'x' in string escape code"], ['"a\nb"', "invalid character '\\n' in string literal"], ["{'a'", "invalid character '\\'' looking for beginning of object key string"],
  ];
  for (const [text, words] of cases) assert.equal(refused(text), words, text);
  assert.equal(refused('['.repeat(1001)), 'exceeded max depth');
});
