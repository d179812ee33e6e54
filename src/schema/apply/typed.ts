/** Whether a configuration has the types of its kind, in upstream's words. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { pathText } from './fieldset.ts';
import { elementOf, isObject, memberShape, NamelessItem, type Scalar, type Shape } from './shape.ts';

/** A configuration that does not fit its type: `.spec.foo: field not declared in schema`. */
export class MisfitError extends Error {}

/** Throws MisfitError for what the type does not have, or has otherwise. */
export function checkTyped(config: JsonObject, shape: Shape): void {
  const errors: string[] = [];
  walk(config, shape, '', errors);
  if (errors.length > 0) throw new MisfitError(errors.length === 1 ? errors[0]! : ['errors:', ...errors.map((e) => `  ${e}`)].join('\n'));
}

function walk(value: JsonValue, shape: Shape, path: string, errors: string[]): void {
  if (value === null || shape.kind === 'any') return;
  if (shape.kind === 'list') walkNamed(value, shape, path, errors);
  else if (shape.kind === 'map') walkMap(value, shape, path, errors);
  else if (shape.map) walkMap(value, shape.map(), path, errors);
  else if (shape.items) walkItems(value, shape.items(), path, errors);
  else if (shape.scalar) {
    const wrong = misfit(value, shape.scalar);
    if (wrong !== undefined) errors.push(at(path, wrong));
  }
}

function at(path: string, words: string): string {
  return path === '' ? words : `${path}: ${words}`;
}

/** After a field that there is not, upstream looks at no other of the same map. */
function walkMap(value: JsonValue, shape: Shape, path: string, errors: string[]): void {
  if (!isObject(value)) {
    errors.push(at(path, `expected map, got &{${shown(value)}}`));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const member = memberShape(shape, key);
    if (!member) {
      errors.push(at(`${path}.${key}`, 'field not declared in schema'));
      return;
    }
    walk(item, member, `${path}.${key}`, errors);
  }
}

function walkItems(value: JsonValue, item: Shape, path: string, errors: string[]): void {
  if (Array.isArray(value)) value.forEach((one, i) => walk(one, item, `${path}[${i}]`, errors));
  else errors.push(at(path, `expected list, got &{${shown(value)}}`));
}

/** An item without a name ends the list. */
function walkNamed(value: JsonValue, shape: Extract<Shape, { kind: 'list' }>, path: string, errors: string[]): void {
  if (!Array.isArray(value)) {
    errors.push(at(path, `expected list, got &{${shown(value)}}`));
    return;
  }
  const seen = new Set<string>();
  for (const [i, item] of value.entries()) {
    let name: string;
    try {
      name = elementOf(shape, item);
    } catch (error) {
      if (!(error instanceof NamelessItem)) throw error;
      errors.push(at(path, `element ${i}: ${error.message}`));
      return;
    }
    const text = pathText([name]);
    if (seen.has(name)) errors.push(at(path, `duplicate entries for key ${text}`));
    seen.add(name);
    walk(item, shape.item, `${path}${text}`, errors);
  }
}

function misfit(value: JsonValue, scalar: Scalar): string | undefined {
  switch (scalar) {
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${inSyntax(value)}}`;
    case 'numeric':
      return typeof value === 'number' || typeof value === 'bigint' ? undefined : `expected numeric (int or float), got ${typeName(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${shown(value)}}`;
    case 'untyped':
      return typeof value === 'object' ? `expected any scalar, got &{${shown(value)}}` : undefined;
  }
}

function typeName(value: JsonValue): string {
  if (Array.isArray(value)) return '[]interface {}';
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : 'map[string]interface {}';
}

/** Go's %v. */
function shown(value: JsonValue): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (isObject(value)) return `map[${Object.keys(value).sort().map((key) => `${key}:${shown(value[key]!)}`).join(' ')}]`;
  return typeof value === 'number' ? float(value) : String(value);
}

/** Go's %#v. */
function inSyntax(value: JsonValue): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(inSyntax).join(', ')}}`;
  if (isObject(value)) return `map[string]interface {}{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${inSyntax(value[key]!)}`).join(', ')}}`;
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'number' ? float(value) : String(value);
}

function float(value: number): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return !Number.isInteger(value) && (exponent < -4 || exponent >= 6) ? value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2') : String(value);
}
