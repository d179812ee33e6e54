/** CustomResourceDefinitions as kubectl sees them: from the definition to its kind, and back to nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { controlPlane } from '../controlplane.ts';
import { realProgram } from '../kubectl.ts';
import { eventually, run, testServer, type Result, type TestServer } from '../apiserver.ts';

let server: TestServer;

before(async () => {
  server = await testServer();
});
after(() => server.stop());

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'crontabs.stable.example.com' },
  spec: {
    group: 'stable.example.com', scope: 'Namespaced', names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', shortNames: ['ct'], categories: ['all'] },
    versions: [{
      name: 'v1', served: true, storage: true,
      schema: {
        openAPIV3Schema: {
          type: 'object', description: 'A table of times.', required: ['spec'],
          properties: {
            spec: {
              type: 'object', required: ['cronSpec'], description: 'What to run, and when.',
              properties: {
                cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', description: 'When to run.' },
                image: { type: 'string', default: 'busybox' },
                replicas: { type: 'integer', minimum: 1, maximum: 10 },
                policy: { type: 'string', enum: ['Allow', 'Forbid'] },
                port: { 'x-kubernetes-int-or-string': true },
                free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                hosts: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                env: {
                  type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'],
                  items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, value: { type: 'string' } } },
                },
                when: { type: 'string', format: 'date-time', nullable: true },
              },
            },
            status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
          },
        },
      },
      subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' } },
      additionalPrinterColumns: [
        { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' }, { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ],
      selectableFields: [{ jsonPath: '.spec.policy' }],
    }],
  },
};

function object(name: string, spec: object): string {
  return JSON.stringify({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name }, spec });
}

async function ok(result: Promise<Result>): Promise<string> {
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, stderr);
  return stdout;
}

async function fails(result: Promise<Result>): Promise<string> {
  const { code, stderr } = await result;
  assert.notEqual(code, 0);
  return stderr;
}

test('a definition is established, and its kind is served', async () => {
  assert.match(await ok(server.kubectl('create -f -', JSON.stringify(definition))), /created/);
  assert.match(await ok(server.kubectl('wait --for condition=established --timeout=10s crd/crontabs.stable.example.com')), /condition met/);
  const crd = JSON.parse(await ok(server.kubectl('get crd crontabs.stable.example.com -o json'))) as { status: { conditions: { type: string; reason: string }[]; storedVersions: string[]; acceptedNames: object } };
  assert.deepEqual(crd.status.conditions.map((c) => `${c.type} ${c.reason}`), ['NamesAccepted NoConflicts', 'Established InitialNamesAccepted']);
  assert.deepEqual(crd.status.storedVersions, ['v1']);
  assert.deepEqual(crd.status.acceptedNames, { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList', shortNames: ['ct'], categories: ['all'] });
  assert.match(await ok(server.kubectl('api-resources --api-group=stable.example.com')), /crontabs +ct +stable.example.com\/v1 +true +CronTab/);
});

test('objects are defaulted, pruned, shown and selected', async () => {
  assert.match(await ok(server.kubectl('create -f - --validate=ignore', object('one', { cronSpec: '* * * * */5', replicas: 2, unknown: 1, free: { a: { b: 1 } }, policy: 'Allow', port: 'http' }))), /crontab.stable.example.com\/one created/);
  const one = JSON.parse(await ok(server.kubectl('get ct one -o json'))) as { metadata: { generation: number }; spec: object };
  assert.deepEqual(one.spec, { cronSpec: '* * * * */5', replicas: 2, free: { a: { b: 1 } }, policy: 'Allow', port: 'http', image: 'busybox' });
  assert.equal(one.metadata.generation, 1);
  assert.match(await ok(server.kubectl('get crontabs')), /^NAME +SPEC +REPLICAS +AGE\none +\* \* \* \* \*\/5 +2 +\d+s\n$/);
  assert.match(await ok(server.kubectl('get all')), /crontab.stable.example.com\/one/);
  assert.match(await ok(server.kubectl('get ct -o name --field-selector spec.policy=Allow')), /one/);
  assert.equal(await ok(server.kubectl('get ct -o name --field-selector spec.policy=Forbid')), '');
  assert.match(await ok(server.kubectl('get ct -o yaml')), /kind: CronTab/);
});

test('what does not fit the schema is refused in upstream\'s words', async () => {
  const complaints: readonly (readonly [object, RegExp])[] = [
    [{ cronSpec: 'x', replicas: 1 }, /The CronTab "bad" is invalid: spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match '\^/],
    [{ cronSpec: '* * * * *', replicas: 11 }, /spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10/],
    [{ cronSpec: '* * * * *', replicas: 'two' }, /spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"/],
    [{ replicas: 1 }, /spec.cronSpec: Required value/],
    [{ cronSpec: '* * * * *', policy: 'Never' }, /spec.policy: Unsupported value: "Never": supported values: "Allow", "Forbid"/],
    [{ cronSpec: '* * * * *', hosts: ['a', 'a'] }, /spec.hosts\[1\]: Duplicate value: "a"/],
    [{ cronSpec: '* * * * *', env: [{ name: 'a' }, { name: 'a' }] }, /spec.env\[1\]: Duplicate value: {"name":"a"}/],
    [{ cronSpec: '* * * * *', when: 'now' }, /spec.when: Invalid value: "now": spec.when in body must be of type date-time: "now"/],
  ];
  for (const [spec, words] of complaints) assert.match(await fails(server.kubectl('create -f -', object('bad', spec))), words);
  assert.match(await fails(server.kubectl('create -f -', object('bad', { cronSpec: '* * * * *', replica: 1 }))), /strict decoding error: unknown field "spec.replica"/);
});

test('explain and apply know the schema', async () => {
  assert.match(await ok(server.kubectl('explain crontabs')), /apiVersion\t<string>\n +APIVersion defines [^]*metadata\t<ObjectMeta>\n +Standard object's metadata\./);
  assert.match(await ok(server.kubectl('explain crontabs.metadata')), /Standard object's metadata\.[^]*creationTimestamp\t<string>\n +CreationTimestamp is a timestamp/);
  assert.match(await ok(server.kubectl('explain crontabs.spec')), /GROUP: +stable.example.com\nKIND: +CronTab\nVERSION: +v1[^]*What to run, and when.[^]*cronSpec\t<string> -required-/);
  assert.match(await ok(server.kubectl('apply -f -', object('two', { cronSpec: '* * * * *', replicas: 1 }))), /two created/);
  assert.match(await ok(server.kubectl('apply -f -', object('two', { cronSpec: '1 * * * *' }))), /two configured/);
  assert.equal(await ok(server.kubectl('get ct two -o jsonpath={.spec.replicas}/{.metadata.generation}')), '/2');
  assert.match(await ok(server.kubectl('apply --server-side --field-manager=a -f -', object('three', { cronSpec: '* * * * *', env: [{ name: 'a', value: '1' }] }))), /serverside-applied/);
  assert.match(await ok(server.kubectl('apply --server-side --field-manager=b -f -', object('three', { cronSpec: '* * * * *', env: [{ name: 'b', value: '2' }] }))), /serverside-applied/);
  assert.equal(await ok(server.kubectl('get ct three -o jsonpath={.spec.env[*].name}')), 'a b');
  assert.match(await fails(server.kubectl('apply --server-side --field-manager=b -f -', object('three', { cronSpec: '2 * * * *' }))), /conflict with "a": .spec.cronSpec/);
});

test('patches, status and scale', async () => {
  await ok(server.kubectl(['patch', 'ct', 'one', '--type=merge', '-p', '{"spec":{"image":"nginx"},"status":{"replicas":9}}']));
  assert.equal(await ok(server.kubectl('get ct one -o jsonpath={.spec.image}/{.status}/{.metadata.generation}')), 'nginx//2');
  await ok(server.kubectl(['patch', 'ct', 'one', '--type=json', '-p', '[{"op":"replace","path":"/spec/image","value":"redis"}]']));
  assert.match(await fails(server.kubectl(['patch', 'ct', 'one', '--type=strategic', '-p', '{"spec":{"image":"x"}}'])), /strategic merge patch is not supported|unknown format/);
  await ok(server.kubectl(['patch', 'ct', 'one', '--type=merge', '--subresource=status', '-p', '{"spec":{"image":"x"},"status":{"replicas":2,"selector":"a=b"}}']));
  assert.equal(await ok(server.kubectl('get ct one -o jsonpath={.spec.image}/{.status.replicas}/{.metadata.generation}')), 'redis/2/3');
  assert.match(await ok(server.kubectl('scale ct/one --replicas=5')), /one scaled/);
  assert.equal(await ok(server.kubectl('get ct one --subresource=scale -o jsonpath={.spec.replicas}/{.status.replicas}/{.status.selector}')), '5/2/a=b');
  assert.match(await fails(server.kubectl('scale ct/one --replicas=11')), /should be less than or equal to 10/);
});

test('a definition that makes no sense is refused', async () => {
  const broken = { ...definition, metadata: { name: 'crons.stable.example.com' }, spec: { ...definition.spec, names: { plural: 'crons', kind: 'Cron' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { properties: {} } } } } }] } };
  assert.match(await fails(server.kubectl('create -f -', JSON.stringify(broken))), /The CustomResourceDefinition "crons.stable.example.com" is invalid: spec.validation.openAPIV3Schema.properties\[spec\].type: Required value: must not be empty for specified object fields/);
});

test('a second version, with a schema of its own', async () => {
  const next = structuredClone(definition) as typeof definition & { spec: { versions: Record<string, unknown>[] } };
  next.spec.versions.push({
    name: 'v2', served: true, storage: false,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { cronSpec: { type: 'string' } } } } } },
  });
  await ok(server.kubectl('apply -f -', JSON.stringify(next)));
  const seen = async (): Promise<Result> => server.kubectl('get crontabs.v2.stable.example.com one -o json');
  let result = await seen();
  for (let i = 0; i < 40 && result.code !== 0; i++) result = await seen();
  const two = JSON.parse(result.stdout) as { apiVersion: string; spec: object };
  assert.equal(two.apiVersion, 'stable.example.com/v2');
  assert.deepEqual(two.spec, { cronSpec: '* * * * */5' });
  assert.match(await ok(server.kubectl('get crontabs.v2.stable.example.com')), /^NAME +AGE\n/);
});

test('names that are taken are not accepted', async () => {
  const other = { ...definition, metadata: { name: 'others.stable.example.com' }, spec: { ...definition.spec, names: { plural: 'others', singular: 'other', kind: 'CronTab', shortNames: ['ct'] } } };
  await ok(server.kubectl('create -f -', JSON.stringify(other)));
  await ok(server.kubectl('wait --for condition=NamesAccepted=false --timeout=10s crd/others.stable.example.com'));
  const reason = 'jsonpath={.status.conditions[?(@.type=="NamesAccepted")].message}';
  assert.match(await ok(server.kubectl(['get', 'crd', 'others.stable.example.com', '-o', reason])), /is already in use/);
  await ok(server.kubectl('delete crd others.stable.example.com'));
});

test('a definition goes with its objects', async () => {
  await ok(server.kubectl('delete crd crontabs.stable.example.com --timeout=20s'));
  assert.match(await fails(server.kubectl('get crontabs')), /the server could not find the requested resource|doesn't have a resource type "crontabs"/);
  assert.doesNotMatch(await ok(server.kubectl('api-versions')), /stable.example.com/);
  await ok(server.kubectl('create -f -', JSON.stringify(definition)));
  await ok(server.kubectl('wait --for condition=established --timeout=10s crd/crontabs.stable.example.com'));
  assert.equal((await ok(server.kubectl('get crontabs -o name'))).trim(), '');
});

test('a definition waits for objects that are held', async () => {
  await ok(server.kubectl('create -f -', JSON.stringify({ ...JSON.parse(object('held', { cronSpec: '* * * * *' })) as object, metadata: { name: 'held', finalizers: ['example.com/hold'] } })));
  await ok(server.kubectl('delete crd crontabs.stable.example.com --wait=false'));
  await ok(server.kubectl('wait --for condition=Terminating --timeout=10s crd/crontabs.stable.example.com'));
  assert.match(await fails(server.kubectl('create -f -', object('late', { cronSpec: '* * * * *' }))), /create not allowed while custom resource definition is terminating/);
  assert.match(await ok(server.kubectl('get ct held -o jsonpath={.metadata.deletionTimestamp}')), /^20/);
  await ok(server.kubectl(['patch', 'ct', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']));
  await ok(server.kubectl('wait --for=delete --timeout=20s crd/crontabs.stable.example.com'));
});

test('expressions are enforced, and refused when they make no sense', async () => {
  const withRule = (rule: string): string => JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'rules.cel.example.com' },
    spec: {
      group: 'cel.example.com', scope: 'Cluster', names: { plural: 'rules', kind: 'Rule' },
      versions: [{
        name: 'v1', served: true, storage: true, schema: {
          openAPIV3Schema: {
            type: 'object', properties: {
              spec: {
                type: 'object', 'x-kubernetes-validations': [{ rule, message: 'not more than max' }], required: ['max'],
                properties: { size: { type: 'integer' }, max: { type: 'integer' }, name: { type: 'string', maxLength: 20, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'name is immutable' }] } },
              },
            },
          },
        },
      }],
    },
  });
  const rule = (specification: object): string => JSON.stringify({ apiVersion: 'cel.example.com/v1', kind: 'Rule', metadata: { name: 'a' }, spec: specification });
  assert.match(await fails(server.kubectl('create -f -', withRule('self.length > 1'))), /x-kubernetes-validations\[0\].rule: Invalid value: .*compilation failed: ERROR: <input>:1:5: undefined field 'length'/);
  await ok(server.kubectl('create -f -', withRule('!has(self.size) || self.size <= self.max')));
  await ok(server.kubectl('wait --for condition=established --timeout=10s crd/rules.cel.example.com'));
  assert.equal(await fails(server.kubectl('create -f -', rule({ size: 3, max: 2 }))), 'The Rule "a" is invalid: spec: Invalid value: "object": not more than max\n');
  assert.match(await fails(server.kubectl('create -f -', rule({ size: 3 }))), /spec.max: Required value\n\* <nil>: Invalid value: null: some validation rules were not checked/);
  await ok(server.kubectl('create -f -', rule({ size: 1, max: 2, name: 'x' })));
  assert.match(await fails(server.kubectl(['patch', 'rule', 'a', '--type=merge', '-p', '{"spec":{"name":"y"}}'])), /spec.name: Invalid value: "string": name is immutable/);
  await ok(server.kubectl(['patch', 'rule', 'a', '--type=merge', '-p', '{"spec":{"max":5}}']));
});

interface Host {
  apiVersion: string;
  metadata: Record<string, unknown>;
  spec?: { host?: string; port?: string; address?: string };
}

/** v1 has host and port, v2 has both in one. */
function convert(object: Host, apiVersion: string): Host {
  const { spec = {} } = object;
  if (apiVersion.endsWith('v2')) return { ...object, apiVersion, spec: { address: `${spec.host}:${spec.port}` } };
  const [host = '', port = ''] = (spec.address ?? '').split(':');
  return { ...object, apiVersion, spec: { host, port } };
}

test('a webhook converts between versions', async (t) => {
  const authority = await createAuthority({ commonName: 'hook' });
  const certificate = await issue(authority, { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const hook = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string; desiredAPIVersion: string; objects: Host[] } };
      const { uid, desiredAPIVersion, objects } = review.request;
      const refused = objects.some((o) => o.spec?.host === 'refused');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({
        kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1',
        response: refused ? { uid, result: { status: 'Failed', message: 'not today' } } : { uid, result: { status: 'Success' }, convertedObjects: objects.map((o) => convert(o, desiredAPIVersion)) },
      }));
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  t.after(() => hook.close());
  const text = { type: 'string' };
  const version = (name: string, storage: boolean, properties: object): object => ({
    name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
    selectableFields: Object.keys(properties).map((field) => ({ jsonPath: `.spec.${field}` })),
  });
  const hosts = (second: boolean): string => JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'hosts.hook.example.com' },
    spec: {
      group: 'hook.example.com', scope: 'Namespaced', names: { plural: 'hosts', kind: 'Host' },
      versions: [version('v1', !second, { host: text, port: text }), version('v2', second, { address: { ...text, maxLength: 20 } })],
      conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: `https://127.0.0.1:${(hook.address() as AddressInfo).port}/convert`, caBundle: Buffer.from(authority.certPem).toString('base64') } } },
    },
  });
  const host = (v: string, name: string, spec: object): string => JSON.stringify({ apiVersion: `hook.example.com/${v}`, kind: 'Host', metadata: { name }, spec });
  await ok(server.kubectl('apply -f -', hosts(false)));
  await ok(server.kubectl('wait --for condition=established --timeout=10s crd/hosts.hook.example.com'));
  await ok(server.kubectl('create -f -', host('v1', 'a', { host: 'one', port: '80' })));
  await ok(server.kubectl('create -f -', host('v2', 'b', { address: 'two:81' })));
  assert.equal(await ok(server.kubectl('get hosts.v1.hook.example.com -o jsonpath={.items[*].spec}')), '{"host":"one","port":"80"} {"host":"two","port":"81"}');
  assert.equal(await ok(server.kubectl('get hosts.v2.hook.example.com -o jsonpath={.items[*].spec.address}')), 'one:80 two:81');
  assert.match(await ok(server.kubectl('get hosts.v2.hook.example.com')), /^NAME +AGE\na .*\nb /);
  // Selectors see the fields of the version that is asked for.
  assert.equal(await ok(server.kubectl('get hosts.v2.hook.example.com --field-selector spec.address=two:81 -o name')), 'host.hook.example.com/b\n');
  assert.equal(await ok(server.kubectl('get hosts.v2.hook.example.com --field-selector spec.address!=two:81 -o name --chunk-size=1')), 'host.hook.example.com/a\n');
  assert.match(await fails(server.kubectl('get hosts.v1.hook.example.com --field-selector spec.address=two:81')), /field label not supported: spec.address/);
  const watched: string[] = [];
  const over = new AbortController();
  const client = server.api.client({ name: 'watcher', groups: ['system:masters'] });
  const ref = { group: 'hook.example.com', version: 'v2', resource: 'hosts', kind: 'Host', namespaced: true };
  const watching = (async () => {
    for await (const event of client.watch<Host & { metadata: { name: string } }>(ref as never, { namespace: 'default', fieldSelector: 'spec.address=three:82', signal: over.signal })) {
      if (event.type !== 'BOOKMARK') watched.push(`${event.type} ${event.object.metadata.name} ${event.object.spec?.address}`);
    }
  })();
  await ok(server.kubectl(['patch', 'hosts.v2.hook.example.com', 'a', '--type=merge', '-p', '{"spec":{"address":"three:82"}}']));
  await eventually(() => watched.length === 1, 'the object that fits now');
  await ok(server.kubectl(['label', 'hosts.v1.hook.example.com', 'a', 'some=label']));
  await ok(server.kubectl(['patch', 'hosts.v1.hook.example.com', 'a', '--type=merge', '-p', '{"spec":{"host":"elsewhere"}}']));
  await ok(server.kubectl(['patch', 'hosts.v1.hook.example.com', 'a', '--type=merge', '-p', '{"spec":{"host":"three"}}']));
  await eventually(() => watched.length === 4, `what came and went (${watched})`);
  assert.deepEqual(watched, ['ADDED a three:82', 'MODIFIED a three:82', 'DELETED a three:82', 'ADDED a three:82']);
  over.abort();
  await watching;
  assert.equal(await ok(server.kubectl('get hosts.v1.hook.example.com a -o jsonpath={.spec.host}')), 'three');
  assert.match(await fails(server.kubectl('create -f -', host('v2', 'c', { address: 'a-very-long-name-indeed:1' }))), /spec.address: Too long/);
  await ok(server.kubectl('create -f -', host('v1', 'd', { host: 'refused', port: '1' })));
  assert.match(await fails(server.kubectl('get hosts.v2.hook.example.com d')), /conversion webhook for hook.example.com\/v1, Kind=Host failed: not today/);
  await ok(server.kubectl('delete hosts.v1.hook.example.com d'));
  // What was stored as v1 is read as v2 when that is the version of the store.
  await ok(server.kubectl('apply -f -', hosts(true)));
  assert.equal(await ok(server.kubectl('get crd hosts.hook.example.com -o jsonpath={.status.storedVersions}')), '["v1","v2"]');
  assert.equal(await ok(server.kubectl('get hosts.v2.hook.example.com -o jsonpath={.items[*].spec.address}')), 'three:82 two:81');
  await ok(server.kubectl(['patch', 'hosts.v1.hook.example.com', 'a', '--type=merge', '-p', '{"spec":{"host":"four"}}']));
  assert.equal(await ok(server.kubectl('get hosts.v2.hook.example.com a -o jsonpath={.spec.address}')), 'four:82');
  await ok(server.kubectl('delete crd hosts.hook.example.com --timeout=20s'));
});

test('a chart brings its definitions along', async () => {
  const chart = join(server.folder, 'chart');
  for (const folder of ['crds', 'templates']) mkdirSync(join(chart, folder), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: widgets\nversion: 0.1.0\n');
  writeFileSync(join(chart, 'values.yaml'), 'size: 1\n');
  writeFileSync(join(chart, 'templates', 'widget.yaml'), 'apiVersion: chart.example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: {{ .Values.size }}}\n');
  writeFileSync(join(chart, 'crds', 'widgets.yaml'), JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.chart.example.com' },
    spec: {
      group: 'chart.example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }],
    },
  }));
  const config = server.kubeconfig('helm', { 'client-certificate-data': Buffer.from(server.admin.certPem).toString('base64'), 'client-key-data': Buffer.from(server.admin.keyPem).toString('base64') });
  const helm = (...args: string[]): Promise<Result> => run(realProgram('helm'), args, { env: { KUBECONFIG: config, HOME: server.folder } });
  await ok(helm('install', 'one', chart));
  await ok(helm('upgrade', 'one', chart, '--set', 'size=2'));
  assert.equal(await ok(server.kubectl('get widget w -o jsonpath={.spec.size}/{.metadata.generation}')), '2/2');
  await ok(helm('uninstall', 'one'));
  assert.equal(await ok(server.kubectl('get widgets -o name')), '');
});

test('kinds are served again after a start, and their groups are listed while they last', async (t) => {
  const store = memoryStore();
  const first = await testServer({ store });
  await ok(first.kubectl('create -f -', JSON.stringify(definition)));
  await ok(first.kubectl('wait --for condition=established --timeout=10s crd/crontabs.stable.example.com'));
  await ok(first.kubectl('create -f -', object('kept', { cronSpec: '* * * * *' })));
  await eventually(async () => (await first.kubectl('get apiservice v1.stable.example.com')).code === 0, 'the APIService');
  await first.api.close();
  const second = await testServer({ store });
  t.after(() => Promise.all([second.stop(), first.stop()]));
  assert.equal(await ok(second.kubectl('get ct kept -o jsonpath={.spec.image}')), 'busybox');
  await ok(second.kubectl('delete crd crontabs.stable.example.com --timeout=20s'));
  await eventually(async () => (await second.kubectl('get apiservice v1.stable.example.com')).code !== 0, 'the APIService to go');
});

test('custom resources own and are owned; namespaces take them along', async (t) => {
  // Collectors look for new kinds now and then; this one is there when they start.
  const store = memoryStore();
  const before = await testServer({ store });
  const both = structuredClone(definition) as typeof definition & { spec: { versions: Record<string, unknown>[] } };
  both.spec.versions.push({ ...definition.spec.versions[0], name: 'v1beta1', storage: false, deprecated: true });
  await ok(before.kubectl('create -f -', JSON.stringify(both)));
  await ok(before.kubectl('wait --for condition=established --timeout=10s crd/crontabs.stable.example.com'));
  await before.api.close();
  const plane = await controlPlane({ scheduler: false, api: { store } });
  t.after(() => Promise.all([plane.stop(), before.stop()]));
  await ok(plane.kubectl('create namespace there'));
  await ok(plane.kubectl('-n there create -f -', object('owner', { cronSpec: '* * * * *' })));
  const { stderr } = await plane.kubectl('-n there get crontabs.v1beta1.stable.example.com');
  assert.match(stderr, /Warning: stable.example.com\/v1beta1 CronTab is deprecated; use stable.example.com\/v1 CronTab/);
  const uid = await ok(plane.kubectl('-n there get ct owner -o jsonpath={.metadata.uid}'));
  const owned = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', ownerReferences: [{ apiVersion: 'stable.example.com/v1', kind: 'CronTab', name: 'owner', uid }] } };
  await ok(plane.kubectl('-n there create -f -', JSON.stringify(owned)));
  await ok(plane.kubectl('-n there delete ct owner'));
  await eventually(async () => (await plane.kubectl('-n there get cm owned')).code !== 0, 'the dependent to go', 40);
  await ok(plane.kubectl('-n there create -f -', object('last', { cronSpec: '* * * * *' })));
  await ok(plane.kubectl('delete namespace there --timeout=60s'));
  assert.equal(await ok(plane.kubectl('get ct -A -o name')), '');
});
