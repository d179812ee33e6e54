/**
 * Statistics and `top explain` on live cgroups of version 2, whatever the machine itself has: in a user-mode Linux (one process,
 * seconds to start), over this machine's files, read-only. The figures are held against the files as `cat` read them there.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const mi = 2 ** 20;
const guest = join(import.meta.dirname, 'cgroupv2guest.ts');

function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'user-mode Linux is for Linux on x86-64';
  if (process.env['CI'] === 'true') return undefined;
  for (const program of ['linux.uml', 'busybox']) if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `${program} is not installed`;
  return undefined;
}

type Files = Readonly<Record<string, string>>;
interface Explained {
  readonly pause: { readonly usage: number; readonly workingSet: number };
  readonly podOom: { readonly limit: number; readonly unreclaimable: number };
  readonly pods: { readonly cgroup: { readonly name: string; readonly workingSet: number }; readonly node: number };
  readonly noSample?: boolean;
  readonly containers: readonly {
    readonly cgroup: string;
    readonly cgroupVersion: number;
    readonly figures: Readonly<Record<string, number>>;
    readonly waterfall: readonly { readonly label: string; readonly bytes: number; readonly kind: string }[];
    readonly views: readonly { readonly name: string; readonly bytes: number }[];
    readonly oom: { readonly limit: number; readonly of: string; readonly reclaimable: number; readonly unreclaimable: number; readonly distance: number };
    readonly processes: readonly { readonly pid: number; readonly rss: number; readonly pss: number }[];
  }[];
}
interface Answer {
  readonly pods: Readonly<Record<string, { explained: Explained; files: Files; pod: Files; pause: Files; processes: readonly { pid: number; statm: string; smaps: string }[] }>>;
  readonly node: { readonly explained: Explained; readonly files: Files; readonly all: Files; readonly meminfo: string };
  readonly statistics: { readonly summary: { node: { memory: Record<string, number> }; pods: { podRef: { name: string }; containers: { memory: Record<string, number> }[] }[] }; readonly resource: string; readonly cadvisor: string; readonly burner: Files };
  readonly grower: { readonly signal: string; readonly most: number; readonly limit: number; readonly events: string };
}

const stat = (files: Files, key: string, file = 'memory.stat'): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(files[file] ?? '')?.[1] ?? Number.NaN);
const near = (what: string, shown: number | undefined, real: number, slack = 64 * 4096): void => assert.ok(shown !== undefined && Math.abs(shown - real) <= Math.max(0.02 * real, slack), `${what}: shown ${shown}, read ${real}`);

/** Its memory is a file in /dev/shm, which containers often make small; a disk does as well, slower. */
function sharedMemoryFits(): boolean {
  const mounted = readFileSync('/proc/mounts', 'utf8').split('\n').find((line) => line.split(' ')[1] === '/dev/shm');
  if (!mounted || mounted.includes('noexec')) return false;
  const { bavail, bsize } = statfsSync('/dev/shm');
  return bavail * bsize > 1024 * mi;
}

describe('live cgroups v2', { skip: whyNot() ?? false }, () => {
  const folder = mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'k7s-uml-'));
  let answer: Answer;

  before(async () => {
    mkdirSync(join(folder, 'uml'));
    writeFileSync(join(folder, 'cached'), Buffer.alloc(32 * mi, 'x'));
    // The first program of the machine: what it mounts is its own, and the files of this machine it cannot write but here.
    writeFileSync(join(folder, 'init'), `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /tmp && mount -t hostfs -o ${folder} none /mnt
# Its own /tmp hides a checkout that lies in this machine's.
[ -e ${guest} ] || { mkdir -p ${process.cwd()} && mount -t hostfs -o ro,${process.cwd()} none ${process.cwd()}; }
cd ${process.cwd()}
timeout 90 ${process.execPath} --disable-warning=ExperimentalWarning ${guest} /mnt /mnt/cached > /mnt/log 2>&1
echo "ended with $?" >> /mnt/log
sync
echo o > /proc/sysrq-trigger
sleep 10
`, { mode: 0o755 });
    const uml = spawn('linux.uml', ['mem=768M', 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${join(folder, 'init')}`, `uml_dir=${join(folder, 'uml')}`, 'con=null', 'con0=null,fd:1', 'ssl=null', 'quiet'], {
      stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { PATH: process.env['PATH'] ?? '', ...(sharedMemoryFits() ? {} : { TMPDIR: folder }) },
    });
    let said = '';
    for (const stream of [uml.stdout, uml.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    // Its processes are a group of their own; nothing of it outlives the test.
    const end = (): void => {
      try {
        process.kill(-uml.pid!, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    const deadline = setTimeout(end, 120_000);
    await once(uml, 'close');
    clearTimeout(deadline);
    end();
    const file = join(folder, 'answer.json');
    assert.ok(existsSync(file), `${said.slice(-3000)}\n${existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').slice(-3000) : 'nothing ran'}`);
    answer = JSON.parse(readFileSync(file, 'utf8')) as Answer;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const name of ['cache', 'anon', 'shared', 'tmpfs']) {
    test(`${name}: every number of explain against the cgroup's files and /proc`, () => {
      const { explained, files, pod, pause, processes } = answer.pods[name]!;
      const [c] = explained.containers;
      assert.ok(c);
      const current = Number(files['memory.current']);
      const [anon, file, shmem, inactive, kernel] = ['anon', 'file', 'shmem', 'inactive_file', 'kernel'].map((key) => stat(files, key)) as [number, number, number, number, number];
      const kinds: Record<string, number> = { cache: file - shmem, anon, shared: shmem, tmpfs: shmem };
      assert.ok(kinds[name]! >= 0.7 * current, `${kinds[name]} of ${current}`);
      assert.deepEqual([c.cgroup, c.cgroupVersion, explained.noSample], [`/kubepods/pod${name}/main`, 2, true]);
      const expected: Record<string, number> = {
        usage: current, anon, rss: anon, file, shmem, activeFile: stat(files, 'active_file'), inactiveFile: inactive, mappedFile: stat(files, 'file_mapped'), kernel, workingSet: current - inactive, remainder: current - anon - file - kernel,
      };
      for (const [key, value] of Object.entries(expected)) near(key, c.figures[key], value);
      assert.equal(c.waterfall.filter((s) => s.kind === 'part').reduce((sum, s) => sum + s.bytes, 0), c.figures['usage']);
      for (const [label, key] of [['slab', 'slab'], ['pageTables', 'pagetables'], ['kernelStack', 'kernel_stack']] as const) near(label, c.waterfall.find((s) => s.label === label)?.bytes ?? 0, stat(files, key));
      const rss = processes.reduce((sum, p) => sum + Number(p.statm.split(' ')[1]) * 4096, 0);
      const pss = processes.reduce((sum, p) => sum + [...p.smaps.matchAll(/^Pss:\s+(\d+) kB$/gm)].reduce((n, [, kib]) => n + Number(kib) * 1024, 0), 0);
      const views: Record<string, number> = {
        container_memory_working_set_bytes: current - inactive, container_memory_usage_bytes: current, container_memory_rss: anon, container_memory_cache: file, container_memory_mapped_file: stat(files, 'file_mapped'),
        container_memory_kernel_usage: kernel, container_memory_max_usage_bytes: Number(files['memory.peak']), 'docker stats': current - inactive, 'docker stats (before 20.10)': current - file, 'ps RSS': rss, PSS: pss,
      };
      for (const [view, value] of Object.entries(views)) near(view, c.views.find((v) => v.name === view)?.bytes, value);
      assert.deepEqual([c.oom.limit, c.oom.of], [Number(files['memory.max']), 'cgroup']);
      near('not reclaimable', c.oom.unreclaimable, current - (file - shmem));
      assert.equal(explained.podOom.limit, Number(pod['memory.max']));
      near('the pod, not reclaimable', explained.podOom.unreclaimable, Number(pod['memory.current']) - (stat(pod, 'file') - stat(pod, 'shmem')));
      near('pause', explained.pause.usage, Number(pause['memory.current']));
    });
  }

  test('the node: anonymous memory and page cache, where the root has no memory.current; all pods; what the machine has left', () => {
    const { explained, files, all, meminfo } = answer.node;
    const [c] = explained.containers;
    assert.equal(files['memory.current'], undefined);
    near('usage', c!.figures['usage'], stat(files, 'anon') + stat(files, 'file'), 4 * mi);
    near('working set', c!.figures['workingSet'], stat(files, 'anon') + stat(files, 'file') - stat(files, 'inactive_file'), 4 * mi);
    near('all pods', explained.pods.cgroup.workingSet, Number(all['memory.current']) - stat(all, 'inactive_file'), mi);
    const of = (key: string): number => Number(new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1]) * 1024;
    assert.deepEqual([c!.oom.of, c!.oom.limit], ['machine', of('MemTotal')]);
    near('left', c!.oom.distance, of('MemAvailable'), 0.03 * of('MemTotal'));
    near('summary', answer.statistics.summary.node.memory['workingSetBytes'], stat(files, 'anon') + stat(files, 'file') - stat(files, 'inactive_file'), 8 * mi);
  });

  test('the kubelet\'s summary and metrics say the same', () => {
    const { summary, resource, cadvisor, burner } = answer.statistics;
    for (const name of ['cache', 'anon', 'shared', 'tmpfs']) {
      const { files } = answer.pods[name]!;
      const workingSet = Number(files['memory.current']) - stat(files, 'inactive_file');
      near(`${name}, summary`, summary.pods.find((p) => p.podRef.name === name)?.containers[0]?.memory['workingSetBytes'], workingSet);
      near(`${name}, resource`, Number(new RegExp(`^container_memory_working_set_bytes\\{container="main",namespace="default",pod="${name}"\\} (\\S+)`, 'm').exec(resource)?.[1]), workingSet);
      near(`${name}, cadvisor`, Number(new RegExp(`^container_memory_rss\\{container="main",[^}]*pod="${name}"\\} (\\S+)`, 'm').exec(cadvisor)?.[1]), stat(files, 'anon'));
    }
    // A tenth of a CPU: held back in nearly every period.
    const counter = (family: string): number => Number(new RegExp(`^container_cpu_cfs_${family}\\{container="main",[^}]*pod="burner"\\} (\\S+)`, 'm').exec(cadvisor)?.[1]);
    const [periods, throttled] = [stat(burner, 'nr_periods', 'cpu.stat'), stat(burner, 'nr_throttled', 'cpu.stat')];
    assert.ok(throttled > 0 && counter('throttled_periods_total') <= throttled && counter('throttled_periods_total') >= throttled - 20, `${counter('throttled_periods_total')} shown, ${throttled} read`);
    assert.ok(counter('periods_total') <= periods && counter('periods_total') >= periods - 20, `${counter('periods_total')} shown, ${periods} read`);
  });

  test('the OOM kill comes where explain says: at what cannot be reclaimed', () => {
    const { signal, most, limit, events } = answer.grower;
    assert.deepEqual([signal, stat({ 'memory.events': events }, 'oom_kill', 'memory.events')], ['SIGKILL', 1]);
    // A MiB is asked for at a time.
    assert.ok(most + mi >= 0.98 * limit && most <= limit, `${most} of ${limit}`);
  });
});
