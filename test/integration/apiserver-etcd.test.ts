/** The API server over a real etcd: upstream's keys and bytes, other servers beside it, etcd going away for a while. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { packages, resources } from '../../src/api/catalog.ts';
import { decodeProtobufBody, encodeProtobufBody, protobufMagic, unwrapUnknown } from '../../src/schema/protobuf.ts';
import { Registry } from '../../src/schema/registry.ts';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import { prefixEnd, type Store } from '../../src/store/store.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';
import { skipWithoutEtcd, startEtcd, type EtcdCluster } from '../etcd.ts';

const schema = new Registry(packages);

describe('API server over etcd', { skip: skipWithoutEtcd, concurrency: 1 }, () => {
  let etcd: EtcdCluster;
  let store: Store;
  /** Looks at the same etcd from outside. */
  let outside: Store;
  let server: TestServer;

  const open = (): Promise<Store> => etcdStore({ endpoints: etcd.endpoints, surroundings });
  const value = async (key: string): Promise<Buffer> => {
    const { entry } = await outside.get(key);
    assert.ok(entry, `nothing at ${key}`);
    return Buffer.from(entry.value);
  };
  const kubectl = async (args: string, input?: string): Promise<string> => {
    const result = await server.kubectl(args, input);
    assert.equal(result.code, 0, `${args}: ${result.stderr}`);
    return result.stdout;
  };

  before(async () => {
    etcd = await startEtcd();
    [store, outside] = [await open(), await open()];
    server = await testServer({ store });
    await kubectl('create namespace e');
    await kubectl('-n e create serviceaccount default');
  });
  after(async () => {
    await server?.stop();
    await Promise.all([store?.close(), outside?.close()]);
    await etcd?.stop();
  });

  test('built-in kinds are protobuf in their envelope, at keys that upstream uses', async () => {
    await kubectl('-n e create configmap settings --from-literal=a=b');
    await kubectl('-n e create deployment web --image=nginx');
    await kubectl('-n e create service clusterip web --tcp=80');
    for (const [key, apiVersion, kind, type] of [
      ['/registry/configmaps/e/settings', 'v1', 'ConfigMap', 'core.v1.ConfigMap'],
      ['/registry/deployments/e/web', 'apps/v1', 'Deployment', 'apps.v1.Deployment'],
      ['/registry/services/specs/e/web', 'v1', 'Service', 'core.v1.Service'],
      ['/registry/namespaces/e', 'v1', 'Namespace', 'core.v1.Namespace'],
      ['/registry/clusterroles/cluster-admin', 'rbac.authorization.k8s.io/v1', 'ClusterRole', 'rbac.v1.ClusterRole'],
    ] as const) {
      const bytes = await value(key);
      assert.deepEqual([...bytes.subarray(0, 4)], protobufMagic, key);
      const envelope = unwrapUnknown(bytes);
      assert.deepEqual([envelope.apiVersion, envelope.kind, envelope.contentType, envelope.contentEncoding], [apiVersion, kind, '', '']);
      const object = decodeProtobufBody(schema, type, bytes) as { metadata: { name: string; uid: string; resourceVersion?: string } };
      assert.ok(object.metadata.uid);
      assert.ok(!object.metadata.resourceVersion, `${key} holds its resourceVersion`);
    }
    const all = await outside.range({ start: '/registry/', end: prefixEnd('/registry/') });
    const prefixes = resources.flatMap((r) => r.storage?.prefix ?? []);
    assert.deepEqual(all.entries.filter((e) => !prefixes.some((p) => e.key.startsWith(p))).map((e) => e.key), []);
  });

  test('API services and definitions are JSON, and so are custom resources', async () => {
    await kubectl('apply -f -', JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com', scope: 'Namespaced', names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }],
      },
    }));
    await kubectl('wait --for=condition=Established crd/things.example.com --timeout=20s');
    await kubectl('apply -f -', JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one', namespace: 'e' }, spec: { size: 3 } }));
    for (const key of ['/registry/apiregistration.k8s.io/apiservices/v1.apps', '/registry/apiextensions.k8s.io/customresourcedefinitions/things.example.com', '/registry/example.com/things/e/one']) {
      const object = JSON.parse((await value(key)).toString()) as { metadata: Record<string, unknown> };
      assert.ok(object.metadata['uid']);
      assert.ok(!('resourceVersion' in object.metadata));
    }
    assert.equal(await kubectl('-n e get thing one -o jsonpath={.spec.size}'), '3');
  });

  test('what another server has written is watched and read, in any version', async () => {
    const watching = server.kubectl('-n e get configmaps -w -o name --request-timeout=5s');
    const bytes = encodeProtobufBody(schema, 'core.v1.ConfigMap', {
      apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'foreign', namespace: 'e', uid: 'u-1', creationTimestamp: '2026-01-01T00:00:00Z' }, data: { from: 'outside' },
    });
    const revision = await outside.commit([{ type: 'put', key: '/registry/configmaps/e/foreign', value: bytes, expect: 0 }]);
    assert.equal(await kubectl('-n e get configmap foreign -o jsonpath={.data.from}/{.metadata.resourceVersion}'), `outside/${revision}`);
    const scaler = encodeProtobufBody(schema, 'autoscaling.v1.HorizontalPodAutoscaler', {
      apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'old', namespace: 'e', uid: 'u-2', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, minReplicas: 1, maxReplicas: 4, targetCPUUtilizationPercentage: 60 }, status: { currentReplicas: 0, desiredReplicas: 0 },
    });
    await outside.commit([{ type: 'put', key: '/registry/horizontalpodautoscalers/e/old', value: scaler, expect: 0 }]);
    assert.equal(await kubectl('-n e get hpa.v2.autoscaling old -o jsonpath={.spec.metrics[0].resource.target.averageUtilization}'), '60');
    await kubectl('-n e label hpa old touched=yes');
    assert.equal(unwrapUnknown(await value('/registry/horizontalpodautoscalers/e/old')).apiVersion, 'autoscaling/v2');
    await outside.commit([{ type: 'delete', key: '/registry/configmaps/e/foreign' }]);
    assert.match((await server.kubectl('-n e get configmap foreign')).stderr, /NotFound/);
    assert.match((await watching).stdout, /configmap\/foreign/);
  });

  test('definitions as upstream stores them are served', async () => {
    const stored = {
      kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1beta1',
      metadata: { name: 'relics.example.org', uid: 'u-3', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        group: 'example.org', version: 'v1', names: { plural: 'relics', singular: 'relic', kind: 'Relic', listKind: 'RelicList' }, scope: 'Namespaced',
        validation: { openAPIV3Schema: { type: 'object', properties: { age: { type: 'integer' } } } },
        versions: [{ name: 'v1', served: true, storage: true }],
        additionalPrinterColumns: [{ name: 'Years', type: 'integer', JSONPath: '.age' }], conversion: { strategy: 'None' }, preserveUnknownFields: false,
      },
      status: {
        conditions: ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'x', message: 'x' })),
        acceptedNames: { plural: 'relics', singular: 'relic', kind: 'Relic', listKind: 'RelicList' }, storedVersions: ['v1'],
      },
    };
    const relic = { kind: 'Relic', apiVersion: 'example.org/v1', metadata: { name: 'cup', namespace: 'e', uid: 'u-4', creationTimestamp: '2026-01-01T00:00:00Z' }, age: 900 };
    const put = (key: string, object: unknown): Promise<number> => outside.commit([{ type: 'put', key, value: Buffer.from(`${JSON.stringify(object)}\n`), expect: 0 }]);
    await put('/registry/apiextensions.k8s.io/customresourcedefinitions/relics.example.org', stored);
    await put('/registry/example.org/relics/e/cup', relic);
    const table = await eventually(async () => {
      const { code, stdout } = await server.kubectl('-n e get relics');
      return code === 0 ? stdout : undefined;
    }, 'the relics');
    assert.match(table, /^NAME +YEARS\ncup +900\n$/);
    assert.match((await server.kubectl('-n e patch relic cup --type=merge -p {"age":"old"}')).stderr, /must be of type integer/);
  });

  test('a write beside the server is never lost to one of its own', async () => {
    await kubectl('-n e create configmap contended --from-literal=n=0');
    const key = '/registry/configmaps/e/contended';
    await Promise.all(Array.from({ length: 5 }, async (_, i) => {
      await kubectl(`-n e label configmap contended l${i}=yes`);
    }));
    const object = decodeProtobufBody(schema, 'core.v1.ConfigMap', await value(key)) as { metadata: { labels: Record<string, string> } };
    assert.deepEqual(Object.keys(object.metadata.labels).sort(), ['l0', 'l1', 'l2', 'l3', 'l4']);
  });

  test('a second server on the same etcd has the same objects', async () => {
    const its = await open();
    const other = await testServer({ store: its });
    try {
      await other.kubectl('-n e create configmap second --from-literal=a=b');
      assert.equal(await kubectl('-n e get configmap second -o jsonpath={.data.a}'), 'b');
      assert.equal((await other.kubectl('-n e get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).stdout, 'nginx');
    } finally {
      await other.stop();
      await its.close();
    }
  });

  test('etcd restarts: the server answers again, and its watches go on', async () => {
    const watching = server.kubectl('-n e get secrets -w -o name --request-timeout=12s');
    await kubectl('-n e create secret generic early');
    await etcd.kill(0);
    await etcd.start(0);
    await eventually(async () => (await server.kubectl('-n e create secret generic late')).code === 0 || (await server.kubectl('-n e get secret late')).code === 0 || undefined, 'a write after the restart', 30);
    assert.equal(await kubectl('-n e get secret early -o name'), 'secret/early\n');
    const seen = (await watching).stdout;
    assert.match(seen, /secret\/early/);
    assert.match(seen, /secret\/late/);
  });
});
