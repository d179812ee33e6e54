/** What upstream's decoder calls a type: the Go type's name, which its messages show. */
import type { ResolvedField, StructType, Type } from './registry.ts';

/** `[]v1.Container`, `map[string]string`, `int32`; of special types the name that their own decoders complain with. */
export function goName(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `[]${goName(type.of)}`;
    case 'map':
      return `map[string]${goName(type.of)}`;
    case 'struct':
      return `${type.struct.package.version}.${type.struct.local}`;
    case 'special':
      return type.name === 'Quantity' ? 'resource.Quantity' : type.name === 'IntOrString' ? 'intstr.IntOrString' : type.name === 'RawExtension' ? 'runtime.RawExtension' : `v1.${type.name}`;
    case 'scalar':
      return type.name === 'double' ? 'float64' : type.name === 'bytes' ? '[]uint8' : type.name;
  }
}

/** Fields whose types have names of their own, e.g. `v1.Protocol`: by `Struct.field`. */
export function goTypesOf(struct: StructType): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const [name, fields] of Object.entries(struct.package.goTypes ?? {})) {
    for (const field of fields.split(' ')) if (field.startsWith(`${struct.local}.`)) all.set(field.slice(struct.local.length + 1), name);
  }
  return all;
}

export function goNameOfField(struct: StructType, field: ResolvedField): string {
  return struct.memo(goTypesOf).get(field.key) ?? goName(field.resolved);
}

/** Of what a list or map of that name holds. */
export function goNameOfItem(name: string, item: Type): string {
  return /^(?:\[\]|map\[[^\]]*\])\*?(.+)$/.exec(name)?.[1] ?? goName(item);
}
