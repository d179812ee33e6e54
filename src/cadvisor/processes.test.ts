import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDisks } from './disks.ts';
import { containerMetrics } from './exposition.ts';
import { detectLayout } from './layout.ts';
import { openFilesLimit, readProcesses } from './processes.ts';
import { readCgroup } from './read.ts';
import { readSpec, readSwapLimit } from './spec.ts';

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'k7s-cgroup-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('processes, open files, sockets and the limit; a process that ended meanwhile counts without its files', (t) => {
  const root = tree({
    'cgroup/cgroup.controllers': '', 'cgroup/c/cgroup.procs': '0\n7\n9\n',
    'proc/7/limits': 'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n',
  });
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'proc/7/fd'));
  for (const [fd, target] of ['/dev/null', 'socket:[1]', 'socket:[2]', 'pipe:[3]'].entries()) symlinkSync(target, join(root, `proc/7/fd/${fd}`));
  assert.deepEqual(readProcesses(detectLayout(join(root, 'cgroup')), '/c', join(root, 'proc')), { processes: 2, fileDescriptors: 4, sockets: 2, openFiles: { soft: 1024, hard: 524288 } });
  assert.deepEqual(openFilesLimit('Max open files            unlimited            unlimited            files'), { soft: Infinity, hard: Infinity });
  assert.deepEqual(readProcesses(detectLayout(join(root, 'cgroup')), '/gone', join(root, 'proc')), { processes: 0, fileDescriptors: 0, sockets: 0 });
});

test('a real process: what is counted is what /proc shows', { skip: process.platform !== 'linux' }, async (t) => {
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child, 'spawn');
  const root = tree({ 'cgroup.controllers': '', 'c/cgroup.procs': `${child.pid}\n` });
  t.after(() => {
    child.kill();
    rmSync(root, { recursive: true });
  });
  const read = readProcesses(detectLayout(root), '/c');
  assert.equal(read.processes, 1);
  assert.equal(read.fileDescriptors, readdirSync(`/proc/${child.pid}/fd`).length);
  assert.ok(read.openFiles!.soft > 0);
});

test('settings: v1 and v2 files give the same facts, "max" and the huge number of v1 are no limit', (t) => {
  const v2 = tree({
    'cgroup.controllers': '', 'c/cpu.weight': '39\n', 'c/cpu.max': '50000 100000\n', 'c/memory.max': '1048576\n', 'c/memory.min': '4096\n', 'c/memory.swap.max': '0\n', 'c/pids.max': 'max\n',
    'd/cpu.max': 'max 100000\n', 'd/memory.max': 'max\n',
  });
  const v1 = tree({
    'memory/memory.usage_in_bytes': '0', 'memory/c/memory.limit_in_bytes': '1048576\n', 'memory/c/memory.soft_limit_in_bytes': '9223372036854771712\n', 'memory/c/memory.memsw.limit_in_bytes': '2097152\n',
    'cpu/cgroup.procs': '', 'cpu/c/cpu.shares': '1024\n', 'cpu/c/cpu.cfs_quota_us': '-1\n', 'cpu/c/cpu.cfs_period_us': '100000\n',
  });
  t.after(() => [v1, v2].forEach((root) => rmSync(root, { recursive: true })));
  const { createdAt, ...c2 } = readSpec(detectLayout(v2), '/c');
  assert.ok(createdAt! > 0);
  assert.deepEqual(c2, { cpuShares: 998, cpuQuota: 50_000, cpuPeriod: 100_000, memoryLimit: 1 << 20, memoryReservation: 4096, swapLimit: 0 });
  const { createdAt: at, ...d2 } = readSpec(detectLayout(v2), '/d');
  assert.ok(at! > 0);
  assert.deepEqual(d2, { cpuPeriod: 100_000 });
  const { createdAt: since, ...c1 } = readSpec(detectLayout(v1), '/c');
  assert.ok(since! > 0);
  assert.deepEqual(c1, { cpuShares: 1024, cpuPeriod: 100_000, memoryLimit: 1 << 20, swapLimit: 2 << 20 });
  assert.deepEqual(readSpec(detectLayout(v1), '/gone'), {});
  assert.deepEqual([readSwapLimit(detectLayout(v2), '/c'), readSwapLimit(detectLayout(v1), '/c'), readSwapLimit(detectLayout(v2), '/d')], [0, 1 << 20, undefined]);
});

test('disks: time spent reading and writing, by the name of the device', () => {
  const disks = parseDisks(' 254       0 vda 100 5 800 250 40 2 320 1000 1 900 1250 0 0 0 0\n');
  const layout = detectLayout(join(import.meta.dirname, '../../test/golden/cgroup/v1'));
  const sample = readCgroup(layout, '/pod/c1', 5000)!;
  const disk = disks.get('254:0')!;
  const filesystem = { device: '/dev/vda', deviceId: '254:0', capacity: 10, available: 4, used: 6, inodes: 3, inodesFree: 1 };
  const machine = containerMetrics([{ labels: { id: '/' }, sample: { timestamp: 5000 }, disks, filesystems: [{ ...filesystem, disk }] }]);
  assert.match(machine, /^container_fs_read_seconds_total\{device="\/dev\/vda",id="\/"\} 0.25 5000$/m);
  assert.match(machine, /^container_fs_reads_total\{device="\/dev\/vda",id="\/"\} 100 5000$/m);
  assert.match(machine, /^container_scrape_error 0$/m);
  const container = containerMetrics([{ labels: { id: '/pod/c1' }, sample, spec: { cpuQuota: 50_000 }, disks, processes: { processes: 2, fileDescriptors: 4, sockets: 1, openFiles: { soft: Infinity, hard: Infinity } } }]);
  assert.match(container, /^container_fs_writes_total\{device="\/dev\/vda",id="\/pod\/c1"\} 2 5000$/m);
  assert.match(container, /^container_cpu_cfs_periods_total\{id="\/pod\/c1"\} 40 5000$/m);
  assert.match(container, /^container_spec_cpu_quota\{id="\/pod\/c1"\} 50000$/m);
  assert.match(container, /^container_ulimits_soft\{id="\/pod\/c1",ulimit="max_open_files"\} -1 5000$/m);
  assert.doesNotMatch(containerMetrics([{ labels: { id: '/pod/c1' }, sample, spec: {} }]), /cfs_/, 'no quota, no throttling');
});
