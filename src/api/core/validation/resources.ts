/** Resource names and amounts. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../../../machinery/fieldpath.ts';
import { qualifiedNameComplaints } from '../../../machinery/names.ts';
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabel } from '../../../schema/metadata.ts';
import type * as T from '../v1/types.ts';

const hugePages = 'hugepages-';

/** Without a domain, or of kubernetes.io. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.') && qualifiedNameComplaints(`requests.${name}`).length === 0;
}

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePages);
}

export function mayOvercommit(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** Measured in whole numbers. */
const counted = ['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'];
const measured = ['cpu', 'memory', 'ephemeral-storage'];
const quotaResources: ReadonlySet<string> = new Set([...counted, ...measured, 'requests.storage', ...measured.flatMap((name) => [`requests.${name}`, `limits.${name}`])]);

/** What a quota can count. */
export function isQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isHugePages(name) || name.startsWith(`requests.${hugePages}`);
}

/** Answers whether the name is one. */
export function checkResourceName(name: string, path: string, out: FieldError[]): boolean {
  const before = out.length;
  for (const c of qualifiedNameComplaints(name)) out.push(invalid(path, name, c));
  if (out.length === before && !name.includes('/') && name !== 'storage' && !isQuotaResource(name)) out.push(invalid(path, name, 'must be a standard resource type or fully qualified'));
  return out.length === before;
}

export function checkContainerResourceName(name: string, path: string, out: FieldError[]): void {
  checkResourceName(name, path, out);
  if (!name.includes('/')) {
    if (!measured.includes(name) && !isHugePages(name)) out.push(invalid(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    out.push(invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

function checkPodResourceName(name: string, path: string, out: FieldError[]): void {
  if (checkResourceName(name, path, out) && name !== 'cpu' && name !== 'memory' && !isHugePages(name)) out.push(notSupported(path, name, ['cpu', hugePages, 'memory']));
}

/** Not negative; whole where the resource is counted. */
export function checkAmount(name: string, amount: string, path: string, out: FieldError[]): Quantity {
  const quantity = parseQuantity(amount);
  if (quantity.sign() < 0) out.push(invalid(path, amount, 'must be greater than or equal to 0'));
  if ((counted.includes(name) || isExtendedResource(name)) && quantity.milli() % 1000 !== 0) out.push(invalid(path, amount, 'must be an integer'));
  return quantity;
}

/** Huge pages come whole. */
function checkPages(name: string, quantity: Quantity, amount: string, path: string, out: FieldError[]): void {
  let size: number;
  try {
    size = parseQuantity(name.slice(hugePages.length)).value();
  } catch {
    return;
  }
  if (size <= 0 || quantity.value() % size !== 0) out.push(invalid(path, amount, `${amount} is not positive integer multiple of ${name}`));
}

type Requirements = DeepReadonly<{ limits?: Record<string, string>; requests?: Record<string, string>; claims?: T.ResourceClaim[] }>;

function isComputeResource(name: string): boolean {
  return name === 'cpu' || name === 'memory';
}

export function checkResourceRequirements(r: Requirements | undefined, claimNames: ReadonlySet<string>, path: string, out: FieldError[], ofPod = false): void {
  if (!r) return;
  const checkName = ofPod ? checkPodResourceName : checkContainerResourceName;
  const limits = r.limits ?? {};
  for (const [name, amount] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    checkName(name, at, out);
    const limit = checkAmount(name, amount, at, out);
    if (isHugePages(name)) checkPages(name, limit, amount, at, out);
  }
  for (const [name, amount] of Object.entries(r.requests ?? {})) {
    const at = `${path}.requests[${name}]`;
    checkName(name, at, out);
    const request = checkAmount(name, amount, at, out);
    const limit = limits[name];
    if (limit !== undefined) {
      const order = request.cmp(parseQuantity(limit));
      if (!mayOvercommit(name) && order !== 0) out.push(invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`));
      else if (order > 0) out.push(invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
    } else if (!mayOvercommit(name)) {
      out.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    }
    if (isHugePages(name)) checkPages(name, request, amount, at, out);
  }
  const names = [...Object.keys(limits), ...Object.keys(r.requests ?? {})];
  if (names.some(isHugePages) && !names.some(isComputeResource)) out.push(forbidden(path, 'HugePages require cpu or memory'));
  checkClaims(r.claims, claimNames, `${path}.claims`, out);
}

function checkClaims(claims: DeepReadonly<T.ResourceClaim[]> | undefined, known: ReadonlySet<string>, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, { name, request }] of (claims ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!name) {
      out.push(required(at));
      continue;
    }
    if (seen.has(name)) {
      out.push(duplicate(at, name));
    } else {
      const key = request ? `${name}/${request}` : name;
      if (request) checkLabel(request, `${at}.request`, out);
      if (seen.has(key)) out.push(duplicate(at, key));
      else if (!request) for (const other of seen) if (other.startsWith(`${name}/`)) out.push(duplicate(at, name));
      seen.add(key);
    }
    if (known.has(name)) continue;
    const missing = notFound(at, name);
    const names = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
    out.push({ ...missing, detail: `${missing.detail}: must be one of the names in pod.spec.resourceClaims${names}` });
  }
}
