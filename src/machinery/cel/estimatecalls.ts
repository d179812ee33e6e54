import { authorizationCheckCost, costPerRequirement, listCost, nominal, regexFactor, selectorLengthToRequirements, stringFactor } from './costs.ts';
import type { EntrySize, Estimator } from './estimate.ts';
import { fixed, plus, scaled, times, union } from './range.ts';
import type { Range } from './range.ts';
import type { Expr } from './syntax.ts';

export interface Call {
  readonly expr: Expr;
  readonly fn: string;
  readonly id: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
  /** What the arguments cost. */
  readonly costs: readonly Range[];
}

export interface CallEstimate {
  readonly cost: Range;
  /** The size of the result, where it is known. */
  readonly size?: Range | undefined;
}

/** A part of the machine word that a comparison of addresses walks. */
const addressBytes: Range = { min: 4, max: 16 };
const formatRegexSize = 128;

/** What one overload can cost, arguments included and target not. */
export function estimateCall(sizes: Estimator, call: Call): CallEstimate {
  const own = libraryCall(sizes, call) ?? setsCall(sizes, call);
  if (own) return { cost: plus(own.cost, ...call.costs), size: own.size };
  return standardCall(sizes, call);
}

function libraryCall(sizes: Estimator, { fn, id, target, args }: Call): CallEstimate | undefined {
  if (fn === 'check') return { cost: fixed(authorizationCheckCost) };
  if (nominal.has(fn)) return { cost: fixed(1) };
  const size = (expr: Expr): Range => sizes.sizeOrUnknown(expr);
  const [first] = args;
  switch (fn) {
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return target && { cost: wholeListCost(sizes, target) };
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return target && { cost: scaled(size(target), stringFactor), size: size(target) };
    case 'replace':
      return target && { cost: scaled(size(target), 2 * stringFactor), size: replacedSize(size(target), size(args[0]!), size(args[1]!)) };
    case 'split':
      return target && { cost: scaled(size(target), 2 * stringFactor), size: { min: 0, max: splitLimit(args[1]) ?? size(target).max } };
    case 'join':
      return target && joined(sizes, target, first);
    case 'ip':
      if (id === 'cidr_ip') return { cost: fixed(1) };
      break;
    default:
      break;
  }
  if (!first) return undefined;
  switch (fn) {
    case 'fieldSelector':
    case 'labelSelector':
      return { cost: plus(fixed(listCost), scaled(size(first), stringFactor), scaled(scaled(size(first), selectorLengthToRequirements), costPerRequirement)) };
    case 'url':
    case 'jsonpatch.escapeKey':
      return { cost: scaled(size(first), stringFactor), size: size(first) };
    case 'find':
    case 'findAll':
      return target && { cost: matchCost(size(target), size(first)), size: { min: 0, max: size(target).max } };
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'ip':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return { cost: scaled(size(first), stringFactor) };
    case 'ip.isCanonical':
      return { cost: scaled(size(first), 2 * stringFactor) };
    case 'containsIP':
    case 'containsCIDR':
      return { cost: containsCost(fn, id, size(first)) };
    case 'validate':
      return { cost: scaled(scaled(size(first), stringFactor), formatRegexSize * regexFactor) };
    case '_==_':
      return libraryEquality(sizes, first, args[1]!);
    default:
      return undefined;
  }
}

function libraryEquality(sizes: Estimator, left: Expr, right: Expr): CallEstimate | undefined {
  const [a, b] = [sizes.type(left), sizes.type(right)];
  if (a.kind !== 'opaque' || b.kind !== 'opaque' || a.name !== b.name || a.name === 'optional_type') return undefined;
  if (a.name === 'kubernetes.NamedFormat') return { cost: scaled({ min: 1, max: 64 }, stringFactor) };
  if (a.name === 'kubernetes.URL') return { cost: scaled({ min: 1, max: sizes.size(right)?.max ?? 1 }, stringFactor) };
  return { cost: fixed(1) };
}

function containsCost(fn: string, id: string, other: Range): Range {
  const compared = scaled(plus(addressBytes, addressBytes), stringFactor);
  const parts = [compared];
  if (fn === 'containsCIDR') parts.push(scaled(addressBytes, stringFactor), fixed(1));
  if (id.endsWith('_string')) parts.push(scaled(other, stringFactor));
  return plus(...parts);
}

/** One comparison for each member, and the text of members that are texts. A target that is no list is a string. */
function wholeListCost(sizes: Estimator, target: Expr): Range {
  const type = sizes.type(target);
  const count = sizes.sizeOrUnknown(target);
  if (type.kind !== 'list') return scaled(count, stringFactor);
  const texts = type.elem.kind === 'string' || type.elem.kind === 'bytes';
  const each = texts ? plus(fixed(1), scaled(sizes.elementSize(target), stringFactor)) : fixed(1);
  return times(count, each);
}

function replacedSize(text: Range, from: Range, to: Range): Range {
  let [minCount, maxCount, minKept, maxKept] = [0, 0, 0, 0];
  if (from.min === 0) [maxCount, maxKept] = [text.max + 1, text.max];
  else if (to.max <= from.min) maxKept = text.max;
  else maxCount = Math.ceil(text.max / from.min);
  if (from.max === 0) [minCount, minKept] = [text.min + 1, text.min];
  else if (from.max <= to.min) minKept = text.min;
  else minCount = Math.ceil(text.min / from.max);
  return plus(times({ min: minCount, max: maxCount }, to), { min: minKept, max: maxKept });
}

function splitLimit(limit: Expr | undefined): number | undefined {
  if (limit?.kind !== 'const' || typeof limit.value !== 'bigint') return undefined;
  return limit.value < 0n ? Infinity : Number(limit.value);
}

function joined(sizes: Estimator, list: Expr, separator: Expr | undefined): CallEstimate {
  const count = sizes.sizeOrUnknown(list);
  const gaps: Range = { min: Math.max(count.min - 1, 0), max: Math.max(count.max - 1, 0) };
  const members = times(count, sizes.elementSize(list));
  const size = separator ? plus(members, times(sizes.sizeOrUnknown(separator), gaps)) : members;
  return { cost: scaled(size, stringFactor), size };
}

/** One is added to the text, so that a costly expression over an empty text is not free. */
function matchCost(text: Range, regex: Range): Range {
  return times(scaled(plus(text, fixed(1)), stringFactor), scaled(regex, regexFactor));
}

function setsCall(sizes: Estimator, { id, args }: Call): CallEstimate | undefined {
  if (!id.startsWith('list_sets_')) return undefined;
  const [a, b] = [sizes.sizeOrUnknown(args[0]!), sizes.sizeOrUnknown(args[1]!)];
  return { cost: plus(scaled(times(a, b), id === 'list_sets_equivalent' ? 2 : 1), fixed(1)) };
}

function standardCall(sizes: Estimator, { expr, id, target, args, costs }: Call): CallEstimate {
  const all = plus(...costs);
  const size = (index: number): Range => sizes.sizeOrUnknown(args[index]!);
  switch (id) {
    case 'string_format':
      return { cost: plus(scaled(sizes.sizeOrUnknown(target!), stringFactor), all) };
    case 'string_to_bytes':
      return { cost: plus(scaled(size(0), stringFactor), all), size: { min: size(0).min, max: size(0).max * 4 } };
    case 'bytes_to_string':
      return { cost: plus(scaled(size(0), stringFactor), all), size: { min: Math.floor(size(0).min / 4), max: size(0).max } };
    case 'strings_quote':
      return { cost: plus(scaled(size(0), stringFactor), all), size: { min: size(0).min + 2, max: size(0).max * 2 + 2 } };
    case 'starts_with_string':
    case 'ends_with_string':
      return { cost: plus(scaled(size(0), stringFactor), all) };
    case 'in_list':
      return { cost: plus(size(1), all) };
    case 'matches_string':
      return { cost: plus(matchCost(sizes.sizeOrUnknown(target!), size(0)), all) };
    case 'contains_string':
      return { cost: plus(times(scaled(sizes.sizeOrUnknown(target!), stringFactor), scaled(size(0), stringFactor)), all) };
    case 'logical_or':
    case 'logical_and':
      return { cost: { min: costs[0]!.min, max: all.max } };
    case 'conditional': {
      sizes.setEntry(expr, bothEntries(sizes.entry(args[1]!), sizes.entry(args[2]!)));
      return { cost: plus(costs[0]!, union(costs[1]!, costs[2]!)), size: union(size(1), size(2)) };
    }
    case 'add_string':
    case 'add_bytes':
    case 'add_list': {
      const both = plus(size(0), size(1));
      sizes.setEntry(expr, bothEntries(sizes.entry(args[0]!), sizes.entry(args[1]!)));
      return { cost: plus(id === 'add_list' ? fixed(1) : scaled(both, stringFactor), all), size: both };
    }
    default:
      break;
  }
  if (/^((less|greater)(_equals)?_(string|bytes)|equals|not_equals)$/.test(id)) {
    const max = Math.min(size(0).max, size(1).max);
    return { cost: plus(scaled({ min: max > 0 ? 1 : 0, max }, stringFactor), all) };
  }
  return { cost: plus(fixed(1), all) };
}

function bothEntries(a: EntrySize | undefined, b: EntrySize | undefined): EntrySize | undefined {
  return a && b && { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) };
}
