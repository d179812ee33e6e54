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
