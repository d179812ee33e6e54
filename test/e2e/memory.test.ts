/**
 * Four pods with four kinds of memory: `kubectl top`, `top explain` and the kernel must agree about each, and the kernel's OOM kill
 * must come where explain says. All readings of this file's own are independent of the product's readers.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, TestCluster, whyNoContainers } from './profile.ts';

const mi = 2 ** 20;

interface Oom { readonly limit: number; readonly of: string; readonly reclaimable: number; readonly unreclaimable: number; readonly distance: number }

interface Explained {
  readonly sample?: { readonly timestamp: string; readonly window: string; readonly ageSeconds: number };
  readonly pause?: { readonly usage: number; readonly workingSet: number };
  readonly podsTotal?: number;
  readonly pods?: { readonly containers: number; readonly node: number; readonly cgroup?: { readonly name: string; readonly workingSet: number } };
  readonly podOom?: Oom;
  readonly path?: readonly string[];
  readonly containers: readonly {
    readonly cgroup: string;
    readonly samples: readonly { readonly of: string; readonly there: number; readonly here: number }[];
    readonly figures: Readonly<Record<'usage' | 'anon' | 'rss' | 'file' | 'shmem' | 'activeFile' | 'inactiveFile' | 'mappedFile' | 'workingSet' | 'kernel' | 'remainder', number>> & { readonly kernelMeasured: boolean };
    readonly waterfall: readonly { readonly label: string; readonly bytes: number; readonly kind: string }[];
    readonly views: readonly { readonly name: string; readonly bytes: number }[];
    readonly oom?: Oom;
    readonly processes: readonly { readonly pid: number; readonly rss: number; readonly pss?: number }[];
  }[];
}

/** What the kernel says of one cgroup, under v2's names. */
interface Kernel {
  readonly usage: number;
  readonly anon: number;
  readonly file: number;
  readonly shmem: number;
  readonly active: number;
  readonly inactive: number;
  readonly mapped: number;
  readonly kernel: number;
  readonly limit: number;
  readonly most: number | undefined;
  readonly pids: readonly number[];
}

/** The folder with the memory files of a cgroup whose name contains `id`. */
function memoryFolder(id: string): string {
  const found = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `*${id}*`], { encoding: 'utf8' }).stdout.trim().split('\n');
  const folder = found.find((path) => path.includes('/memory/')) ?? found[0];
  assert.ok(folder, `no cgroup of ${id}`);
  return folder;
}

function kernelSays(folder: string): Kernel {
  const v1 = /\/memory(\/|$)/.test(folder);
  const number = (name: string): number => Number(readFileSync(join(folder, name), 'utf8'));
  const text = readFileSync(join(folder, 'memory.stat'), 'utf8');
  const stat = (key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  const shared = { inactive: stat(v1 ? 'total_inactive_file' : 'inactive_file'), active: stat(v1 ? 'total_active_file' : 'active_file'), shmem: stat(v1 ? 'total_shmem' : 'shmem'), pids };
  return v1
    ? { ...shared, usage: number('memory.usage_in_bytes'), anon: stat('total_rss'), file: stat('total_cache'), mapped: stat('total_mapped_file'), kernel: number('memory.kmem.usage_in_bytes'), limit: number('memory.limit_in_bytes'), most: number('memory.max_usage_in_bytes') }
    : { ...shared, usage: number('memory.current'), anon: stat('anon'), file: stat('file'), mapped: stat('file_mapped'), kernel: stat('kernel'), limit: number('memory.max'), most: existsSync(join(folder, 'memory.peak')) ? number('memory.peak') : undefined };
}

/** Lines of /proc/meminfo, in bytes. */
function machineSays(): Record<'MemTotal' | 'MemFree' | 'MemAvailable' | 'Buffers' | 'Cached' | 'SReclaimable', number> {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const of = (key: string): number => Number(new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(text)![1]) * 1024;
  return { MemTotal: of('MemTotal'), MemFree: of('MemFree'), MemAvailable: of('MemAvailable'), Buffers: of('Buffers'), Cached: of('Cached'), SReclaimable: of('SReclaimable') };
}

/** Resident bytes by /proc/PID/statm (pages), proportional ones by adding up every mapping of /proc/PID/smaps. */
function processSays(pid: number): { rss: number; pss: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  const page = Number(spawnSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }).stdout);
  const pss = [...readFileSync(`/proc/${pid}/smaps`, 'utf8').matchAll(/^Pss:\s+(\d+) kB$/gm)].reduce((sum, [, kib]) => sum + Number(kib) * 1024, 0);
  return { rss: pages * page, pss };
}

/** Within 2 %, or a few pages where the figure is small: the kernel charges and counts in batches for each CPU. */
function near(what: string, shown: number | undefined, real: number, slack = 64 * 4096): void {
  assert.ok(shown !== undefined && Math.abs(shown - real) <= Math.max(0.02 * real, slack), `${what}: shown ${shown}, read ${real}`);
}

function bytes(quantity: string): number {
  const unit = { Ki: 2 ** 10, Mi: mi, Gi: 2 ** 30, '': 1, k: 1000, M: 1e6 }[/[A-Za-z]*$/.exec(quantity)![0]];
  assert.ok(unit !== undefined, `unit of ${quantity}`);
  return Number.parseFloat(quantity) * unit;
}

const limit = 160 * mi;
const shm = { volumes: [{ name: 'shm', emptyDir: { medium: 'Memory' } }] };
const pod = (name: string, command: string, options: { volumes?: object[]; path?: string; limit?: string } = {}) => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0, restartPolicy: 'Never', volumes: options.volumes ?? [],
    containers: [{
      name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', command], resources: { limits: { memory: options.limit ?? '160Mi' } },
      volumeMounts: options.path ? [{ name: 'shm', mountPath: options.path }] : [],
    }],
  },
});

/** For each pod: which figure of the kernel's must hold most of its memory, and how much. */
const kinds = {
  cache: { of: (k: Kernel) => k.file - k.shmem, least: 96 * mi },
  anon: { of: (k: Kernel) => k.anon, least: 64 * mi },
  shared: { of: (k: Kernel) => k.shmem, least: 80 * mi },
  tmpfs: { of: (k: Kernel) => k.shmem, least: 64 * mi },
} as const;

describe('memory: top, explain and the kernel agree', { skip: whyNoContainers() ?? false }, () => {
  let cluster: TestCluster;
  const folders = new Map<string, string>();
  const explain = async (subject: string): Promise<Explained> => {
    const outcome = await cluster.k7s(['kubectl', '--', 'top', 'explain', subject, '-o', 'json']);
    assert.equal(outcome.code, 0, outcome.stderr);
    return JSON.parse(outcome.stdout) as Explained;
  };
  const containerFolder = async (name: string): Promise<string> => {
    const id = await cluster.ok('get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].containerID}');
    return memoryFolder(id.replace('containerd://', ''));
  };
  const usageOf = async (name: string): Promise<number | undefined> => {
    const outcome = await cluster.kubectl(['get', '--raw', `/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/${name}`]);
    return outcome.code === 0 ? bytes((JSON.parse(outcome.stdout) as { containers: { usage: { memory: string } }[] }).containers[0]!.usage.memory) : undefined;
  };

  before(async () => {
    cluster = await TestCluster.start('e2e-memory');
    await cluster.apply([
      pod('cache', 'dd if=/dev/zero of=/big bs=1M count=96 && sync && cat /big /big > /dev/null; sleep 100000'),
      pod('anon', 'head -c 67108864 /dev/zero | tr "\\0" x | fold -w 8192 | awk \'{ held[NR] = $0 } END { system("sleep 100000") }\''),
      // The program itself runs from there, so that some of the shared memory is mapped.
      pod('shared', 'cp /bin/busybox /dev/shm/sleep && dd if=/dev/zero of=/dev/shm/a bs=1M count=80 && /dev/shm/sleep 100000', { ...shm, path: '/dev/shm' }),
      pod('tmpfs', 'for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/fill/$i bs=1M count=8; done; sleep 100000', { ...shm, path: '/fill' }),
      pod('grower', 'mkfifo /in && exec 3<>/in && exec awk \'{ held[NR] = $0 }\' <&3', { limit: '128Mi' }),
    ]);
    await cluster.ok('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s');
    for (const [name, kind] of Object.entries(kinds)) {
      const folder = await containerFolder(name);
      folders.set(name, folder);
      await eventually(`${name} has its memory`, async () => kind.of(kernelSays(folder)) >= 0.8 * kind.least);
    }
  });
  after(async () => {
    await cluster?.delete();
  });

  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name}: one figure within 2 % by kubectl top, explain and the cgroup files`, async () => {
      const folder = folders.get(name)!;
      // The pods stand still, but pages just read still move between the kernel's lists: all must agree at one time.
      await eventually(`the figures of ${name} agree`, async () => {
        const [shown, explained, real] = [await usageOf(name), await explain(`pod/${name}`), kernelSays(folder)];
        const workingSet = real.usage - real.inactive;
        near('metrics API', shown, workingSet);
        near('kubectl top (whole Mi)', Number(/^\S+ +\d+m +(\d+)Mi/m.exec(await cluster.ok('top', 'pod', name, '--no-headers'))?.[1]) * mi, workingSet, 0.02 * workingSet + mi);
        const [container] = explained.containers;
        assert.ok(container);
        near('explain, kubectl top', container.views.find((v) => v.name === 'kubectl top')?.bytes, workingSet);
        near('explain, working set', container.figures.workingSet, workingSet);
        assert.equal(container.oom?.limit, limit);
        near('explain, not reclaimable', container.oom.unreclaimable, real.usage - (real.file - real.shmem));
        assert.ok(kind.of(real) >= 0.85 * real.usage, `${name} holds ${kind.of(real)} of ${real.usage}`);
        return true;
      }, 90);
    });

    test(`${name}: every number of explain against an independent reading`, async () => {
      const folder = folders.get(name)!;
      const [explained, k, machine] = [await explain(`pod/${name}`), kernelSays(folder), machineSays()];
      const { figures, views, waterfall, oom, processes } = explained.containers[0]!;
      near('usage', figures.usage, k.usage);
      near('anon', figures.anon, k.anon);
      near('rss', figures.rss, k.anon);
      near('file', figures.file, k.file);
      near('shmem', figures.shmem, k.shmem);
      near('active file', figures.activeFile, k.active);
      near('inactive file', figures.inactiveFile, k.inactive);
      near('mapped file', figures.mappedFile, k.mapped);
      if (name === 'shared') assert.ok(figures.mappedFile > 0, 'the program in shared memory is mapped');
      assert.equal(figures.kernelMeasured, true);
      near('kernel', figures.kernel, k.kernel);
      near('remainder', figures.remainder, k.usage - k.anon - k.file - k.kernel);

      // The parts add up exactly: they are of one moment.
      assert.equal(waterfall.filter((s) => s.kind === 'part').reduce((sum, s) => sum + s.bytes, 0), figures.usage);
      assert.equal(waterfall.find((s) => s.label === 'workingSet')?.bytes, figures.usage - figures.inactiveFile);

      const perProcess = k.pids.map(processSays);
      const expected: Record<string, number> = {
        container_memory_working_set_bytes: k.usage - k.inactive, container_memory_usage_bytes: k.usage, container_memory_rss: k.anon, container_memory_cache: k.file,
        'docker stats': k.usage - k.inactive, 'docker stats (before 20.10)': k.usage - k.file, 'script of the document': k.anon + k.file + k.shmem - k.inactive,
        'ps RSS': perProcess.reduce((sum, p) => sum + p.rss, 0), PSS: perProcess.reduce((sum, p) => sum + p.pss, 0), 'kubectl top': (await usageOf(name))!,
        container_memory_mapped_file: k.mapped, container_memory_kernel_usage: k.kernel, ...(k.most === undefined ? {} : { container_memory_max_usage_bytes: k.most }),
        free: machine.MemTotal - machine.MemAvailable, 'free (before procps 4)': machine.MemTotal - machine.MemFree - machine.Buffers - machine.Cached - machine.SReclaimable,
      };
      assert.deepEqual(views.map((v) => v.name).sort(), Object.keys(expected).sort());
      // The machine as a whole does not stand still while this runs.
      for (const view of views) near(view.name, view.bytes, expected[view.name]!, view.name.startsWith('free') ? 0.03 * machine.MemTotal : undefined);
      assert.ok(folder.endsWith(explained.containers[0]!.cgroup), explained.containers[0]!.cgroup);
      assert.deepEqual(explained.containers[0]!.samples.map((s) => [s.of, s.there, s.here]), [['kubectl top', views.find((v) => v.name === 'kubectl top')!.bytes, figures.workingSet]]);
      assert.equal(explained.path?.[0], explained.containers[0]!.cgroup);
      assert.deepEqual(processes.map((p) => p.pid).sort((a, b) => a - b), [...k.pids].sort((a, b) => a - b));
      for (const p of processes) {
        near(`rss of ${p.pid}`, p.rss, processSays(p.pid).rss);
        near(`pss of ${p.pid}`, p.pss, processSays(p.pid).pss);
      }

      assert.ok(oom);
      assert.equal(oom.limit, k.limit);
      near('reclaimable', oom.reclaimable, k.file - k.shmem);
      assert.deepEqual([oom.unreclaimable, oom.distance], [figures.usage - oom.reclaimable, oom.limit - oom.unreclaimable]);
      await checkPause(name, explained);
      const { sample } = explained;
      assert.ok(sample && sample.ageSeconds >= 0 && sample.ageSeconds <= 40, `age ${sample?.ageSeconds}`);
    });
  }

  /** The pod's cgroup holds one more than the container: the sandbox, whose only process is pause. */
  async function checkPause(name: string, explained: Explained): Promise<void> {
    const uid = await cluster.ok('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}');
    const podFolder = memoryFolder(uid);
    const inner = spawnSync('find', [podFolder, '-mindepth', '1', '-type', 'd'], { encoding: 'utf8' }).stdout.trim().split('\n');
    const [sandbox, ...more] = inner.filter((path) => path !== folders.get(name));
    assert.ok(sandbox && more.length === 0, inner.join('\n'));
    const k = kernelSays(sandbox);
    near('pause', explained.pause?.usage, k.usage);
    near('pause, working set', explained.pause?.workingSet, k.usage - k.inactive);
    const whole = kernelSays(podFolder);
    assert.deepEqual([explained.podOom?.limit, explained.podOom?.of], [whole.limit, 'cgroup']);
    near('the pod, not reclaimable', explained.podOom?.unreclaimable, whole.usage - (whole.file - whole.shmem));
  }

  test('node: explain says what the node\'s cgroup says, and what its pods add up to', async () => {
    const name = await cluster.ok('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}');
    const root = existsSync('/sys/fs/cgroup/memory/memory.stat') ? '/sys/fs/cgroup/memory' : undefined;
    // The whole machine never stands still, and the program that explains is itself on it: what is shown lies among
    // readings taken all the while it ran, or we look again.
    await eventually('figures of the node that agree', async () => {
      const metricsFirst = await nodeUsage(name);
      const readings: Kernel[] = [];
      const reading = setInterval(() => root && readings.push(kernelSays(root)), 10);
      const explained = await explain(`node/${name}`).finally(() => clearInterval(reading));
      const metricsSecond = await nodeUsage(name);
      const { figures, waterfall, views } = explained.containers[0]!;
      const parts = waterfall.filter((s) => s.kind === 'part').reduce((sum, s) => sum + s.bytes, 0);
      assert.equal(parts, figures.usage);
      assert.ok(Math.abs(figures.remainder) <= 0.02 * figures.usage, `remainder ${figures.remainder}`);
      assert.ok([metricsFirst, metricsSecond].includes(views.find((v) => v.name === 'kubectl top')?.bytes ?? 0), 'kubectl top');
      const pods = JSON.parse(await cluster.ok('get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods')) as { items: { containers: { usage: { memory: string } }[] }[] };
      near('sum of the pods', explained.podsTotal, pods.items.flatMap((p) => p.containers).reduce((sum, c) => sum + bytes(c.usage.memory), 0), 8 * mi);
      assert.ok(figures.workingSet > explained.podsTotal!, `${figures.workingSet} > ${explained.podsTotal}`);
      const { oom } = explained.containers[0]!;
      const machine = machineSays();
      assert.deepEqual([oom?.of, oom?.limit], ['machine', machine.MemTotal]);
      near('left on the machine', oom?.distance, machine.MemAvailable, 0.03 * machine.MemTotal);
      assert.deepEqual([explained.pods?.containers, explained.pods?.node], [explained.podsTotal, figures.workingSet]);
      if (!root) return true;
      // All pods' cgroup, between what the containers add up to and the node.
      const all = kernelSays(join(root, explained.pods!.cgroup!.name));
      near("the pods' cgroup", explained.pods?.cgroup?.workingSet, all.usage - all.inactive, 4 * mi);
      assert.ok(readings.length > 0);
      const between = (what: string, shown: number, of: (k: Kernel) => number): void => {
        const [low, high] = [Math.min(...readings.map(of)), Math.max(...readings.map(of))];
        assert.ok(shown >= 0.98 * low && shown <= 1.02 * high, `${what}: ${shown}, read ${low} to ${high}`);
      };
      between('usage', figures.usage, (k) => k.usage);
      between('anon', figures.anon, (k) => k.anon);
      between('file', figures.file, (k) => k.file);
      between('kernel', figures.kernel, (k) => k.kernel);
      between('working set', figures.workingSet, (k) => k.usage - k.inactive);
      return true;
    }, 60);
  });

  async function nodeUsage(name: string): Promise<number> {
    return bytes((JSON.parse(await cluster.ok('get', '--raw', `/apis/metrics.k8s.io/v1beta1/nodes/${name}`)) as { usage: { memory: string } }).usage.memory);
  }

  test('page cache up to the limit kills nothing; the OOM kill comes when what cannot be reclaimed reaches it', async () => {
    const folder = await containerFolder('grower');
    const whole = 128 * mi;
    // Active page cache: a file as large as the limit, read again and again.
    await cluster.ok('exec', 'grower', '--', 'sh', '-c', 'dd if=/dev/zero of=/big bs=1M count=110 2>/dev/null; sync; cat /big /big /big > /dev/null');
    const full = kernelSays(folder);
    assert.ok(full.usage >= 0.8 * whole, `page cache fills the cgroup: ${full.usage / mi} MiB`);
    let oom = (await explain('pod/grower')).containers[0]!.oom!;
    assert.ok(oom.distance > 0.9 * whole, `nothing but cache, and ${oom.distance / mi} MiB left`);

    // Half of what explain says is left, again and again: as long as less is asked for than is left, the container lives.
    const grow = (mebibytes: number) => cluster.kubectl(['exec', 'grower', '--', 'sh', '-c', `head -c ${mebibytes * mi} /dev/zero | tr '\\0' x | fold -w 8192 > /in; echo > /in`]);
    const state = async () => JSON.parse(await cluster.ok('get', 'pod', 'grower', '-o', 'jsonpath={.status.containerStatuses[0].state}')) as { running?: object; terminated?: { reason: string; exitCode: number } };
    for (let step = Math.floor(oom.distance / 2 / mi); step >= 2; step = Math.floor(oom.distance / 2 / mi)) {
      const before = kernelSays(folder).anon;
      assert.equal((await grow(step)).code, 0);
      oom = await eventually(`explain sees ${step} MiB more`, async () => {
        const { oom: next, figures } = (await explain('pod/grower')).containers[0]!;
        return figures.anon >= before + step * mi * 0.97 - mi ? next : undefined;
      }, 30);
      const k = kernelSays(folder);
      near('not reclaimable', oom.unreclaimable, k.usage - (k.file - k.shmem));
      assert.ok((await state()).running, `killed at ${oom.unreclaimable / mi} MiB, with ${oom.distance / mi} MiB left`);
    }
    // A MiB at a time: what explain said last is within 2 % of the limit and the step when the kill comes.
    let last = oom.unreclaimable;
    for (let i = 0; i < 12 && (await state()).running; i++) {
      const outcome = await cluster.k7s(['kubectl', '--', 'top', 'explain', 'pod/grower', '-o', 'json']);
      if (outcome.code === 0) last = (JSON.parse(outcome.stdout) as Explained).containers[0]!.oom!.unreclaimable;
      await grow(1);
    }
    const { terminated } = await eventually('the OOM kill in the status', async () => {
      const now = await state();
      return now.terminated ? now : undefined;
    }, 30);
    assert.deepEqual([terminated?.reason, terminated?.exitCode], ['OOMKilled', 137]);
    assert.ok(last + mi >= 0.98 * whole && last <= whole, `explain said ${last / mi} MiB of ${whole / mi} MiB before the last MiB was asked for`);
  });
});
