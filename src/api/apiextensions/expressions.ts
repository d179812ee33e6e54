/** The expressions of a schema as its definition states them: that they compile, and that they cannot cost too much. */
import { estimatedDefinitionCostLimit, estimatedRuleCostLimit } from '../../machinery/cel/limits.ts';
import { celTypeOf, mostValues, type SchemaLike } from '../../machinery/cel/schema.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { compileRules, type CompiledRule } from '../../schema/structural/rules.ts';
import { additionalOf, itemsOf, propertyOf, type JsonSchema, type ValidationRule } from '../../schema/structural/schema.ts';
import { reasons } from './v1/enums.ts';


/** Where a rule stands: how many values it may run over, and what cannot be told apart from one update to the next. */
interface Place {
  /** Infinity: nothing but the size of a request bounds it. */
  readonly values: number;
  readonly uncorrelated: string | undefined;
  readonly resource: boolean;
  /** Of every expression so far. */
  readonly costs: Cost[];
}

interface Cost {
  readonly path: string;
  readonly cost: number;
}

/** `schema` is structural. */
export function validateExpressions(schema: JsonSchema, path: string): FieldError[] {
  const out: FieldError[] = [];
  const costs: Cost[] = [];
  visit(schema, path, { values: 1, uncorrelated: undefined, resource: true, costs }, out);
  const total = costs.reduce((sum, c) => sum + c.cost, 0);
  if (total <= estimatedDefinitionCostLimit) return out;
  const worst = costs.filter((c) => c.cost >= estimatedDefinitionCostLimit / 100).toSorted((a, b) => b.cost - a.cost).slice(0, 4);
  for (const { path: at } of worst) out.push(forbidden(at, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'));
  out.push(forbidden(path, tooCostly('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', total, estimatedDefinitionCostLimit)));
  return out;
}

function visit(s: JsonSchema, path: string, place: Place, out: FieldError[]): void {
  if (s['x-kubernetes-validations']?.length) checkNode(s, path, place, out);
  const below = (child: JsonSchema, at: string, values: number, uncorrelated = place.uncorrelated): void => {
    visit(child, at, { values, uncorrelated, resource: child['x-kubernetes-embedded-resource'] === true, costs: place.costs }, out);
  };
  for (const [key, value] of Object.entries(s.properties ?? {})) below(value, `${path}.properties[${key}]`, place.values);
  const additional = additionalOf(s).schema;
  if (additional) below(additional, `${path}.additionalProperties`, place.values * (s.maxProperties ?? Infinity));
  const items = itemsOf(s);
  if (items) below(items, `${path}.items`, place.values * (s.maxItems ?? Infinity), s['x-kubernetes-list-type'] === 'map' ? place.uncorrelated : path);
}

function checkNode(s: JsonSchema, path: string, place: Place, out: FieldError[]): void {
  const rules = s['x-kubernetes-validations']!;
  const at = (i: number): string => `${path}.x-kubernetes-validations[${i}]`;
  const before = out.length;
  for (const [i, rule] of rules.entries()) checkWords(s, rule, at(i), out);
  if (out.length > before) return;
  const { resource } = place;
  const values = Number.isFinite(place.values) ? place.values : mostValues(s as SchemaLike, { resource });
  for (const [i, compiled] of compileRules(s, celTypeOf(s as SchemaLike, { resource })).entries()) checkRule(compiled, at(i), values, place, out);
}

function checkRule({ rule, program, message, error, messageError, usesOldSelf }: CompiledRule, path: string, values: number, { uncorrelated, costs }: Place, out: FieldError[]): void {
  const stated = { Rule: rule.rule, Message: rule.message ?? '', MessageExpression: rule.messageExpression ?? '', Reason: rule.reason ?? null, FieldPath: rule.fieldPath ?? '', OptionalOldSelf: rule.optionalOldSelf ?? null };
  for (const [name, what, made] of [['rule', 'estimated rule cost', program], ['messageExpression', 'estimated messageExpression cost', message]] as const) {
    if (!made) continue;
    const cost = made.estimatedCost.max * values || 0;
    if (cost > estimatedRuleCostLimit) out.push(forbidden(`${path}.${name}`, tooCostly(what, cost, estimatedRuleCostLimit)));
    costs.push({ path: `${path}.${name}`, cost });
  }
  if (error !== undefined) out.push(invalid(`${path}.rule`, stated, error));
  if (messageError !== undefined) out.push(invalid(`${path}.messageExpression`, stated, messageError));
  if (usesOldSelf && uncorrelated !== undefined) out.push(invalid(`${path}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`));
  if (!usesOldSelf && rule.optionalOldSelf !== undefined) out.push(invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
}

function checkWords(s: JsonSchema, rule: ValidationRule, path: string, out: FieldError[]): void {
  const breaks = (text: string): boolean => /[\n\r]/.test(text);
  const { message = '', messageExpression = '', fieldPath = '' } = rule;
  if (rule.rule.trim() === '') out.push(required(`${path}.rule`, 'rule is not specified'));
  else if (message !== '' && message.trim() === '') out.push(invalid(`${path}.message`, message, 'must be non-empty if specified'));
  else if (breaks(message.trim())) out.push(invalid(`${path}.message`, message, 'must not contain line breaks'));
  else if (breaks(rule.rule.trim()) && message.trim() === '') out.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  if (messageExpression !== '' && messageExpression.trim() === '') out.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'));
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) out.push(notSupported(`${path}.reason`, rule.reason, reasons));
  if (fieldPath === '') return;
  if (fieldPath.trim() === '') out.push(invalid(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'));
  if (breaks(fieldPath)) out.push(invalid(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'));
  if (!refersToField(s, fieldPath)) out.push(invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path'));
}

/** `.a.b['c']`: members only, no items of lists. */
function refersToField(schema: JsonSchema, path: string): boolean {
  const parts = [...path.matchAll(/\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join('') !== path) return false;
  let found: JsonSchema | undefined = schema;
  for (const [, name, key] of parts) found = name !== undefined ? propertyOf(found, name) : (propertyOf(found, key!) ?? additionalOf(found).schema);
  return found !== undefined;
}

function tooCostly(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
