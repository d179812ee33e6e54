/**
 * A value as upstream's internal types print it in messages: their fields are named as in Go, and all of them are there. Those of meta.v1
 * are printed as they are, and metadata is a part of what holds it.
 */
import type { DeepReadonly, JsonValue } from '../machinery/json.ts';
import type { Field, Package } from './vocabulary.ts';

const initials = /^(api|cel|cidr|csi|dns|fs|http|id|ip|nfs|rbd|tcp|tls|uid|uri|url)(?=[A-Z]|s?$)/;

/** `apiGroup` is APIGroup, `podIP` PodIP. */
function goName(key: string): string {
  return initials.test(key) ? key.replace(initials, (word) => word.toUpperCase()) : key[0]!.toUpperCase() + key.slice(1);
}

type Value = DeepReadonly<JsonValue> | undefined;

/** `type` as the schema of `pkg` names it; `others` are the packages whose types it uses. */
export function internalForm(value: unknown, pkg: Package, type: string, ...others: readonly Package[]): unknown {
  const known = new Map([pkg, ...others].map((p) => [p.name, p]));

  function formOf(given: Value, typeName: string, home: Package): unknown {
    if (typeName.startsWith('[]')) return (given as readonly Value[] | null | undefined)?.map((item) => formOf(item, typeName.slice(2), home)) ?? null;
    if (typeName.startsWith('map:')) return given ? Object.fromEntries(Object.entries(given).map(([key, item]) => [key, formOf(item, typeName.slice(4), home)])) : null;
    const dot = typeName.lastIndexOf('.');
    const owner = dot < 0 ? home : known.get(typeName.slice(0, dot));
    const struct = owner?.types[typeName.slice(dot + 1)];
    if (struct === undefined || owner === undefined) return given ?? zeros[typeName] ?? null;
    const source = (given ?? {}) as Readonly<Record<string, Value>>;
    return Object.fromEntries(Object.entries(struct.fields).flatMap(([key, field]) => fieldsOf(key, field, source[key], owner)));
  }

  function fieldsOf(key: string, field: Field, given: Value, home: Package): [string, unknown][] {
    if (field.type === 'meta.v1.ObjectMeta') return Object.entries(given ?? {});
    return [[goName(key), field.ptr && (given === undefined || given === null) ? null : formOf(given, field.type, home)]];
  }

  return value === undefined || value === null ? null : formOf(value as Value, type, pkg);
}

const zeros: Readonly<Record<string, unknown>> = { string: '', bool: false, int32: 0, int64: 0, double: 0, Quantity: '0', IntOrString: 0 };
