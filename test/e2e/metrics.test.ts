/** `kubectl top` on real containers: every number is held against the cgroup's own files. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, memoryCgroupOf, TestCluster, whyNoContainers } from './profile.ts';

const mi = 2 ** 20;

interface PodMetricsList { items: { metadata: { name: string }; timestamp: string; containers: { name: string; usage: { cpu: string; memory: string } }[] }[] }

function bytes(quantity: string): number {
  const unit = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, '': 1, k: 1000, M: 1e6 }[/[A-Za-z]*$/.exec(quantity)![0]];
  assert.ok(unit !== undefined, `unit of ${quantity}`);
  return Number.parseFloat(quantity) * unit;
}

describe('kubectl top', { skip: whyNoContainers() ?? false }, () => {
  let cluster: TestCluster;
  const pod = (name: string, command: string, extra: object = {}) => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', command], ...extra }] },
  });
  const containerId = async (name: string, container = 'main'): Promise<string> => {
    const text = await cluster.ok('get', 'pod', name, '-o', `jsonpath={.status.containerStatuses[?(@.name=="${container}")].containerID}`);
    return text.replace('containerd://', '');
  };
  const metricsOf = async (name: string) => {
    const list = JSON.parse(await cluster.ok('get', '--raw', '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods')) as PodMetricsList;
    return list.items.find((item) => item.metadata.name === name);
  };

  before(async () => {
    cluster = await TestCluster.start('e2e-metrics');
    await cluster.apply([
      pod('quiet', 'sleep 100000'),
      // awk keeps what it reads: 100 MiB of anonymous memory.
      pod('hungry', 'head -c 104857600 /dev/zero | tr "\\0" x | awk \'{ held = $0; print length(held); fflush(); system("sleep 100000") }\''),
    ]);
    await cluster.ok('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s');
  });
  after(async () => {
    await cluster?.delete();
  });

  test('a pod without figures yet is named, with its age', async () => {
    await cluster.apply(pod('young', 'sleep 100000'));
    const outcome = await cluster.kubectl(['top', 'pod', '-l', 'app=young']);
    assert.equal(outcome.code, 1, outcome.stdout);
    assert.match(outcome.stderr, /^error: metrics not available yet\n|^error: Metrics not available for pod default\/young, age: /m);
    const byName = await cluster.kubectl(['top', 'pod', 'young']);
    assert.match(byName.stderr, /Error from server \(NotFound\): podmetrics\.metrics\.k8s\.io "default\/young" not found/);
  });

  test('the working set is usage minus inactive file, within 2 % of the cgroup files', async () => {
    for (const name of ['quiet', 'hungry']) {
      const id = await containerId(name);
      await eventually(`figures of ${name} that agree`, async () => {
        const seen = await metricsOf(name);
        if (!seen) return undefined;
        const { usage, inactiveFile } = memoryCgroupOf(id);
        const [shown, real] = [bytes(seen.containers[0]!.usage.memory), usage - inactiveFile];
        assert.ok(Math.abs(shown - real) <= Math.max(0.02 * real, 4096 * 4), `${name}: shown ${shown}, cgroup ${real}`);
        return true;
      }, 90);
    }
    const shown = bytes((await metricsOf('hungry'))!.containers[0]!.usage.memory);
    assert.ok(shown >= 100 * mi && shown < 330 * mi, `100 MiB allocated, ${shown / mi} MiB shown`);
  });

  test('top pod, --containers and top node print upstream\'s columns', async () => {
    assert.match(await cluster.ok('top', 'pod'), /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nhungry +\d+m +\d{3}Mi *\n/m);
    assert.match(await cluster.ok('top', 'pod', 'hungry', '--containers'), /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\nhungry +main +\d+m +\d{3}Mi *\n$/);
    assert.match(await cluster.ok('top', 'node'), /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\n\S+ +\d+m +\d+% +\d+Mi +\d+% *\n$/);
    assert.match(await cluster.ok('top', 'pod', '-n', 'kube-system', '--sum'), /metrics-server/);
  });

  test('another --metric-resolution takes effect through the deployment\'s args', async () => {
    const before = await cluster.ok('get', 'deployment', 'metrics-server', '-n', 'kube-system', '-o', 'jsonpath={.spec.template.spec.containers[0].args}');
    const args = (JSON.parse(before) as string[]).map((arg) => (arg.startsWith('--metric-resolution') ? '--metric-resolution=12s' : arg));
    // What `kubectl edit` does, without a person at an editor.
    const outcome = await cluster.kubectl(['edit', 'deployment', 'metrics-server', '-n', 'kube-system'], { env: { KUBE_EDITOR: 'sed -i s/--metric-resolution=15s/--metric-resolution=12s/' } });
    assert.equal(outcome.code, 0, outcome.stderr);
    await cluster.ok('rollout', 'status', 'deployment/metrics-server', '-n', 'kube-system', '--timeout=90s');
    const running = (): Promise<string> => cluster.ok('get', 'pod', '-n', 'kube-system', '-l', 'k8s-app=metrics-server', '-o', 'jsonpath={range .items[*]}{.spec.containers[0].args}{"\\n"}{end}');
    await eventually('only the new pod', async () => (await running()) === `${JSON.stringify(args)}\n`);
    // Two samples 12 s apart, not 15, show the new resolution at work.
    const first = await eventually('a first sample', () => metricsOf('quiet'), 90);
    const second = await eventually('a newer sample', async () => {
      const next = await metricsOf('quiet');
      return next && next.timestamp !== first.timestamp ? next : undefined;
    }, 30);
    const apart = Date.parse(second.timestamp) - Date.parse(first.timestamp);
    assert.ok(apart >= 11_000 && apart <= 13_500, `${apart} ms apart`);
  });

  test('without metrics-server kubectl says so', async () => {
    assert.equal((await cluster.k7s(['addons', 'disable', 'metrics-server'])).code, 0);
    const outcome = await eventually('the error', async () => {
      const top = await cluster.kubectl(['top', 'node']);
      return top.code !== 0 ? top : undefined;
    });
    assert.equal(outcome.stderr, 'error: Metrics API not available\n');
  });
});
