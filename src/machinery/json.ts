export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Shared objects are read-only; take a copy with `thaw` before changing one. */
export type DeepReadonly<T> = T extends (infer U)[] ? readonly DeepReadonly<U>[] : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** What a writer may hand in: everything optional, the server completes and checks it. */
export type Draft<T> = T extends (infer U)[] ? readonly Draft<U>[] : T extends object ? { readonly [K in keyof T]?: Draft<T[K]> | undefined } : T;

export function thaw<T>(value: DeepReadonly<T> | T): T {
  return copied(value) as T;
}

/** Several times as fast as structuredClone, which has to think of more than JSON. */
function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const member = copied((value as Record<string, unknown>)[key]);
    if (key === '__proto__') Object.defineProperty(out, key, { value: member, enumerable: true, configurable: true, writable: true });
    else out[key] = member;
  }
  return out;
}

/** Deep equality of JSON values, whatever the order of their keys; far faster than node's, which has to think of more. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameJson(a[i], b[i])) return false;
    return true;
  }
  return !Array.isArray(b) && sameMembers(a as Record<string, unknown>, b as Record<string, unknown>);
}

/** The same of two objects, but for the members that `ignored` names. */
export function sameMembers(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>, ignored?: ReadonlySet<string>): boolean {
  let more = 0;
  for (const key in a) {
    if (ignored?.has(key)) continue;
    if (!sameJson(a[key], b[key])) return false;
    more++;
  }
  // What an inherited member has answered for in place of one that is not there shows in the number.
  for (const key in b) if (!ignored?.has(key)) more--;
  return more === 0;
}
