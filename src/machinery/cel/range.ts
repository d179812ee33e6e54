/** A size or a cost between two bounds; Infinity where nothing bounds it. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export const unknownSize: Range = { min: 0, max: Infinity };
export const nothing: Range = { min: 0, max: 0 };

export function fixed(value: number): Range {
  return { min: value, max: value };
}
export function plus(...ranges: readonly Range[]): Range {
  return { min: ranges.reduce((sum, r) => sum + r.min, 0), max: ranges.reduce((sum, r) => sum + r.max, 0) };
}
/** Nothing times without bound is nothing. */
function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}
export function times(a: Range, b: Range): Range {
  return { min: product(a.min, b.min), max: product(a.max, b.max) };
}
export function scaled(range: Range, factor: number): Range {
  return { min: Math.ceil(product(range.min, factor)), max: Math.ceil(product(range.max, factor)) };
}
export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}
