/** Horizontal pod autoscaling on simulated pods, with a metrics server that says what the test wants it to. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pods } from '../../src/api/core/v1/index.ts';
import { timestamp } from '../../src/base/clock.ts';
import { sendJson } from '../../src/serving/respond.ts';
import { serve, type Serving } from '../../src/serving/server.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings } from '../apiserver.ts';
import { controlPlane, type ControlPlane } from '../controlplane.ts';

let cluster: ControlPlane;
let metrics: Serving;
/** Thousandths of a core that each pod of an application uses; not there: no metrics of it. */
const cpu = new Map<string, number>();
let queueLength = '0';
let rate = '0';

async function kubectl(args: string | string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input && JSON.stringify(input));
  assert.equal(code, 0, `kubectl ${String(args)}: ${stderr}`);
  return stdout.trim();
}
const until = (what: string, args: string, expected: RegExp): Promise<string> =>
  eventually(async () => {
    const { stdout } = await cluster.kubectl(args);
    return expected.test(stdout.trim()) ? stdout.trim() : undefined;
  }, `${what} (${args})`);
const condition = (name: string, type: string): string => `get hpa ${name} -o jsonpath={.status.conditions[?(@.type=="${type}")].status},{.status.conditions[?(@.type=="${type}")].reason},{.status.conditions[?(@.type=="${type}")].message}`;
const replicas = (name: string): string => `get deployment ${name} -o jsonpath={.spec.replicas}`;
const autoscaler = (name: string, spec: object): object => ({
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, maxReplicas: 10, ...spec },
});

/** metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io in one. */
async function metricsServer(): Promise<Serving> {
  const authority = await createAuthority({ commonName: 'metrics' });
  const serving = await issue(authority, { commonName: 'metrics', dnsNames: ['localhost'], usages: ['server'] });
  const stamp = (): string => timestamp(surroundings.clock.now());
  return serve({
    host: '127.0.0.1', port: 0, surroundings, tls: { cert: serving.certPem, key: serving.keyPem },
    handler: async (request) => {
      const { path } = request;
      const [, , group = '', version = ''] = path.split('/');
      const apiVersion = `${group}/${version}`;
      if (path === `/apis/${apiVersion}`) return sendJson(request, 200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources: [] });
      if (path.endsWith('/pods')) {
        const selector = request.query.get('labelSelector') ?? '';
        const { items } = await cluster.client.list(pods, { namespace: 'default', labelSelector: selector });
        const reported = items.flatMap(({ metadata }) => {
          const usage = cpu.get(metadata.labels?.['app'] ?? '');
          return usage === undefined ? [] : [{ metadata: { name: metadata.name, namespace: 'default' }, timestamp: stamp(), window: '0s', containers: [{ name: 'c', usage: { cpu: `${usage}m`, memory: '1Mi' } }] }];
        });
        return sendJson(request, 200, { kind: 'PodMetricsList', apiVersion, metadata: {}, items: reported });
      }
      if (path.endsWith('/services/web/rate')) {
        return sendJson(request, 200, { kind: 'MetricValueList', apiVersion, metadata: {}, items: [{ describedObject: { kind: 'Service', name: 'web' }, metric: { name: 'rate' }, timestamp: stamp(), value: rate }] });
      }
      if (path.endsWith('/namespaces/default/queue')) {
        assert.equal(request.query.get('labelSelector'), 'of=work');
        return sendJson(request, 200, { kind: 'ExternalMetricValueList', apiVersion, metadata: {}, items: [{ metricName: 'queue', metricLabels: {}, timestamp: stamp(), value: queueLength }] });
      }
      sendJson(request, 404, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', message: `no metric at ${path}`, code: 404 });
    },
  });
}

before(async () => {
  metrics = await metricsServer();
  const proxyAuthority = await createAuthority({ commonName: 'front-proxy-ca' });
  const proxy = await issue(proxyAuthority, { commonName: 'front-proxy-client', usages: ['client'] });
  cluster = await controlPlane({
    nodes: [{ name: 'a' }], api: { frontProxy: { cert: proxy.certPem, key: proxy.keyPem, authority: proxyAuthority.certPem } },
    controllers: { clusterCidr: '10.244.0.0/16', autoscaler: { syncPeriodMs: 300, downscaleStabilizationMs: 1000, cpuInitializationPeriodMs: 0, initialReadinessDelayMs: 0 } },
  });
  await until('default account', 'get serviceaccount default -o name', /^serviceaccount\/default$/);
  await kubectl('create -f -', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'metrics' }, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: metrics.port }] } });
  for (const [group, version] of [['metrics.k8s.io', 'v1beta1'], ['custom.metrics.k8s.io', 'v1beta2'], ['external.metrics.k8s.io', 'v1beta1']] as const) {
    await kubectl('create -f -', {
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}` },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name: 'metrics', namespace: 'default', port: metrics.port } },
    });
    await until('available', `get apiservice ${version}.${group} -o jsonpath={.status.conditions[0].status}`, /^True$/);
  }
  for (const name of ['web', 'batch', 'idle', 'queue']) {
    await kubectl('create -f -', {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
      spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i', resources: name === 'idle' ? {} : { requests: { cpu: '200m' } } }] } } },
    });
    await kubectl(`rollout status deployment/${name} --timeout=20s`);
  }
});

after(async () => {
  await cluster.stop();
  await metrics.close();
});

test('a busy deployment grows, an idle one shrinks again', async () => {
  cpu.set('web', 300);
  await kubectl('autoscale deployment web --cpu=50% --min=1 --max=6');
  await until('growth', replicas('web'), /^6$/);
  assert.equal(await until('limit', condition('web', 'ScalingLimited'), /^True/), 'True,TooManyReplicas,the desired replica count is more than the maximum replica count');
  assert.equal(await kubectl(condition('web', 'ScalingActive')), 'True,ValidMetricFound,the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)');
  await until('table', 'get hpa web --no-headers', /^web +Deployment\/web +cpu: 150%\/50% +1 +6 +6/);
  assert.match(await kubectl('get events --field-selector involvedObject.name=web,reason=SuccessfulRescale -o jsonpath={.items[*].message}'), /New size: 3; reason: cpu resource utilization \(percentage of request\) above target/);
  cpu.set('web', 10);
  await until('shrinking', replicas('web'), /^1$/);
  assert.equal(await until('first version', 'get --raw /apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/web', /"currentCPUUtilizationPercentage":5/).then((text) => JSON.parse(text).spec.targetCPUUtilizationPercentage), 50);
  assert.match(await kubectl('describe hpa web'), /ScalingActive +True +ValidMetricFound/);
  await kubectl('delete hpa web');
});

test('what it cannot know it says', async () => {
  await kubectl('autoscale deployment idle --cpu=50% --max=3');
  await until('no metrics', condition('idle', 'ScalingActive'), /^False,FailedGetResourceMetric,the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API$/);
  cpu.set('idle', 10);
  await until('no requests', condition('idle', 'ScalingActive'), /failed to get cpu utilization: missing request for cpu in container c of Pod idle-/);
  await until('event', 'get events --field-selector involvedObject.name=idle,reason=FailedComputeMetricsReplicas -o jsonpath={.items[*].message}',
    /invalid metrics \(1 invalid out of 1\), first error is: failed to get cpu resource metric value: failed to get cpu utilization: missing request/);
  await kubectl('scale deployment idle --replicas=0');
  await until('disabled', condition('idle', 'ScalingActive'), /^False,ScalingDisabled,/);
  await kubectl('create -f -', autoscaler('nothing', {}));
  await until('no target', condition('nothing', 'AbleToScale'), /^False,FailedGetScale,the HPA controller was unable to get the target's current scale: deployments(\/scale)?\.apps "nothing" not found$/);
  await kubectl('create -f -', autoscaler('unknown', { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Daemon', name: 'x' } }));
  await until('no kind', condition('unknown', 'AbleToScale'), /no matches for kind "Daemon" in group "apps"$/);
  await kubectl('delete hpa --all');
});

test('objects and external metrics, bounds, and rates', async () => {
  queueLength = '30';
  await kubectl('create -f -', autoscaler('queue', {
    minReplicas: 2,
    behavior: { scaleUp: { tolerance: '0.5', policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }] }, scaleDown: { stabilizationWindowSeconds: 0 } },
    metrics: [
      { type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { of: 'work' } } }, target: { type: 'AverageValue', averageValue: '5' } } },
      { type: 'Object', object: { describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' }, metric: { name: 'rate' }, target: { type: 'Value', value: '100' } } },
    ],
  }));
  assert.equal(await kubectl('get hpa queue -o jsonpath={.spec.behavior.scaleUp.tolerance}'), '', 'a field behind a gate that is off is not kept');
  await until('limited', condition('queue', 'ScalingLimited'), /^True,ScaleUpLimit,/);
  await until('growth', replicas('queue'), /^6$/);
  await until('shown', 'get hpa queue --no-headers', /^queue +Deployment\/queue +5\/5 \(avg\), 0\/100 +2 +10 +6/);
  queueLength = '0';
  await until('shrinking to the least', replicas('queue'), /^2$/);
  rate = '250m';
  await until('thousandths', 'get hpa queue -o jsonpath={.status.currentMetrics[1].object.current.value}', /^250m$/);
  await kubectl('delete hpa queue');
});

test('two autoscalers over the same pods do nothing', async () => {
  cpu.set('batch', 100);
  await kubectl('create -f -', autoscaler('batch', {}));
  await kubectl('create -f -', { ...autoscaler('batch', {}), metadata: { name: 'twin' } });
  assert.match(await until('ambiguous', condition('twin', 'ScalingActive'), /^False,AmbiguousSelector/), /pods by selector app=batch are controlled by multiple HPAs: \[default\/batch default\/twin\]$/);
});
