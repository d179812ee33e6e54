import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { figures } from './facts.ts';
import { recordedFacts } from './recorded.ts';
import { containerReport, reportJson } from './report.ts';
import { reportText } from './text.ts';
import { oomDistance, sampleDifferences, views, waterfall } from './views.ts';
import { languageOf, say } from './words.ts';

const folder = join(import.meta.dirname, '../../examples/explain/stackoverflow-50865763');
const recorded = recordedFacts(new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])));
const mi = (bytes: number): number => Math.round(bytes / 2 ** 20);

test('5039Mi against 681MiB: the working set is derived, the rest is kernel memory by subtraction', () => {
  const f = figures(recorded);
  assert.equal(mi(f.workingSet), 5032);
  assert.equal(f.kernelMeasured, false);
  assert.equal(f.kernel, 5309456384 - 607436800 - 119492608);
  const byName = new Map(views(recorded).map((v) => [v.name, v.bytes]));
  assert.equal(mi(byName.get('kubectl top')!), 5039);
  assert.equal(byName.get('ps RSS'), 698076 * 1024);
  assert.equal(byName.get('docker stats'), 5327712256 - 29974528);
  assert.equal(byName.get('docker stats (before 20.10)'), 5327712256 - 109944832);
  assert.equal(byName.get('script of the document'), 607436800 + 119492608 + 5525504 - 32800768);
});

test('the parts of the waterfall add up to usage, and usage minus inactive file is the working set', () => {
  const steps = waterfall(recorded);
  const parts = steps.filter((s) => s.kind === 'part').reduce((sum, s) => sum + s.bytes, 0);
  assert.equal(parts, recorded.usage);
  assert.equal(steps.at(0)!.bytes + steps.find((s) => s.kind === 'minus')!.bytes, steps.at(-1)!.bytes);
});

test('the OOM killer looks at what cannot be reclaimed', () => {
  const oom = oomDistance(recorded)!;
  assert.equal(oom.unreclaimable, 5309456384 - 32800768 - 81166336);
  assert.equal(oom.distance, 5368709120 - oom.unreclaimable);
  // 10 pages of cache are on no list: 4 are locked, the rest is in transit.
  const transit = { cgroupVersion: 2, usage: 100, limit: 200, stat: new Map([['anon', 20], ['file', 80], ['shmem', 10], ['active_file', 40], ['inactive_file', 20], ['unevictable', 4]]) } as const;
  assert.deepEqual(oomDistance(transit), { limit: 200, of: 'cgroup', reclaimable: 66, unreclaimable: 34, distance: 166 });
  assert.equal(oomDistance({ cgroupVersion: 2, usage: 1, stat: new Map() }), undefined);
});

test('v2 measures kernel memory, so nothing is left to subtraction', () => {
  const f = figures({ cgroupVersion: 2, usage: 1000, stat: new Map([['anon', 500], ['file', 300], ['kernel', 150], ['inactive_file', 100]]) });
  assert.deepEqual([f.kernel, f.kernelMeasured, f.remainder, f.workingSet], [150, true, 50, 900]);
});

test('a recording of v2: shared memory is what cannot be reclaimed', () => {
  const v2 = join(folder, '../tmpfs-cgroup-v2');
  const files = new Map(readdirSync(v2).map((name) => [name, readFileSync(join(v2, name), 'utf8')]));
  const facts = recordedFacts(files);
  const line = (key: string): number => Number(files.get('memory.stat')!.split('\n').find((l) => l.startsWith(`${key} `))!.split(' ')[1]);
  const current = Number(files.get('memory.current'));
  const f = figures(facts);
  assert.deepEqual([facts.cgroupVersion, f.usage, f.workingSet, f.shmem, f.kernel, f.kernelMeasured], [2, current, current - line('inactive_file'), line('shmem'), line('kernel'), true]);
  assert.ok(f.shmem >= 40 * 2 ** 20);
  assert.deepEqual(oomDistance(facts)!.unreclaimable, current - (line('file') - line('shmem')));
  assert.equal(waterfall(facts).find((s) => s.label === 'slab')?.bytes, line('slab'));
});

test('the root cgroup counts no kernel memory into its usage, so none is a part of it', () => {
  const machine = { cgroupVersion: 1, usage: 800, kernel: 150, wholeMachine: true, stat: new Map([['total_rss', 500], ['total_cache', 300]]) } as const;
  const f = figures(machine);
  assert.deepEqual([f.kernel, f.remainder], [150, 0]);
  const steps = waterfall(machine);
  assert.equal(steps.filter((s) => s.kind === 'part').reduce((sum, s) => sum + s.bytes, 0), 800);
  assert.ok(!steps.some((s) => s.label === 'kernel'));
  assert.match(reportText({ subject: 'node/n', containers: [containerReport('n', machine)] }, 'en'), /kernel memory, which the root cgroup does not count/);
});

test('every step and view has its sentence in both languages', () => {
  for (const language of ['en', 'zh'] as const) {
    for (const step of waterfall(recorded)) assert.notEqual(say(step.label, language), step.label);
    for (const view of views(recorded)) assert.notEqual(say(`why.${view.why}`, language), `why.${view.why}`);
  }
  assert.equal(languageOf('zh_CN.UTF-8'), 'zh');
  assert.equal(languageOf(undefined), 'en');
  assert.equal(languageOf(undefined, { LANG: 'zh_CN.UTF-8' }), 'zh');
  assert.equal(languageOf(undefined, { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }), 'en');
  assert.equal(languageOf('en', { LANG: 'zh_CN.UTF-8' }), 'en');
});

test('no sentence of a report is missing or unfilled, in either language', () => {
  const machine = recordedFacts(new Map([['memory.current', '900'], ['memory.stat', 'anon 400\nfile 300\ninactive_file 100\nkernel 200\nslab 150\n'], ['memory.swap.current', '7000000'], ['meminfo', 'MemTotal: 4000 kB\nMemFree: 1000 kB\nMemAvailable: 3000 kB\n']]));
  const containers = [containerReport('a', machine), containerReport('b', recorded)];
  const sample = { timestamp: '2026-01-01T00:00:00Z', window: '15s', ageSeconds: 4 };
  const pod = { subject: 'pod/x', containers, pause: { usage: 2, workingSet: 1 }, podOom: oomDistance(recorded)!, sample, path: ['/x', 'kubectl'] };
  const node = { subject: 'node/x', containers: [containerReport('x', { ...machine, wholeMachine: true })], pods: { containers: 1, node: 5, cgroup: { name: '/kubepods', workingSet: 3 } }, noSample: true as const };
  for (const language of ['en', 'zh'] as const) {
    for (const report of [pod, node]) {
      const text = reportText(report, language);
      assert.doesNotMatch(text, /[{}]|(note|why|heading|oom|samples|node|sample)\.[a-z]/i);
      if (language === 'zh') assert.match(text, /起决定作用|自身没有上限/);
    }
  }
});

test('a container without a limit ends with the machine; free and kernel parts are told', () => {
  const facts = recordedFacts(new Map([['memory.current', '900'], ['memory.max', 'max\n'], ['memory.stat', 'anon 400\nfile 300\nkernel 200\nslab 150\n'], ['meminfo', 'MemTotal: 4000 kB\nMemFree: 1000 kB\nMemAvailable: 3000 kB\nBuffers: 100 kB\nCached: 1500 kB\nSReclaimable: 200 kB\n']]));
  assert.deepEqual(oomDistance(facts), { limit: 4_096_000, of: 'machine', reclaimable: 2_048_000, unreclaimable: 1_024_000, distance: 3_072_000 });
  const byName = new Map(views(facts).map((v) => [v.name, v.bytes]));
  assert.deepEqual([byName.get('free'), byName.get('free (before procps 4)')], [1_024_000, 1200 * 1024]);
  assert.deepEqual(waterfall(facts).filter((s) => s.kind === 'of').map((s) => [s.label, s.bytes]), [['slab', 150]]);
});

test('readings of other moments are named with how far they are apart', () => {
  assert.deepEqual(sampleDifferences(recorded), [
    { of: 'kubectl top', figure: 'workingSet', there: 5039 * 2 ** 20, here: 5309456384 - 32800768 }, { of: 'docker', figure: 'usage', there: 5327712256, here: 5309456384 },
  ]);
  const text = reportText({ subject: 'x', containers: [containerReport('recorded', recorded)] }, 'en');
  assert.match(text, /kubectl top is of another moment: 5039Mi in its sample, 5032Mi here, 6\.8Mi apart/);
  assert.match(text, /docker's answer is of another moment: usage 5081Mi in its sample, 5063Mi here, 17Mi apart/);
});

test('on v1 the least limit of all above counts', () => {
  const facts = recordedFacts(new Map([['memory.usage_in_bytes', '5'], ['memory.limit_in_bytes', '9223372036854771712'], ['memory.stat', 'hierarchical_memory_limit 4096\n']]));
  assert.equal(facts.limit, 4096);
});

test('the report says it for people in columns and for programs as data', () => {
  const report = { subject: 'pod/x', containers: [containerReport('c', recorded)], sample: { timestamp: '2026-01-01T00:00:00Z', window: '15s', ageSeconds: 4 } };
  const text = reportText(report, 'en');
  assert.match(text, /^ {4}kernel memory, by subtraction \(usage − rss − cache\) +4370Mi /m);
  assert.match(text, /^ {2}working set: what kubectl top shows +5032Mi /m);
  assert.match(text, /window 15s, 4 s old/);
  assert.match(reportText(report, 'zh'), /工作集：kubectl top 显示的值 +5032Mi/);
  const data = reportJson(report) as { containers: { figures: { workingSet: number }; oom: { distance: number } }[] };
  assert.equal(data.containers[0]!.figures.workingSet, 5309456384 - 32800768);
});
