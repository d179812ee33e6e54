/** A line of blocks, one for each stretch of time, as high as the most in it; blank where nothing was measured. */
const blocks = '▁▂▃▄▅▆▇█';

export const sparkWidth = 20;

/** From zero to the largest value. `times`, `from` and `to` in one unit; what lies outside is left out. */
export function sparkline(times: readonly number[], values: readonly (number | null)[], window: { readonly from: number; readonly to: number; readonly width: number }): string {
  const { from, to, width } = window;
  const most = Array<number | undefined>(width).fill(undefined);
  const measured = times.flatMap((time, i) => (time < from || time > to || (values[i] ?? null) === null ? [] : [{ time, value: values[i]! }]));
  const cellOf = (time: number): number => (to > from ? Math.min(width - 1, Math.floor(((time - from) / (to - from)) * width)) : width - 1);
  // Points rarer than cells leave no holes: a value stands until the next one, if that comes when it should.
  const apart = times.length > 1 ? (times.at(-1)! - times[0]!) / (times.length - 1) : 0;
  for (const [i, { time, value }] of measured.entries()) {
    const next = measured[i + 1]?.time ?? to;
    const at = cellOf(time);
    most[at] = Math.max(most[at] ?? 0, value);
    for (let cell = at + 1; next - time <= 1.5 * apart && cell < cellOf(next) + (i === measured.length - 1 ? 1 : 0); cell++) most[cell] = value;
  }
  const largest = Math.max(...most.map((v) => v ?? 0));
  return most.map((v) => (v === undefined ? ' ' : blocks[largest > 0 ? Math.min(blocks.length - 1, Math.floor((v / largest) * blocks.length)) : 0]!)).join('');
}
