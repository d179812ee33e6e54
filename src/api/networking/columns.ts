/** Table columns of the networking kinds. */
import { columnList } from '../../schema/table.ts';
import { ingressPoints, none, selectorText } from '../columns.ts';
import type * as T from './v1/types.ts';

function hosts(names: readonly string[], rules: number): string {
  if (names.length === 0) return '*';
  const shown = names.slice(0, 3).join(',');
  return names.length >= 3 && rules > 3 ? `${shown} + ${rules - 3} more...` : shown;
}

export const ingressColumns = columnList<T.Ingress>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Class', 'Class of the controller that serves it.', (i) => i.spec.ingressClassName ?? none),
  column('Hosts', 'Host names of the rules.', (i) => hosts((i.spec.rules ?? []).map((r) => r.host ?? '').filter((h) => h !== ''), (i.spec.rules ?? []).length)),
  column('Address', 'Addresses at which it is served.', (i) => ingressPoints(i.status?.loadBalancer?.ingress).join(',')),
  column('Ports', 'Ports that are open.', (i) => (i.spec.tls?.length ? '80, 443' : '80')),
  ageColumn,
]);

export const ingressClassColumns = columnList<T.IngressClass>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Controller', 'Who serves the class.', (c) => c.spec?.controller ?? ''),
  column('Parameters', 'Object with the settings of the class.', (c) => {
    const p = c.spec?.parameters;
    return p ? `${p.kind}${p.apiGroup === undefined ? '' : `.${p.apiGroup}`}/${p.name}` : none;
  }),
  ageColumn,
]);

export const networkPolicyColumns = columnList<T.NetworkPolicy>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Pod-Selector', 'Labels of the pods that it applies to.', (p) => selectorText(p.spec?.podSelector)),
  ageColumn,
]);

export const serviceCIDRColumns = columnList<T.ServiceCIDR>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('CIDRs', 'Ranges from which service addresses are taken.', (c) => (c.spec?.cidrs ?? []).join(',')),
  ageColumn,
]);

export const ipAddressColumns = columnList<T.IPAddress>(({ column, nameColumn }) => [
  nameColumn,
  column('ParentRef', 'Object that holds the address.', (a) => {
    const p = a.spec?.parentRef;
    if (!p) return none;
    const resource = `${p.resource}${p.group ? `.${p.group}` : ''}`.toLowerCase();
    return `${resource}${p.namespace ? `/${p.namespace}` : ''}/${p.name}`;
  }),
]);
