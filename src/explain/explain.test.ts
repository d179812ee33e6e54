import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { figures } from './facts.ts';
import { recordedFacts } from './recorded.ts';
import { containerReport, reportJson, reportText } from './report.ts';
import { oomDistance, views, waterfall } from './views.ts';
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
  assert.deepEqual(oomDistance(transit), { limit: 200, reclaimable: 66, unreclaimable: 34, distance: 166 });
  assert.equal(oomDistance({ cgroupVersion: 2, usage: 1, stat: new Map() }), undefined);
});

test('v2 measures kernel memory, so nothing is left to subtraction', () => {
  const f = figures({ cgroupVersion: 2, usage: 1000, stat: new Map([['anon', 500], ['file', 300], ['kernel', 150], ['inactive_file', 100]]) });
  assert.deepEqual([f.kernel, f.kernelMeasured, f.remainder, f.workingSet], [150, true, 50, 900]);
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
