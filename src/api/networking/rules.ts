/** Rules of the networking kinds. */
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import type * as T from './v1/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Ingress: { ...specAndStatus<T.Ingress>({ initial: () => ({ loadBalancer: {} }) }), generation: 'spec', columns: columns.ingressColumns },
  IngressClass: { generation: 'spec', columns: columns.ingressClassColumns },
  NetworkPolicy: { generation: 'spec', columns: columns.networkPolicyColumns },
  ServiceCIDR: { ...specAndStatus<T.ServiceCIDR>(), columns: columns.serviceCIDRColumns },
  IPAddress: { columns: columns.ipAddressColumns },
};
