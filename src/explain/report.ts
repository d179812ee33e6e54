/** The answer to "why does kubectl top say that", as data for programs and as text for people. */
import { figures, type MemoryFacts } from './facts.ts';
import { oomDistance, views, waterfall, type OomDistance, type Step, type View } from './views.ts';
import { say, type Language } from './words.ts';

export interface SampleAge {
  /** RFC 3339: the end of metrics-server's window. */
  readonly timestamp: string;
  readonly window: string;
  readonly ageSeconds: number;
}

export interface ContainerReport {
  readonly container: string;
  readonly facts: MemoryFacts;
  readonly waterfall: readonly Step[];
  readonly views: readonly View[];
  readonly oom?: OomDistance;
}

export interface MemoryReport {
  /** `pod/NAME`, `node/NAME`, or the folder of a recording. */
  readonly subject: string;
  readonly containers: readonly ContainerReport[];
  readonly pause?: { readonly usage: number; readonly workingSet: number };
  readonly sample?: SampleAge;
  /** For a node: what its pods add up to. */
  readonly podsTotal?: number;
}

export function containerReport(container: string, facts: MemoryFacts): ContainerReport {
  const oom = oomDistance(facts);
  return { container, facts, waterfall: waterfall(facts), views: views(facts), ...(oom ? { oom } : {}) };
}

/** Plain data: maps become objects. */
export function reportJson(report: MemoryReport): unknown {
  return {
    subject: report.subject,
    ...(report.sample ? { sample: report.sample } : {}),
    ...(report.pause ? { pause: report.pause } : {}),
    ...(report.podsTotal !== undefined ? { podsTotal: report.podsTotal } : {}),
    containers: report.containers.map((c) => ({
      container: c.container, figures: figures(c.facts), waterfall: c.waterfall, views: c.views, ...(c.oom ? { oom: c.oom } : {}), processes: c.facts.processes ?? [],
    })),
  };
}

export function mebibytes(bytes: number): string {
  const mi = bytes / 2 ** 20;
  return `${Math.abs(mi) < 10 ? mi.toFixed(1) : Math.round(mi)}Mi`;
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
    const text = pad(`  ${step.kind === 'part' ? '  ' : ''}${say(step.label, language)}`, 56);
    const size = Math.abs(step.bytes);
    const from = step.kind === 'total' ? 0 : step.kind === 'minus' ? scale - size : at;
    if (step.kind === 'part') at += step.bytes;
    return `${text}${mebibytes(step.bytes).padStart(9)}  ${bar(Math.max(0, from), size, scale)}`.trimEnd();
  });
}

const headings = {
  parts: { en: 'What the cgroup\'s memory is', zh: 'cgroup 的内存由什么构成' },
  tools: { en: 'What each tool says, from one moment', zh: '同一时刻，各工具分别怎么说' },
  oom: { en: 'How far from an OOM kill', zh: '距离 OOM 还有多远' },
  pause: { en: 'The pause container', zh: 'pause 容器' },
  sample: { en: 'The sample behind kubectl top', zh: 'kubectl top 背后的样本' },
  notes: { en: 'Notes', zh: '说明' },
} as const;

export function reportText(report: MemoryReport, language: Language): string {
  const zh = language === 'zh';
  const out: string[] = [report.subject, ''];
  for (const c of report.containers) {
    if (report.containers.length > 1) out.push(`── ${c.container} ──`);
    out.push(headings.parts[language], ...waterfallLines(c.waterfall, language));
    if (c.facts.wholeMachine) out.push(`  ${mebibytes(figures(c.facts).kernel)}: ${say('note.wholeMachine', language)}`);
    out.push('', headings.tools[language]);
    for (const view of c.views) out.push(`  ${pad(view.name, 38)}${mebibytes(view.bytes).padStart(9)}  = ${view.formula}`, `      ${say(`why.${view.why}`, language)}`);
    if (c.oom) {
      out.push('', headings.oom[language]);
      out.push(zh
        ? `  上限 ${mebibytes(c.oom.limit)}，可回收 ${mebibytes(c.oom.reclaimable)}，不可回收 ${mebibytes(c.oom.unreclaimable)}，还剩 ${mebibytes(c.oom.distance)}`
        : `  limit ${mebibytes(c.oom.limit)}, reclaimable ${mebibytes(c.oom.reclaimable)}, not reclaimable ${mebibytes(c.oom.unreclaimable)}: ${mebibytes(c.oom.distance)} left`);
    }
    out.push('');
  }
  if (report.pause) out.push(headings.pause[language], `  ${mebibytes(report.pause.workingSet)} (${mebibytes(report.pause.usage)}): ${say('note.pause', language)}`, '');
  if (report.podsTotal !== undefined) out.push(zh ? `  各 pod 之和：${mebibytes(report.podsTotal)}` : `  Sum of the pods: ${mebibytes(report.podsTotal)}`, `  ${say('note.node', language)}`, '');
  if (report.sample) {
    const s = report.sample;
    out.push(headings.sample[language], zh ? `  ${s.timestamp}，窗口 ${s.window}，${s.ageSeconds} 秒前` : `  ${s.timestamp}, window ${s.window}, ${s.ageSeconds} s old`, '  cgroup → kubelet /metrics/resource → metrics-server → aggregator → /apis/metrics.k8s.io → kubectl', `  ${say('note.sample', language)}`, '');
  }
  out.push(headings.notes[language], `  ${say('note.inactiveFile', language)}`, `  ${say('note.oom', language)}`, '');
  return out.join('\n');
}
