import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbitraryStruct } from '../../../test/arbitrary.ts';
import { packages } from '../../api/catalog.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { normalise } from '../json.ts';
import { Registry } from '../registry.ts';
import { createdFields } from './created.ts';
import { encodeManaged } from './managed.ts';
import { NamelessItem } from './shape.ts';
import { managedTypeOf, trackUpdate, updateManagedFields } from './track.ts';

const registry = new Registry(packages);
const author = { manager: 'm', time: '2025-01-01T00:00:00Z' };

test('a created object is tracked as comparing it with an empty one would', () => {
  for (const name of ['core.v1.Pod', 'core.v1.Service', 'core.v1.ConfigMap', 'core.v1.Node', 'apps.v1.Deployment', 'apps.v1.StatefulSet', 'networking.v1.NetworkPolicy', 'rbac.v1.Role', 'autoscaling.v2.HorizontalPodAutoscaler', 'apiextensions.v1.CustomResourceDefinition']) {
    const struct = registry.struct(name);
    for (const subresource of ['', 'status']) {
      const type = managedTypeOf(struct, subresource);
      fc.assert(
        fc.property(arbitraryStruct(struct), (value) => {
          const { managedFields: _, ...metadata } = ((value as JsonObject)['metadata'] ?? {}) as JsonObject;
          const object = normalise(registry, name, { ...(value as object), apiVersion: type.apiVersion, kind: type.kind, metadata });
          const general = attempt(() => encodeManaged(trackUpdate(type, type.empty, object, [], { ...author, subresource })));
          assert.equal(JSON.stringify(attempt(() => updateManagedFields(type, undefined, object, { ...author, subresource }))), JSON.stringify(general));
        }),
        { numRuns: 30 },
      );
    }
  }
});

test('the usual object needs no comparison', () => {
  const type = managedTypeOf(registry.struct('apps.v1.Deployment'), '');
  const object = normalise(registry, 'apps.v1.Deployment', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', labels: { b: '1', a: '2' } },
    spec: { selector: { matchLabels: { a: '2' } }, template: { metadata: { labels: { a: '2' } }, spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }, { name: 'b' }] } } },
  });
  assert.ok(createdFields(type.empty, object, type.shape, type.reset, {}));
});

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof NamelessItem) return undefined;
    throw error;
  }
}
