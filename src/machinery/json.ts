export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Shared objects are read-only; take a copy with `thaw` before changing one. */
export type DeepReadonly<T> = T extends (infer U)[] ? readonly DeepReadonly<U>[] : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** What a writer may hand in: everything optional, the server completes and checks it. */
export type Draft<T> = T extends (infer U)[] ? readonly Draft<U>[] : T extends object ? { readonly [K in keyof T]?: Draft<T[K]> | undefined } : T;

export function thaw<T>(value: DeepReadonly<T> | T): T {
  return structuredClone(value) as T;
}
