/** x-kubernetes-validations: the expressions of a schema, compiled once and run over objects. */
import { isDeepStrictEqual } from 'node:util';
import { forbidden, invalid, required } from '../../machinery/fieldpath.ts';
import { fromJson } from '../../machinery/cel/adapt.ts';
import { compile, evaluate, type Binding, type Program } from '../../machinery/cel/cel.ts';
import { maxMessageBytes, perCallLimit, runtimeCostBudget } from '../../machinery/cel/limits.ts';
import { celTypeOf, type SchemaLike } from '../../machinery/cel/schema.ts';
import { optionalOf, typeText, type CelType } from '../../machinery/cel/types.ts';
import { CelError, CelOptional } from '../../machinery/cel/values.ts';
import type { FieldError } from '../../machinery/status.ts';
import { additionalOf, isMembers, itemsOf, type JsonSchema, type ValidationRule } from './schema.ts';

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Absent where the rule is empty or wrong. */
  readonly program?: Program;
  readonly message?: Program;
  /** Why there is no program. */
  readonly error?: string;
  readonly messageError?: string;
  readonly usesOldSelf: boolean;
}

/** The rules of one node of a schema, and of what lies below. */
export interface RuleNode {
  readonly schema: JsonSchema;
  readonly type: CelType;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

/** The rules that stand at this very node. */
export function compileRules(schema: JsonSchema, type: CelType | undefined): CompiledRule[] {
  return (schema['x-kubernetes-validations'] ?? []).map((rule): CompiledRule => {
    if (rule.rule.trim() === '') return { rule, usesOldSelf: false };
    if (!type) return { rule, usesOldSelf: false, error: 'failed to convert to declType for CEL validation rules' };
    const variables = { self: type, oldSelf: rule.optionalOldSelf ? optionalOf(type) : type };
    const { program, message } = compile(rule.rule, { variables });
    if (!program) return { rule, usesOldSelf: false, error: `compilation failed: ${message}` };
    const usesOldSelf = mentions(program.ast, 'oldSelf');
    if (typeText(program.type) !== 'bool') return { rule, usesOldSelf, error: 'cel expression must evaluate to a bool' };
    if (!rule.messageExpression) return { rule, program, usesOldSelf };
    const words = compile(rule.messageExpression, { variables });
    if (!words.program) return { rule, program, usesOldSelf, messageError: `messageExpression compilation failed: ${words.message}` };
    if (typeText(words.program.type) !== 'string') return { rule, program, usesOldSelf, messageError: 'messageExpression must evaluate to a string' };
    return { rule, program, usesOldSelf, message: words.program };
  });
}

function mentions(tree: unknown, name: string): boolean {
  if (Array.isArray(tree)) return tree.some((part) => mentions(part, name));
  if (!isMembers(tree)) return false;
  if (tree['kind'] === 'ident' && tree['name'] === name) return true;
  return Object.values(tree).some((part) => mentions(part, name));
}

/** Undefined where there is no rule at this node or below. */
export function ruleTree(schema: JsonSchema | undefined, resource: boolean): RuleNode | undefined {
  if (!schema) return undefined;
  const below = (s: JsonSchema | undefined): RuleNode | undefined => ruleTree(s, s?.['x-kubernetes-embedded-resource'] === true);
  const properties = new Map<string, RuleNode>();
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const node = below(value);
    if (node) properties.set(key, node);
  }
  const additional = below(additionalOf(schema).schema);
  const items = below(itemsOf(schema));
  const own = schema['x-kubernetes-validations'] ?? [];
  if (own.length === 0 && properties.size === 0 && !additional && !items) return undefined;
  const type = celTypeOf(schema as SchemaLike, { resource });
  if (!type) return undefined;
  return { schema, type, rules: compileRules(schema, type), properties, additional, items };
}

export interface RuleFindings {
  readonly errors: readonly FieldError[];
  /** Rules that do not hold, for parts that have not changed. */
  readonly warnings: readonly string[];
}

/** `old`: the object before an update. */
export function validateRules(tree: RuleNode, value: unknown, old?: unknown): RuleFindings {
  const run = new RuleRun();
  run.visit(tree, value, old, '', false);
  return run;
}

class OutOfBudget extends Error {}

class RuleRun implements RuleFindings {
  readonly errors: FieldError[] = [];
  readonly warnings: string[] = [];
  #budget = runtimeCostBudget;
  #over = false;

  visit(node: RuleNode, value: unknown, old: unknown, path: string, unchanged: boolean): void {
    if (value === null || value === undefined || this.#over) return;
    const same = unchanged || (old !== undefined && isDeepStrictEqual(value, old));
    if (node.rules.length > 0) this.#rules(node, value, old, path, same);
    if (Array.isArray(value)) {
      if (!node.items) return;
      const before = itemsBefore(node.schema, old);
      for (const [i, item] of value.entries()) this.visit(node.items, item, before?.(item), `${path}[${i}]`, same);
    } else if (isMembers(value)) {
      const before = isMembers(old) ? old : {};
      for (const key of Object.keys(value)) {
        const declared = node.properties.get(key);
        const member = path === '' ? key : `${path}.${key}`;
        if (declared) this.visit(declared, value[key], before[key], member, same);
        else if (node.additional && !node.schema.properties?.[key]) this.visit(node.additional, value[key], before[key], `${path}[${key}]`, same);
      }
    }
  }

  #rules(node: RuleNode, value: unknown, old: unknown, path: string, unchanged: boolean): void {
    for (const compiled of node.rules) {
      try {
        this.#rule(node, compiled, value, old, path, unchanged);
      } catch (error) {
        if (!(error instanceof OutOfBudget)) throw error;
        this.#over = true;
        this.errors.push(invalid(shown(path), node.schema.type ?? '', error.message));
        return;
      }
    }
  }

  #rule(node: RuleNode, compiled: CompiledRule, value: unknown, old: unknown, path: string, unchanged: boolean): void {
    const { rule, program, error, usesOldSelf } = compiled;
    const kind = node.schema.type ?? '';
    if (error !== undefined) this.errors.push(invalid(shown(path), kind, `rule compile error: ${error}`));
    if (!program || (usesOldSelf && old === undefined && !rule.optionalOldSelf)) return;
    const bindings: Record<string, Binding> = { self: { json: value } };
    if (rule.optionalOldSelf) bindings['oldSelf'] = { value: new CelOptional(old === undefined ? undefined : fromJson(old, node.type)) };
    else if (old !== undefined) bindings['oldSelf'] = { json: old };
    const result = this.#run(program, bindings);
    if (result instanceof CelError) {
      const said = rule.message?.trim() || rule.rule.trim();
      if (result.message.startsWith('no such overload')) this.errors.push(invalid(shown(path), kind, `'${result.message}': call arguments did not match a supported operator, function or macro signature for rule: ${said}`));
      else if (result.message.startsWith('operation cancelled')) throw new OutOfBudget(`'${result.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${said}`);
      else this.errors.push(invalid(shown(path), kind, `${result.message} evaluating rule: ${said}`));
      return;
    }
    if (result === true) return;
    const at = rule.fieldPath ? (path + rule.fieldPath).replace(/^\./, '') : path;
    const finding = fieldError(rule.reason, shown(at), kind, this.#words(compiled, bindings));
    if (!usesOldSelf && unchanged) this.warnings.push(`${finding.field}: ${finding.detail}`);
    else this.errors.push(finding);
  }

  #run(program: Program, bindings: Record<string, Binding>): unknown {
    if (this.#budget <= 0) throw new OutOfBudget('validation failed due to running out of cost budget, no further validation rules will be run');
    const { value, cost } = evaluate(program, bindings, { costLimit: perCallLimit });
    if (cost > this.#budget) throw new OutOfBudget('validation failed due to running out of cost budget, no further validation rules will be run');
    this.#budget -= cost;
    return value;
  }

  #words({ rule, message }: CompiledRule, bindings: Record<string, Binding>): string {
    const plain = rule.message ? rule.message.trim() : `failed rule: ${rule.rule.trim()}`;
    if (!message) return plain;
    const made = this.#run(message, bindings);
    const text = typeof made === 'string' ? made.trim() : '';
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > maxMessageBytes ? plain : text;
  }
}

function shown(path: string): string {
  return path === '' ? '<nil>' : path;
}

/** A duplicate says nothing but the value. */
function fieldError(reason: string | undefined, path: string, kind: string, words: string): FieldError {
  switch (reason) {
    case 'FieldValueRequired':
      return required(path, words);
    case 'FieldValueForbidden':
      return forbidden(path, words);
    case 'FieldValueDuplicate':
      return { type: 'FieldValueDuplicate', field: path, detail: `Duplicate value: ${JSON.stringify(kind)}` };
    default:
      return invalid(path, kind, words);
  }
}

/** Items can be told apart only by the keys of a list that is a map. */
function itemsBefore(schema: JsonSchema, old: unknown): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys || !Array.isArray(old)) return undefined;
  const nameOf = (item: unknown): string => (isMembers(item) ? JSON.stringify(keys.map((key) => item[key] ?? null)) : '');
  const byName = new Map(old.map((item: unknown) => [nameOf(item), item]));
  return (item) => byName.get(nameOf(item));
}

const blocking: ReadonlySet<string> = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);

/** What is said instead of running rules over an object that they cannot be run over; undefined: they can. */
export function rulesBlocked(errors: readonly FieldError[]): FieldError | undefined {
  if (!errors.some((e) => blocking.has(e.type))) return undefined;
  return invalid('<nil>', undefined, 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation');
}
