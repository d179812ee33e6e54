/** An audit policy: what is written down of which request. */
import { parseYaml } from '../../machinery/yaml.ts';
import { invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { User } from '../../serving/identity.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';

export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof levels)[number];
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Rule {
  readonly level?: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

interface PolicyFile {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly rules?: readonly Rule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** What is to be done of one request. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

export type AuditPolicy = (user: User, info: RequestInfo) => AuditRule;

/** Throws with everything that is wrong with the text. */
export function parsePolicy(text: string): AuditPolicy {
  const { value } = parseYaml(text);
  const file = (value ?? {}) as PolicyFile;
  if (file.kind !== 'Policy' || file.apiVersion !== 'audit.k8s.io/v1') {
    throw new Error(`no kind "Policy" of audit.k8s.io/v1: kind is ${JSON.stringify(file.kind ?? '')}, apiVersion ${JSON.stringify(file.apiVersion ?? '')}`);
  }
  const rules = file.rules ?? [];
  if (rules.length === 0) throw new Error('loaded illegal policy with 0 rules');
  const errors = [...omitErrors(file.omitStages, 'omitStages'), ...rules.flatMap((rule, i) => ruleErrors(rule, `rules[${i}]`))];
  if (errors.length > 0) throw new Error(`invalid policy: ${errors.map((e) => `${e.field}: ${e.detail}`).join(', ')}`);
  const compiled = rules.map((rule) => ({
    matches: matcher(rule),
    rule: { level: rule.level!, omitStages: new Set([...(file.omitStages ?? []), ...(rule.omitStages ?? [])]), omitManagedFields: rule.omitManagedFields ?? file.omitManagedFields ?? false } satisfies AuditRule,
  }));
  const otherwise: AuditRule = { level: 'None', omitStages: new Set(file.omitStages), omitManagedFields: file.omitManagedFields ?? false };
  return (user, info) => {
    for (const { matches, rule } of compiled) if (matches(user, info)) return rule;
    return otherwise;
  };
}

function ruleErrors(rule: Rule, at: string): FieldError[] {
  const out: FieldError[] = [];
  if (!rule.level) out.push(required(`${at}.level`, ''));
  else if (!levels.includes(rule.level)) out.push(notSupported(`${at}.level`, rule.level, levels));
  (rule.nonResourceURLs ?? []).forEach((url, i) => {
    const where = `${at}.nonResourceURLs[${i}]`;
    if (url === '*') return;
    if (!url.startsWith('/')) out.push(invalid(where, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*')) out.push(invalid(where, url, "non-resource URL wildcards '*' must be the final character of the rule"));
  });
  for (const r of rule.resources ?? []) {
    if (r.group && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(r.group)) {
      out.push(invalid(`${at}.resources.group`, r.group, "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"));
    }
    if (r.resourceNames?.length && !r.resources?.length) out.push(invalid(`${at}.resources.resourceNames`, r.resourceNames, 'using resourceNames requires at least one resource'));
  }
  out.push(...omitErrors(rule.omitStages, `${at}.omitStages`));
  if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length)) {
    out.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
  }
  return out;
}

function omitErrors(omit: readonly Stage[] | undefined, at: string): FieldError[] {
  return (omit ?? []).flatMap((stage, i) => (stages.includes(stage) ? [] : [invalid(`${at}[${i}]`, stage, `allowed stages are ${stages.join(',')}`)]));
}

function matcher(rule: Rule): (user: User, info: RequestInfo) => boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule;
  const ofResources = namespaces.length > 0 || resources.length > 0;
  return (user, info) => {
    if (users.length > 0 && !users.includes(user.name)) return false;
    if (userGroups.length > 0 && !user.groups.some((group) => userGroups.includes(group))) return false;
    if (verbs.length > 0 && !verbs.includes(info.verb)) return false;
    if (ofResources) {
      if (!info.isResource || (namespaces.length > 0 && !namespaces.includes(info.namespace))) return false;
      return resources.length === 0 || resources.some((r) => meansResource(r, info));
    }
    if (nonResourceURLs.length > 0) return !info.isResource && nonResourceURLs.some((url) => meansPath(url, info.path));
    return true;
  };
}

function meansResource({ group = '', resources = [], resourceNames = [] }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
  const full = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  return resources.some((one) => one === '*' || one === full || (info.subresource !== '' && (one === `*/${info.subresource}` || one === `${info.resource}/*`)));
}

function meansPath(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)));
}
