import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { packages } from '../../api/catalog.ts';
import { rulesFor } from '../../api/rules.ts';
import { encodeJson } from '../../machinery/jsontext.ts';
import { encodeProtobufBody } from '../../schema/protobuf.ts';
import { tableOf } from '../../schema/table.ts';
import { normalise } from '../../schema/json.ts';
import type { CachedObject } from '../cacher/cacher.ts';
import { Cached } from '../cacher/cached.ts';
import { Warmth } from '../cacher/warmth.ts';
import type { ApiObject, Stored } from '../objects.ts';
import { objectCodec } from '../registry/codec.ts';
import { Schema, rulesOf } from '../registry/engines.ts';
import { ownForm, upstreamForm, type StoredForm, type StoredKind } from '../registry/stored.ts';
import { identityView } from '../registry/views.ts';
import { jsonList, jsonTable, prettyJson, protobufList, type Pieces } from './listing.ts';

const registry = new Schema(packages);
const view = identityView({ type: 'core.v1.Pod', version: 'core.v1', group: '', apiVersion: 'v1', kind: 'Pod' });
const kind: StoredKind = { registry, stored: view, views: new Map([[view.version, view]]) };
const rules = rulesFor('', 'Pod');
const now = Date.parse('2025-01-02T00:00:00Z');

function pod(i: number): ApiObject {
  const object = normalise(registry, view.type, {
    kind: 'Pod', apiVersion: 'v1',
    metadata: {
      name: `p${i}`, namespace: 'default', uid: `u${i}`, resourceVersion: '0', creationTimestamp: '2025-01-01T00:00:00Z', labels: { app: 'ä "}],{[' },
      annotations: { note: `\\"${'ß'.repeat(i % 50)}`, html: '<a&b>' },
      managedFields: [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { '}': { metadata: {} } } } }],
    },
    spec: { containers: [{ name: 'c', image: 'i' }], nodeName: `n${i}` },
    status: i % 3 === 0 ? { phase: 'Succeeded' } : { phase: 'Running', containerStatuses: [{ name: 'c', ready: true, restartCount: i, image: 'i', imageID: 'x', lastState: { terminated: { exitCode: 1, finishedAt: '2025-01-01T12:00:00Z' } } }] },
  });
  registry.applyDefaults(view.type, object as unknown as ApiObject);
  return normalise(registry, view.type, object) as unknown as ApiObject;
}

function stored(form: StoredForm, count: number, warm = 1 << 20): Stored[] {
  const making = { codec: objectCodec({ ...kind, rules: rulesOf('', 'Pod'), form }), warmth: new Warmth(warm) };
  return Array.from({ length: count }, (_, i) => {
    const object = pod(i);
    object.metadata.resourceVersion = '';
    return new Cached(making, `/registry/pods/default/p${i}`, i + 100, form.encode(object)) as CachedObject<ApiObject>;
  });
}

const expected = (count: number): ApiObject[] => Array.from({ length: count }, (_, i) => ({ ...pod(i), metadata: { ...pod(i).metadata, resourceVersion: String(i + 100) } }));
/** Each piece is good until the next one is asked for. */
const bytesOf = (pieces: Pieces): Buffer => Buffer.concat([...pieces.map((p) => Buffer.from(p ?? ''))]);
const text = (pieces: Pieces): string => bytesOf(pieces).toString();
/** Short words, where a difference of long texts would be unreadable. Over upstream's form members may stand in another order. */
function same(made: string, whole: string, what: string): void {
  if (made === whole || isDeepStrictEqual(JSON.parse(made), JSON.parse(whole))) return;
  let at = 0;
  while (made[at] === whole[at]) at++;
  assert.fail(`${what} differs at ${at}: ${made.slice(at - 20, at + 60)} and not ${whole.slice(at - 20, at + 60)}`);
}
const metadata = { resourceVersion: '500' };
const type = { kind: 'Pod', listKind: 'PodList', apiVersion: 'v1' };

describe('a list made piece by piece is what it would be in one', () => {
  for (const [name, form] of [['our own form', ownForm(kind)], ['upstream\'s form', upstreamForm(kind)]] as const) {
    for (const count of [0, 1, 700]) {
      test(`${count} objects in ${name}`, () => {
        const items = stored(form, count);
        const whole = expected(count);
        const bare = whole.map(({ kind: _k, apiVersion: _v, ...rest }) => rest);
        same(text(jsonList(type, view, items, metadata, false)), `${encodeJson({ kind: 'PodList', apiVersion: 'v1', metadata, items: bare }).toString()}\n`, 'JSON');
        const partials = whole.map((o) => ({ metadata: o.metadata }));
        const partialType = { kind: 'PartialObjectMetadata', listKind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' };
        same(text(jsonList(partialType, view, items, metadata, true)), `${encodeJson({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: partials }).toString()}\n`, 'metadata');
        assert.ok(bytesOf(protobufList(registry, view, items, metadata, false)).equals(encodeProtobufBody(registry, 'core.v1.PodList', { kind: 'PodList', apiVersion: 'v1', metadata, items: whole })));
        assert.ok(
          bytesOf(protobufList(registry, view, items, metadata, true)).equals(
            encodeProtobufBody(registry, 'meta.v1.PartialObjectMetadataList', {
              kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: whole.map((o) => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: o.metadata })),
            }),
          ),
        );
        for (const includeObject of ['Metadata', 'Object', 'None'] as const) {
          for (const version of ['v1', 'v1beta1'] as const) {
            const options = { now, includeObject, version, metadata };
            same(text(jsonTable(rules!, view, items, options)), encodeJson(tableOf(rules, whole, options)).toString(), `table ${includeObject} ${version}`);
          }
        }
      });
    }
  }
});

test('a long list comes in several pieces and leaves turns to others', () => {
  const pieces = [...jsonList(type, view, stored(ownForm(kind), 2000), metadata, false)];
  assert.ok(pieces.length > 5);
  assert.ok(pieces.every((p) => p !== undefined && p.length <= 256 * 1024));
  assert.ok([...protobufList(registry, view, stored(ownForm(kind), 2000), metadata, false)].filter((p) => p === undefined).length > 20);
});

test('what is derived of objects is forgotten when it is too much', () => {
  const items = stored(upstreamForm(kind), 500, 100_000) as unknown as Cached<ApiObject>[];
  for (const item of items) assert.ok(item.object.metadata.name);
  assert.ok(items.filter((item) => item.weight > 0).length < 100);
  const held = items[0]!.object;
  for (const item of items) item.encoding(view.version, 'message');
  // Somebody holds it, so it is not made again.
  assert.equal(items[0]!.object, held);
});

test('indented JSON is as JSON.stringify indents it, however it is cut', () => {
  const value = { a: [], b: {}, c: [1, { d: 'x{[,:]}\\"' }, []], e: 'ü', f: null };
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  for (let cut = 1; cut < bytes.length; cut++) {
    assert.equal(text(prettyJson([bytes.subarray(0, cut), undefined, bytes.subarray(cut)])), JSON.stringify(value, null, 2));
  }
});
