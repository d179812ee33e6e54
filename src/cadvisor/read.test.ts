import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupOf, children, detectLayout } from './layout.ts';
import { readCgroup } from './read.ts';

const golden = join(import.meta.dirname, '../../test/golden/cgroup');

test('v1: working set is usage minus the inactive file cache of the whole subtree', () => {
  const layout = detectLayout(join(golden, 'v1'));
  assert.equal(layout.version, 1);
  const sample = readCgroup(layout, '/pod/c1', 5000)!;
  assert.equal(sample.memory!.usage, 5309456384);
  assert.equal(sample.memory!.workingSet, 5309456384 - 32800768);
  assert.equal(sample.memory!.rss, 607436800);
  assert.equal(sample.memory!.limit, 5368709120);
  assert.equal(sample.memory!.failcnt, 3);
  assert.equal(sample.memory!.oomKills, 1);
  assert.deepEqual(sample.cpu, {
    usage: 123456789000, user: 100e9, system: 23.45e9, perCpu: [100000000000, 23456789000], periods: 40, throttledPeriods: 10, throttledTime: 5000000,
  });
  assert.deepEqual(sample.processes, { threads: 7 });
  assert.deepEqual(sample.io, [{ major: 254, minor: 0, readBytes: 4096, writeBytes: 8192, reads: 1, writes: 2 }]);
});

test('v2: the same figures come from other files, in other units', () => {
  const layout = detectLayout(join(golden, 'v2'));
  assert.equal(layout.version, 2);
  const sample = readCgroup(layout, '/pod/c1', 5000)!;
  assert.equal(sample.memory!.workingSet, 104857600 - 30000000);
  assert.equal(sample.memory!.rss, 60000000);
  assert.equal(sample.memory!.kernel, 2000000);
  assert.equal(sample.memory!.limit, undefined);
  assert.equal(sample.memory!.oomKills, 1);
  assert.equal(sample.cpu!.usage, 2.5e9);
  assert.equal(sample.cpu!.throttledTime, 700000);
  assert.deepEqual(sample.processes, { threads: 3, threadsMax: 100 });
  assert.deepEqual(sample.io, [{ major: 254, minor: 0, readBytes: 1024, writeBytes: 2048, reads: 3, writes: 4 }]);
  assert.equal(sample.pressure!.memory!.some.total, 1234);
});

test('v2: the root has no memory.current; anon + file stand in for it and swap is the machine\'s', () => {
  const sample = readCgroup(detectLayout(join(golden, 'v2')), '/', 0, join(golden, 'v2/proc'))!;
  assert.equal(sample.memory!.usage, 3000000);
  assert.equal(sample.memory!.workingSet, 2500000);
  assert.equal(sample.memory!.swap, 1024 * 1024);
});

test('a cgroup that is gone is no error', () => {
  for (const version of ['v1', 'v2']) assert.equal(readCgroup(detectLayout(join(golden, version)), '/pod/gone', 0), undefined);
});

test('discovery lists children once, whatever the number of controllers', () => {
  assert.deepEqual(children(detectLayout(join(golden, 'v1')), '/pod'), ['/pod/c1']);
});

test('the cgroup of a process, on v1, hybrid and v2', () => {
  const hybrid = '5:pids:/a\n4:memory,hugetlb:/b/c\n1:name=systemd:/d\n0::/e\n';
  assert.equal(cgroupOf(hybrid, 1), '/b/c');
  assert.equal(cgroupOf('0::/e:f\n', 2), '/e:f');
  assert.equal(cgroupOf('1:name=systemd:/d\n', 1), undefined);
});
