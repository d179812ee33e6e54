/** Resource quotas and limit ranges. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, required } from '../../../machinery/fieldpath.ts';
import { qualifiedNameComplaints } from '../../../machinery/names.ts';
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type * as T from '../v1/types.ts';
import { checkAmount, checkContainerResourceName, checkResourceName, isQuotaResource, mayOvercommit } from './resources.ts';

type Amounts = Readonly<Record<string, string>> | undefined;
type Spec = DeepReadonly<T.ResourceQuotaSpec>;

function checkLimitType(type: string, path: string, out: FieldError[]): void {
  const complaints = qualifiedNameComplaints(type);
  for (const c of complaints) out.push(invalid(path, type, c));
  if (complaints.length === 0 && !type.includes('/') && !['Pod', 'Container', 'PersistentVolumeClaim'].includes(type)) out.push(invalid(path, type, 'must be a standard limit type or fully qualified'));
}

function checkLimitNames(item: DeepReadonly<T.LimitRangeItem>, part: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio', path: string, out: FieldError[]): void {
  const check = item.type === 'Pod' || item.type === 'Container' ? checkContainerResourceName : checkResourceName;
  for (const name of Object.keys(item[part] ?? {})) check(name, `${path}.${part}[${name}]`, out);
}

/** The larger of two bounds may not be below the smaller one. `shown`: which of both the finding names, and where. */
function checkOrder(name: string, low: readonly [string, Amounts], high: readonly [string, Amounts], shown: readonly [field: string, which: 'low' | 'high'], path: string, out: FieldError[]): void {
  const [least, most] = [low[1]?.[name], high[1]?.[name]];
  if (least === undefined || most === undefined || parseQuantity(least).cmp(parseQuantity(most)) <= 0) return;
  out.push(invalid(`${path}.${shown[0]}[${name}]`, shown[1] === 'low' ? least : most, `${low[0]} value ${least} is greater than ${high[0]} value ${most}`));
}

function checkRatio(name: string, item: DeepReadonly<T.LimitRangeItem>, path: string, out: FieldError[]): void {
  const ratio = item.maxLimitRequestRatio?.[name];
  if (ratio === undefined) return;
  const at = `${path}.maxLimitRequestRatio[${name}]`;
  const value = parseQuantity(ratio);
  if (value.cmp(parseQuantity('1')) < 0) out.push(invalid(at, ratio, `ratio ${ratio} is less than 1`));
  const [min, max] = [item.min?.[name], item.max?.[name]];
  if (min === undefined || max === undefined) return;
  const most = Number(exact(parseQuantity(max))) / Number(exact(parseQuantity(min)));
  if (value.milli() / 1000 > most) out.push(invalid(at, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`));
}

const exact = (quantity: Quantity): number => quantity.milli();

function checkLimits(item: DeepReadonly<T.LimitRangeItem>, path: string, out: FieldError[]): void {
  const isPod = item.type === 'Pod';
  const min = ['min', item.min] as const;
  const max = ['max', item.max] as const;
  const limit = isPod ? undefined : item.default;
  const request = isPod ? undefined : item.defaultRequest;
  const names = new Set([item.max, item.min, limit, request, item.maxLimitRequestRatio].flatMap((list) => Object.keys(list ?? {})));
  for (const name of names) {
    checkOrder(name, min, max, ['min', 'low'], path, out);
    checkOrder(name, min, ['default request', request], ['defaultRequest', 'high'], path, out);
    checkOrder(name, ['default request', request], max, ['defaultRequest', 'low'], path, out);
    checkOrder(name, ['default request', request], ['default limit', limit], ['defaultRequest', 'low'], path, out);
    checkOrder(name, min, ['default', limit], ['default', 'low'], path, out);
    checkOrder(name, ['default', limit], max, ['default', 'high'], path, out);
    checkRatio(name, item, path, out);
    const [a, b] = [limit?.[name], request?.[name]];
    if (!mayOvercommit(name) && a !== undefined && b !== undefined && parseQuantity(a).cmp(parseQuantity(b)) !== 0) {
      out.push(invalid(`${path}.defaultRequest[${name}]`, b, `default value ${a} must equal to defaultRequest value ${b} in ${name}`));
    }
  }
}

export function validateLimitRange(l: DeepReadonly<T.LimitRange>): FieldError[] {
  const out: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, item] of (l.spec.limits ?? []).entries()) {
    const path = `spec.limits[${i}]`;
    checkLimitType(item.type, `${path}.type`, out);
    if (seen.has(item.type)) out.push(duplicate(`${path}.type`, item.type));
    seen.add(item.type);
    for (const part of ['max', 'min'] as const) checkLimitNames(item, part, path, out);
    for (const part of ['default', 'defaultRequest'] as const) {
      if (item.type !== 'Pod') checkLimitNames(item, part, path, out);
      else if (Object.keys(item[part] ?? {}).length > 0) out.push(forbidden(`${path}.${part}`, "may not be specified when `type` is 'Pod'"));
    }
    if (item.type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined) {
      out.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
    }
    checkLimitNames(item, 'maxLimitRequestRatio', path, out);
    checkLimits(item, path, out);
  }
  return out;
}

function checkQuotaName(name: string, path: string, out: FieldError[]): void {
  checkResourceName(name, path, out);
  if (!name.includes('/') && !isQuotaResource(name)) out.push(invalid(path, name, 'must be a standard resource for quota'));
}

function checkAmounts(amounts: Amounts, path: string, out: FieldError[]): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    checkQuotaName(name, `${path}[${name}]`, out);
    checkAmount(name, amount, `${path}[${name}]`, out);
  }
}

const podResources = ['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
/** What may be counted of the objects in a scope. */
const scopes: Readonly<Record<string, readonly string[]>> = {
  Terminating: podResources,
  NotTerminating: podResources,
  NotBestEffort: podResources,
  PriorityClass: podResources,
  CrossNamespacePodAffinity: podResources,
  BestEffort: ['pods'],
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
};
const existing = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];

function checkScope(scope: string, spec: Spec, path: string, at: string, value: unknown, whole: unknown, out: FieldError[]): void {
  if (scopes[scope] === undefined) out.push(invalid(at, value, 'unsupported scope'));
  for (const name of Object.keys(spec.hard ?? {}).sort()) {
    if (isQuotaResource(name) && scopes[scope]?.includes(name) === false) out.push(invalid(path, whole, 'unsupported scope applied to resource'));
  }
}

function checkConflicts(given: readonly string[], spec: Spec, path: string, out: FieldError[]): void {
  for (const pair of [['BestEffort', 'NotBestEffort'], ['Terminating', 'NotTerminating']]) {
    if (pair.every((scope) => given.includes(scope))) out.push(invalid(path, spec.scopes, 'conflicting scopes'));
  }
}

function checkScopeSelector(spec: Spec, path: string, out: FieldError[]): void {
  const selector = spec.scopeSelector;
  const expressions = selector?.matchExpressions ?? [];
  for (const e of expressions) {
    const internal = { MatchExpressions: expressions.map((x) => ({ ScopeName: x.scopeName, Operator: x.operator, Values: x.values ?? null })) };
    checkScope(e.scopeName, spec, path, `${path}.scopeName`, e.scopeName, internal, out);
    if (existing.includes(e.scopeName) && e.operator !== 'Exists') {
      out.push(invalid(`${path}.operator`, e.operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"));
    }
    const count = e.values?.length ?? 0;
    if (e.operator === 'In' || e.operator === 'NotIn') {
      if (count === 0) out.push(required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (e.operator === 'Exists' || e.operator === 'DoesNotExist') {
      if (count > 0) out.push(invalid(`${path}.values`, e.values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
    } else {
      out.push(invalid(`${path}.operator`, e.operator, 'not a valid selector operator'));
    }
  }
  checkConflicts(expressions.map((e) => e.scopeName), spec, path, out);
}

function checkQuotaSpec(spec: Spec): FieldError[] {
  const out: FieldError[] = [];
  checkAmounts(spec.hard, 'spec.hard', out);
  for (const scope of spec.scopes ?? []) checkScope(scope, spec, 'spec.scopes', 'spec.scopes', spec.scopes, spec.scopes, out);
  checkConflicts(spec.scopes ?? [], spec, 'spec.scopes', out);
  checkScopeSelector(spec, 'spec.scopeSelector.matchExpressions', out);
  return out;
}

export function validateResourceQuota(q: DeepReadonly<T.ResourceQuota>): FieldError[] {
  return checkQuotaSpec(q.spec);
}

export function validateResourceQuotaUpdate(q: DeepReadonly<T.ResourceQuota>, old: DeepReadonly<T.ResourceQuota>, subresource: string): FieldError[] {
  if (subresource === 'status') {
    const out: FieldError[] = [];
    checkAmounts(q.status?.hard, 'status.hard', out);
    checkAmounts(q.status?.used, 'status.used', out);
    return out;
  }
  const [now, before] = [new Set(q.spec.scopes), new Set(old.spec.scopes)];
  const same = now.size === before.size && [...now].every((scope) => before.has(scope));
  return [...checkQuotaSpec(q.spec), ...(same ? [] : [invalid('spec.scopes', q.spec.scopes, 'field is immutable')])];
}
