import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packages, resources } from '../api/catalog.ts';
import { openapiV2, openapiV3 } from './openapi.ts';
import { Registry } from './registry.ts';

const registry = new Registry(packages);
interface Document {
  paths: Record<string, Record<string, { operationId: string; parameters?: { name: string }[]; 'x-kubernetes-group-version-kind'?: unknown; 'x-kubernetes-action'?: string }>>;
  components: { schemas: Record<string, Record<string, unknown>> };
}

test('every reference of every document resolves', () => {
  const versions = new Map(resources.map((r) => [`${r.group}/${r.version}`, r]));
  assert.ok(versions.size > 20);
  for (const { group, version } of versions.values()) {
    const document = openapiV3(registry, resources, group, version) as unknown as Document;
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) assert.ok(document.components.schemas[name!], `${group}/${version}: ${name}`);
  }
  const v2 = openapiV2(registry, resources) as { definitions: Record<string, unknown> };
  for (const [, name] of JSON.stringify(v2).matchAll(/"#\/definitions\/([^"]+)"/g)) assert.ok(v2.definitions[name!], name);
});

test('operations carry what kubectl looks for', () => {
  const { paths, components } = openapiV3(registry, resources, 'apps', 'v1') as unknown as Document;
  const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!['patch']!;
  assert.equal(patch.operationId, 'patchAppsV1NamespacedDeployment');
  assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', version: 'v1', kind: 'Deployment' });
  assert.ok(patch.parameters!.some((p) => p.name === 'fieldValidation') && patch.parameters!.some((p) => p.name === 'dryRun'));
  assert.equal(paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale']!['get']!.operationId, 'readAppsV1NamespacedDeploymentScale');
  assert.equal(paths['/apis/apps/v1/deployments']!['get']!.operationId, 'listAppsV1DeploymentForAllNamespaces');
  assert.deepEqual(components.schemas['io.k8s.api.apps.v1.Deployment']!['x-kubernetes-group-version-kind'], [{ group: 'apps', kind: 'Deployment', version: 'v1' }]);
  const core = openapiV3(registry, resources, '', 'v1') as unknown as Document;
  assert.equal(core.paths['/api/v1/namespaces/{namespace}/pods/{name}/exec']!['post']!.operationId, 'connectCoreV1PostNamespacedPodExec');
  assert.equal(core.paths['/api/v1/namespaces/{namespace}/pods/{name}/log']!['get']!.operationId, 'readCoreV1NamespacedPodLog');
  const containers = (core.components.schemas['io.k8s.api.core.v1.PodSpec']!['properties'] as Record<string, Record<string, unknown>>)['containers']!;
  assert.equal(containers['x-kubernetes-patch-merge-key'], 'name');
  assert.deepEqual(containers['x-kubernetes-list-map-keys'], ['name']);
});
