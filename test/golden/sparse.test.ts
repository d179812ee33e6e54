/** Sparse objects: what the real kubectl (upstream's own types) makes of them, we make of them too, to the byte and in the same order. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { packages } from '../../src/api/catalog.ts';
import type { JsonObject } from '../../src/machinery/json.ts';
import { decode, encodeJson } from '../../src/schema/json.ts';
import { decodeProtobuf, encodeProtobuf } from '../../src/schema/protobuf.ts';
import { Registry } from '../../src/schema/registry.ts';
import { testServer, type TestServer } from '../apiserver.ts';

const registry = new Registry(packages);

let server: TestServer;
before(async () => {
  server = await testServer();
});
after(() => server.stop());

/** Without the white space between tokens: no string in these objects holds a line break. */
function compact(pretty: string): string {
  return pretty.replace(/\n\s*/g, '').replace(/": /g, '":');
}

/** Decoding gives the same object again, in the same order of fields, by way of JSON and by way of protobuf. */
function check(text: string, what: string): void {
  const value = JSON.parse(text) as JsonObject;
  const [group = '', version = ''] = String(value['apiVersion']).includes('/') ? String(value['apiVersion']).split('/') : ['', String(value['apiVersion'])];
  const type = registry.typeOf(group, version, String(value['kind']));
  assert.ok(type, `${what}: no type for ${String(value['apiVersion'])} ${String(value['kind'])}`);
  const { object, strict } = decode(registry, type, value);
  assert.deepEqual(strict, [], what);
  assert.equal(encodeJson(object).toString(), compact(text), what);
  const back = decodeProtobuf(registry, type, encodeProtobuf(registry, type, object));
  assert.equal(JSON.stringify({ ...back, kind: value['kind'], apiVersion: value['apiVersion'] }, sorted), JSON.stringify(value, sorted), `${what}, by way of protobuf`);
}

/** The envelope, not the message, carries kind and apiVersion: order at the top is not the message's business. */
function sorted(_key: string, value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const outcome = await server.kubectl(args, input);
  assert.equal(outcome.code, 0, `kubectl ${args.join(' ')}: ${outcome.stderr}`);
  return outcome.stdout;
}

const generated = [
  'run bare --image=x',
  'run more --image=x --env=A=b --labels=app=x --port=80 --restart=Never --command -- a b',
  'create deployment d --image=x --replicas=3',
  'create namespace n',
  'create configmap c --from-literal=10=a --from-literal=9=b --from-literal=Z=c --from-literal=a=d',
  'create secret generic s --from-literal=k=v',
  'create serviceaccount a',
  'create service clusterip c --tcp=80',
  'create service nodeport c --tcp=80:8080',
  'create service externalname e --external-name=x.y',
  'create job j --image=x',
  'create cronjob j --image=x --schedule=@daily',
  'create ingress i --rule=a.b/c=svc:80',
  'create quota q --hard=cpu=1,pods=2',
  'create poddisruptionbudget p --selector=a=b --min-available=1',
  'create priorityclass p --value=7',
  'create clusterrole r --verb=get --non-resource-url=/x',
  'create rolebinding r --role=x --user=y',
];

test('what kubectl generates comes back unchanged', async () => {
  for (const line of generated) check(await kubectl([line.split(' ')[0]!, '--dry-run=client', '-o', 'json', ...line.split(' ').slice(1)]), line);
});

const workloads: readonly object[] = [
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'c', image: 'old' }] } },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', labels: {}, annotations: { '10': 'a', '9': 'b' }, creationTimestamp: null }, spec: { volumes: [{ name: 'e', emptyDir: {} }], containers: [{ name: 'c', image: 'old', resources: { limits: { cpu: '0.5', memory: '1024Mi' } }, securityContext: {}, ports: [] }], nodeSelector: {}, tolerations: [] }, status: {} },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { selector: null, template: { spec: { containers: [{ name: 'c', image: 'old', livenessProbe: { httpGet: { port: 80 } }, env: [{ name: 'A' }] }] } } } },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { replicas: 0, paused: false, selector: {}, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } }, template: { metadata: { labels: { a: '' } }, spec: { containers: [{ name: 'c', image: 'old' }], hostNetwork: false } } } },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'x' }, spec: { selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] }, template: { spec: { containers: [{ name: 'c', image: 'old', lifecycle: {} }] } } } },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'x' }, spec: { serviceName: '', selector: {}, template: { spec: { containers: [{ name: 'c', image: 'old' }] } }, volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: { resources: {} } }] } },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x' }, spec: { suspend: false, template: { spec: { containers: [{ name: 'c', image: 'old' }], terminationGracePeriodSeconds: 0 } } } },
  { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'x' }, spec: { schedule: '', jobTemplate: { spec: { template: { spec: { containers: [{ name: 'c', image: 'old' }] } } } } } },
];

test('what upstream types drop, keep and add in a sparse workload, ours do', async () => {
  for (const object of workloads) {
    // With --local kubectl decodes into upstream's types, sets the image, and prints.
    const text = await kubectl(['set', 'image', '--local', '-f', '-', 'c=new', '-o', 'json'], JSON.stringify(object));
    const changed = JSON.parse(JSON.stringify(object).replaceAll('"old"', '"new"')) as JsonObject;
    const type = registry.typeOf(String(changed['apiVersion']).includes('/') ? String(changed['apiVersion']).split('/')[0]! : '', String(changed['apiVersion']).split('/').at(-1)!, String(changed['kind']))!;
    assert.equal(encodeJson(decode(registry, type, changed).object).toString(), compact(text));
    check(text, `set image on ${String(changed['kind'])}`);
  }
});
