/**
 * What upstream's OpenAPI documents say, held against ours: a short hash of each definition and each path of version 3, and of each
 * part of version 2, descriptions aside. Everything is switched on, and there is one custom resource. Recorded by
 *   K7S_REFERENCE=https://host:port K7S_REFERENCE_TOKEN=… npm test -- test/golden/openapi.test.ts
 * from a server with `--runtime-config=api/all=true`.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import type { Ask } from './validation/case.ts';
import { httpsAsk } from './validation/reference.ts';

type Json = Record<string, unknown>;

const file = join(import.meta.dirname, 'openapi.txt');
const reference = process.env['K7S_REFERENCE'];
const group = 'example.com';
const scalar = { type: 'string' };
const spec = {
  replicas: { type: 'integer', default: 1 }, mode: { ...scalar, enum: ['a', 'b'] }, set: { type: 'array', 'x-kubernetes-list-type': 'set', items: scalar },
  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, either: { 'x-kubernetes-int-or-string': true }, maybe: { ...scalar, nullable: true },
};
const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `widgets.${group}` },
  spec: {
    group, scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{
      name: 'v1', served: true, storage: true, subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec }, status: { type: 'object', properties: { replicas: { type: 'integer' } } } } } },
    }],
  },
};

/** Without descriptions, the parameters of version 2 in their places, keys in order. */
function plain(value: unknown, parameters: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, parameters));
  if (typeof value !== 'object' || value === null) return value;
  const reference = (value as { $ref?: unknown }).$ref;
  if (typeof reference === 'string' && reference.startsWith('#/parameters/')) return plain(parameters[reference.slice('#/parameters/'.length)], parameters);
  const isText = (key: string, item: unknown): boolean => key === 'description' && typeof item === 'string' && !/^(OK|Created|Accepted|Unauthorized)$/.test(item);
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => !isText(key, item)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, plain(item, parameters)]));
}

function hash(value: unknown, parameters: Json = {}): string {
  return createHash('sha256').update(JSON.stringify(plain(value, parameters))).digest('base64url').slice(0, 5);
}

/** `key=hash` of each member, on one line for each beginning that they share. */
function lines(title: string, members: Json): string[] {
  const rows = new Map<string, string[]>();
  for (const [key, value] of Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const cut = key.lastIndexOf('.') + 1;
    const row = rows.get(key.slice(0, cut)) ?? [];
    row.push(`${key.slice(cut)}=${hash(value)}`);
    rows.set(key.slice(0, cut), row);
  }
  return [...rows].map(([start, row]) => `${title} ${start} ${row.join(' ')}`.replaceAll('  ', ' '));
}

/** All that a resource has, under its name. */
function byResource(paths: Json): Json {
  const out: Record<string, Json> = {};
  for (const [path, value] of Object.entries(paths)) {
    const resource = /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:watch\/)?(?:namespaces\/\{namespace\}\/)?([^/]+)/.exec(path)?.[1] ?? 'list';
    (out[resource] ??= {})[path] = value;
  }
  return out;
}

async function facts(asking: Ask): Promise<string[]> {
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const answer = (await asking(method, path, body)).body;
    return typeof answer === 'string' ? JSON.parse(answer) as unknown : answer;
  };
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets);
  const index = await eventually(async () => {
    const { paths } = (await ask('GET', '/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> };
    return paths[`apis/${group}/v1`] ? paths : undefined;
  }, 'the document of the custom resource');
  const out: string[] = [];
  const schemas: Json = {};
  for (const [name, { serverRelativeURL }] of Object.entries(index)) {
    const { paths, components, ...rest } = (await ask('GET', serverRelativeURL)) as { paths: Json; components: Json & { schemas?: Json } };
    const { schemas: own = {}, ...others } = components;
    for (const [key, value] of Object.entries(own)) {
      // The machinery's kinds are other ones in the document of custom resources.
      if (name.includes(group) && 'x-kubernetes-group-version-kind' in (value as Json)) schemas[`${group}/${key}`] = value;
      else {
        assert.deepEqual(plain(value, {}), plain(schemas[key] ?? value, {}), `${key} in ${name}`);
        schemas[key] = value;
      }
    }
    out.push(...lines(`v3 ${name}`, { ...byResource(paths), names: Object.keys(own).sort(), rest: { ...rest, ...others } }));
  }
  out.push(...lines('v3', schemas));
  const v2 = await eventually(async () => {
    const document = (await ask('GET', '/openapi/v2')) as Record<string, Json>;
    return document['paths']![`/apis/${group}/v1/widgets`] ? document : undefined;
  }, 'the custom resource in version 2');
  const { paths, definitions, parameters, ...rest } = v2 as Record<'paths' | 'definitions' | 'parameters', Json>;
  const names = [...new Set(Object.keys(parameters).map((name) => name.slice(0, -9)))].sort();
  return [...out, `v2 paths=${hash(paths, parameters)} definitions=${hash(definitions)} parameters=${names.join()} rest=${hash(rest)}`];
}

let server: TestServer;
before(async () => {
  server = await testServer({ tokenFile: 'admin,admin,admin,system:masters', runtimeConfig: ['api/all=true'] });
});
after(() => server.stop());

test('OpenAPI documents say what upstream\'s say', async () => {
  const { ask, close } = reference === undefined ? httpsAsk(server.api.url, 'admin') : httpsAsk(reference, process.env['K7S_REFERENCE_TOKEN'] ?? '');
  const actual = await facts(ask);
  close();
  if (reference !== undefined) {
    writeFileSync(file, `${actual.join('\n')}\n`);
    return;
  }
  const expected = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.ok(expected.length > 80);
  assert.deepEqual(actual, expected);
});
