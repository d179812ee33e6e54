/** ResourceQuota: what would use more than a namespace may is refused; what is let in is counted before it is written. */
import { claimInScope, claimUsage, inScope, podUsage, scopeFits, serviceUsage, type Usage } from '../../api/core/quota.ts';
import type { PersistentVolumeClaim, Pod, ResourceQuota, ResourceRequirements, ScopedResourceSelectorRequirement, Service } from '../../api/core/v1/types.ts';
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts';
import { qualified, StatusError } from '../../machinery/status.ts';
import type { User } from '../../serving/identity.ts';
import type { ApiObject, ReadonlyObject, Stored } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import { unexplained, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';
import { sectionOf, type AdmissionConfiguration } from './configuration.ts';

type Quota = DeepReadonly<ResourceQuota>;
type Amounts = Readonly<Record<string, string>>;

const counter: User = { name: 'system:apiserver', groups: ['system:masters'] };
const one = parseQuantity('1');
/** Counted under their plain names, too. */
const plain = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas']);

function usageOf(request: AdmissionRequest, object: ReadonlyObject): Usage {
  if (request.group === '' && request.resource === 'pods') return podUsage(object as unknown as DeepReadonly<Pod>);
  if (request.group === '' && request.resource === 'services') return serviceUsage(object as unknown as DeepReadonly<Service>);
  if (request.group === '' && request.resource === 'persistentvolumeclaims') return claimUsage(object as unknown as DeepReadonly<PersistentVolumeClaim>);
  const usage: Usage = new Map([[`count/${qualified(request)}`, one]]);
  if (request.group === '' && plain.has(request.resource)) usage.set(request.resource, one);
  return usage;
}

/** Nothing is kept of these. */
const uncounted = new Set(['bindings', 'localsubjectaccessreviews.authorization.k8s.io']);

/** Whether the request can use more of anything. */
function counts({ group, resource, operation, subresource, namespace }: AdmissionRequest): boolean {
  if (namespace === '' || uncounted.has(qualified({ group, resource }))) return false;
  if (operation === 'CREATE') return subresource === '';
  if (operation !== 'UPDATE' || group !== '') return false;
  return resource === 'pods' ? subresource === 'resize' : (resource === 'services' || resource === 'persistentvolumeclaims') && subresource === '';
}

/** Quotas with scopes are for pods, and for claims by their attributes class. */
function applies(quota: Quota, request: AdmissionRequest, object: ReadonlyObject): boolean {
  if (request.group === '' && request.resource === 'pods') return inScope(quota, object as unknown as DeepReadonly<Pod>);
  if (request.group === '' && request.resource === 'persistentvolumeclaims') return claimInScope(quota, object as unknown as DeepReadonly<PersistentVolumeClaim>);
  return (quota.spec?.scopes?.length ?? 0) + (quota.spec?.scopeSelector?.matchExpressions?.length ?? 0) === 0;
}

/** What the object adds to this quota: all of it, or what an update adds. */
function addition(quota: Quota, request: AdmissionRequest): Usage {
  const usage = usageOf(request, request.object!);
  const old = request.old && applies(quota, request, request.old) ? usageOf(request, request.old) : undefined;
  const more: Usage = new Map();
  for (const [name, amount] of usage) {
    if (quota.status?.hard?.[name] === undefined) continue;
    const before = old?.get(name);
    const added = before ? amount.sub(before) : amount;
    if (added.sign() > 0) more.set(name, added);
  }
  return more;
}

const computed = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory'];

function names(resources: DeepReadonly<ResourceRequirements> | undefined): Set<string> {
  const out = new Set<string>();
  for (const name in resources?.requests) out.add(name).add(`requests.${name}`);
  for (const name in resources?.limits) out.add(`limits.${name}`);
  return out;
}

/** What a quota limits, every container has to say. */
function checkSaid(quota: Quota, request: AdmissionRequest): void {
  if (request.group !== '' || request.resource !== 'pods') return;
  const required = computed.filter((name) => quota.status?.hard?.[name] !== undefined);
  if (required.length === 0) return;
  const { spec } = request.object as unknown as DeepReadonly<Pod>;
  const whole = names(spec.resources);
  const missing = required.flatMap((name) => {
    if (whole.has(name)) return [];
    const silent = [...spec.containers, ...(spec.initContainers ?? [])].filter((c) => !names(c.resources).has(name)).map((c) => c.name);
    return silent.length > 0 ? [`${name} for: ${silent.sort().join(',')}`] : [];
  });
  if (missing.length > 0) throw refusal(request, `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`);
}

function refusal(request: AdmissionRequest, why: string): StatusError {
  return StatusError.forbidden(request, request.name || (request.object?.metadata.generateName ?? ''), why);
}

const shown = (amounts: readonly (readonly [string, string])[]): string => [...amounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => `${name}=${amount}`).join(',');

/** The quota's `used` with the addition; throws when that is too much. */
function spent(quota: Quota, request: AdmissionRequest, more: Usage): Amounts {
  const hard = quota.status?.hard ?? {};
  const used: Amounts = quota.status?.used ?? {};
  const unknown = [...more.keys()].filter((name) => used[name] === undefined).sort();
  if (unknown.length > 0) throw refusal(request, `status unknown for quota: ${quota.metadata.name}, resources: ${unknown.join(',')}`);
  const next: Record<string, string> = { ...used };
  const exceeded: string[] = [];
  for (const [name, amount] of more) {
    const total: Quantity = parseQuantity(used[name]!).add(amount);
    next[name] = total.toString();
    if (total.cmp(parseQuantity(hard[name]!)) > 0) exceeded.push(name);
  }
  if (exceeded.length === 0) return next;
  const pick = (of: (name: string) => string): string => shown(exceeded.map((name) => [name, of(name)] as const));
  throw refusal(request, `exceeded quota: ${quota.metadata.name}, requested: ${pick((n) => more.get(n)!.toString())}, used: ${pick((n) => used[n]!)}, limited: ${pick((n) => hard[n]!)}`);
}

/** What may only be used where a quota covers it. */
export interface Limited {
  readonly apiGroup?: string;
  readonly resource: string;
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly DeepReadonly<ScopedResourceSelectorRequirement>[];
}

const quotaVersions = ['apiserver.config.k8s.io/v1', 'resourcequota.admission.k8s.io/v1', 'resourcequota.admission.k8s.io/v1beta1', 'resourcequota.admission.k8s.io/v1alpha1'];

export function limitedOf(all: AdmissionConfiguration): readonly Limited[] {
  const given = all.get('ResourceQuota');
  const kind = given?.['kind'] === 'Configuration' ? 'Configuration' : 'ResourceQuotaConfiguration';
  return (sectionOf(all, 'ResourceQuota', kind, quotaVersions)?.['limitedResources'] ?? []) as readonly Limited[];
}

/** Throws where something limited is used and no quota of the namespace covers it. */
function checkCovered(request: AdmissionRequest, quotas: readonly Quota[], limited: readonly Limited[]): void {
  const mine = limited.filter((l) => l.resource === request.resource && (l.apiGroup ?? '') === request.group);
  if (mine.length === 0) return;
  const usage = usageOf(request, request.object!);
  const covering = quotas.filter((quota) => applies(quota, request, request.object!));
  const used = [...usage].filter(([, amount]) => amount.sign() > 0).map(([name]) => name).filter((name) => mine.some((l) => l.matchContains?.some((part) => name.includes(part))));
  const uncovered = used.filter((name) => !covering.some((quota) => quota.status?.hard?.[name] !== undefined)).sort();
  if (uncovered.length > 0) throw refusal(request, `insufficient quota to consume: ${uncovered.join(',')}`);
  if (request.group !== '' || request.resource !== 'pods') return;
  const pod = request.object as unknown as DeepReadonly<Pod>;
  const scopes = mine.flatMap((l) => l.matchScopes ?? []).filter((scope) => scopeFits(scope, pod));
  const bare = scopes.filter((scope) => !covering.some((q) => q.spec?.scopes?.includes(scope.scopeName) || q.spec?.scopeSelector?.matchExpressions?.some((e) => e.scopeName === scope.scopeName && scopeFits(e, pod))));
  if (bare.length > 0) throw unexplained(`insufficient quota to match these scopes: [${bare.map((s) => `{${s.scopeName} ${s.operator} [${(s.values ?? []).join(' ')}]}`).join(' ')}]`);
}

export function resourceQuota(quotas: Storage, limited: readonly Limited[] = []): AdmissionPlugin {
  /** One request of a namespace at a time: what one has spent the next one sees. */
  const turns = new Map<string, Promise<void>>();

  const spend = async (quota: Quota, request: AdmissionRequest): Promise<void> => {
    const { namespace } = request;
    const scope = { now: request.now, user: counter, dryRun: false, subresource: 'status', warnings: [] };
    await quotas.update(namespace, quota.metadata.name, (current) => {
      const next = thaw<ApiObject>(current!.object);
      const present = current!.object as unknown as Quota;
      const status = { ...present.status, used: spent(present, request, addition(present, request)) };
      return { ...next, status };
    }, scope, { retryConflicts: true });
  };

  const quotasOf = async (namespace: string): Promise<readonly Stored[]> => (await quotas.cacher.list({ selection: { namespace }, notOlderThan: 0 })).items;

  const check = async (request: AdmissionRequest): Promise<void> => {
    if (limited.length > 0) checkCovered(request, (await quotasOf(request.namespace)).map((q) => q.object as unknown as Quota), limited);
    const touched: Quota[] = [];
    for (const { object } of await quotasOf(request.namespace)) {
      const quota = object as unknown as Quota;
      if (!applies(quota, request, request.object!)) continue;
      checkSaid(quota, request);
      const more = addition(quota, request);
      if (more.size === 0) continue;
      spent(quota, request, more);
      touched.push(quota);
    }
    if (request.dryRun) return;
    for (const quota of touched) await spend(quota, request);
  };

  const inTurn = async (request: AdmissionRequest): Promise<void> => {
    const { namespace } = request;
    if ((await quotasOf(namespace)).length === 0 && limited.length === 0) return;
    const before = turns.get(namespace) ?? Promise.resolve();
    const work = before.then(() => check(request));
    // Whoever comes next waits, however this one ended.
    const over = work.then(() => {}, () => {});
    turns.set(namespace, over);
    try {
      await work;
    } finally {
      if (turns.get(namespace) === over) turns.delete(namespace);
    }
  };

  return {
    name: 'ResourceQuota',
    validate: (request) => (!counts(request) || (limited.length === 0 && quotas.cacher.ready && quotas.cacher.count === 0) ? undefined : inTurn(request)),
  };
}
