/** Rules of endpoint slices. */
import { checkCanonicalIP, checkIP, familyOf } from '../../machinery/addresses.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, immutable, invalid, notSupported, required, tooMany } from '../../machinery/fieldpath.ts';
import { subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabel } from '../../schema/metadata.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { endpointSliceColumns } from './columns.ts';
import type { EndpointSlice } from './v1/types.ts';

type Slice = DeepReadonly<EndpointSlice>;
const protocols = ['SCTP', 'TCP', 'UDP'];
const families = ['FQDN', 'IPv4', 'IPv6'];

function checkAddress(address: string, type: string, path: string, out: FieldError[]): void {
  if (type === 'FQDN') for (const c of subdomainComplaints(address)) out.push(invalid(path, address, c));
  else if (familyOf(address) === undefined) checkIP(path, address, out);
  else if (familyOf(address) !== type) out.push(invalid(path, address, type === 'IPv4' ? 'must be an IPv4 address' : 'must be an IPv6 address'));
  else if (type === 'IPv6') checkCanonicalIP(path, address, out);
}

function validate(s: Slice): FieldError[] {
  const out: FieldError[] = [];
  if (!s.addressType) out.push(required('addressType'));
  else if (!families.includes(s.addressType)) out.push(notSupported('addressType', s.addressType, families));
  const endpoints = s.endpoints ?? [];
  if (endpoints.length > 1000) return [...out, tooMany('endpoints', endpoints.length, 1000)];
  for (const [i, e] of endpoints.entries()) {
    const path = `endpoints[${i}]`;
    const addresses = e.addresses ?? [];
    if (addresses.length === 0) out.push(required(`${path}.addresses`, 'must contain at least 1 address'));
    if (addresses.length > 100) out.push(tooMany(`${path}.addresses`, addresses.length, 100));
    for (const [j, a] of addresses.entries()) checkAddress(a, s.addressType, `${path}.addresses[${j}]`, out);
    if (e.nodeName !== undefined) for (const c of subdomainComplaints(e.nodeName)) out.push(invalid(`${path}.nodeName`, e.nodeName, c));
    if (e.hostname !== undefined) checkLabel(e.hostname, `${path}.hostname`, out);
  }
  const names = new Set<string>();
  for (const [i, p] of (s.ports ?? []).entries()) {
    const path = `ports[${i}]`;
    if (p.name) checkLabel(p.name, `${path}.name`, out);
    if (names.has(p.name ?? '')) out.push(duplicate(`${path}.name`, p.name ?? ''));
    names.add(p.name ?? '');
    if (p.protocol === undefined) out.push(required(`${path}.protocol`));
    else if (!protocols.includes(p.protocol)) out.push(notSupported(`${path}.protocol`, p.protocol, protocols));
    if (p.port !== undefined && (p.port < 1 || p.port > 65535)) out.push(invalid(`${path}.port`, p.port, 'must be between 1 and 65535, inclusive'));
  }
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  EndpointSlice: {
    validate,
    validateUpdate: (s: Slice, old: Slice) => [...validate(s), ...immutable('addressType', s.addressType, old.addressType)],
    generation: 'all-but-metadata-and-status',
    columns: endpointSliceColumns,
  },
};
