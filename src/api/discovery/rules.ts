/** Rules of endpoint slices. */
import { checkCanonicalIP, checkIP, familyOf } from '../../machinery/addresses.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, immutable, invalid, notSupported, required, sameValue, tooMany } from '../../machinery/fieldpath.ts';
import { labelComplaints, labelValueComplaints, qualifiedNameComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabel, checkLabels } from '../../schema/metadata.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { checkNotSpecial } from '../core/validation/service.ts';
import { warnOfIP } from '../core/warnings/addresses.ts';
import { endpointSliceColumns } from './columns.ts';
import type { EndpointSlice } from './v1/types.ts';
import { protocols } from '../core/v1/enums.ts';
import { addressTypes } from './v1/enums.ts';

type Slice = DeepReadonly<EndpointSlice>;

function checkAddress(address: string, type: string, list: string, index: number, out: FieldError[]): void {
  const path = `${list}[${index}]`;
  if (type === 'FQDN') return checkDomainName(address, path, out);
  if (type !== 'IPv4' && type !== 'IPv6') return;
  const before = out.length;
  if (type === 'IPv4') checkIP(path, address, out);
  else checkCanonicalIP(path, address, out);
  if (out.length > before) return;
  if (familyOf(address) !== type) out.push(invalid(list, address, type === 'IPv4' ? 'must be an IPv4 address' : 'must be an IPv6 address'));
  checkNotSpecial(address, path, out);
}

/** At least two parts; each is a label. */
function checkDomainName(name: string, path: string, out: FieldError[]): void {
  if (!name) return void out.push(required(path));
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  const complaints = subdomainComplaints(bare);
  if (complaints.length > 0) for (const c of complaints) out.push(invalid(path, bare, c));
  else if (!bare.includes('.')) out.push(invalid(path, bare, 'should be a domain with at least two segments separated by dots'));
  else for (const part of bare.split('.')) for (const c of labelComplaints(part)) out.push(invalid(path, part, c));
}

function checkHints(hints: NonNullable<Slice['endpoints']>[number]['hints'], path: string, out: FieldError[]): void {
  for (const [key, complaints] of [['forZones', labelValueComplaints], ['forNodes', subdomainComplaints]] as const) {
    const list = hints?.[key] ?? [];
    if (list.length > 8) return void out.push(tooMany(`${path}.${key}`, list.length, 8));
    for (const [i, { name }] of list.entries()) {
      const at = `${path}.${key}[${i}].name`;
      if (list.findIndex((o) => o.name === name) < i) out.push(duplicate(at, name));
      for (const c of complaints(name)) out.push(invalid(at, name, c));
    }
  }
}

function checkPorts(ports: Slice['ports'], out: FieldError[]): void {
  const names = new Set<string>();
  for (const [i, p] of (ports ?? []).entries()) {
    const path = `ports[${i}]`;
    if (p.name) checkLabel(p.name, `${path}.name`, out);
    if (names.has(p.name ?? '')) out.push(duplicate(`${path}.name`, p.name ?? ''));
    names.add(p.name ?? '');
    if (p.protocol === undefined) out.push(required(`${path}.protocol`));
    else if (!protocols.includes(p.protocol)) out.push(notSupported(`${path}.protocol`, p.protocol, protocols));
    if (p.appProtocol !== undefined) for (const c of qualifiedNameComplaints(p.appProtocol)) out.push(invalid(`${path}.appProtocol`, p.appProtocol, c));
  }
}

function checkEndpoints(s: Slice, out: FieldError[]): void {
  const endpoints = s.endpoints ?? [];
  if (endpoints.length > 1000) return void out.push(tooMany('endpoints', endpoints.length, 1000));
  for (const [i, e] of endpoints.entries()) {
    const path = `endpoints[${i}]`;
    const addresses = e.addresses ?? [];
    if (addresses.length === 0) out.push(required(`${path}.addresses`, 'must contain at least 1 address'));
    if (addresses.length > 100) out.push(tooMany(`${path}.addresses`, addresses.length, 100));
    for (const [j, a] of addresses.entries()) checkAddress(a, s.addressType, `${path}.addresses`, j, out);
    if (e.nodeName !== undefined) for (const c of subdomainComplaints(e.nodeName)) out.push(invalid(`${path}.nodeName`, e.nodeName, c));
    if (Object.keys(e.deprecatedTopology ?? {}).length > 16) out.push(tooMany(`${path}.deprecatedTopology`, Object.keys(e.deprecatedTopology!).length, 16));
    checkLabels(e.deprecatedTopology, `${path}.deprecatedTopology`, out);
    if (e.hostname !== undefined) checkLabel(e.hostname, `${path}.hostname`, out);
    checkHints(e.hints, `${path}.hints`, out);
  }
}

function validate(s: Slice, old?: Slice): FieldError[] {
  const out: FieldError[] = [];
  if (!s.addressType) out.push(required('addressType'));
  else if (!addressTypes.includes(s.addressType)) out.push(notSupported('addressType', s.addressType, addressTypes));
  checkPorts(s.ports, out);
  if (!old || !sameValue(s.endpoints, old.endpoints)) checkEndpoints(s, out);
  return out;
}

function warnings(s: Slice, old?: Slice): string[] {
  if (old && sameValue(s.endpoints, old.endpoints)) return [];
  if (s.addressType === 'FQDN') return old ? [] : ['spec.addressType: FQDN endpoints are deprecated'];
  const out: string[] = [];
  for (const [i, e] of (s.endpoints ?? []).entries()) for (const [j, a] of (e.addresses ?? []).entries()) warnOfIP(`spec.endpoints[${i}].addresses[${j}]`, a, out);
  return out;
}

/** What older versions called topology has other fields in this one. */
function dropTopology(s: EndpointSlice): void {
  for (const e of s.endpoints ?? []) delete e.deprecatedTopology;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  EndpointSlice: {
    prepareCreate: dropTopology,
    prepareUpdate(s: EndpointSlice, old: Slice) {
      dropTopology(s);
      // Labels count as well as what the slice holds.
      if (!sameValue(s.metadata.labels, old.metadata.labels)) s.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validate: (s: Slice) => validate(s),
    validateUpdate: (s: Slice, old: Slice) => [...validate(s, old), ...immutable('addressType', s.addressType, old.addressType)],
    warnings,
    generation: 'all-but-metadata-and-status',
    columns: endpointSliceColumns,
  },
};
