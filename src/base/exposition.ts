/** Prometheus' text format, for series whose values and timestamps are at hand when they are written. */
import { escapeLabel, formatValue } from './metrics.ts';

export interface Series {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly series: readonly Series[];
}

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

export function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const parts: string[] = [];
  for (const key in labels) parts.push(`${key}="${escapeLabel(labels[key]!)}"`);
  return parts.length ? `{${parts.join(',')}}` : '';
}

/** Families without series are left out. */
export function exposition(families: readonly Family[]): string {
  const out: string[] = [];
  for (const family of families) {
    if (family.series.length === 0) continue;
    out.push(`# HELP ${family.name} ${family.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${family.name} ${family.type}\n`);
    for (const s of family.series) out.push(`${family.name}${labelText(s.labels)} ${formatValue(s.value)}${s.timestamp === undefined ? '' : ` ${Math.round(s.timestamp)}`}\n`);
  }
  return out.join('');
}
