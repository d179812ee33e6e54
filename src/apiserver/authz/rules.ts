/** Policy rules: what one allows, and whether some of them together cover another. Pure. */
import type { PolicyRule } from '../../api/rbac/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Attributes } from '../../serving/identity.ts';

type Rule = DeepReadonly<PolicyRule>;

/** Lists that were left out are undefined or null. */
type List = readonly string[] | undefined | null;

function has(list: List, value: string): boolean {
  return !!list && (list.includes('*') || list.includes(value));
}

/** `pods/log`, `*`, or `*`/log. */
function hasResource(list: List, resource: string, subresource: string): boolean {
  if (!list) return false;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  for (const entry of list) {
    if (entry === '*' || entry === full) return true;
    if (subresource !== '' && entry.length === subresource.length + 2 && entry.startsWith('*/') && entry.endsWith(subresource)) return true;
  }
  return false;
}

function hasUrl(list: List, path: string): boolean {
  if (!list) return false;
  return list.some((entry) => entry === '*' || entry === path || (entry.endsWith('*') && path.startsWith(entry.slice(0, -1))));
}

export function ruleAllows(rule: Rule, a: Attributes): boolean {
  if (!has(rule.verbs, a.verb)) return false;
  if (!a.isResource) return hasUrl(rule.nonResourceURLs, a.path);
  if (!has(rule.apiGroups, a.group) || !hasResource(rule.resources, a.resource, a.subresource)) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(a.name);
}

/** One verb on one resource (or URL) at a time, so that several rules may cover one together. */
function breakDown(rule: Rule): Rule[] {
  const out: Rule[] = [];
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        if (!rule.resourceNames?.length) out.push({ verbs: [verb], apiGroups: [group], resources: [resource] });
        else for (const name of rule.resourceNames) out.push({ verbs: [verb], apiGroups: [group], resources: [resource], resourceNames: [name] });
      }
    }
    for (const url of rule.nonResourceURLs ?? []) out.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return out;
}

function coversOne(owner: Rule, wanted: Rule): boolean {
  if (!has(owner.verbs, wanted.verbs[0]!)) return false;
  const url = wanted.nonResourceURLs?.[0];
  if (url !== undefined) return (owner.nonResourceURLs ?? []).some((entry) => entry === '*' || entry === url || (entry.endsWith('*') && url.startsWith(entry.slice(0, -1))));
  const [resource = '', subresource = ''] = wanted.resources![0]!.split('/', 2);
  if (!has(owner.apiGroups, wanted.apiGroups![0]!) || !hasResource(owner.resources, resource, subresource)) return false;
  const name = wanted.resourceNames?.[0];
  return !owner.resourceNames?.length || (name !== undefined && owner.resourceNames.includes(name));
}

/** The parts of `wanted` that none of `owned` covers. */
export function uncovered(owned: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((owner) => coversOne(owner, part)));
}

/** Verbs on the same resource (and name) in one rule, as messages list them. */
export function compact(rules: readonly Rule[]): Rule[] {
  const byTarget = new Map<string, Rule>();
  const out: Rule[] = [];
  for (const rule of rules) {
    if (rule.nonResourceURLs?.length) {
      out.push(rule);
      continue;
    }
    const target = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const known = byTarget.get(target);
    byTarget.set(target, known ? { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] } : rule);
  }
  return [...out, ...byTarget.values()];
}

/** A rule as messages show it: {APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}. */
export function describeRule(rule: Rule): string {
  const parts: string[] = [];
  const add = (label: string, list: List): void => {
    if (list?.length) parts.push(`${label}:[${list.map((v) => JSON.stringify(v)).join(' ')}]`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('ResourceNames', rule.resourceNames);
  add('Verbs', rule.verbs);
  return `{${parts.join(', ')}}`;
}
