import { test } from 'node:test';
import assert from 'node:assert/strict';
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import { compile, evaluate } from './cel.ts';
import type { Binding } from './cel.ts';
import { equal } from './equality.ts';
import type { CelType } from './types.ts';
import { bool, bytes, double, dyn, duration, int, listOf, mapOf, nullType, optionalOf, string, timestamp, typeText, uint } from './types.ts';
import type { CelValue } from './values.ts';
import { CelError, CelList, CelMap, CelOptional, CelTypeValue, CelUint } from './values.ts';
import { readDuration, readTimestamp } from './library/time.ts';

/** Suites of extensions and of protobuf messages, neither of which an expression in Kubernetes can use. */
const foreignSuites = ['bindings_ext', 'block_ext', 'encoders_ext', 'enums', 'math_ext', 'network_ext', 'proto2', 'proto2_ext', 'proto3', 'wrappers', 'unknowns'];

/** Tests that fail, each group for one reason. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'makes a protobuf message': ['/dynamic/value_null/literal'],
  'names are looked up in a container, which Kubernetes never sets': [
    '/namespace/namespace/self_eval_container_lookup',
    '/namespace/namespace/self_eval_container_lookup_unchecked',
  ],
  'calls functions that the test declares for itself': [
    '/type_deductions/functions/function_result_type',
    '/type_deductions/type_parameters/multiple_parameters_generality',
    '/type_deductions/type_parameters/multiple_parameters_generality_2',
    '/type_deductions/type_parameters/multiple_parameters_parameterized_ovl',
    '/type_deductions/type_parameters/multiple_parameters_parameterized_ovl_2',
  ],
};

interface Case {
  readonly name: string;
  readonly expr: string;
  readonly value?: Json;
  readonly evalError?: unknown;
  readonly typedResult?: { result?: Json; deducedType?: Json };
  readonly typeEnv?: readonly { name: string; ident?: { type: Json }; function?: unknown }[];
  readonly bindings?: Readonly<Record<string, { value: Json }>>;
  readonly disableCheck?: boolean;
  readonly disableMacros?: boolean;
  readonly checkOnly?: boolean;
  readonly container?: string;
}
type Json = Readonly<Record<string, any>>;
class Unsupported extends Error {}

function valueOf(json: Json): CelValue {
  const [kind, value] = Object.entries(json)[0] ?? ['nullValue', null];
  switch (kind) {
    case 'int64Value':
      return BigInt(value);
    case 'uint64Value':
      return new CelUint(BigInt(value));
    case 'doubleValue':
      return Number(value);
    case 'stringValue':
    case 'boolValue':
      return value as string | boolean;
    case 'nullValue':
      return null;
    case 'bytesValue':
      return new Uint8Array(Buffer.from(value, 'base64'));
    case 'typeValue':
      return new CelTypeValue(value);
    case 'listValue':
      return new CelList((value.values ?? []).map(valueOf));
    case 'mapValue':
      return CelMap.of((value.entries ?? []).map((entry: Json) => [valueOf(entry['key']), valueOf(entry['value'])]));
    case 'objectValue':
      if (value['@type'].endsWith('Duration')) return readDuration(value.value)!;
      if (value['@type'].endsWith('Timestamp')) return readTimestamp(value.value)!;
      throw new Unsupported();
    default:
      throw new Unsupported();
  }
}

const primitives: Readonly<Record<string, CelType>> = { BOOL: bool, INT64: int, UINT64: uint, DOUBLE: double, STRING: string, BYTES: bytes };

function typeOf(json: Json): CelType {
  const [kind, value] = Object.entries(json)[0] ?? ['dyn', {}];
  switch (kind) {
    case 'primitive':
      return primitives[value]!;
    case 'dyn':
      return dyn;
    case 'null':
      return nullType;
    case 'listType':
      return listOf(typeOf(value.elemType ?? {}));
    case 'mapType':
      return mapOf(typeOf(value.keyType ?? {}), typeOf(value.valueType ?? {}));
    case 'messageType':
      if (value === 'google.protobuf.Duration') return duration;
      if (value === 'google.protobuf.Timestamp') return timestamp;
      throw new Unsupported();
    case 'wellKnown':
      if (value === 'TIMESTAMP' || value === 'DURATION') return value === 'TIMESTAMP' ? timestamp : duration;
      throw new Unsupported();
    case 'type':
      return { kind: 'type', of: Object.keys(value).length === 0 ? undefined : typeOf(value) };
    case 'abstractType':
      if (value.name === 'optional_type') return optionalOf(typeOf(value.parameterTypes[0]));
      throw new Unsupported();
    default:
      throw new Unsupported();
  }
}

/** Undefined where the test passes. */
function run(test: Case): string | undefined {
  const variables: Record<string, CelType> = {};
  for (const { name, ident } of test.typeEnv ?? []) if (ident) variables[name] = typeOf(ident.type);
  const bindings: Record<string, Binding> = {};
  for (const [name, { value }] of Object.entries(test.bindings ?? {})) bindings[name] = { value: valueOf(value) };
  const compiled = compile(test.expr, { variables, mixedLiterals: true, quotedNames: true, unchecked: test.disableCheck === true });
  if (!compiled.program) return test.evalError ? undefined : compiled.message;
  if (test.typedResult?.deducedType) {
    const [wanted, found] = [typeText(typeOf(test.typedResult.deducedType)), typeText(compiled.program.type)];
    if (wanted !== found) return `type ${found}, not ${wanted}`;
  }
  if (test.checkOnly) return undefined;
  const { value } = evaluate(compiled.program, bindings);
  if (test.evalError) return value instanceof CelError ? undefined : 'no error';
  if (value instanceof CelError) return value.message;
  const wanted = valueOf(test.value ?? test.typedResult?.result ?? { boolValue: true });
  const found = value instanceof CelOptional && value.value !== undefined ? value.value : value;
  const same = typeof wanted === typeof found && (equal(wanted, found) || (Number.isNaN(wanted) && Number.isNaN(found)));
  return same ? undefined : `${String(found)}, not ${String(wanted)}`;
}

const messages = /google\.protobuf\.(?!Timestamp|Duration)|TestAllTypes|google\.protobuf\.(Timestamp|Duration)\s*\{|NestedEnum|GlobalEnum/;

/** Calls `each` with what the tests are about, without those that are foreign. */
function forEachTest(each: (path: string, entry: { original: Case; type?: string; error?: string }) => void): number {
  let foreign = 0;
  const visit = (path: string, suite: { suites?: any[]; tests?: any[] }): void => {
    for (const entry of suite.tests ?? []) {
      const { original } = entry;
      const declared = JSON.stringify([original.typeEnv ?? [], original.bindings ?? {}, original.value ?? {}]);
      if (foreignSuites.includes(path.split('/')[1]!) || messages.test(original.expr) || messages.test(declared)) foreign++;
      else each(`${path}/${original.name}`, entry);
    }
    for (const inner of suite.suites ?? []) visit(`${path}/${inner.name}`, inner);
  };
  visit('', tests as { suites: any[] });
  return foreign;
}

test('the conformance tests of the language', () => {
  const failures: string[] = [];
  let passed = 0;
  const foreign = forEachTest((name, { original }) => {
    let failure: string | undefined;
    try {
      failure = run(original);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      failure = 'unsupported';
    }
    if (failure === undefined) passed++;
    else failures.push(name);
  });
  assert.deepEqual(failures, Object.values(exceptions).flat());
  assert.deepEqual({ passed, foreign }, { passed: 1412, foreign: 924 });
});

test('types and messages are those of the reference implementation', () => {
  const differences: string[] = [];
  let compared = 0;
  forEachTest((path, { original, type, error }) => {
    if (original.typeEnv || original.container || original.typedResult) return;
    const { program, message } = compile(original.expr, { variables: {}, mixedLiterals: true, quotedNames: true });
    // Literals are refused before their types matter; what the reference refuses while parsing was recorded without options that are set here.
    if (/invalid (timestamp|duration) argument/.test(message) || (program && error)) return;
    const [found, wanted] = type ? [program ? typeText(program.type) : message, type] : [message.split('\n')[0], error?.split('\n')[0]?.replace('ERROR: :', 'ERROR: <input>:')];
    compared++;
    if (found !== wanted) differences.push(`${path}: ${found}, not ${wanted}`);
  });
  assert.deepEqual(differences, []);
  assert.ok(compared > 1000, String(compared));
});
