/** Objects of any type of the catalog, made up. */
import fc from 'fast-check';
import type { StructType, Type } from '../src/schema/registry.ts';

/** Values that fit a type, sparse as often as full. */
function arbitrary(type: Type, depth: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'list':
      return fc.array(arbitrary(type.of, depth), { maxLength: 3 });
    case 'map':
      return fc.dictionary(fc.string({ maxLength: 6 }), arbitrary(type.of, depth), { maxKeys: 3 });
    case 'struct':
      return arbitraryStruct(type.struct, depth);
    case 'scalar':
      return { string: fc.string({ unit: 'grapheme' }), bool: fc.boolean(), int32: fc.integer(), int64: fc.maxSafeInteger(), double: fc.double({ noNaN: true, noDefaultInfinity: true }), bytes: fc.uint8Array().map((b) => Buffer.from(b).toString('base64')) }[type.name];
    case 'special':
      if (type.name.startsWith('JSONSchemaPropsOr')) return depth > 3 ? fc.constant(null) : arbitraryStruct(type.schema!, depth + 1);
      return {
        Quantity: fc.constantFrom('1', '100m', '1.5Gi', '1e3', '0', '12345678901234567890'), IntOrString: fc.oneof(fc.integer(), fc.string()), Time: fc.constantFrom('2024-01-01T00:00:00Z', '1969-12-31T23:59:59Z'),
        MicroTime: fc.constantFrom('2024-01-01T00:00:00.000001Z', '1969-12-31T23:59:59.999999Z'), Duration: fc.constantFrom('0s', '1h0m0s', '1.5s', '-3m2.5s'), RawExtension: fc.constant({ a: [1, 'x'] }), FieldsV1: fc.constant({ 'f:a': {} }), JSON: fc.constantFrom(true, 'x', 1, [1], {}),
      }[type.name as 'JSON'];
  }
}

export function arbitraryStruct(struct: StructType, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 6) return fc.constant({});
  const fields = struct.fields.filter((f) => f.n !== undefined || f.path !== undefined);
  return fc.record(Object.fromEntries(fields.map((f) => [f.key, fc.option(fc.constant(null).chain(() => arbitrary(f.resolved, depth + 1)), { nil: undefined, freq: 2 })])), { requiredKeys: [] });
}
