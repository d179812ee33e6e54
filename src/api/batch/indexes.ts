/** Sets of indexes as a Job's status writes them: `1,3-5,7`. */

export interface Interval {
  readonly from: number;
  readonly to: number;
}

function parseIndex(text: string, completions: number): number | string {
  if (!/^[+-]?\d+$/.test(text)) return `cannot convert string to integer for index: "${text}"`;
  return Number(text) >= completions ? `too large index: "${text}"` : Number(text);
}

function parseInterval(text: string, completions: number): Interval | string {
  const parts = text.split('-');
  if (parts.length > 2) return `the fragment "${text}" violates the requirement that an index interval can have at most two parts separated by '-'`;
  const from = parseIndex(parts[0]!, completions);
  if (typeof from === 'string') return from;
  if (parts.length === 1) return { from, to: from };
  const to = parseIndex(parts[1]!, completions);
  if (typeof to === 'string') return to;
  return from >= to ? `non-increasing order, previous: ${from}, current: ${to}` : { from, to };
}

/** How many indexes there are, or what is wrong with the text. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let last: number | undefined;
  let total = 0;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return interval;
    if (last !== undefined && last >= interval.from) return `non-increasing order, previous: ${last}, current: ${interval.from}`;
    total += interval.to - interval.from + 1;
    last = interval.to;
  }
  return total;
}

/** The first index that is in both; what cannot be read is in neither. */
export function firstCommon(a: string, b: string, completions: number): number | undefined {
  const read = (text: string): Interval[] => text.split(',').map((part) => parseInterval(part, completions)).filter((i) => typeof i !== 'string');
  const common = read(a).flatMap((x) => read(b).filter((y) => x.from <= y.to && y.from <= x.to).map((y) => Math.max(x.from, y.from)));
  return common.length === 0 ? undefined : Math.min(...common);
}
