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
      pod('burner', 'dd if=/dev/zero of=/mine bs=1M count=8; while :; do :; done', { resources: { limits: { cpu: '50m' } } }),
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
    await cluster.ok('wait', '--for=condition=Ready', 'pod/young', '--timeout=60s');
    const doctor = await cluster.k7s(['kubectl', '--', 'top', 'doctor', 'pod/young']);
    assert.match(doctor.stdout, /^(wait {2}pod\/young runs since \d+ s only: .*|ok {4}pod\/young has figures)$/m);
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
    assert.match(await cluster.ok('top', 'pod'), /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nburner .*\nhungry +\d+m +\d{3}Mi *\n/m);
    assert.match(await cluster.ok('top', 'pod', 'hungry', '--containers'), /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\nhungry +main +\d+m +\d{3}Mi *\n$/);
    assert.match(await cluster.ok('top', 'node'), /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\n\S+ +\d+m +\d+% +\d+Mi +\d+% *\n$/);
    assert.match(await cluster.ok('top', 'pod', '-n', 'kube-system', '--sum'), /metrics-server/);
  });

  test('an hour of history is kept, and k7s kubectl top shows it, with disks, network, pressure and throttling', async () => {
    const top = async (...args: string[]): Promise<Item[]> => {
      const outcome = await cluster.k7s(['kubectl', '--', 'top', ...args, '-o', 'json']);
      assert.equal(outcome.code, 0, outcome.stderr);
      return (JSON.parse(outcome.stdout) as { items: Item[] }).items;
    };
    interface Spread { last: number; min: number; avg: number; max: number; values: number[] }
    interface Item {
      metadata: { name: string };
      history?: { step: string; times: number[]; memoryBytes: Spread };
      storage?: { usedBytes?: number; ephemeralBytes?: number };
      network?: { rxBytes: number };
      throttling?: { throttledPercent: number };
    }
    const hungry = await eventually('three points of history, and what the kubelet measures', async () => {
      const found = (await top('pod', '--history', '--network', '--storage', '--throttling')).find((item) => item.metadata.name === 'hungry');
      return (found?.history?.times.length ?? 0) >= 3 && found?.storage?.ephemeralBytes ? found : undefined;
    }, 90);
    const { usage, inactiveFile } = memoryCgroupOf(await containerId('hungry'));
    const { last, min, avg, max } = hungry.history!.memoryBytes;
    assert.ok(Math.abs(last - (usage - inactiveFile)) <= 0.02 * usage, `last ${last}, cgroup ${usage - inactiveFile}`);
    assert.ok(min <= avg && avg <= max && last <= max, JSON.stringify(hungry.history));
    assert.deepEqual([hungry.history!.step, hungry.history!.times.toSorted((a, b) => a - b)], ['15s', hungry.history!.times]);
    // Independent of the kubelet: what the pod itself sees of its network.
    const seen = Number(/eth0: *(\d+)/.exec(await cluster.ok('exec', 'hungry', '--', 'cat', '/proc/net/dev'))?.[1]);
    assert.ok(hungry.network!.rxBytes > 0 && hungry.network!.rxBytes <= seen && seen - hungry.network!.rxBytes < 4096, `${hungry.network!.rxBytes} shown, ${seen} counted`);
    assert.ok(hungry.storage!.ephemeralBytes! < mi, `${hungry.storage!.ephemeralBytes} bytes on disk`);
    // Folders are measured beside the requests, each minute.
    await eventually('what a container wrote', async () => {
      const written = (await top('pod', '-l', 'app=burner', '--storage'))[0]?.storage?.ephemeralBytes ?? 0;
      return written >= 8 * mi && written < 9 * mi;
    }, 90);
    assert.equal(hungry.throttling, undefined);
    const throttled = await eventually('a throttled container', async () => {
      const item = (await top('pod', '-l', 'app=burner', '--throttling'))[0];
      return item?.throttling && item.throttling.throttledPercent > 50 ? item : undefined;
    }, 60);
    const stat = await cluster.ok('exec', 'burner', '--', 'sh', '-c', 'cat /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu,cpuacct/cpu.stat /sys/fs/cgroup/cpu.stat 2>/dev/null || true');
    const share = (Number(/nr_throttled (\d+)/.exec(stat)?.[1]) / Number(/nr_periods (\d+)/.exec(stat)?.[1])) * 100;
    assert.ok(Math.abs(share - throttled.throttling!.throttledPercent) < 10, `${throttled.throttling!.throttledPercent} % shown, ${share} % by its own cpu.stat`);
    const [node] = await top('node', '--history', '--storage', '--network', '--pressure');
    assert.ok(node?.history && node.history.memoryBytes.max > 0 && node.storage!.usedBytes! > 0 && node.network!.rxBytes > 0);
    assert.match(await cluster.ok('get', 'pods.history.metrics.k7s.io'), /^NAME +SINCE +POINTS +STEP +CPU\(MIN\)/);
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
    const doctor = await cluster.k7s(['kubectl', '--', 'top', 'doctor']);
    assert.deepEqual([doctor.code, doctor.stdout.split('\n')[0]], [1, 'bad   Nobody serves metrics.k8s.io: kubectl says "error: Metrics API not available".']);
  });
});
