/** The life of a cluster: from nothing to Ready, stop and start, kill -9 of whatever, and nothing left at the end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, TestCluster, whyNoContainers } from './profile.ts';

/** Everything on this machine that a cluster could leave behind. */
function traces(): { mounts: string[]; namespaces: string[]; tables: string[]; links: string[]; cgroups: string[]; processes: string[] } {
  const lines = (program: string, ...args: string[]): string[] => spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } }).stdout.split('\n').filter(Boolean).sort();
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => /k7s|kubelet|containerd/.test(line)).map((line) => line.split(' ')[4]!).sort(),
    namespaces: lines('ip', 'netns', 'list'),
    tables: lines('nft', 'list', 'tables'),
    links: lines('ip', '-o', 'link').map((line) => line.split(':')[1]!.trim()).sort(),
    cgroups: globSync('/sys/fs/cgroup/*/k7s/*').sort(),
    processes: globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
      try {
        const command = readFileSync(file, 'utf8').replaceAll('\0', ' ').trim();
        return /e2e-life|containerd-shim/.test(command) && !command.includes('--test') && !command.includes('lifecycle.test') ? [command] : [];
      } catch {
        return [];
      }
    }).sort(),
  };
}

/** What is there now and was not before. */
function added(before: ReturnType<typeof traces>, now: ReturnType<typeof traces>): string[] {
  return (Object.keys(now) as (keyof typeof now)[]).flatMap((kind) => now[kind].filter((item) => !before[kind].includes(item)).map((item) => `${kind} ${item}`));
}

describe('the life of a cluster', { skip: whyNoContainers() ?? false }, () => {
  const was = traces();
  let cluster: TestCluster;
  const ready = async (): Promise<boolean> => / Ready /.test(await cluster.ok('get', 'node'));
  const pidOf = (part: RegExp): number => {
    for (const file of globSync('/proc/[0-9]*/cmdline')) {
      try {
        const command = readFileSync(file, 'utf8').replaceAll('\0', ' ');
        if (part.test(command) && command.includes('e2e-life')) return Number(file.split('/')[2]);
      } catch {
        // gone between listing and reading
      }
    }
    throw new Error(`no process ${part}`);
  };

  before(async () => {
    cluster = await TestCluster.start('e2e-life');
  });
  after(async () => {
    await cluster?.delete();
  });

  test('status and node list read as minikube\'s', async () => {
    assert.equal((await cluster.k7s(['status'])).stdout, 'e2e-life\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n\n');
    assert.match((await cluster.k7s(['node', 'list'])).stdout, /^e2e-life\t192\.168\.\d+\.2\n$/);
    assert.equal(await cluster.ok('config', 'current-context'), 'e2e-life\n');
    const listed = await cluster.ok('get', 'pod', '-n', 'kube-system');
    for (const part of ['etcd-e2e-life', 'kube-apiserver-e2e-life', 'kube-controller-manager-e2e-life', 'kube-scheduler-e2e-life']) assert.match(listed, new RegExp(`^${part} +1/1 +Running `, 'm'));
  });

  test('kill -9 of server and agent: containers go on, nothing is doubled or lost', async () => {
    await cluster.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'steady' }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sleep', '100000'] }] } });
    await cluster.ok('wait', '--for=condition=Ready', 'pod/steady', '--timeout=60s');
    const identity = (): Promise<string> => cluster.ok('get', 'pod', 'steady', '-o', 'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.podIP}');
    const before = await identity();
    for (const part of [/ agent /, / server /]) {
      const pid = pidOf(part);
      process.kill(pid, 'SIGKILL');
      await eventually(`a new process for ${part}`, async () => pidOf(part) !== pid, 30);
      await eventually('a Ready node', ready, 60);
    }
    await cluster.ok('annotate', 'pod', 'steady', 'seen=again');
    assert.equal(await eventually('the pod as it was', async () => (await cluster.ok('get', 'pod', 'steady')).includes('Running') && identity()), before);
  });

  test('stop ends the containers too, start brings them back', async () => {
    const stopped = await cluster.k7s(['stop'], { timeoutMs: 60_000 });
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.notEqual((await cluster.kubectl(['get', 'node', '--request-timeout=2s'])).code, 0);
    assert.deepEqual(added(was, traces()).filter((trace) => trace.startsWith('processes')), []);
    assert.match((await cluster.k7s(['status'])).stdout, /host: Stopped\nkubelet: Stopped\napiserver: Stopped\n/);
    const started = await cluster.k7s(['start'], { timeoutMs: 120_000 });
    assert.equal(started.code, 0, started.stderr);
    assert.ok(await ready());
    await eventually('the pod again', async () => /^steady +1\/1 +Running +1 /m.test(await cluster.ok('get', 'pod')), 60);
  });

  test('delete leaves nothing, also after kill -9 of everything', async () => {
    for (const part of [/ supervis/, / server /, / agent /, /containerd --config/]) process.kill(pidOf(part), 'SIGKILL');
    const deleted = await cluster.k7s(['delete'], { timeoutMs: 120_000 });
    assert.equal(deleted.code, 0, deleted.stderr);
    await eventually('a clean machine', async () => {
      assert.deepEqual(added(was, traces()), []);
      return true;
    }, 20);
    assert.ok(!existsSync(join(cluster.env['K7S_HOME']!, 'profiles/e2e-life')));
    assert.doesNotMatch(readFileSync(cluster.kubeconfig, 'utf8'), /e2e-life/);
  });

  test('what cannot work is said in one line, with a way out', async () => {
    const unknown = await cluster.k7s(['start', '--kubernetes-version=v1.20.0']);
    assert.notEqual(unknown.code, 0);
    assert.equal(unknown.stderr.trim().split('\n').length, 1, unknown.stderr);
  });
});
