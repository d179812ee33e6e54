/** LimitRanger: gives containers a namespace's default resources, then holds pods and claims to its limits. */
import { podAmounts, type Side } from '../../api/core/podresources.ts';
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity, Quantity } from '../../machinery/quantity.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';

type Amounts = Readonly<Record<string, string>> | undefined;
type Limits = readonly DeepReadonly<LimitRange>[];

const annotation = 'kubernetes.io/limit-ranger';

function kindOf({ group, resource, operation, subresource }: AdmissionRequest): 'pods' | 'persistentvolumeclaims' | undefined {
  if (group !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined;
  if (resource === 'pods') return (operation === 'CREATE' && subresource === '') || subresource === 'resize' ? resource : undefined;
  return resource === 'persistentvolumeclaims' && subresource === '' ? resource : undefined;
}

export function limitRanger(ranges: Storage): AdmissionPlugin {
  const limitsOf = async (namespace: string): Promise<Limits> =>
    (await ranges.cacher.list({ selection: { namespace }, notOlderThan: 0 })).items.map((i) => i.object as unknown as DeepReadonly<LimitRange>);
  const none = (): boolean => ranges.cacher.ready && ranges.cacher.count === 0;
  const give = async (request: AdmissionRequest): Promise<void> => {
    for (const range of await limitsOf(request.namespace)) fillIn(request.object as unknown as Pod, range);
  };
  const check = async (request: AdmissionRequest, kind: 'pods' | 'persistentvolumeclaims'): Promise<void> => {
    for (const range of await limitsOf(request.namespace)) {
      const limits = range.spec?.limits ?? [];
      const errors = kind === 'pods' ? podErrors(request.object as unknown as Pod, limits) : claimErrors(request.object as unknown as PersistentVolumeClaim, limits);
      if (errors.length === 0) continue;
      const name = request.name || (request.object?.metadata.generateName ?? '');
      throw StatusError.forbidden({ group: '', resource: kind }, name, errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
    }
  };
  return {
    name: 'LimitRanger',
    mutate: (request) => (kindOf(request) === 'pods' && !none() ? give(request) : undefined),
    validate: (request) => {
      const kind = kindOf(request);
      return kind && !none() ? check(request, kind) : undefined;
    },
  };
}

function fillIn(pod: Pod, range: DeepReadonly<LimitRange>): void {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    Object.assign(requests, limit.defaultRequest);
    Object.assign(limits, limit.default);
  }
  const notes: string[] = [];
  const give = (container: Container, what: string): void => {
    for (const [side, given, word] of [['requests', requests, 'request'], ['limits', limits, 'limit']] as const) {
      const missing = Object.keys(given).filter((name) => container.resources?.[side]?.[name] === undefined).sort();
      if (missing.length === 0) continue;
      const list = { ...container.resources?.[side] };
      for (const name of missing) list[name] = given[name]!;
      container.resources = { ...container.resources, [side]: list };
      notes.push(`${missing.join(', ')} ${word} for ${what} ${container.name}`);
    }
  };
  for (const container of pod.spec.containers ?? []) give(container, 'container');
  for (const container of pod.spec.initContainers ?? []) give(container, 'init container');
  if (notes.length > 0) (pod.metadata.annotations ??= {})[annotation] = `LimitRanger plugin set: ${notes.join('; ')}`;
}

/** Words what breaks `limit` for something of its type. */
function broken(limit: DeepReadonly<LimitRangeItem>, requests: Amounts, limits: Amounts): string[] {
  return [...minimum(limit, requests, limits), ...maximum(limit, requests, limits), ...ratio(limit, requests, limits)];
}

const entries = (list: Amounts): [string, string][] => Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
const above = (a: string, b: string): boolean => parseQuantity(a).cmp(parseQuantity(b)) > 0;

function minimum(limit: DeepReadonly<LimitRangeItem>, requests: Amounts, limits: Amounts): string[] {
  return entries(limit.min).flatMap(([name, least]) => {
    const head = `minimum ${name} usage per ${limit.type} is ${least}`;
    const request = requests?.[name];
    if (request === undefined) return [`${head}.  No request is specified`];
    if (above(least, request)) return [`${head}, but request is ${request}`];
    const most = limits?.[name];
    return most !== undefined && above(least, most) ? [`${head}, but limit is ${most}`] : [];
  });
}

function maximum(limit: DeepReadonly<LimitRangeItem>, requests: Amounts, limits: Amounts): string[] {
  return entries(limit.max).flatMap(([name, most]) => {
    const head = `maximum ${name} usage per ${limit.type} is ${most}`;
    const asked = limits?.[name];
    if (asked === undefined) return [`${head}.  No limit is specified`];
    if (above(asked, most)) return [`${head}, but limit is ${asked}`];
    const request = requests?.[name];
    return request !== undefined && above(request, most) ? [`${head}, but request is ${request}`] : [];
  });
}

function ratio(limit: DeepReadonly<LimitRangeItem>, requests: Amounts, limits: Amounts): string[] {
  return entries(limit.maxLimitRequestRatio).flatMap(([name, most]) => {
    const head = `${name} max limit to request ratio per ${limit.type} is ${most}`;
    const request = parseQuantity(requests?.[name] ?? '0');
    const asked = parseQuantity(limits?.[name] ?? '0');
    if (request.isZero()) return [`${head}, but no request is specified or request is 0`];
    if (asked.isZero()) return [`${head}, but no limit is specified or limit is 0`];
    const found = asked.milli() / request.milli();
    return found * 1000 > parseQuantity(most).milli() ? [`${head}, but provided ratio is ${found.toFixed(6)}`] : [];
  });
}

/** What the pod asks for as a whole; only what every container names counts. */
function wholePod(pod: Pod, side: Side): Record<string, string> {
  const named = (name: string): boolean => pod.spec.resources?.[side]?.[name] !== undefined || (pod.spec.containers ?? []).every((c) => c.resources?.[side]?.[name] !== undefined);
  return Object.fromEntries([...podAmounts(pod, side)].filter(([name]) => named(name)).map(([name, amount]) => [name, (name === 'cpu' ? Quantity.ofMilli(amount) : Quantity.of(amount)).toString()]));
}

function podErrors(pod: Pod, limits: readonly DeepReadonly<LimitRangeItem>[]): string[] {
  return limits.flatMap((limit) => {
    if (limit.type === 'Container') return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap((c) => broken(limit, c.resources?.requests, c.resources?.limits));
    return limit.type === 'Pod' ? broken(limit, wholePod(pod, 'requests'), wholePod(pod, 'limits')) : [];
  });
}

function claimErrors(claim: PersistentVolumeClaim, limits: readonly DeepReadonly<LimitRangeItem>[]): string[] {
  const requests = claim.spec?.resources?.requests;
  return limits.filter((limit) => limit.type === 'PersistentVolumeClaim').flatMap((limit) => [
    ...minimum(limit, requests, undefined),
    ...entries(limit.max).flatMap(([name, most]) => {
      const head = `maximum ${name} usage per PersistentVolumeClaim is ${most}`;
      const asked = requests?.[name];
      if (asked === undefined) return [`${head}.  No request is specified`];
      return above(asked, most) ? [`${head}, but request is ${asked}`] : [];
    }),
  ]);
}
