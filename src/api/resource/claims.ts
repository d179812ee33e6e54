/** Validation of claims, their templates, and device classes. */
import { checkInterfaceAddress } from '../../machinery/addresses.ts';
import { forbidden, invalid, notSupported, required, sameValue, tooLong, tooMany } from '../../machinery/fieldpath.ts';
import type { DeepReadonly, JsonValue } from '../../machinery/json.ts';
import { labelComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkAnnotations, checkConditions, checkLabelName, checkLabels } from '../../schema/metadata.ts';
import { isExtendedResource } from '../core/validation/resources.ts';
import { checkNodeSelector } from '../core/validation/scheduling.ts';
import { checkDriverName } from '../core/validation/sources.ts';
import { checkBindingConditions, checkDeviceName, checkDns, checkFullAttributeName, checkLabelValue, checkList, checkPoolName, checkSet, checkShareId } from './names.ts';
import { checkSelectors } from './selectors.ts';
import { tolerationOperators } from '../core/v1/enums.ts';
import { taintEffects } from './v1/enums.ts';
import { internalForm } from '../../schema/internalform.ts';
import { coreV1 } from '../core/v1/package.ts';
import { resourceV1beta2 } from './v1beta2/package.ts';
import type * as T from './v1beta2/types.ts';

const maxRaw = 10 * 1024;
const maxRequests = 32;
const maxConfig = 32;

type Names = ReadonlyMap<string, ReadonlySet<string>>;

/** Of each request the names of its alternatives. */
function namesOf(claim: DeepReadonly<T.DeviceClaim> | undefined): Names {
  return new Map((claim?.requests ?? []).map((r) => [r.name, new Set((r.firstAvailable ?? []).map((s) => s.name))]));
}

function checkReference(name: string, names: Names, path: string, out: FieldError[]): void {
  const words = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const parts = name.split('/');
  if (parts.length > 2) return void out.push(invalid(path, name, words));
  for (const part of parts) checkDns(labelComplaints, part, path, out);
  const below = names.get(parts[0]!);
  if (!below || (parts.length === 2 && !below.has(parts[1]!))) out.push(invalid(path, name, words));
}

function checkReferences(list: readonly string[] | undefined, names: Names, path: string, out: FieldError[]): void {
  checkSet(list, maxRequests, path, out, (n, at) => checkReference(n, names, at, out), (n) => n);
}

function checkToleration(t: DeepReadonly<T.DeviceToleration>, path: string, out: FieldError[]): void {
  if (t.key) checkLabelName(t.key, `${path}.key`, out);
  switch (t.operator) {
    case 'Exists':
      if (t.value) out.push(invalid(`${path}.value`, t.value, 'must be empty for operator `Exists`'));
      break;
    case 'Equal':
      checkLabelValue(t.value ?? '', `${path}.value`, out);
      break;
    case undefined: case '':
      out.push(required(`${path}.operator`));
      break;
    default:
      out.push(notSupported(`${path}.operator`, t.operator, tolerationOperators));
  }
  if (t.effect && !taintEffects.includes(t.effect)) out.push(notSupported(`${path}.effect`, t.effect, taintEffects));
}

/** What an exact request and an alternative have in common. */
function checkWanted(r: DeepReadonly<T.ExactDeviceRequest>, path: string, out: FieldError[]): void {
  if (!r.deviceClassName) out.push(required(`${path}.deviceClassName`));
  else checkDns(subdomainComplaints, r.deviceClassName, `${path}.deviceClassName`, out);
  checkSelectors(r.selectors, `${path}.selectors`, out);
  const count = r.count ?? 0;
  if (r.allocationMode === 'All') {
    if (count !== 0) out.push(invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (r.allocationMode === 'ExactCount') {
    if (count <= 0) out.push(invalid(`${path}.count`, count, 'must be greater than zero'));
  } else {
    out.push(notSupported(`${path}.allocationMode`, r.allocationMode ?? '', ['All', 'ExactCount']));
  }
  for (const [i, t] of (r.tolerations ?? []).entries()) checkToleration(t, `${path}.tolerations[${i}]`, out);
}

function checkRequest(r: DeepReadonly<T.DeviceRequest>, path: string, out: FieldError[]): void {
  const words = 'exactly one of `exactly` or `firstAvailable` is required';
  checkDns(labelComplaints, r.name, `${path}.name`, out);
  const alternatives = (r.firstAvailable?.length ?? 0) > 0;
  if (alternatives) {
    checkSet(r.firstAvailable, 8, `${path}.firstAvailable`, out, (s, at) => {
      checkDns(labelComplaints, s.name, `${at}.name`, out);
      checkWanted(s, at, out);
    }, (s) => s.name, '.name');
  }
  if (r.exactly) checkWanted(r.exactly, `${path}.exactly`, out);
  if (!alternatives && !r.exactly) out.push(required(path, words));
  else if (alternatives && r.exactly) out.push(invalid(path, null, `${words}, but multiple fields are set`));
}

/** JSON of the driver's own; how long it is counts only where it is new. */
function checkRaw(value: JsonValue | undefined, path: string, stored: boolean, out: FieldError[]): void {
  if (value === undefined || value === null) return void out.push(required(path));
  if (!stored && Buffer.byteLength(JSON.stringify(value)) > maxRaw) out.push(tooLong(path, maxRaw));
  else if (typeof value !== 'object' || Array.isArray(value)) out.push(invalid(path, '<value omitted>', 'must be a valid JSON object'));
}

function checkConfiguration(c: DeepReadonly<T.DeviceClassConfiguration>, path: string, stored: boolean, out: FieldError[]): void {
  if (!c.opaque) return void out.push(required(`${path}.opaque`));
  checkDriverName(c.opaque.driver, `${path}.opaque.driver`, out);
  checkRaw(c.opaque.parameters as JsonValue | undefined, `${path}.opaque.parameters`, stored, out);
}

function checkClaimSpec(spec: DeepReadonly<T.ResourceClaimSpec> | undefined, path: string, stored: boolean, out: FieldError[]): void {
  const devices = spec?.devices;
  const names = namesOf(devices);
  const at = `${path}.devices`;
  checkSet(devices?.requests, maxRequests, `${at}.requests`, out, (r, p) => checkRequest(r, p, out), (r) => r.name, '.name');
  checkList(devices?.constraints, 32, `${at}.constraints`, out, (c, p) => {
    checkReferences(c.requests, names, `${p}.requests`, out);
    if (c.matchAttribute !== undefined) checkFullAttributeName(c.matchAttribute, `${p}.matchAttribute`, out);
    else if (c.distinctAttribute !== undefined) checkFullAttributeName(c.distinctAttribute, `${p}.distinctAttribute`, out);
    else out.push(required(`${p}.matchAttribute`));
  });
  checkList(devices?.config, maxConfig, `${at}.config`, out, (c, p) => {
    checkReferences(c.requests, names, `${p}.requests`, out);
    checkConfiguration(c, p, stored, out);
  });
}

type Claim = DeepReadonly<T.ResourceClaim>;

export function validateClaim(c: Claim): FieldError[] {
  const out: FieldError[] = [];
  checkClaimSpec(c.spec, 'spec', false, out);
  return out;
}

function fixed(path: string, now: unknown, old: unknown, type: string): FieldError[] {
  return sameValue(now, old) ? [] : [invalid(path, internalForm(now, resourceV1beta2, type, coreV1), 'field is immutable')];
}

/** Upstream judges it as new, then as stored: what is wrong is said twice. */
export function validateClaimUpdate(c: Claim, old: Claim, subresource: string): FieldError[] {
  if (subresource === 'status') return validateClaimStatus(c, old);
  const out = [...validateClaim(c), ...fixed('spec', c.spec, old.spec, 'ResourceClaimSpec')];
  checkClaimSpec(c.spec, 'spec', true, out);
  return out;
}

type DeviceName = { readonly driver: string; readonly pool: string; readonly device: string; readonly shareID?: string };

/** As upstream prints the pair of a device and its share: of its fields, nothing shows. */
const shownId = { Driver: {}, Pool: {}, Device: {}, ShareID: {} };

function idOf(d: DeviceName): string {
  return [d.driver, d.pool, d.device, ...(d.shareID === undefined ? [] : [d.shareID])].join('/');
}

function checkDeviceStatus(d: DeepReadonly<T.AllocatedDeviceStatus>, allocated: ReadonlySet<string>, path: string, out: FieldError[]): void {
  checkDevice(d, path, out);
  checkShareId(d.shareID, `${path}.shareID`, out);
  if (!allocated.has(idOf(d))) out.push(invalid(path, shownId, 'must be an allocated device in the claim'));
  if ((d.conditions?.length ?? 0) > 8) out.push(tooMany(`${path}.conditions`, d.conditions.length, 8));
  checkConditions(d.conditions, `${path}.conditions`, out);
  if (d.data !== undefined) checkRaw(d.data as JsonValue, `${path}.data`, false, out);
  const network = d.networkData;
  if (!network) return;
  const at = `${path}.networkData`;
  if ((network.interfaceName ?? '').length > 256) out.push(tooLong(`${at}.interfaceName`, 256));
  if ((network.hardwareAddress ?? '').length > 128) out.push(tooLong(`${at}.hardwareAddress`, 128));
  checkSet(network.ips, 16, `${at}.ips`, out, (ip, p) => checkInterfaceAddress(p, ip, out), (ip) => ip);
}

function checkDevice(d: DeviceName, path: string, out: FieldError[]): void {
  checkDriverName(d.driver, `${path}.driver`, out);
  checkPoolName(d.pool, `${path}.pool`, out);
  checkDeviceName(d.device, `${path}.device`, out);
}

function checkAllocation(a: DeepReadonly<T.AllocationResult>, names: Names, path: string, out: FieldError[]): void {
  checkList(a.devices?.results, maxRequests, `${path}.devices.results`, out, (r, at) => {
    checkReference(r.request, names, `${at}.request`, out);
    checkDevice(r, at, out);
    checkBindingConditions(r, at, out);
    checkShareId(r.shareID, `${at}.shareID`, out);
  });
  checkList(a.devices?.config, 2 * maxConfig, `${path}.devices.config`, out, (c, at) => {
    if (!c.source) out.push(required(`${at}.source`));
    else if (c.source !== 'FromClaim' && c.source !== 'FromClass') out.push(notSupported(`${at}.source`, c.source, ['FromClaim', 'FromClass']));
    checkReferences(c.requests, names, `${at}.requests`, out);
    checkConfiguration(c, at, false, out);
  });
  if (a.nodeSelector) checkNodeSelector(a.nodeSelector, `${path}.nodeSelector`, out);
}

function validateClaimStatus(c: Claim, old: Claim): FieldError[] {
  const out: FieldError[] = [];
  const { allocation, reservedFor = [], devices } = c.status;
  checkSet(reservedFor, 256, 'status.reservedFor', out, (r, at) => {
    for (const key of ['resource', 'name', 'uid'] as const) if (!r[key]) out.push(required(`${at}.${key}`));
  }, (r) => r.uid, '.uid');
  const allocated = new Set((allocation?.devices?.results ?? []).map(idOf));
  checkSet(devices, Infinity, 'status.devices', out, (d, at) => checkDeviceStatus(d, allocated, at, out), idOf, '.deviceID', shownId);
  if (reservedFor.length > 0) {
    const known = old.status.reservedFor ?? [];
    if (!allocation) out.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'));
    else if (c.metadata.deletionTimestamp && reservedFor.some((r) => !known.some((o) => sameValue(o, r)))) out.push(forbidden('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'));
  }
  if (old.status.allocation && allocation) out.push(...fixed('status.allocation', allocation, old.status.allocation, 'AllocationResult'));
  else if (allocation) checkAllocation(allocation, namesOf(c.spec?.devices), 'status.allocation', out);
  return out;
}

/** Labels and annotations go to the claims that are made of a template; all else is theirs. */
const notOfTemplates = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences', 'finalizers', 'managedFields'];

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0 || (Array.isArray(value) && value.length === 0);
}

type Template = DeepReadonly<T.ResourceClaimTemplate>;

function checkTemplate(t: Template, stored: boolean, out: FieldError[]): void {
  checkAnnotations(t.spec?.metadata?.annotations, 'spec.metadata.annotations', out);
  checkLabels(t.spec?.metadata?.labels, 'spec.metadata.labels', out);
  const others = t.spec?.metadata as Readonly<Record<string, unknown>> | undefined;
  for (const key of notOfTemplates) if (!isZero(others?.[key])) out.push(forbidden(`spec.metadata.${key === 'uid' ? 'uID' : key}`, 'cannot be set'));
  checkClaimSpec(t.spec?.spec, 'spec.spec', stored, out);
}

export function validateTemplate(t: Template): FieldError[] {
  const out: FieldError[] = [];
  checkTemplate(t, false, out);
  return out;
}

export function validateTemplateUpdate(t: Template, old: Template): FieldError[] {
  const out = [...validateTemplate(t), ...fixed('spec', t.spec, old.spec, 'ResourceClaimTemplateSpec')];
  checkTemplate(t, true, out);
  return out;
}

type Class = DeepReadonly<T.DeviceClass>;

function checkClass(c: Class, old: Class | undefined, out: FieldError[]): void {
  checkSelectors(c.spec?.selectors, 'spec.selectors', out);
  const stored = old !== undefined && sameValue(c.spec?.config, old.spec?.config);
  checkList(c.spec?.config, maxConfig, 'spec.config', out, (one, at) => checkConfiguration(one, at, stored, out));
  const name = c.spec?.extendedResourceName;
  if (name !== undefined && !isExtendedResource(name)) out.push(invalid('spec.extendedResourceName', name, 'must be a valid extended resource name'));
}

export function validateClass(c: Class): FieldError[] {
  const out: FieldError[] = [];
  checkClass(c, undefined, out);
  return out;
}

export function validateClassUpdate(c: Class, old: Class): FieldError[] {
  const out = validateClass(c);
  checkClass(c, old, out);
  return out;
}
