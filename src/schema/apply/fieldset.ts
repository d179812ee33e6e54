/**
 * Sets of fields in the form of FieldsV1, on which all operations work directly: a node's keys are path elements
 * (`f:name`, `k:{"name":"x"}`, `v:"x"`, `i:0`), `.` says that the node itself is in the set beside what is below it,
 * and a node without keys is in the set. All operations are pure.
 */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { compareBytes, jsonText } from '../../machinery/jsontext.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** Also every leaf: shared, so it must never become a way to something. */
export const emptySet: FieldSet = Object.freeze({});
const here = '.';

/** A set under construction. */
export interface SetBuilder {
  [element: string]: SetBuilder;
}

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether a node below the root is in the set itself. */
export function isMember(node: FieldSet): boolean {
  return here in node || isEmpty(node);
}

/** A node with these children; undefined when nothing is left of it. */
function node(member: boolean, children: SetBuilder): FieldSet | undefined {
  if (isEmpty(children)) return member ? emptySet : undefined;
  if (member) children[here] = emptySet as SetBuilder;
  return children;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  const out: SetBuilder = {};
  for (const key in a) {
    if (key === here) continue;
    const [x, y] = [a[key]!, b[key]];
    out[key] = (y === undefined ? x : node(isMember(x) || isMember(y), { ...below(union(below(x), below(y))) })!) as SetBuilder;
  }
  for (const key in b) if (key !== here && !(key in out)) out[key] = b[key]! as SetBuilder;
  return out;
}

/** What is in `a` and not in `b`; what is below a member of `b` stays. It is `a` itself where nothing goes. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || !overlap(a, b)) return a;
  const out: SetBuilder = {};
  for (const key in a) {
    if (key === here) continue;
    const [x, y] = [a[key]!, b[key]];
    const left = y === undefined ? x : node(isMember(x) && !isMember(y), { ...below(difference(below(x), below(y))) });
    if (left !== undefined) out[key] = left as SetBuilder;
  }
  return out;
}

/** Whether a member of `b` is one of `a` too. */
function overlap(a: FieldSet, b: FieldSet): boolean {
  for (const key in b) {
    const x = a[key];
    if (x === undefined || key === here) continue;
    const y = b[key]!;
    if ((isMember(x) && isMember(y)) || overlap(x, y)) return true;
  }
  return false;
}

/** The same, but a member of `b` takes everything below it along. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  const out: SetBuilder = {};
  for (const key in a) {
    if (key === here) continue;
    const [x, y] = [a[key]!, b[key]];
    const left = y === undefined ? x : isMember(y) ? undefined : node(isMember(x), { ...below(recursiveDifference(below(x), below(y))) });
    if (left !== undefined) out[key] = left as SetBuilder;
  }
  return out;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: SetBuilder = {};
  for (const key in a) {
    const y = b[key];
    if (key === here || y === undefined) continue;
    const x = a[key]!;
    const both = node(isMember(x) && isMember(y), { ...below(intersection(below(x), below(y))) });
    if (both !== undefined) out[key] = both as SetBuilder;
  }
  return out;
}

/** A node's children as a set of their own. */
function below(set: FieldSet): FieldSet {
  if (!(here in set)) return set;
  const { [here]: _, ...children } = set;
  return children;
}

export function withPrefix(set: FieldSet, element: string): FieldSet {
  const found = set[element];
  return found === undefined ? emptySet : below(found);
}

export function hasMember(set: FieldSet, element: string): boolean {
  const found = set[element];
  return found !== undefined && isMember(found);
}

/** Whether the place at the path is in the set itself. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet | undefined = set;
  for (const element of path) at = at?.[element];
  return at !== undefined && isMember(at);
}

/** The set of one place. */
export function single(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), emptySet);
}

/** The builder's node at a path, made where missing; something must be put below it. */
function descend(root: SetBuilder, path: readonly string[], depth: number): SetBuilder {
  let at = root;
  for (let i = 0; i < depth; i++) at = at[path[i]!] ??= {};
  return at;
}

/** Adds a member below which nothing will be added. */
export function insert(root: SetBuilder, path: readonly string[]): void {
  const parent = descend(root, path, path.length - 1);
  const last = path.at(-1)!;
  const there = parent[last];
  if (there === undefined) parent[last] = emptySet as SetBuilder;
  else if (!isEmpty(there)) there[here] = emptySet as SetBuilder;
}

export function graft(root: SetBuilder, path: readonly string[], subtree: FieldSet): void {
  descend(root, path, path.length - 1)[path.at(-1)!] = subtree as SetBuilder;
}

/** With keys in their canonical order, as it is written into managedFields. */
export function sorted(set: FieldSet): JsonObject {
  const out: JsonObject = {};
  for (const key of elements(set)) {
    const child = set[key]!;
    out[key] = isEmpty(child) ? {} : sorted(child);
  }
  return out;
}

/** A node's keys in canonical order. */
function elements(set: FieldSet): string[] {
  const keys = Object.keys(set);
  if (keys.length < 2) return keys;
  // Among names of fields the order of the texts is the right one, and `.` comes before them.
  if (!keys.some((k) => k[0] !== 'f' && k[0] !== here)) return keys.sort();
  return keys
    .map((key) => ({ key, kind: key[0]!, value: valueOf(key) }))
    .sort(compareElements)
    .map((e) => e.key);
}

/** Every member's path, in order. */
export function* paths(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[], void, void> {
  const keys = elements(set).filter((k) => k !== here);
  for (const key of keys) if (isMember(set[key]!)) yield [...prefix, key];
  for (const key of keys) yield* paths(set[key]!, [...prefix, key]);
}

/** `.spec.containers[name="x"].image` */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('k:')) return `[${Object.entries(valueOf(element) as JsonObject).map(([k, v]) => `${k}=${jsonText(v)}`).join(',')}]`;
  return element.startsWith('v:') ? `[=${rest}]` : `[${rest}]`;
}

const ranks: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

/** Of `k:` and `v:`; whatever a client wrote there must not hurt. */
function valueOf(element: string): JsonValue {
  if (element[0] !== 'k' && element[0] !== 'v') return element;
  try {
    return JSON.parse(element.slice(2)) as JsonValue;
  } catch {
    return element;
  }
}

interface Element {
  readonly kind: string;
  readonly value: JsonValue;
}

function compareElements(a: Element, b: Element): number {
  if (a.kind !== b.kind) return (ranks[a.kind] ?? 9) - (ranks[b.kind] ?? 9);
  return a.kind === 'k' ? compareKeys(a.value as JsonObject, b.value as JsonObject) : compareValues(a.value, b.value);
}

function compareKeys(a: JsonObject, b: JsonObject): number {
  const [left, right] = [Object.entries(a), Object.entries(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const order = compareBytes(left[i]![0], right[i]![0]) || compareValues(left[i]![1], right[i]![1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareValues(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b);
  const kinds = ['number', 'string', 'boolean', 'object'];
  return kinds.indexOf(typeof a) - kinds.indexOf(typeof b) || compareBytes(JSON.stringify(a), JSON.stringify(b));
}
