import type { Pressure, PressureLine } from './sample.ts';

const none: PressureLine = { avg10: 0, avg60: 0, avg300: 0, total: 0 };

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, then the same for `full` (Documentation/accounting/psi.rst). */
export function parsePressure(text: string): Pressure | undefined {
  const lines: Record<string, PressureLine> = {};
  for (const line of text.split('\n')) {
    const [kind, ...pairs] = line.split(' ');
    if (!kind || pairs.length < 4) continue;
    const values = new Map(pairs.map((p) => p.split('=') as [string, string]));
    const of = (key: string): number => Number(values.get(key) ?? 0);
    lines[kind] = { avg10: of('avg10'), avg60: of('avg60'), avg300: of('avg300'), total: of('total') };
  }
  if (!lines['some']) return undefined;
  return { some: lines['some'], full: lines['full'] ?? none };
}
