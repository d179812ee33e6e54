/** Types of the catalog as expressions see them, for those who hold an expression against what it is for. */
import { escapeName } from '../machinery/cel/schema.ts';
import { bool, bytes, double, dyn, int, listOf, mapOf, string, timestamp, type CelType, type ObjectField, type ObjectType } from '../machinery/cel/types.ts';
import type { StructType, Type } from './registry.ts';

export function celTypeOfStruct(struct: StructType): ObjectType {
  return struct.memo(compile);
}

/** Fields are looked at when they are asked for: types may contain themselves. */
function compile(struct: StructType): ObjectType {
  let fields: Map<string, ObjectField> | undefined;
  return {
    kind: 'object',
    name: struct.local,
    get fields() {
      fields ??= new Map(struct.fields.flatMap((field) => {
        const name = escapeName(field.key);
        return name === undefined ? [] : [[name, { name: field.key, type: typeOf(field.resolved) }] as const];
      }));
      return fields;
    },
  };
}

function typeOf(type: Type): CelType {
  switch (type.kind) {
    case 'struct':
      return celTypeOfStruct(type.struct);
    case 'list':
      return listOf(typeOf(type.of));
    case 'map':
      return mapOf(string, typeOf(type.of));
    case 'scalar':
      return { string, bool, int32: int, int64: int, double, bytes }[type.name];
    case 'special':
      if (type.name === 'Time' || type.name === 'MicroTime') return timestamp;
      return type.name === 'Quantity' || type.name === 'Duration' ? string : dyn;
  }
}
