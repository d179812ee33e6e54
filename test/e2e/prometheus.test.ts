/** A real Prometheus scrapes everything that has metrics, with a token and the cluster's own authority; promtool reads each text. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { eventually, memoryCgroupOf, TestCluster, whyNoContainers } from './profile.ts';

function whyNot(): string | false {
  const reason = whyNoContainers();
  if (reason) return reason;
  if (process.env['CI'] !== 'true' && spawnSync('prometheus', ['--version']).status !== 0) return 'prometheus is not installed';
  return false;
}

/** What promtool complains of in names that are upstream's: clients know them so, and so they stay. */
const upstreamNames = [
  'authenticated_user_requests counter metrics should have "_total" suffix',
  'authentication_attempts counter metrics should have "_total" suffix',
  'authentication_token_cache_active_fetch_count non-histogram and non-summary metrics should not have "_count" suffix',
  "cadvisor_version_info label names should be written in 'snake_case' not 'camelCase'",
  'container_fs_inodes_total non-counter metrics should not have "_total" suffix',
  'container_memory_failcnt counter metrics should have "_total" suffix',
];

const rules = [
  { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
  { nonResourceURLs: ['/metrics', '/metrics/*'], verbs: ['get'] },
];
const rbac = 'rbac.authorization.k8s.io';
const account = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'prometheus' } },
  { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'prometheus' }, rules },
  {
    apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'prometheus' }, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'prometheus' },
    subjects: [{ kind: 'ServiceAccount', name: 'prometheus', namespace: 'default' }],
  },
];

interface Target { readonly labels: { readonly job: string }; readonly health: string; readonly lastError: string; readonly scrapeUrl: string }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Prometheus verifies certificates; here only the text counts. */
function fetchText(url: string, bearer?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { rejectUnauthorized: false, timeout: 10_000, ...(bearer ? { headers: { authorization: `Bearer ${bearer}` } } : {}) }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode!, body }), reject);
    });
    outgoing.on('error', reject).on('timeout', () => outgoing.destroy(new Error(`${url} did not answer`))).end();
  });
}

describe('Prometheus', { skip: whyNot() }, () => {
  let cluster: TestCluster;
  let prometheus: ChildProcess | undefined;
  let base = '';
  let output = '';
  let token = '';
  const targets: Record<string, string> = {};
  const query = async <T>(path: string): Promise<T> => ((await (await fetch(`${base}/api/v1/${path}`)).json()) as { data: T }).data;

  before(async () => {
    cluster = await TestCluster.start('e2e-prometheus');
    await cluster.apply(account);
    token = (await cluster.ok('create', 'token', 'prometheus')).trim();
    const config = JSON.parse(await cluster.ok('config', 'view', '--raw', '-o', 'json')) as { clusters: { cluster: { server: string; 'certificate-authority'?: string; 'certificate-authority-data'?: string } }[] };
    const { server, 'certificate-authority': file, 'certificate-authority-data': data } = config.clusters[0]!.cluster;
    const authority = file ?? join(cluster.folder, 'ca.crt');
    if (!file) writeFileSync(authority, Buffer.from(data!, 'base64'));
    writeFileSync(join(cluster.folder, 'token'), token);
    const node = await cluster.ok('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');
    const metricsServer = await cluster.ok('get', 'pods', '-n', 'kube-system', '-l', 'k8s-app=metrics-server', '-o', 'jsonpath={.items[0].status.podIP}');
    Object.assign(targets, {
      kubelet: `https://${node}:10250/metrics`, cadvisor: `https://${node}:10250/metrics/cadvisor`, resource: `https://${node}:10250/metrics/resource`, probes: `https://${node}:10250/metrics/probes`,
      apiserver: `${server}/metrics`, 'metrics-server': `https://${metricsServer}:10250/metrics`,
    });
    const jobs = Object.entries(targets).map(([job, target]) => {
      const url = new URL(target);
      return {
        job_name: job, scheme: 'https', metrics_path: url.pathname, static_configs: [{ targets: [url.host] }], authorization: { credentials_file: join(cluster.folder, 'token') },
        // Kubelet and API server are known by the cluster's authority; metrics-server signs its own certificate, as upstream's does.
        tls_config: job === 'metrics-server' ? { insecure_skip_verify: true } : { ca_file: authority },
      };
    });
    const file2 = join(cluster.folder, 'prometheus.yml');
    writeFileSync(file2, JSON.stringify({ global: { scrape_interval: '2s', scrape_timeout: '2s' }, scrape_configs: jobs }));
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    prometheus = spawn('prometheus', [`--config.file=${file2}`, `--storage.tsdb.path=${join(cluster.folder, 'tsdb')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [prometheus.stdout!, prometheus.stderr!]) stream.on('data', (text: Buffer) => (output += text.toString()));
  });
  after(async () => {
    if (prometheus && prometheus.exitCode === null) {
      prometheus.kill();
      await once(prometheus, 'exit');
    }
    await cluster?.delete();
  });

  test('every target is up, without a scrape or parse error, over verified TLS with a token', async () => {
    await eventually('all targets up', async () => {
      assert.equal(prometheus?.exitCode, null, output);
      const { activeTargets } = await query<{ activeTargets: Target[] }>('targets');
      assert.equal(activeTargets.length, Object.keys(targets).length);
      for (const t of activeTargets) assert.deepEqual([t.labels.job, t.health, t.lastError], [t.labels.job, 'up', '']);
      return true;
    });
    for (const [job, metric] of Object.entries({ kubelet: 'kubelet_running_pods', cadvisor: 'container_memory_working_set_bytes', resource: 'container_memory_working_set_bytes', probes: 'prober_probe_total', apiserver: 'apiserver_request_total', 'metrics-server': 'metrics_server_kubelet_request_total' })) {
      await eventually(`${metric} of ${job}`, async () => (await query<{ result: object[] }>(`query?query=${encodeURIComponent(`${metric}{job="${job}"}`)}`)).result.length > 0);
    }
    assert.doesNotMatch(output, /duplicate|out of order|parse|append/i);
  });

  test('the summary tells agent and runtime, and all pods, apart from the node', async () => {
    const name = (await cluster.ok('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
    const { node } = JSON.parse(await cluster.ok('get', '--raw', `/api/v1/nodes/${name}/proxy/stats/summary`)) as { node: { systemContainers: { name: string; memory: { workingSetBytes: number } }[] } };
    assert.deepEqual(node.systemContainers.map((c) => c.name), ['misc', 'pods']);
    for (const c of node.systemContainers) assert.ok(c.memory.workingSetBytes > 1 << 20, c.name);
  });

  test('what Prometheus stores is what the cgroup files say, by both paths', async () => {
    const id = (await cluster.ok('get', 'pods', '-n', 'kube-system', '-l', 'k8s-app=kube-dns', '-o', 'jsonpath={.items[0].status.containerStatuses[0].containerID}')).replace('containerd://', '');
    await eventually('stored figures that agree', async () => {
      const { usage, inactiveFile } = memoryCgroupOf(id);
      for (const job of ['cadvisor', 'resource']) {
        const { result } = await query<{ result: { value: [number, string] }[] }>(`query?query=${encodeURIComponent(`container_memory_working_set_bytes{job="${job}",namespace="kube-system",container="coredns"}`)}`);
        assert.equal(result.length, 1, job);
        const shown = Number(result[0]!.value[1]);
        assert.ok(Math.abs(shown - (usage - inactiveFile)) <= 0.02 * (usage - inactiveFile), `${job}: ${shown}, cgroup ${usage - inactiveFile}`);
      }
      return true;
    });
  });

  test('promtool check metrics has nothing to say but of upstream\'s own names', async () => {
    for (const [job, url] of Object.entries(targets)) {
      const { status, body } = await fetchText(url, token);
      assert.equal(status, 200, `${job}: ${body}`);
      assert.ok(body.length > 100, job);
      const check = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
      const complaints = [...new Set(`${check.stdout}${check.stderr}`.split('\n').filter(Boolean))].filter((line) => !upstreamNames.includes(line));
      assert.deepEqual(complaints, [], job);
    }
  });

  test('without the right to nodes/metrics a token gets 403, and so does nobody (system:anonymous)', async () => {
    const other = (await cluster.ok('create', 'token', 'default')).trim();
    assert.equal((await fetchText(targets['cadvisor']!, other)).status, 403);
    assert.equal((await fetchText(targets['cadvisor']!)).status, 403);
  });
});
