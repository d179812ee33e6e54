/**
 * What a strategic merge patch makes is not read as JSON upstream but converted, field by field in the order of the type; that is
 * more lenient with numbers, and has words of its own for what cannot be. The slow way, for what did not decode.
 */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { treeOf } from '../../machinery/jsontree.ts';
import { goNameOfField, goNameOfItem } from '../gonames.ts';
import { canonicalBase64, setMember } from '../json.ts';
import { explainAs } from '../problems.ts';
import type { StructType, Type } from '../registry.ts';
import { isObject } from './mergepatch.ts';

export class ConversionError extends Error {}

/** The value with its numbers as the type has them. Throws ConversionError. */
export function converted(struct: StructType, value: JsonObject): JsonObject {
  const out: JsonObject = { ...value };
  for (const field of struct.fields) {
    const item = Object.hasOwn(value, field.key) ? value[field.key] : undefined;
    if (item !== undefined) setMember(out, field.key, convert(field.resolved, item, goNameOfField(struct, field)));
  }
  return out;
}

function convert(type: Type, value: JsonValue, name: string): JsonValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'struct':
      if (!isObject(value)) throw new ConversionError(`cannot restore struct from: ${kindOf(value)}`);
      return converted(type.struct, value);
    case 'map':
      if (!isObject(value)) throw new ConversionError(`cannot restore map from ${kindOf(value)}`);
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(type.of, item, goNameOfItem(name, type.of))]));
    case 'list':
      if (!Array.isArray(value)) throw new ConversionError(`cannot restore slice from ${kindOf(value)}`);
      return value.map((item) => convert(type.of, item, goNameOfItem(name, type.of)));
    case 'special': {
      const { mismatch } = explainAs(type, treeOf(value));
      if (mismatch !== undefined) throw new ConversionError(mismatch);
      return value;
    }
    case 'scalar':
      return convertScalar(type.name, value, name);
  }
}

function convertScalar(scalar: string, value: JsonValue, name: string): JsonValue {
  const given = kindOf(value);
  switch (scalar) {
    case 'string':
      if (given === 'string') return value;
      throw new ConversionError(given === 'int64' ? `cannot convert int64 to ${name}` : 'unrecognized type: string');
    case 'bool':
      if (given === 'bool') return value;
      break;
    case 'double':
      if (given === 'int64' || given === 'float64') return value;
      break;
    case 'bytes':
      if (given !== 'string') throw new ConversionError(`cannot restore slice from ${given}`);
      if (canonicalBase64(value as string) === undefined) throw new ConversionError(`error decoding from json: ${explainAs({ kind: 'scalar', name: 'bytes' }, treeOf(value)).mismatch}`);
      return value;
    default:
      // What is too large for the type loses its upper bits.
      if (given === 'int64') return scalar === 'int32' ? Number(BigInt.asIntN(32, BigInt(value as number))) : value;
      if (given === 'float64') throw new ConversionError(`cannot convert float64 to ${name}`);
  }
  throw new ConversionError(`unrecognized type: ${scalar === 'double' ? 'float64' : scalar}`);
}

function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'int64' : typeof value === 'object' ? 'map' : 'string';
}
