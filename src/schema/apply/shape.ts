/** What tracking of fields needs to know of a type: where it may look inside, and how list items are named. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { jsonText } from '../../machinery/jsontext.ts';
import type { ResolvedField, StructType, Type } from '../registry.ts';

/** What may stand in a leaf. `untyped`: any scalar. */
export type Scalar = 'string' | 'numeric' | 'boolean' | 'untyped';

export type Shape =
  /** Scalars, and maps and lists that are one piece: what those hold is only told to who checks types. Nothing is told of what may be anything. */
  | { readonly kind: 'leaf'; readonly scalar?: Scalar; readonly map?: () => Shape; readonly items?: () => Shape }
  /** `field` answers for declared members; `element` is the shape of any other. `member` is `field` for those who want the name as well. */
  | { readonly kind: 'map'; readonly field: (key: string) => Shape | undefined; readonly element: Shape | undefined; readonly member?: (key: string) => Member | undefined }
  /** Items have names: by their keys, or, without keys, by their value. */
  | { readonly kind: 'list'; readonly keys: readonly ListKey[] | undefined; readonly item: Shape }
  /** Nothing is declared: objects are maps of such, lists and the rest are leaves. */
  | { readonly kind: 'any' };

/** A member of a map: what it is called in a set, and its shape. */
export interface Member {
  readonly element: string;
  readonly shape: Shape;
}

export interface ListKey {
  readonly name: string;
  readonly default: JsonValue | undefined;
}

const leaf: Shape = { kind: 'leaf' };
export const anyShape: Shape = { kind: 'any' };
const noField = (): undefined => undefined;

export function shapeOfStruct(struct: StructType): Shape {
  return struct.memo(compile);
}

function compile(struct: StructType): Shape {
  const shape = mapOf(struct);
  return struct.data.mapType === 'atomic' ? { kind: 'leaf', map: () => shape } : shape;
}

function mapOf(struct: StructType): Shape {
  const known = new Map<string, Member>();
  const member = (key: string): Member | undefined => {
    const found = known.get(key);
    if (found) return found;
    const field = struct.field(key);
    if (!field) return undefined;
    const made = { element: `f:${key}`, shape: shapeOfField(field) };
    known.set(key, made);
    return made;
  };
  return { kind: 'map', element: undefined, field: (key) => member(key)?.shape, member };
}

function shapeOfField(field: ResolvedField): Shape {
  const type = field.resolved;
  if (field.mapType === 'atomic') {
    const whole = shapeOfType(type);
    return whole.kind === 'leaf' ? whole : { kind: 'leaf', map: () => whole };
  }
  if (type.kind !== 'list') return shapeOfType(type);
  if (field.listType === 'set') return { kind: 'list', keys: undefined, item: shapeOfType(type.of) };
  if (field.listType !== 'map') return shapeOfType(type);
  return { kind: 'list', keys: (field.listMapKeys ?? []).toSorted().map((name) => listKey(name, type.of)), item: shapeOfType(type.of) };
}

/** References that have a name by being there, if an empty one. */
const namedByDefault = 'core.v1.LocalObjectReference';

/** What is always written is there when it is left out. */
function listKey(name: string, item: Type): ListKey {
  const field = item.kind === 'struct' ? item.struct.field(name) : undefined;
  const zero = field?.always === true && field.ptr !== true ? (field.resolved.kind === 'scalar' && field.resolved.name !== 'string' ? 0 : '') : undefined;
  return { name, default: field?.default ?? zero ?? (item.kind === 'struct' && item.struct.name === namedByDefault ? '' : undefined) };
}

const scalars: Readonly<Record<string, Scalar>> = { string: 'string', bytes: 'string', bool: 'boolean', int32: 'numeric', int64: 'numeric', double: 'numeric', Duration: 'string', Quantity: 'untyped', Time: 'untyped', MicroTime: 'untyped' };

export function scalarShape(scalar: Scalar): Shape {
  return { kind: 'leaf', scalar };
}

function shapeOfType(type: Type): Shape {
  switch (type.kind) {
    case 'struct':
      return shapeOfStruct(type.struct);
    case 'map':
      return { kind: 'map', field: noField, element: shapeOfType(type.of) };
    case 'list':
      return { kind: 'leaf', items: () => shapeOfType(type.of) };
    case 'special': {
      if (type.name === 'RawExtension' || type.name === 'JSON') return anyShape;
      const scalar = scalars[type.name];
      return scalar ? scalarShape(scalar) : leaf;
    }
    case 'scalar':
      return scalarShape(scalars[type.name]!);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The shape below a member of a map; undefined when the type has no such field. */
export function memberShape(shape: Shape, key: string): Shape | undefined {
  if (shape.kind === 'any') return anyShape;
  return shape.kind === 'map' ? (shape.field(key) ?? shape.element) : undefined;
}

/** The same with its name; what the type does not have is a leaf. */
export function memberOf(shape: Shape, key: string): Member {
  return (shape.kind === 'map' ? shape.member?.(key) : undefined) ?? { element: `f:${key}`, shape: memberShape(shape, key) ?? leaf };
}

/** A list item that cannot be named. */
export class NamelessItem extends Error {}

/** `k:{"name":"x"}` or `v:"x"`. A key that is neither there nor has a default is left out, if there is another. */
export function elementOf(list: Extract<Shape, { kind: 'list' }>, item: JsonValue): string {
  if (list.keys === undefined) return `v:${textOf(setItem(item))}`;
  if (item === null) throw new NamelessItem('associative list with keys may not have a null element');
  if (!isObject(item)) throw new NamelessItem('associative list with keys may not have non-map elements');
  let text = 'k:{';
  for (const key of list.keys) {
    const value = Object.hasOwn(item, key.name) ? item[key.name] : key.default;
    if (value !== undefined) text += `${text.length > 3 ? ',' : ''}"${key.name}":${textOf(value)}`;
  }
  if (text.length === 3) throw new NamelessItem(`associative list with keys has an element that omits all key fields [${list.keys.map((key) => JSON.stringify(key.name)).join(' ')}] (and doesn't have default values for any key fields)`);
  return `${text}}`;
}

function setItem(item: JsonValue): JsonValue {
  if (item === null) throw new NamelessItem("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new NamelessItem('not supported: associative list with lists as elements');
  if (isObject(item)) throw new NamelessItem("associative list without keys has an element that's a map type");
  return item;
}

const plain = /^[\w ./:-]*$/;

function textOf(value: JsonValue): string {
  if (typeof value === 'string' && plain.test(value)) return `"${value}"`;
  return typeof value === 'number' ? String(value) : jsonText(value);
}

/** How a pair of values is walked: as maps, as named items, or not at all. */
export function walkAs(shape: Shape, a: JsonValue | undefined, b: JsonValue | undefined): 'leaf' | 'map' | 'list' {
  if (shape.kind === 'leaf') return 'leaf';
  if (shape.kind === 'list') return isFilled(a) || isFilled(b) ? 'list' : 'leaf';
  if (shape.kind === 'any' && !([a, b].every((v) => v === undefined || v === null || isObject(v)))) return 'leaf';
  return isFilled(a) || isFilled(b) ? 'map' : 'leaf';
}

/** An object or list with something in it. */
export function isFilled(value: JsonValue | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  for (const _ in value) return true;
  return false;
}
