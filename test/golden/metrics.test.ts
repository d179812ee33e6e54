/** Names, kinds, stability, labels and buckets of metrics, as an upstream kube-apiserver v1.34.9 tells them after the same requests (`metrics.json`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, type Answer } from '../http.ts';

interface Family {
  readonly name: string;
  readonly type: string;
  readonly stability: string;
  readonly labels: readonly string[];
  readonly buckets?: string;
}

/** What has no counterpart here, and why. */
const absent: Readonly<Record<string, string>> = {
  aggregator_discovery_aggregation_count_total: 'discovery is not aggregated in turns of its own', apiextensions_openapi_v2_regeneration_count: 'documents are made when they are asked for', apiextensions_openapi_v3_regeneration_count: 'the same',
  apiextensions_apiserver_validation_ratcheting_seconds: 'ratcheting has no step of its own', apiserver_request_timestamp_comparison_time: 'nor has the comparison of times', apiserver_validation_declarative_validation_mismatch_total: 'there is one validation', apiserver_validation_declarative_validation_panic_total: 'the same',
  apiserver_admission_step_admission_duration_seconds_summary: 'no quantiles are kept', apiserver_envelope_encryption_dek_cache_fill_percent: 'of KMS v1', apiserver_kube_aggregator_x509_insecure_sha1_total: 'not told apart', apiserver_kube_aggregator_x509_missing_san_total: 'not told apart',
  apiserver_nodeport_repair_reconcile_errors_total: 'node ports are not repaired', etcd_bookmark_counts: 'bookmarks of the store are not counted', etcd_lease_object_counts: 'no leases of etcd are taken',
};
/** What appears only where something has to wait, is turned away, or is done by parts that a server alone has not. */
const rare = /^(workqueue_|apiserver_flowcontrol_(dispatch_r|latest_s|next_|request_queue_length|request_wait|watch_count)|apiserver_request_terminations|apiserver_selfrequest|apiserver_watch_cache_read_wait|pod_security_exemptions|kubernetes_feature_enabled)/;

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'metrics.json'), 'utf8')) as Family[];
let server: TestServer;
before(async () => {
  server = await testServer({ tokenFile: 'root,root,root,"system:masters"', tokenMemoryMs: 10_000 });
});
after(() => server.stop());

const root = (path: string, method = 'GET', body?: unknown): Promise<Answer> => call(server.api.url, { path, method, token: 'root', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

async function requests(): Promise<void> {
  const core = '/api/v1/namespaces/default';
  const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  await root(`${core}/serviceaccounts`, 'POST', { metadata: { name: 'default' } });
  for (const [path, method, body] of [
    [`${core}/configmaps`, 'POST', { metadata: { name: 'a' } }], [`${core}/configmaps`], [`${core}/configmaps?watch=1&timeoutSeconds=1`], [`${core}/configmaps/a`, 'PUT', { metadata: { name: 'a' }, data: { x: 'y' } }], [`${core}/configmaps/a`, 'DELETE'], [`${core}/endpoints`],
    [`${core}/pods`, 'POST', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }], [`${core}/services`, 'POST', { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }],
    [`${policies}ies`, 'POST', { metadata: { name: 'pol' }, spec: { matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] }, matchConditions: [{ name: 'x', expression: 'object.metadata.name != "skip"' }], validations: [{ expression: 'false' }] } }],
    [`${policies}ybindings`, 'POST', { metadata: { name: 'pol' }, spec: { policyName: 'pol', validationActions: ['Deny'] } }],
  ] as const) await root(path, method, body);
  await eventually(async () => ((await root(`${core}/configmaps`, 'POST', { metadata: { name: 'b' } })).status === 422 ? true : undefined), 'the policy');
  await root(`${core}/configmaps`, 'POST', { metadata: { name: 'skip' } });
  const { status } = (await root(`${core}/serviceaccounts/default/token`, 'POST', {})).json() as { status: { token: string } };
  for (const token of [status.token, status.token, 'nope']) await call(server.api.url, { path: '/version', token });
  await root('/metrics');
}

function familiesOf(text: string): Map<string, { type: string; stability: string; labels: Set<string>; buckets: string[] }> {
  const families = new Map<string, { type: string; stability: string; labels: Set<string>; buckets: string[] }>();
  const stabilities = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (word === 'HELP') stabilities.set(name, /^(?:EXPERIMENTAL: )?\[(\w+)\]/.exec(rest)?.[1] ?? '');
    if (word === 'TYPE') families.set(name, { type: rest, stability: stabilities.get(name) ?? '', labels: new Set(), buckets: [] });
    const [, series = '', labels = ''] = /^([a-z_0-9A-Z:]+)(?:\{(.*)\})? /.exec(line) ?? [];
    const family = families.get(series) ?? families.get(series.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      if (label !== 'le') family?.labels.add(label);
      else if (value !== '+Inf' && !family?.buckets.includes(value)) family?.buckets.push(value);
    }
  }
  return families;
}

void test('every family that upstream tells is there as upstream tells it, or has no counterpart', async () => {
  await requests();
  const ours = familiesOf((await root('/metrics')).text);
  const missing = recorded.filter(({ name }) => !ours.has(name) && !rare.test(name)).map(({ name }) => name);
  assert.deepEqual(missing, Object.keys(absent).sort());
  const differences: string[] = [];
  for (const { name, type, stability, labels, buckets = '' } of recorded) {
    const own = ours.get(name);
    if (!own) continue;
    const [theirs, mine] = [{ type, stability, labels, buckets }, { type: own.type, stability: own.stability, labels: [...own.labels].sort(), buckets: own.buckets.join(' ') }].map((one) => JSON.stringify(one));
    if (theirs !== mine) differences.push(`${name}: ${mine}, upstream ${theirs}`);
  }
  assert.deepEqual(differences, []);
});
