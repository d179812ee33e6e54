import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { packages } from '../../api/catalog.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { normalise } from '../json.ts';
import { Registry } from '../registry.ts';
import { applyConfiguration } from './apply.ts';
import { compare } from './compare.ts';
import { difference, intersection, isEmpty, paths, pathText, recursiveDifference, union, type FieldSet } from './fieldset.ts';
import type { ManagedFieldsEntry } from './managed.ts';
import { managedTypeOf, updateManagedFields, type ManagedType } from './track.ts';

const registry = new Registry(packages);
const deployments = managedTypeOf(registry.struct('apps.v1.Deployment'), '');
const configMaps = managedTypeOf(registry.struct('core.v1.ConfigMap'), '');
const services = managedTypeOf(registry.struct('core.v1.Service'), '');
const time = '2025-01-01T00:00:00Z';
const later = '2025-01-02T00:00:00Z';

/** A tiny server: canonical objects with their managed fields. */
function server(type: ManagedType, name: string) {
  let live: JsonObject | undefined;
  const keep = (object: JsonObject, managedFields: ManagedFieldsEntry[] | undefined): void => {
    const { managedFields: _, ...metadata } = (object['metadata'] ?? {}) as JsonObject;
    live = normalise(registry, name, { ...object, metadata: { ...metadata, uid: 'u', ...(managedFields ? { managedFields: managedFields as unknown as JsonObject[] } : {}) } });
  };
  return {
    write(object: object, manager: string, at = time, subresource?: string) {
      const canonical = normalise(registry, name, { apiVersion: type.apiVersion, kind: type.kind, ...object });
      keep(canonical, updateManagedFields(type, live, canonical, { manager, time: at, ...(subresource ? { subresource } : {}) }));
      return live!;
    },
    apply(config: object, manager: string, force = false, at = time) {
      const applied = applyConfiguration(type, live, { apiVersion: type.apiVersion, kind: type.kind, ...config } as JsonObject, { manager, time: at }, force);
      keep(applied.object, applied.managedFields);
      return live!;
    },
    get live() {
      return live!;
    },
    owner(path: string): string[] {
      return entries(live!).filter((e) => [...paths(e.fieldsV1 as unknown as FieldSet)].map(pathText).includes(path)).map((e) => e.manager!);
    },
  };
}
const entries = (object: JsonObject): ManagedFieldsEntry[] => (object['metadata'] as { managedFields?: ManagedFieldsEntry[] }).managedFields ?? [];
const container = (name: string, more: object = {}): object => ({ name, image: 'nginx', ...more });
const deployment = (containers: object[], more: object = {}): object => ({
  metadata: { name: 'x', namespace: 'default', labels: { app: 'x' } },
  spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: { containers } }, ...more },
});

describe('tracking', () => {
  test('a create owns what it set, in the form that upstream writes', () => {
    const s = server(deployments, 'apps.v1.Deployment');
    s.write(deployment([container('nginx', { ports: [{ containerPort: 80 }], resources: {} })], { replicas: 1 }), 'kubectl-create');
    assert.equal(
      JSON.stringify(entries(s.live)),
      JSON.stringify([
        {
          manager: 'kubectl-create', operation: 'Update', apiVersion: 'apps/v1', time, fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
            'f:spec': {
              'f:replicas': {},
              'f:selector': {},
              'f:template': {
                'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
                'f:spec': { 'f:containers': { 'k:{"name":"nginx"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } }, 'f:resources': {} } } },
              },
            },
          },
        },
      ]),
    );
  });

  test('an update takes over what it changes, and says nothing when it changes nothing', () => {
    const s = server(configMaps, 'core.v1.ConfigMap');
    s.write({ metadata: { name: 'c' }, data: { a: '1', b: '1', constructor: 'x' } }, 'one');
    const before = entries(s.live);
    s.write({ metadata: { name: 'c' }, data: { a: '1', b: '1', constructor: 'x' } }, 'two', later);
    assert.deepEqual(entries(s.live), before);
    s.write({ metadata: { name: 'c' }, data: { a: '2', c: '1', constructor: 'x' } }, 'two', later);
    assert.deepEqual(entries(s.live).map((e) => [e.manager, e.time, e.fieldsV1]), [
      ['one', time, { 'f:data': { '.': {}, 'f:constructor': {} } }],
      ['two', later, { 'f:data': { 'f:a': {}, 'f:c': {} } }],
    ]);
  });

  test('a subresource keeps its own entry; fields that it may not set belong to nobody', () => {
    const s = server(deployments, 'apps.v1.Deployment');
    s.write({ ...deployment([container('a')]), status: { replicas: 3 } }, 'm');
    assert.deepEqual(s.owner('.status.replicas'), []);
    s.write({ ...deployment([container('a')], { replicas: 7 }), status: { replicas: 3 } }, 'm', later, 'scale');
    assert.deepEqual(entries(s.live).map((e) => [e.manager, e.subresource, Object.keys(e.fieldsV1!)]), [['m', undefined, ['f:metadata', 'f:spec']], ['m', 'scale', ['f:spec']]]);
  });

  test('[{}] begins anew; an object that nobody tracks stays so', () => {
    const s = server(configMaps, 'core.v1.ConfigMap');
    s.write({ metadata: { name: 'c' }, data: { a: '1' } }, 'one');
    s.write({ metadata: { name: 'c', managedFields: [{}] }, data: { a: '2' } }, 'two');
    assert.deepEqual(entries(s.live), []);
    s.write({ metadata: { name: 'c' }, data: { a: '3' } }, 'three');
    assert.deepEqual(entries(s.live), []);
  });

  test('only ten updaters are remembered by name', () => {
    const s = server(configMaps, 'core.v1.ConfigMap');
    for (let i = 0; i < 14; i++) {
      const data = Object.fromEntries(Array.from({ length: i + 1 }, (_, k) => [`k${k}`, '1']));
      s.write({ metadata: { name: 'c' }, data }, `m${i}`, `2025-01-01T00:00:${10 + i}Z`);
    }
    const managers = entries(s.live).map((e) => e.manager);
    assert.deepEqual([managers.length, managers[0]], [10, 'ancient-changes']);
    assert.deepEqual(s.owner('.data.k0'), ['ancient-changes']);
    assert.deepEqual(s.owner('.data.k13'), ['m13']);
  });
});

describe('apply', () => {
  const conflict = (run: () => unknown): StatusError => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof StatusError && error.code === 409, String(error));
      return error;
    }
    return assert.fail('no conflict');
  };

  test('creates, owns exactly what it states, and is idempotent', () => {
    const s = server(deployments, 'apps.v1.Deployment');
    s.apply(deployment([container('a', { ports: [{ containerPort: 80 }] })]), 'me');
    assert.deepEqual(entries(s.live).map((e) => [e.manager, e.operation]), [['me', 'Apply']]);
    assert.deepEqual(entries(s.live)[0]!.fieldsV1, {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:selector': {},
        'f:template': { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } } } } } },
      },
    });
    const before = s.live;
    s.apply(deployment([container('a', { ports: [{ containerPort: 80 }] })]), 'me', false, later);
    assert.deepEqual(s.live, before);
  });

  test('removes what it no longer states, unless another answers for it', () => {
    const s = server(deployments, 'apps.v1.Deployment');
    s.apply(deployment([container('a'), container('b', { env: [{ name: 'X', value: '1' }, { name: 'Y', value: '1' }] })], { paused: true }), 'me');
    s.apply(deployment([container('a'), container('b', { env: [{ name: 'Y', value: '1' }] })]), 'me');
    const spec = (): { paused?: boolean; template: { spec: { containers: { name: string; env?: object[] }[] } } } => s.live['spec'] as never;
    assert.equal(spec().paused, undefined);
    assert.deepEqual(spec().template.spec.containers[1]!.env, [{ name: 'Y', value: '1' }]);
    s.apply({ metadata: { name: 'x' }, spec: { template: { spec: { containers: [container('b')] } } } }, 'other');
    s.apply(deployment([container('a')]), 'me');
    assert.deepEqual(spec().template.spec.containers.map((c) => [c.name, c.env]), [['a', undefined], ['b', undefined]]);
    s.apply({ metadata: { name: 'x' } }, 'other');
    assert.deepEqual(spec().template.spec.containers.map((c) => c.name), ['a']);
    assert.deepEqual(entries(s.live).map((e) => e.manager), ['me']);
  });

  test('refuses to change what others set, in upstream words; sharing the same value and force are fine', () => {
    const s = server(deployments, 'apps.v1.Deployment');
    s.write(deployment([container('a')], { replicas: 3 }), 'creator');
    s.apply({ metadata: { name: 'x' }, spec: { replicas: 3 } }, 'me');
    assert.deepEqual(s.owner('.spec.replicas').sort(), ['creator', 'me']);
    s.write(deployment([container('a')], { replicas: 4 }), 'scaler', later, 'scale');
    assert.deepEqual(s.owner('.spec.replicas'), ['scaler']);
    const one = conflict(() => s.apply({ metadata: { name: 'x' }, spec: { replicas: 5 } }, 'me'));
    assert.equal(one.message, 'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas');
    assert.deepEqual(one.status.details?.causes, [{ reason: 'FieldManagerConflict', message: 'conflict with "scaler" with subresource "scale" using apps/v1', field: '.spec.replicas' }]);
    const two = conflict(() => s.apply({ metadata: { name: 'x' }, spec: { template: { metadata: { labels: { app: 'y' } }, spec: { containers: [{ name: 'a', image: 'other' }] } } } }, 'me'));
    assert.equal(two.message, 'Apply failed with 2 conflicts: conflicts with "creator" using apps/v1:\n- .spec.template.metadata.labels.app\n- .spec.template.spec.containers[name="a"].image');
    s.apply({ metadata: { name: 'x' }, spec: { replicas: 5 } }, 'me', true);
    assert.deepEqual(s.owner('.spec.replicas'), ['me']);
    assert.equal((s.live['spec'] as { replicas: number }).replicas, 5);
  });

  test('to an object from before counts the rest as before-first-apply', () => {
    const s = server(configMaps, 'core.v1.ConfigMap');
    s.write({ metadata: { name: 'c' }, data: { a: '1' } }, 'x');
    s.write({ metadata: { name: 'c', managedFields: [{}] }, data: { a: '1' } }, 'x');
    assert.deepEqual(entries(s.live), []);
    assert.match(conflict(() => s.apply({ metadata: { name: 'c' }, data: { a: '2' } }, 'me')).message, /conflict with "before-first-apply" using v1: \.data\.a/);
    s.apply({ metadata: { name: 'c' }, data: { b: '2' } }, 'me');
    assert.deepEqual(entries(s.live).map((e) => e.manager), ['me', 'before-first-apply']);
  });

  test('by kubectl takes over from its client-side past', () => {
    const s = server(configMaps, 'core.v1.ConfigMap');
    const past = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1', b: '1' } };
    s.write({ metadata: { name: 'c', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(past) } }, data: { a: '1', b: '1' } }, 'kubectl-client-side-apply');
    s.apply({ metadata: { name: 'c' }, data: { a: '2', b: '1' } }, 'kubectl');
    assert.deepEqual(s.owner('.data.a'), ['kubectl']);
    assert.match((s.live as { metadata: { annotations: Record<string, string> } }).metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']!, /"a":"2"/);
    s.write({ ...s.live, data: { a: '2', b: '9' } }, 'other', later);
    assert.match(conflict(() => s.apply({ metadata: { name: 'c' }, data: { a: '2', b: '1' } }, 'kubectl')).message, /conflict with "other" using v1: \.data\.b/);
  });

  test('keeps the order that the configuration gives its items, others in between', () => {
    const s = server(deployments, 'apps.v1.Deployment');
    s.write(deployment([container('a'), container('x'), container('b')]), 'creator');
    s.apply({ metadata: { name: 'x' }, spec: { template: { spec: { containers: [container('b'), container('n'), container('a')] } } } }, 'me', true);
    const names = (s.live['spec'] as { template: { spec: { containers: { name: string }[] } } }).template.spec.containers.map((c) => c.name);
    assert.deepEqual(names.filter((n) => n !== 'x'), ['b', 'n', 'a']);
    assert.equal(names.includes('x'), true);
  });

  test('tells what does not fit', () => {
    const s = server(services, 'core.v1.Service');
    const says = (config: object): string => {
      try {
        s.apply(config, 'me');
      } catch (error) {
        return (error as Error).message;
      }
      return assert.fail('applied');
    };
    assert.equal(says({ metadata: { name: 's', namespace: 'n' }, spec: { foo: 1 } }), 'failed to create typed patch object (n/s; /v1, Kind=Service): .spec.foo: field not declared in schema');
    assert.equal(says({ metadata: { name: 's' }, spec: { ports: [5] } }), 'failed to create typed patch object (/s; /v1, Kind=Service): .spec.ports: element 0: associative list with keys may not have non-map elements');
    assert.match(says({ metadata: { name: 's' }, spec: { ports: [{ port: 1 }, { port: 1, protocol: 'TCP' }] } }), /duplicate entries for key/);
    assert.equal(says({ apiVersion: 'apps/v2' }), 'invalid object type: apps/v2, Kind=Service');
    assert.equal(says({ metadata: { managedFields: [] } }), 'metadata.managedFields must be nil');
  });
});

test('what a lone applier has applied depends on its last configuration only', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const env = fc.uniqueArray(fc.record({ name, value: fc.constantFrom('1', '2') }), { selector: (e) => e.name, maxLength: 3 });
  const ports = fc.uniqueArray(fc.record({ containerPort: fc.constantFrom(80, 443), protocol: fc.constantFrom('TCP', 'UDP') }, { requiredKeys: ['containerPort'] }), { selector: (p) => `${p.containerPort}${p.protocol ?? 'TCP'}` });
  const item = fc.record({ name, image: fc.constantFrom('x', 'y'), env, ports, args: fc.array(name, { maxLength: 2 }) }, { requiredKeys: ['name', 'image'] });
  const labels = fc.dictionary(name, fc.constantFrom('1', '2'), { noNullPrototype: true });
  const config = fc.record(
    {
      metadata: fc.record({ name: fc.constant('x'), labels, finalizers: fc.uniqueArray(name) }, { requiredKeys: ['name'] }),
      spec: fc.record({ replicas: fc.nat(3), paused: fc.boolean(), template: fc.record({ spec: fc.record({ containers: fc.uniqueArray(item, { selector: (c) => c.name, minLength: 1 }), nodeSelector: labels }, { requiredKeys: ['containers'] }) }) }, { requiredKeys: ['template'] }),
    },
  );
  fc.assert(
    fc.property(fc.array(config, { minLength: 2, maxLength: 4 }), (configs) => {
      const long = server(deployments, 'apps.v1.Deployment');
      const short = server(deployments, 'apps.v1.Deployment');
      for (const c of configs) long.apply(c, 'me');
      short.apply(configs.at(-1)!, 'me');
      assert.deepEqual(long.live, short.live);
      // Empty collections in a configuration are a change that the canonical form undoes; only the time tells.
      const timeless = (): string => JSON.stringify(long.live).replaceAll(later, time);
      const before = timeless();
      long.apply(configs.at(-1)!, 'me', false, later);
      assert.equal(timeless(), before);
    }),
    { numRuns: 200 },
  );
});

describe('field sets', () => {
  const set: fc.Arbitrary<FieldSet> = fc.letrec<{ node: FieldSet }>((tie) => ({
    node: fc.oneof({ maxDepth: 3, depthIdentifier: 'set' }, fc.constant({}), fc.dictionary(fc.constantFrom('.', 'f:a', 'f:b', 'k:{"name":"x"}', 'v:1'), tie('node'), { maxKeys: 3, noNullPrototype: true }).map(tidy)),
  })).node.map((n) => ('.' in n ? {} : n));
  const text = (s: FieldSet): string[] => [...paths(s)].map(pathText).sort();

  function tidy(node: FieldSet): FieldSet {
    const { '.': self, ...children } = node;
    return self === undefined || isEmpty(children) ? children : { '.': {}, ...children };
  }

  test('obey the algebra of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const [x, y] = [new Set(text(a)), new Set(text(b))];
        assert.deepEqual(text(union(a, b)), [...x.union(y)].sort());
        assert.deepEqual(text(intersection(a, b)), [...x.intersection(y)].sort());
        assert.deepEqual(text(difference(a, b)), [...x.difference(y)].sort());
        for (const left of text(recursiveDifference(a, b))) assert.ok(![...y].some((p) => left === p || left.startsWith(`${p}.`) || left.startsWith(`${p}[`)));
      }),
      { numRuns: 500 },
    );
  });

  test('a comparison of an object with itself is empty, and additions mirror removals', () => {
    const data = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), { noNullPrototype: true });
    fc.assert(
      fc.property(data, data, (a, b) => {
        const [x, y] = [a, b].map((d) => normalise(registry, 'core.v1.ConfigMap', { data: d }));
        const there = compare(x!, y!, configMaps.shape);
        const back = compare(y!, x!, configMaps.shape);
        assert.deepEqual(text(there.added), text(back.removed));
        assert.deepEqual(text(there.modified), text(back.modified));
        assert.deepEqual(compare(x!, structuredClone(x!), configMaps.shape), { added: {}, modified: {}, removed: {} });
      }),
    );
  });
});
