import type { CelType } from './types.ts';
import { accepts, parseType, splitTypes } from './types.ts';
import type { CelValue } from './values.ts';
import { CelError } from './values.ts';

/** Called with values that the parameters accept; answers a CelError where it fails. */
export type Implementation = (...args: CelValue[]) => CelValue;

export interface Overload {
  readonly id: string;
  readonly fn: string;
  readonly member: boolean;
  /** The target first, where it is a member. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly call: Implementation;
  /** Does ahead of time what depends on the second argument only, where that is constant. */
  readonly prepare?: (second: CelValue) => Implementation;
}

/** All functions of an environment by name. */
export type Functions = ReadonlyMap<string, readonly Overload[]>;

/** Parameters of `never` let a library write the types that its signature promises. */
type Written = (...args: never[]) => CelValue;

function declared(id: string, signature: string, member: boolean, call: Written): Overload {
  const open = signature.indexOf('(');
  const close = signature.lastIndexOf(')');
  const head = signature.slice(0, open);
  const params = splitTypes(signature.slice(open + 1, close)).map(parseType);
  const result = parseType(signature.slice(close + 1));
  const dot = member ? head.lastIndexOf('.') : -1;
  if (dot >= 0) params.unshift(parseType(head.slice(0, dot)));
  return { id, fn: head.slice(dot + 1), member, params, result, call: call as Implementation };
}

/** `define('size_string', 'size(string) int', (text: string) => ...)` */
export function define(id: string, signature: string, call: Written): Overload {
  return declared(id, signature, false, call);
}

/** `method('starts_with_string', 'string.startsWith(string) bool', ...)` */
export function method(id: string, signature: string, call: Written): Overload {
  return declared(id, signature, true, call);
}

export function functionsOf(...libraries: readonly (readonly Overload[])[]): Functions {
  const out = new Map<string, Overload[]>();
  for (const overload of libraries.flat()) {
    const known = out.get(overload.fn);
    if (known) known.push(overload);
    else out.set(overload.fn, [overload]);
  }
  return out;
}

/** The first overload whose parameters accept the values. */
export function choose(overloads: readonly Overload[], args: readonly CelValue[]): Overload | undefined {
  return overloads.find((overload) => overload.params.length === args.length && overload.params.every((param, i) => accepts(param, args[i]!)));
}

export const noSuchOverload = new CelError('no such overload');
