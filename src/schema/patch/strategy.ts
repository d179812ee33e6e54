/** What strategic merge patches need to know of a schema and of their own directives. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ResolvedField, StructType, Type } from '../registry.ts';
import { isObject } from './mergepatch.ts';

export const directive = '$patch';
export const retainKeys = '$retainKeys';
export const deleteFromList = '$deleteFromPrimitiveList/';
/** Of all that begin so it is expected that they order a list. */
export const orderDirective = '$setElementOrder';
export const setElementOrder = `${orderDirective}/`;

/** Undefined: nothing is known below here; objects merge, lists are replaced. */
export type Shape = Type | undefined;

export interface Strategy {
  /** Of what the key holds: the struct, the map, or the list. */
  readonly shape: Shape;
  readonly how: 'merge' | 'replace' | '';
  readonly retainKeys: boolean;
  readonly mergeKey: string;
}

const unknown: Strategy = { shape: undefined, how: '', retainKeys: false, mergeKey: '' };

export function shapeOf(struct: StructType): Shape {
  return { kind: 'struct', struct };
}

function strategies(struct: StructType): Map<string, Strategy> {
  return new Map(struct.fields.map((field) => [field.key, strategyOf(field)]));
}

function strategyOf(field: ResolvedField): Strategy {
  const words = field.patchStrategy?.split(',') ?? [];
  return {
    shape: field.resolved,
    how: words.includes('merge') ? 'merge' : words.includes('replace') ? 'replace' : '',
    retainKeys: words.includes('retainKeys'),
    mergeKey: field.patchMergeKey ?? '',
  };
}

export function lookUp(shape: Shape, key: string): Strategy {
  if (shape?.kind === 'struct') return shape.struct.memo(strategies).get(key) ?? unknown;
  if (shape?.kind === 'map') return { ...unknown, shape: shape.of };
  return unknown;
}

export function itemOf(shape: Shape): Shape {
  return shape?.kind === 'list' ? shape.of : undefined;
}

export function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Where in `list` stands the item with this identity: its merge key's value, or itself. */
export function positionOf(list: readonly JsonValue[], item: JsonValue, mergeKey: string): number {
  const wanted = identity(item, mergeKey);
  return list.findIndex((other) => identity(other, mergeKey) === wanted);
}

export function identity(item: JsonValue, mergeKey: string): JsonValue | undefined {
  if (mergeKey === '') return item;
  return isObject(item) ? member(item, mergeKey) : undefined;
}

/** In the order of `order`; what it does not name stays behind, deletions last. */
export function sortedLike(items: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): JsonValue[] {
  const rank = (item: JsonValue): number => {
    if (isObject(item) && member(item, directive) === 'delete') return Infinity;
    const at = positionOf(order, item, mergeKey);
    return at < 0 ? order.length : at;
  };
  const ranked = items.map((item) => ({ item, rank: rank(item) }));
  return ranked.toSorted((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank)).map((r) => r.item);
}

export function kindOf(value: JsonValue | undefined): 'null' | 'array' | 'object' | 'string' | 'number' | 'boolean' | 'bigint' | 'absent' {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'object' | 'string' | 'number' | 'boolean';
}

/** Go's %v of a value, as some of the messages show it. */
export function shown(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (typeof value === 'object') return `map[${Object.keys(value).sort().map((k) => `${k}:${shown(value[k])}`).join(' ')}]`;
  return String(value);
}

/** The Go type of a value; of nothing, what Go prints in its place. */
export function goType(value: JsonValue): string {
  if (value === null) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'int64' : 'string';
}

/** Go's %s of a value that should have been a text. */
export function asText(value: JsonValue): string {
  if (value === null) return '%!s(<nil>)';
  return typeof value === 'object' || typeof value === 'string' ? shown(value) : `%!s(${goType(value)}=${String(value)})`;
}

/** A patch that is well formed and cannot be carried out; upstream answers 500 with the bare words. */
export function misfit(message: string): StatusError {
  return new StatusError({ status: 'Failure', message, reason: '', code: 500 });
}
