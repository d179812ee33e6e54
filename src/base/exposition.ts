/** Prometheus' text format, for series whose values and timestamps are at hand when they are written. */
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

export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  // Exponents are written as upstream's clients do: 1.5e+07, 2e-05.
  if (value !== 0 && (Math.abs(value) >= 1e21 || Math.abs(value) < 1e-4)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return String(value);
}

function escapeLabel(text: string): string {
  return /[\\"\n]/.test(text) ? text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : text;
}

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
