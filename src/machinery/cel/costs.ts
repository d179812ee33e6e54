import type { CelValue } from './values.ts';
import { CelList, CelMap, CelOpaque, actualSize } from './values.ts';

export const listCost = 10;
export const mapCost = 30;
export const structCost = 40;
export const stringFactor = 0.1;
export const regexFactor = 0.25;
/** Allows two checks in one expression. */
export const authorizationCheckCost = 350_000;
export const selectorLengthToRequirements = 0.5;
export const costPerRequirement = listCost + structCost;

/** Functions that cost one, whatever they are given. */
export const nominal: ReadonlySet<string> = new Set(
  (
    'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified isLoopback ' +
    'isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo ' +
    'add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery'
  ).split(' '),
);

const stringPass = new Set('url lowerAscii upperAscii substring trim jsonpatch.escapeKey cidr isIP isCIDR quantity isQuantity semver isSemver'.split(' '));
const twoPasses = new Set(['replace', 'split', 'ip.isCanonical']);
const wholeList = new Set(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf']);
const orderedOverloads = /^(less|greater)(_equals)?_(string|bytes)$/;

function pass(size: number, factor = stringFactor): number {
  return Math.ceil(size * factor);
}

export function joinCost(result: CelValue): number {
  return pass(actualSize(result), 2 * stringFactor);
}

/** What a call costs. */
export function callCost(fn: string, id: string, args: readonly CelValue[]): number {
  if (fn === '_==_' && args[0] instanceof CelOpaque) return 1;
  if (nominal.has(fn)) return 1;
  const size = (index: number): number => actualSize(args[index]!);
  if (args.length >= 1) {
    if (fn === 'check') return authorizationCheckCost;
    if (wholeList.has(fn)) return traversal(args[0]!);
    if (stringPass.has(fn)) return pass(size(0));
    if (twoPasses.has(fn)) return pass(size(0), 2 * stringFactor);
    if (fn === 'ip') return id === 'cidr_ip' ? 1 : pass(size(0));
  }
  if (args.length >= 2) {
    switch (fn) {
      case 'fieldSelector':
      case 'labelSelector':
        return listCost + pass(size(1)) + Math.ceil(Math.ceil(size(1) * selectorLengthToRequirements) * costPerRequirement);
      case 'find':
      case 'findAll':
      case 'matches':
        if (fn === 'matches' && id === '') break;
        return pass(1 + size(0)) * pass(size(1), regexFactor);
      case 'containsIP':
        return pass(2 * size(0)) + (id === 'cidr_contains_ip_string' ? pass(size(1)) : 0);
      case 'containsCIDR':
        return pass(2 * size(0)) + pass(size(0)) + 1 + (id === 'cidr_contains_cidr_string' ? pass(size(1)) : 0);
      case 'validate':
        return pass(1 + size(1)) * pass(size(0), regexFactor);
      default:
        break;
    }
  }
  return standardCost(id, args, size);
}

function standardCost(id: string, args: readonly CelValue[], size: (index: number) => number): number {
  switch (id) {
    // Which operand a prefix is charged for is upstream's choice.
    case 'starts_with_string':
    case 'ends_with_string':
    case 'string_to_bytes':
    case 'bytes_to_string':
    case 'strings_quote':
    case 'string_format':
      return pass(size(0));
    case 'in_list':
      return size(1);
    case 'equals':
    case 'not_equals':
      return pass(Math.min(size(0), size(1)));
    case 'add_string':
    case 'add_bytes':
      return pass(size(0) + size(1));
    case 'contains_string':
      return pass(size(0)) * pass(size(1));
    case 'list_sets_contains':
    case 'list_sets_intersects':
    case 'list_sets_equivalent':
      return size(0) * size(1) * (id === 'list_sets_equivalent' ? 2 : 1) + 1;
    default:
      return orderedOverloads.test(id) && args.length === 2 ? pass(Math.min(size(0), size(1))) : 1;
  }
}

function traversal(value: CelValue): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * stringFactor);
  if (value instanceof Uint8Array) return Math.floor(value.length * stringFactor);
  let cost = 0;
  if (value instanceof CelList) for (const item of value) cost += traversal(item);
  else if (value instanceof CelMap) for (const [key, member] of value.entries()) cost += traversal(key) + traversal(member);
  else cost = 1;
  return cost;
}
