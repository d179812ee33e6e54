/** Rules of what webhooks and policies are for: resources, selectors, conditions. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, invalid, notSupported, required, tooMany } from '../../machinery/fieldpath.ts';
import { nameIsPathSegment, qualifiedNameComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import type { Compiled, Compiler, Purpose } from './expressions.ts';
import { matchPolicies } from './v1/enums.ts';
import type * as T from './v1/types.ts';

export type Rule = DeepReadonly<Pick<T.RuleWithOperations, 'apiGroups' | 'apiVersions' | 'resources' | 'operations' | 'scope'>>;

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

export function checkChoice(value: string | undefined, choices: readonly string[], path: string, out: FieldError[]): void {
  if (value !== undefined && !choices.includes(value)) out.push(notSupported(path, value, choices));
}

function checkAlone(list: readonly string[], path: string, what: string, out: FieldError[]): void {
  if (list.length === 0) out.push(required(path));
  if (list.length > 1 && list.includes('*')) out.push(invalid(path, list, `if '*' is present, must not specify other ${what}`));
}

export function checkRule(r: Rule, path: string, out: FieldError[]): void {
  checkAlone(r.operations ?? [], `${path}.operations`, 'operations', out);
  for (const [i, o] of (r.operations ?? []).entries()) checkChoice(o, operations, `${path}.operations[${i}]`, out);
  checkAlone(r.apiGroups ?? [], `${path}.apiGroups`, 'API groups', out);
  checkAlone(r.apiVersions ?? [], `${path}.apiVersions`, 'API versions', out);
  for (const [i, v] of (r.apiVersions ?? []).entries()) if (v === '') out.push(required(`${path}.apiVersions[${i}]`));
  checkResources(r.resources ?? [], `${path}.resources`, out);
  checkChoice(r.scope, ['*', 'Cluster', 'Namespaced'], `${path}.scope`, out);
}

function checkResources(list: readonly string[], path: string, out: FieldError[]): void {
  if (list.length === 0) out.push(required(path));
  const wholeOf = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  for (const [i, text] of list.entries()) {
    if (text === '') {
      out.push(required(`${path}[${i}]`));
      continue;
    }
    const slash = text.indexOf('/');
    if (slash < 0) {
      plain = text !== '*';
      continue;
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (wholeOf.has(resource)) out.push(invalid(`${path}[${i}]`, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (everywhere.has(subresource)) out.push(invalid(`${path}[${i}]`, text, `if '*/${subresource}' is present, must not specify ${text}`));
    if (subresource === '*') wholeOf.add(resource);
    if (resource === '*') everywhere.add(subresource);
  }
  if (list.length > 1 && list.includes('*/*')) out.push(invalid(path, list, "if '*/*' is present, must not specify other resources"));
  if (list.includes('*') && plain) out.push(invalid(path, list, "if '*' is present, must not specify other resources without subresources"));
}

export function checkMatch(m: DeepReadonly<T.MatchResources> | undefined, path: string, out: FieldError[]): void {
  if (!m) return;
  checkChoice(m.matchPolicy, matchPolicies, `${path}.matchPolicy`, out);
  checkLabelSelector(m.namespaceSelector, `${path}.namespaceSelector`, out);
  checkLabelSelector(m.objectSelector, `${path}.objectSelector`, out);
  for (const key of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [i, r] of (m[key] ?? []).entries()) {
      const names = r.resourceNames ?? [];
      for (const [j, name] of names.entries()) {
        for (const complaint of nameIsPathSegment(name, false)) out.push(invalid(`${path}.${key}[${i}].resourceNames[${j}]`, name, complaint));
        if (names.indexOf(name) !== j) out.push(duplicate(`${path}.${key}[${i}].resourceNames[${j}]`, name));
      }
      checkRule(r, `${path}.${key}[${i}]`, out);
    }
  }
}

/** Compiles; what does not compile is a finding. */
export function checkExpression(compiled: Compiled, path: string, out: FieldError[]): void {
  if (compiled.error !== undefined) out.push(invalid(path, compiled.source, compiled.error));
}

export function checkSource(compiler: Compiler, source: string, purpose: Purpose, path: string, out: FieldError[]): void {
  checkExpression(compiler.compile(source, purpose), path, out);
}

const mostConditions = 64;

/** `known`: expressions that were there before, which are not looked at again. */
export function checkMatchConditions(list: DeepReadonly<T.MatchCondition[]> | undefined, compiler: Compiler, path: string, out: FieldError[], known: ReadonlySet<string> = new Set()): void {
  const names = new Set<string>();
  if ((list?.length ?? 0) > mostConditions) out.push(tooMany(path, list!.length, mostConditions));
  for (const [i, c] of (list ?? []).entries()) {
    const expression = c.expression?.trim();
    if (!expression) out.push(required(`${path}[${i}].expression`));
    else if (!known.has(c.expression)) checkSource(compiler, expression, 'condition', `${path}[${i}].expression`, out);
    if (!c.name) {
      out.push(required(`${path}[${i}].name`));
      continue;
    }
    for (const complaint of qualifiedNameComplaints(c.name)) out.push(invalid(`${path}[${i}].name`, c.name, complaint));
    if (names.has(c.name)) out.push(duplicate(`${path}[${i}].name`, c.name));
    names.add(c.name);
  }
}
