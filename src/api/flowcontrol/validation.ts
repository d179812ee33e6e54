/** Validation of flow schemas and priority levels. */
import { duplicate, forbidden, invalid, notSupported, required, sameValue } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { labelComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type * as T from './v1/types.ts';

type Schema = DeepReadonly<T.FlowSchema>;
type Level = DeepReadonly<T.PriorityLevelConfiguration>;

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

/** What has to stay as it is: the level and the schema of those who are never held up, and of those whom nothing else takes. */
const everybody = (...subjects: string[]): T.PolicyRulesWithSubjects[] => [{
  subjects: subjects.map((name) => ({ kind: 'Group', group: { name } })),
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}];
const fixedSchemas: Readonly<Record<string, T.FlowSchemaSpec>> = {
  exempt: { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 1, rules: everybody('system:masters') },
  'catch-all': { priorityLevelConfiguration: { name: 'catch-all' }, matchingPrecedence: 10000, distinguisherMethod: { type: 'ByUser' }, rules: everybody('system:unauthenticated', 'system:authenticated') },
};
const catchAll: T.PriorityLevelConfigurationSpec = { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } };

/** One of a kind of list where `*` stands alone. */
function checkWildcard(list: readonly string[], path: string, words: string, out: FieldError[]): boolean {
  if (!list.includes('*')) return false;
  if (list.length > 1) out.push(invalid(path, list, `if '*' is present, must not specify other ${words}`));
  return true;
}

function checkVerbs(list: readonly string[] | undefined, path: string, out: FieldError[]): void {
  if (!list?.length) out.push(required(path, 'verbs must contain at least one value'));
  else if (!checkWildcard(list, path, 'verbs', out) && !list.every((v) => verbs.includes(v))) out.push(notSupported(path, list, verbs));
}

function urlComplaint(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

function checkNonResourceRule(r: DeepReadonly<T.NonResourcePolicyRule>, path: string, out: FieldError[]): void {
  checkVerbs(r.verbs, `${path}.verbs`, out);
  const at = `${path}.nonResourceURLs`;
  if (!r.nonResourceURLs?.length) return void out.push(required(at, 'nonResourceURLs must contain at least one value'));
  if (checkWildcard(r.nonResourceURLs, at, 'non-resource URLs', out)) return;
  for (const [i, url] of r.nonResourceURLs.entries()) {
    const complaint = urlComplaint(url);
    if (complaint !== undefined) out.push(invalid(`${at}[${i}]`, url, complaint));
  }
}

function checkResourceRule(r: DeepReadonly<T.ResourcePolicyRule>, path: string, out: FieldError[]): void {
  checkVerbs(r.verbs, `${path}.verbs`, out);
  if (!r.apiGroups?.length) out.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  else checkWildcard(r.apiGroups, `${path}.apiGroups`, 'api groups', out);
  if (!r.resources?.length) out.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  else checkWildcard(r.resources, `${path}.resources`, 'resources', out);
  const namespaces = r.namespaces ?? [];
  const at = `${path}.namespaces`;
  if (namespaces.length === 0 && !r.clusterScope) out.push(required(at, 'resource rules that are not cluster scoped must supply at least one namespace'));
  else if (!checkWildcard(namespaces, at, 'namespaces', out)) {
    for (const [i, n] of namespaces.entries()) for (const c of labelComplaints(n)) out.push(invalid(`${at}[${i}]`, n, `each member of this list must be '*' or a DNS-1123 label; ${c}`));
  }
}

const holders = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function checkSubject(s: DeepReadonly<T.Subject>, path: string, out: FieldError[]): void {
  if (!Object.hasOwn(holders, s.kind)) return void out.push(notSupported(`${path}.kind`, s.kind, ['Group', 'ServiceAccount', 'User']));
  const own = holders[s.kind as keyof typeof holders];
  const subject = s[own];
  const at = `${path}.${own}`;
  if (!subject) out.push(required(at, `${own} is required when subject kind is '${s.kind}'`));
  else if (!subject.name) out.push(required(`${at}.name`));
  if (s.kind === 'ServiceAccount' && s.serviceAccount) {
    const { name, namespace } = s.serviceAccount;
    if (name && name !== '*') for (const c of subdomainComplaints(name)) out.push(invalid(`${at}.name`, name, c));
    if (!namespace) out.push(required(`${at}.namespace`, 'must specify namespace for service account'));
    else for (const c of labelComplaints(namespace)) out.push(invalid(`${at}.namespace`, namespace, c));
  }
  const others = own === 'serviceAccount' ? ['User', 'Group'] as const : own === 'user' ? ['ServiceAccount', 'Group'] as const : ['ServiceAccount', 'User'] as const;
  for (const kind of others) if (s[holders[kind]]) out.push(forbidden(`${path}.${holders[kind]}`, `${holders[kind]} is forbidden when subject kind is not '${kind}'`));
}

function checkConditions(conditions: readonly { readonly type?: string }[] | undefined): FieldError[] {
  const out: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { type = '' }] of (conditions ?? []).entries()) {
    if (seen.has(type)) out.push(duplicate(`status.conditions[${i}].type`, type));
    seen.add(type);
    if (!type) out.push(required(`status.conditions[${i}].type`));
  }
  return out;
}

export const validateSchemaStatus = (f: Schema): FieldError[] => checkConditions(f.status?.conditions);
export const validateLevelStatus = (p: Level): FieldError[] => checkConditions(p.status?.conditions);

function checkPrecedence(f: Schema, out: FieldError[]): void {
  const precedence = f.spec?.matchingPrecedence ?? 0;
  const path = 'spec.matchingPrecedence';
  if (precedence <= 0) out.push(invalid(path, precedence, 'must be a positive value'));
  if (precedence > 10000) out.push(invalid(path, precedence, 'must not be greater than 10000'));
  if (precedence === 1 && f.metadata.name !== 'exempt') out.push(invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
}

export function validateSchema(f: Schema): FieldError[] {
  const out: FieldError[] = [];
  checkPrecedence(f, out);
  const method = f.spec?.distinguisherMethod;
  if (method && !['ByNamespace', 'ByUser'].includes(method.type)) out.push(notSupported('spec.distinguisherMethod.type', { Type: method.type }, ['ByNamespace', 'ByUser']));
  const level = f.spec?.priorityLevelConfiguration?.name;
  if (!level) out.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  else for (const c of subdomainComplaints(level)) out.push(invalid('spec.priorityLevelConfiguration.name', level, c));
  for (const [i, r] of (f.spec?.rules ?? []).entries()) {
    const path = `spec.rules[${i}]`;
    if (!r.subjects?.length) out.push(required(`${path}.subjects`, 'subjects must contain at least one value'));
    for (const [j, s] of (r.subjects ?? []).entries()) checkSubject(s, `${path}.subjects[${j}]`, out);
    if (!r.resourceRules?.length && !r.nonResourceRules?.length) out.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
    for (const [j, one] of (r.resourceRules ?? []).entries()) checkResourceRule(one, `${path}.resourceRules[${j}]`, out);
    for (const [j, one] of (r.nonResourceRules ?? []).entries()) checkNonResourceRule(one, `${path}.nonResourceRules[${j}]`, out);
  }
  const name = f.metadata.name ?? '';
  const fixed = Object.hasOwn(fixedSchemas, name) ? fixedSchemas[name] : undefined;
  if (fixed && !sameValue(f.spec, fixed)) out.push(invalid('spec', f.spec, `spec of '${name}' must equal the fixed value`));
  return [...out, ...validateSchemaStatus(f)];
}

/** Bits that it takes to deal a hand: more than 60 are not hashed. */
function entropyBits(queues: number, hand: number): number {
  let product = 1;
  for (let i = 0; i < hand; i++) product *= queues - i;
  return Math.ceil(Math.log2(product));
}

function checkQueuing(q: DeepReadonly<T.QueuingConfiguration>, path: string, out: FieldError[]): void {
  const { queues, handSize, queueLengthLimit } = q;
  if (queueLengthLimit <= 0) out.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) out.push(invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > 10_000_000) out.push(invalid(`${path}.queues`, queues, 'must not be greater than 10000000'));
  if (handSize <= 0) out.push(invalid(`${path}.handSize`, handSize, 'must be positive'));
  else if (handSize > queues) out.push(invalid(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`));
  else if (entropyBits(queues, handSize) > 60) out.push(invalid(`${path}.handSize`, handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than 60`));
}

function checkShares(shares: number | undefined, lendable: number | undefined, path: string, out: FieldError[]): void {
  if ((shares ?? 0) < 0) out.push(invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
  if (lendable !== undefined && (lendable < 0 || lendable > 100)) out.push(invalid(`${path}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive'));
}

function checkLimited(limited: DeepReadonly<T.LimitedPriorityLevelConfiguration>, out: FieldError[]): void {
  const at = 'spec.limited.limitResponse';
  checkShares(limited.nominalConcurrencyShares, undefined, 'spec.limited', out);
  const response = limited.limitResponse;
  const type = response?.type ?? '';
  if (type === 'Reject') {
    if (response?.queuing) out.push(forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (type !== 'Queue') out.push(notSupported(`${at}.type`, type, ['Queue', 'Reject']));
  else if (!response?.queuing) out.push(required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
  else checkQueuing(response.queuing, `${at}.queuing`, out);
  checkShares(undefined, limited.lendablePercent, 'spec.limited', out);
  const borrowed = limited.borrowingLimitPercent;
  if (borrowed !== undefined && borrowed < 0) out.push(invalid('spec.limited.borrowingLimitPercent', borrowed, 'if specified, must be a non-negative integer'));
}

const zeroShares = 'flowcontrol.k8s.io/preserve-zero-concurrency-shares';

export function validateLevel(p: Level): FieldError[] {
  const out: FieldError[] = [];
  const name = p.metadata.name ?? '';
  if (p.metadata.annotations?.[zeroShares] !== undefined) out.push(forbidden('metadata.annotations', `annotation '${zeroShares}' is forbidden`));
  const type = p.spec?.type ?? '';
  const { limited, exempt } = p.spec ?? {};
  if ((name === 'exempt') !== (type === 'Exempt')) out.push(invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (type === 'Exempt') {
    if (limited) out.push(forbidden('spec.limited', 'must be nil if the type is not Limited'));
    checkShares(exempt?.nominalConcurrencyShares, exempt?.lendablePercent, 'spec.exempt', out);
  } else if (type === 'Limited') {
    if (exempt) out.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
    if (!limited) out.push(required('spec.limited', 'must not be empty when type is Limited'));
    else checkLimited(limited, out);
  } else out.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
  if (name === 'exempt' && (type !== 'Exempt' || limited)) out.push(invalid('spec', p.spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"));
  if (name === 'catch-all' && !sameValue(p.spec, catchAll)) out.push(invalid('spec', p.spec, "spec of 'catch-all' must equal the fixed value"));
  return [...out, ...validateLevelStatus(p)];
}
