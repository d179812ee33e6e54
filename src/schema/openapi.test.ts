import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packages, resources } from '../api/catalog.ts';
import { encodeOpenapiV2 } from './openapi-protobuf.ts';
import { openapiV2, openapiV3, openapiV3OfDiscovery } from './openapi.ts';
import { pathsOfDiscovery } from './openapi-operations.ts';
import { Registry } from './registry.ts';

const registry = new Registry(packages);
const discovery = pathsOfDiscovery(['', 'apps', 'rbac.authorization.k8s.io'], true);
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
  const v2 = openapiV2(registry, resources, discovery.values()) as { definitions: Record<string, unknown> };
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

test('documents have the shape that generators of clients know from upstream', () => {
  const { paths, components } = openapiV3(registry, resources, '', 'v1') as unknown as Document;
  const all = paths['/api/v1/pods']! as unknown as { get: object; parameters: { name: string }[] };
  assert.ok(!('parameters' in all.get) && all.parameters.some((p) => p.name === 'labelSelector'));
  assert.equal(paths['/api/v1/nodes/{name}/proxy']!['head']!.operationId, 'connectCoreV1HeadNodeProxy');
  assert.equal(paths['/api/v1/nodes/{name}/proxy/{path}']!['options']!.operationId, 'connectCoreV1OptionsNodeProxyWithPath');
  const log = paths['/api/v1/namespaces/{namespace}/pods/{name}/log']! as unknown as { parameters: { name: string }[] };
  assert.ok(log.parameters.some((p) => p.name === 'sinceSeconds') && !log.parameters.some((p) => p.name === 'sinceTime'));
  const { properties } = components.schemas['io.k8s.api.core.v1.Container'] as unknown as { properties: Record<string, object> };
  assert.ok('allOf' in properties['lifecycle']! && !('$ref' in properties['lifecycle']));
  const v2 = openapiV2(registry, resources, discovery.values()) as { definitions: Record<string, unknown> };
  assert.ok(!JSON.stringify(v2.definitions['io.k8s.api.core.v1.PodSpec']).includes('"default":'));
  assert.ok(!JSON.stringify([paths, v2]).includes('cbor'));
});

test('what a field may be, defaults that are told, which of several is set, parameters said once', () => {
  const { components: { schemas } } = openapiV3(registry, resources, '', 'v1') as unknown as Document;
  const property = (type: string, key: string) => (schemas[`io.k8s.api.core.v1.${type}`]!['properties'] as Record<string, Record<string, unknown>>)[key]!;
  assert.deepEqual(property('PodSpec', 'restartPolicy'), { type: 'string', enum: ['Always', 'Never', 'OnFailure'] });
  assert.deepEqual(property('PersistentVolumeSpec', 'accessModes')['items'], { type: 'string', enum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'], default: '' });
  assert.equal(property('ServicePort', 'protocol')['default'], 'TCP');
  assert.equal(property('LocalObjectReference', 'name')['default'], '');
  assert.deepEqual(schemas['io.k8s.api.core.v1.SeccompProfile']!['x-kubernetes-unions'], [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }]);
  const { paths, parameters } = openapiV2(registry, resources, []) as unknown as { paths: Document['paths']; parameters: Record<string, { name: string }> };
  const [fieldManager] = paths['/api/v1/namespaces']!['post']!.parameters!.flatMap((p) => ('$ref' in p ? [(p as unknown as { $ref: string }).$ref] : []));
  assert.equal(parameters[fieldManager!.slice('#/parameters/'.length)]!.name, 'fieldManager');
});

test('discovery and the version have documents too', () => {
  assert.deepEqual([...discovery.keys()].sort(), ['.well-known/openid-configuration', 'api', 'apis', 'apis/apps', 'apis/rbac.authorization.k8s.io', 'openid/v1/jwks', 'version']);
  const document = openapiV3OfDiscovery(registry, discovery.get('apis/rbac.authorization.k8s.io')!) as unknown as Document;
  assert.equal(document.paths['/apis/rbac.authorization.k8s.io/']!['get']!.operationId, 'getRbacAuthorizationAPIGroup');
  assert.deepEqual(Object.keys(document.components.schemas).map((name) => name.split('.').at(-1)), ['APIGroup', 'GroupVersionForDiscovery', 'ServerAddressByClientCIDR']);
  assert.ok((openapiV2(registry, resources, discovery.values()) as unknown as Document).paths['/version/']);
});

test('version 2 as protobuf', () => {
  const document = {
    paths: { '/a': { parameters: [{ name: 'q', in: 'query', uniqueItems: true, type: 'boolean' }] } },
    definitions: { A: { $ref: 'B', default: {} }, C: { type: 'string', 'x-y': [1] } },
  };
  const query = '1205 7175657279 2201 71 3207 626f6f6c65616e a001 01';
  const reference = '0a01 42 2a05 1203 7b7d0a';
  const text = 'b20108 0a06 737472696e67 fa010d 0a03 782d79 1206 1204 5b315d0a';
  const expected = `4226 1224 0a02 2f61 121e 4a1c 0a1a 1218 1a16 ${query} 4a33 0a0f 0a01 41 120a ${reference} 0a20 0a01 43 121b ${text}`;
  assert.equal(encodeOpenapiV2(document).toString('hex'), expected.replaceAll(' ', ''));
});
