import { columnList } from '../../schema/table.ts';
import { firstOf, unset } from '../columns.ts';
import type * as T from './v1/types.ts';

export const endpointSliceColumns = columnList<T.EndpointSlice>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('AddressType', 'IPv4, IPv6 or FQDN.', (s) => s.addressType),
  column('Ports', 'Ports that serve.', (s) => firstOf((s.ports ?? []).map((p) => String(p.port ?? p.name ?? '*')), 3, unset)),
  column('Endpoints', 'Addresses that serve.', (s) => firstOf((s.endpoints ?? []).flatMap((e) => e.addresses ?? []), 3, unset)),
  ageColumn,
]);
