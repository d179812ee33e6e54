/** A report in columns, with bars, in one of the languages. */
import { figures } from './facts.ts';
import type { ContainerReport, MemoryReport } from './report.ts';
import type { OomDistance, Step } from './views.ts';
import { say, type Language } from './words.ts';

/** `140Ki`, `5.3Mi`, `5032Mi`. */
export function bytesText(bytes: number): string {
  const size = Math.abs(bytes);
  if (size < 2 ** 20) return `${Math.round(bytes / 1024)}Ki`;
  const mi = bytes / 2 ** 20;
  return `${size < 10 * 2 ** 20 ? mi.toFixed(1) : Math.round(mi)}Mi`;
}

/** How many columns a character takes: CJK ones take two. */
function width(text: string): number {
  let n = 0;
  for (const c of text) n += c >= '\u2e80' ? 2 : 1;
  return n;
}

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

const barColumns = 30;

function bar(from: number, length: number, scale: number): string {
  const start = Math.round((from / scale) * barColumns);
  const cells = Math.max(length > 0 ? 1 : 0, Math.round((length / scale) * barColumns));
  return (' '.repeat(Math.min(start, barColumns - 1)) + '█'.repeat(cells)).slice(0, barColumns);
}

function waterfallLines(steps: readonly Step[], language: Language): string[] {
  const scale = Math.max(1, steps[0]?.bytes ?? 1);
  let at = 0;
  return steps.map((step) => {
    const indent = { total: '  ', minus: '  ', part: '    ', of: '      ' }[step.kind];
    const text = pad(`${indent}${say(step.label, language)}`, 56);
    if (step.kind === 'of') return `${text}${`(${bytesText(step.bytes)})`.padStart(10)}`;
    const size = Math.abs(step.bytes);
    const from = step.kind === 'total' ? 0 : step.kind === 'minus' ? scale - size : at;
    if (step.kind === 'part') at += step.bytes;
    return `${text}${bytesText(step.bytes).padStart(9)}  ${bar(Math.max(0, from), size, scale)}`.trimEnd();
  });
}

function oomLines(oom: OomDistance, language: Language): string[] {
  const values = { limit: bytesText(oom.limit), reclaimable: bytesText(oom.reclaimable), unreclaimable: bytesText(oom.unreclaimable), distance: bytesText(oom.distance) };
  const used = Math.round((oom.unreclaimable / Math.max(1, oom.limit)) * barColumns);
  return [`  ${say(oom.of === 'cgroup' ? 'oom.cgroup' : 'oom.machine', language, values)}`, `  [${'█'.repeat(used)}${'░'.repeat(Math.max(0, barColumns - used))}] ${values.unreclaimable} / ${values.limit}`];
}

function containerLines(c: ContainerReport, language: Language): string[] {
  const out = [say('heading.parts', language)];
  if (c.facts.cgroup !== undefined) out.push(`  ${c.facts.cgroup} (cgroup v${c.facts.cgroupVersion})`);
  out.push(...waterfallLines(c.waterfall, language));
  if (c.facts.wholeMachine) out.push(`  ${bytesText(figures(c.facts).kernel)}: ${say('note.wholeMachine', language)}`);
  if (c.facts.swap) out.push(`  ${say('note.swap', language, { swap: bytesText(c.facts.swap) })}`);
  out.push('', say('heading.tools', language));
  for (const view of c.views) out.push(`  ${pad(view.name, 38)}${bytesText(view.bytes).padStart(9)}  = ${view.formula}`, `      ${say(`why.${view.why}`, language)}`);
  for (const s of c.samples) {
    const values = { there: bytesText(s.there), here: bytesText(s.here), apart: bytesText(Math.abs(s.there - s.here)) };
    out.push(`  ${say(`samples.${s.of === 'docker' ? 'docker' : 'top'}`, language, values)}`);
  }
  out.push('', say('heading.oom', language), ...(c.oom ? oomLines(c.oom, language) : [`  ${say('oom.none', language)}`]));
  return out;
}

function nodeLines(report: MemoryReport, language: Language): string[] {
  const { pods } = report;
  if (!pods) return [];
  const line = (label: string, bytes: number): string => `${pad(`    ${say(label, language)}`, 56)}${bytesText(bytes).padStart(9)}  ${bar(0, bytes, Math.max(1, pods.node))}`.trimEnd();
  const within = pods.cgroup?.workingSet;
  return [
    say('heading.node', language), line('node.containers', pods.containers),
    ...(within === undefined ? [line('node.rest', pods.node - pods.containers)] : [line('node.podCgroups', within - pods.containers), line('node.outside', pods.node - within)]),
    line('node.whole', pods.node), `  ${say('note.node', language)}`, '',
  ];
}

export function reportText(report: MemoryReport, language: Language): string {
  const out: string[] = [report.time ? `${report.subject}  ${report.time}` : report.subject, ''];
  for (const c of report.containers) {
    if (report.containers.length > 1) out.push(`── ${c.container} ──`);
    out.push(...containerLines(c, language), '');
  }
  if (report.podOom) out.push(say('heading.podOom', language), ...oomLines(report.podOom, language), '');
  if (report.pause) out.push(say('heading.pause', language), `  ${say('pause', language, { workingSet: bytesText(report.pause.workingSet), usage: bytesText(report.pause.usage) })}`, `  ${say('note.pause', language)}`, '');
  out.push(...nodeLines(report, language));
  if (report.sample) {
    const s = report.sample;
    out.push(say('heading.sample', language), `  ${say('sample', language, { timestamp: s.timestamp, window: s.window, age: String(s.ageSeconds) })}`, `  ${(report.path ?? []).join(' → ')}`, `  ${say('note.sample', language)}`, '');
  } else if (report.noSample) out.push(say('heading.sample', language), `  ${say('sample.none', language)}`, '');
  const notes = ['inactiveFile', 'oom', 'script', 'docker', 'rssCache', ...(report.subject.startsWith('node/') ? ['nodeTop'] : ['execTop'])];
  out.push(say('heading.notes', language), ...notes.map((note) => `  · ${say(`note.${note}`, language)}`), '');
  return out.join('\n');
}
