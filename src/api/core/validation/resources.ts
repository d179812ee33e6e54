/** Resource names and amounts. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, notFound, required } from '../../../machinery/fieldpath.ts';
import { qualifiedNameComplaints } from '../../../machinery/names.ts';
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
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

function mayOvercommit(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

export function checkResourceName(name: string, path: string, out: FieldError[]): void {
  for (const c of qualifiedNameComplaints(name)) out.push(invalid(path, name, c));
}

function checkContainerResourceName(name: string, path: string, out: FieldError[]): void {
  checkResourceName(name, path, out);
  if (!name.includes('/')) {
    if (!['cpu', 'memory', 'ephemeral-storage'].includes(name) && !isHugePages(name)) out.push(invalid(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    out.push(invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

/** Not negative; whole where the resource is counted. */
export function checkAmount(name: string, amount: string, path: string, out: FieldError[]): Quantity {
  const quantity = parseQuantity(amount);
  if (quantity.sign() < 0) out.push(invalid(path, amount, 'must be greater than or equal to 0'));
  const counted = ['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'];
  if ((counted.includes(name) || isExtendedResource(name)) && !quantity.isMultipleOf(0)) out.push(invalid(path, amount, 'must be an integer'));
  return quantity;
}

type Requirements = DeepReadonly<{ limits?: Record<string, string>; requests?: Record<string, string>; claims?: T.ResourceClaim[] }>;

function isComputeResource(name: string): boolean {
  return name === 'cpu' || name === 'memory';
}

export function checkResourceRequirements(r: Requirements | undefined, claimNames: ReadonlySet<string>, path: string, out: FieldError[]): void {
  if (!r) return;
  const limits = r.limits ?? {};
  for (const [name, amount] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    checkContainerResourceName(name, at, out);
    checkAmount(name, amount, at, out);
  }
  for (const [name, amount] of Object.entries(r.requests ?? {})) {
    const at = `${path}.requests[${name}]`;
    checkContainerResourceName(name, at, out);
    const request = checkAmount(name, amount, at, out);
    const limit = limits[name];
    if (limit !== undefined) {
      const order = request.cmp(parseQuantity(limit));
      if (!mayOvercommit(name) && order !== 0) out.push(invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`));
      else if (order > 0) out.push(invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
    } else if (!mayOvercommit(name)) {
      out.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(r.requests ?? {})];
  if (names.some(isHugePages) && !names.some(isComputeResource)) out.push(forbidden(path, 'HugePages require cpu or memory'));
  checkClaims(r.claims, claimNames, `${path}.claims`, out);
}

function checkClaims(claims: DeepReadonly<T.ResourceClaim[]> | undefined, known: ReadonlySet<string>, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, c] of (claims ?? []).entries()) {
    if (!c.name) {
      out.push(required(`${path}[${i}]`));
      continue;
    }
    const key = c.request ? `${c.name}/${c.request}` : c.name;
    if (seen.has(key) || (c.request && seen.has(c.name))) out.push(duplicate(`${path}[${i}]`, key));
    seen.add(key);
    if (!known.has(c.name)) out.push(notFound(`${path}[${i}]`, c.name));
  }
}
