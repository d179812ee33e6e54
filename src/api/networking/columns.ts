/** Table columns of the networking kinds. */
import { columnList } from '../../schema/table.ts';
import { ingressPoints, none, selectorText } from '../columns.ts';
import type * as T from './v1/types.ts';

/** At most three. What comes behind the third host is counted, rules without a host too. */
function hosts(rules: readonly { readonly host?: string }[]): string {
  const shown: string[] = [];
  const behind = rules.findIndex(({ host }) => {
    if (shown.length === 3) return true;
    if (host) shown.push(host);
    return false;
  });
  return (shown.join(',') || '*') + (behind < 0 ? '' : ` + ${rules.length - 3} more...`);
}

export const ingressColumns = columnList<T.Ingress>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Class', 'Class of the controller that serves it.', (i) => i.spec.ingressClassName ?? none),
  column('Hosts', 'Host names of the rules.', (i) => hosts(i.spec.rules ?? [])),
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

export const ipAddressColumns = columnList<T.IPAddress>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('ParentRef', 'Object that holds the address.', (a) => {
    const p = a.spec?.parentRef;
    if (!p) return none;
    const resource = `${p.resource}${p.group ? `.${p.group}` : ''}`.toLowerCase();
    return `${resource}${p.namespace ? `/${p.namespace}` : ''}/${p.name}`;
  }),
  // Upstream sends the age and has no column for it.
  { ...ageColumn, undefinedInTable: true },
]);
