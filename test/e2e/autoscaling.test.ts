/**
 * Autoscalers on real containers: one by the CPU that metrics-server measures, one by requests per second out of a real Prometheus
 * through the adapter; what happens when that Prometheus goes; and Heapster's answers beside kubectl top's.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../ports.ts';
import { eventually, TestCluster, whyNoContainers } from './profile.ts';

function whyNot(): string | false {
  const reason = whyNoContainers();
  if (reason) return reason;
  if (process.env['CI'] !== 'true' && spawnSync('prometheus', ['--version']).status !== 0) return 'prometheus is not installed';
  return false;
}

const rbac = 'rbac.authorization.k8s.io';
const account = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'prometheus' } },
  { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'prometheus' }, rules: [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }] },
  { apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'prometheus' }, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'prometheus' }, subjects: [{ kind: 'ServiceAccount', name: 'prometheus', namespace: 'default' }] },
];

const rules = `rules:
- seriesQuery: 'http_requests_total{namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  name: {matches: '^(.*)_total$', as: '\${1}_per_second'}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[15s])) by (<<.GroupBy>>)'
externalRules:
- seriesQuery: 'container_memory_working_set_bytes{container="web"}'
  resources: {overrides: {namespace: {resource: namespace}}}
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>})'
`;

/** A page that counts who asks for it; the count is at /cgi-bin/metrics. */
const webScript = `mkdir -p /www/cgi-bin
printf '#!/bin/sh\\necho x >>/www/hits\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\nok\\\\n"\\n' >/www/cgi-bin/hit
printf '#!/bin/sh\\nprintf "Content-Type: text/plain; version=0.0.4\\\\r\\\\n\\\\r\\\\n# TYPE http_requests_total counter\\\\nhttp_requests_total %%s\\\\n" $(wc -l </www/hits)\\n' >/www/cgi-bin/metrics
chmod +x /www/cgi-bin/*
: >/www/hits
exec httpd -f -p 80 -h /www`;

const deployment = (name: string, command: string, extra: object = {}) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name, image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', command], ...extra }] } },
  },
});
const autoscaler = (name: string, metric: object) => ({
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, minReplicas: 1, maxReplicas: 3, behavior: { scaleDown: { stabilizationWindowSeconds: 0 } }, metrics: [metric] },
});

describe('autoscaling on real containers', { skip: whyNot() }, () => {
  let cluster: TestCluster;
  let prometheus: ChildProcess | undefined;
  let output = '';
  let url = '';
  let page = '';
  let load: NodeJS.Timeout | undefined;
  const answered: number[] = [];
  let following: Promise<void> | undefined;
  const ending = new AbortController();
  const replicas = async (name: string): Promise<string> => cluster.ok('get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}');
  const condition = async (name: string, type: string): Promise<string> => {
    const path = `{.status.conditions[?(@.type=="${type}")]`;
    return cluster.ok('get', 'hpa', name, '-o', `jsonpath=${path}.status},${path}.reason},${path}.message}`);
  };
  const stopPrometheus = async (): Promise<void> => {
    if (!prometheus || prometheus.exitCode !== null) return;
    prometheus.kill();
    await once(prometheus, 'exit');
  };

  /** On the bridge, where pods reach it; it reaches pods and kubelet from there. */
  async function configurePrometheus(): Promise<void> {
    const config = JSON.parse(await cluster.ok('config', 'view', '--raw', '-o', 'json')) as { clusters: { cluster: { server: string; 'certificate-authority'?: string; 'certificate-authority-data'?: string } }[] };
    const { server, 'certificate-authority': file, 'certificate-authority-data': data } = config.clusters[0]!.cluster;
    const authority = file ?? join(cluster.folder, 'ca.crt');
    if (!file) writeFileSync(authority, Buffer.from(data!, 'base64'));
    const token = join(cluster.folder, 'token');
    writeFileSync(token, (await cluster.ok('create', 'token', 'prometheus')).trim());
    const node = await cluster.ok('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');
    const bearer = { authorization: { credentials_file: token }, tls_config: { ca_file: authority } };
    writeFileSync(join(cluster.folder, 'prometheus.yml'), JSON.stringify({
      global: { scrape_interval: '3s', scrape_timeout: '3s' },
      scrape_configs: [
        { job_name: 'cadvisor', scheme: 'https', metrics_path: '/metrics/cadvisor', static_configs: [{ targets: [`${node}:10250`] }], ...bearer },
        { job_name: 'pods', metrics_path: '/cgi-bin/metrics', file_sd_configs: [{ files: [join(cluster.folder, 'pods.json')] }] },
      ],
    }));
    url = `http://${new URL(server).hostname}:${await freePort()}`;
    page = `http://${node}`;
    following = followPods(ending.signal).catch((error: unknown) => void (output += String(error)));
    startPrometheus();
  }

  /** Debian's Prometheus has no discovery of Kubernetes' built in. */
  async function followPods(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { items } = JSON.parse(await cluster.ok('get', 'pods', '-l', 'app=web', '--field-selector=status.phase=Running', '-o', 'json')) as { items: { metadata: { name: string; deletionTimestamp?: string }; status: { podIP?: string } }[] };
      const targets = items.filter((p) => p.status.podIP && !p.metadata.deletionTimestamp).map((p) => ({ targets: [`${p.status.podIP}:80`], labels: { namespace: 'default', pod: p.metadata.name } }));
      writeFileSync(join(cluster.folder, 'pods.new'), JSON.stringify(targets));
      renameSync(join(cluster.folder, 'pods.new'), join(cluster.folder, 'pods.json'));
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }

  function startPrometheus(): void {
    const args = [`--config.file=${join(cluster.folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(cluster.folder, 'tsdb')}`, `--web.listen-address=${new URL(url).host}`, '--log.level=warn'];
    prometheus = spawn('prometheus', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [prometheus.stdout!, prometheus.stderr!]) stream.on('data', (text: Buffer) => (output += text.toString()));
  }

  before(async () => {
    cluster = await TestCluster.start('e2e-autoscaling');
    await cluster.apply([
      ...account, deployment('web', webScript), { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] } },
      // Burns while the file is there.
      deployment('busy', 'touch /burn; while :; do [ -f /burn ] || sleep 1; done', { resources: { requests: { cpu: '20m' }, limits: { cpu: '100m' } } }),
    ]);
    await configurePrometheus();
    for (const addon of ['prometheus-adapter', 'heapster']) assert.equal((await cluster.k7s(['addons', 'enable', addon])).code, 0, addon);
    // As people do: the rules are edited in the ConfigMap, the address in the deployment.
    await cluster.ok('patch', 'configmap', 'adapter-config', '-n', 'kube-system', '--type=merge', '-p', JSON.stringify({ data: { 'config.yaml': rules } }));
    await cluster.ok('patch', 'deployment', 'prometheus-adapter', '-n', 'kube-system', '--type=json', '-p', JSON.stringify([{
      op: 'replace', path: '/spec/template/spec/containers/0/args',
      value: ['--cert-dir=/tmp', '--config=/etc/adapter/config.yaml', '--metrics-relist-interval=2s', '--metrics-max-age=1m', `--prometheus-url=${url}`, '--secure-port=6443'],
    }]));
    await cluster.apply([
      autoscaler('busy', { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 100 } } }),
      autoscaler('web', { type: 'Pods', pods: { metric: { name: 'http_requests_per_second' }, target: { type: 'AverageValue', averageValue: '2' } } }),
    ]);
    await cluster.ok('rollout', 'status', 'deployment/web', 'deployment/busy', '--timeout=60s');
    await cluster.ok('rollout', 'status', 'deployment/prometheus-adapter', '-n', 'kube-system', '--timeout=90s');
    page += `:${await cluster.ok('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}')}/cgi-bin/hit`;
    // Ten requests a second, spread by the service over whoever is there; fewer where the machine has no time.
    const ask = (): void => {
      get(page, { agent: false, timeout: 5000 }, (response) => response.resume().on('end', () => answered.push(performance.now()))).on('error', () => {});
    };
    load = setInterval(ask, 100);
  });
  after(async () => {
    clearInterval(load);
    ending.abort();
    await following;
    await stopPrometheus();
    await cluster?.delete();
  });

  test('the adapter serves what Prometheus has, per pod and second, and as external metrics', async () => {
    const custom = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/http_requests_per_second?labelSelector=app%3Dweb';
    await eventually('the rate at which requests are answered', async () => {
      assert.equal(prometheus?.exitCode, null, output);
      const { items } = JSON.parse(await cluster.ok('get', '--raw', custom)) as { items: { describedObject: { name: string }; value: string }[] };
      const measured = items.map(({ value }) => (value.endsWith('m') ? Number.parseInt(value) / 1000 : Number(value))).reduce((a, b) => a + b, 0);
      const real = answered.filter((at) => at > performance.now() - 18_000).length / 18;
      assert.ok(real > 0 && measured > real / 2 && measured < real * 2, `${measured} measured, ${real} answered each second`);
      return true;
    }, 90);
    assert.match(await cluster.ok('get', '--raw', '/apis/custom.metrics.k8s.io/v1beta1'), /"pods\/http_requests_per_second"/);
    await eventually('an external metric', async () => {
      const { items } = JSON.parse(await cluster.ok('get', '--raw', '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/container_memory_working_set_bytes')) as { items: { value: string }[] };
      assert.ok(Number.parseInt(items[0]!.value) > 0);
      return true;
    }, 60);
  });

  test('one deployment grows by its requests per second, another by its CPU', async () => {
    await eventually('growth by requests', async () => (await replicas('web')) === '3', 120);
    assert.match(await condition('web', 'ScalingActive'), /^True,ValidMetricFound,the HPA was able to successfully calculate a replica count from pods metric http_requests_per_second$/);
    assert.match(await cluster.ok('describe', 'hpa', 'web'), /SuccessfulRescale +\S+ +horizontal-pod-autoscaler +New size: \d; reason: pods metric http_requests_per_second above target/);
    await eventually('growth by CPU', async () => (await replicas('busy')) === '3', 120);
    assert.match(await cluster.ok('get', 'hpa', 'busy'), /busy +Deployment\/busy +cpu: [1-9]\d+%\/100% +1 +3/);
    assert.match(await cluster.ok('describe', 'hpa', 'busy'), /New size: \d; reason: cpu resource utilization \(percentage of request\) above target/);
  });

  test('Heapster answers old clients through the proxy with the figures of kubectl top', async () => {
    await cluster.ok('rollout', 'status', 'deployment/heapster', '-n', 'kube-system', '--timeout=60s');
    const proxy = '/api/v1/namespaces/kube-system/services/http:heapster:/proxy';
    const raw = async <T>(path: string): Promise<T> => JSON.parse(await cluster.ok('get', '--raw', path)) as T;
    interface Pods { items: { metadata: { name: string }; timestamp: string; containers: { name: string; usage: { cpu: string; memory: string } }[] }[] }
    interface Nodes { items: { metadata: { name: string }; timestamp: string; usage: { cpu: string; memory: string } }[] }
    const bytes = (text: string): number => Number.parseInt(text) * (text.endsWith('Ki') ? 1024 : text.endsWith('Mi') ? 2 ** 20 : 1);
    const milli = (text: string): number => Math.ceil(Number.parseInt(text) / (text.endsWith('n') ? 1e6 : text.endsWith('u') ? 1000 : text.endsWith('m') ? 1 : 0.001));
    // What kubectl top of 1.12 and before asks for, beside what is asked today; a scrape in between is tried again.
    await eventually('answers of one scrape', async () => {
      const nodes = await raw<Nodes>('/apis/metrics.k8s.io/v1beta1/nodes');
      const pods = await raw<Pods>('/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns');
      const oldNodes = await raw<Nodes>(`${proxy}/apis/metrics/v1alpha1/nodes?labelSelector=`);
      const oldPods = await raw<Pods>(`${proxy}/apis/metrics/v1alpha1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns`);
      const figures = (usage: { cpu: string; memory: string }): number[] => [milli(usage.cpu), bytes(usage.memory)];
      assert.deepEqual(oldNodes.items.map((n) => [n.metadata.name, n.timestamp, figures(n.usage)]), nodes.items.map((n) => [n.metadata.name, n.timestamp, figures(n.usage)]));
      const all = (list: Pods): unknown => list.items.map((p) => [p.metadata.name, p.timestamp, p.containers.map((c) => [c.name, figures(c.usage)])]);
      assert.deepEqual(all(oldPods), all(pods));
      const shown = /^\S+ +(\d+)m +\d+% +(\d+)Mi/m.exec(await cluster.ok('top', 'node', '--no-headers'))!;
      assert.deepEqual([milli(oldNodes.items[0]!.usage.cpu), Math.trunc(bytes(oldNodes.items[0]!.usage.memory) / 2 ** 20)], [Number(shown[1]), Number(shown[2])]);
      return true;
    });
    const model = `${proxy}/api/v1/model`;
    const node = (await raw<string[]>(`${model}/nodes/`))[0]!;
    assert.equal(node, await cluster.ok('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'));
    const dns = (await raw<string[]>(`${model}/namespaces/kube-system/pods/`)).find((name) => name.startsWith('coredns'))!;
    for (const metric of ['cpu/usage_rate', 'memory/usage', 'memory/rss', 'network/rx']) {
      const { metrics, latestTimestamp } = await raw<{ metrics: { timestamp: string; value: number }[]; latestTimestamp: string }>(`${model}/namespaces/kube-system/pods/${dns}/metrics/${metric}`);
      assert.ok(metrics.length > 0 && metrics.at(-1)!.value > 0, `${metric}: ${JSON.stringify(metrics)}`);
      assert.equal(metrics.at(-1)!.timestamp, latestTimestamp);
    }
    const missing = await cluster.kubectl(['get', '--raw', `${proxy}/apis/metrics/v1alpha1/nodes/none`]);
    assert.match(missing.stderr, /could not find the requested resource|No metrics for node none/);
  });

  test('Prometheus away: the adapter names it, and the autoscaler holds what there is', async () => {
    clearInterval(load);
    await stopPrometheus();
    // The other one rests too; that is measured without Prometheus.
    const pods = (await cluster.ok('get', 'pods', '-l', 'app=busy', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
    await Promise.all(pods.map((pod) => cluster.ok('exec', pod, '--', 'rm', '-f', '/burn')));
    const outcome = await cluster.kubectl(['get', '--raw', '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/http_requests_per_second?labelSelector=app%3Dweb']);
    assert.match(outcome.stderr, new RegExp(`unable to fetch metrics: Prometheus at ${url}: connect ECONNREFUSED`));
    const wanted = new RegExp(`^False,FailedGetPodsMetric,the HPA was unable to compute the replica count: unable to get metric http_requests_per_second: unable to fetch metrics from custom metrics API: .*Prometheus at ${url}: connect ECONNREFUSED`);
    await eventually('the condition', async () => {
      assert.match(await condition('web', 'ScalingActive'), wanted);
      return true;
    }, 60);
    assert.equal(await replicas('web'), '3', 'without load, but nobody knows');
  });

  test('both come down again when the load has ended and is known to', async () => {
    startPrometheus();
    await eventually('fewer by requests', async () => (await replicas('web')) === '1', 120);
    await eventually('fewer by CPU', async () => (await replicas('busy')) === '1', 120);
    assert.match(await cluster.ok('describe', 'hpa', 'busy'), /New size: 1; reason: All metrics below target/);
  });

  test('disabled, the add-ons leave nothing behind', async () => {
    for (const addon of ['prometheus-adapter', 'heapster']) assert.equal((await cluster.k7s(['addons', 'disable', addon])).code, 0, addon);
    for (const what of ['apiservice/v1beta1.custom.metrics.k8s.io', 'apiservice/v1beta1.external.metrics.k8s.io', 'deployment/prometheus-adapter', 'service/heapster', 'clusterrole/heapster-summaries']) {
      assert.match((await cluster.kubectl(['get', what, '-n', 'kube-system'])).stderr, /NotFound/, what);
    }
  });
});
