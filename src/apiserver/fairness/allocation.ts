/** Divides seats among levels: each gets the same multiple of what it asks for, as far as its bounds allow. */
export interface Claim {
  readonly target: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Allocation {
  /** In the order of the claims; they add up to the sum. */
  readonly seats: readonly number[];
  /** By which everybody's target is multiplied. */
  readonly fairFraction: number;
}

const leastTarget = 0.001;

/** Undefined where the bounds leave no way to give out exactly `sum`. */
export function allocate(sum: number, claims: readonly Claim[]): Allocation | undefined {
  const items = claims.map(({ target, lower, upper }) => ({ target: Math.max(target, leastTarget), lower, upper }));
  const at = (fraction: number): number[] => items.map(({ target, lower, upper }) => Math.max(lower, Math.min(upper, fraction * target)));
  const total = (fraction: number): number => at(fraction).reduce((a, b) => a + b, 0);
  // The total grows with the fraction, in straight pieces between those where somebody meets a bound.
  const bends = items.flatMap(({ target, lower, upper }) => [lower / target, upper / target]).sort((a, b) => a - b);
  const [first, last] = [bends[0], bends.at(-1)];
  if (first === undefined || last === undefined || total(first) - sum > 1e-7 || sum - total(last) > 1e-7) return undefined;
  let [low, high] = [0, bends.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (total(bends[middle]!) <= sum) low = middle;
    else high = middle;
  }
  const [from, to] = [bends[low]!, bends[high]!];
  const [below, above] = [total(from), total(to)];
  const fairFraction = above > below ? from + ((to - from) * (sum - below)) / (above - below) : from;
  return { seats: at(fairFraction), fairFraction };
}
