/** Rules of the networking kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { immutable } from '../../machinery/fieldpath.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import * as check from './validation.ts';
import type * as T from './v1/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Ingress: { ...specAndStatus<T.Ingress>({ initial: () => ({ loadBalancer: {} }) }), validate: check.validateIngress, generation: 'spec', columns: columns.ingressColumns },
  IngressClass: { validate: check.validateIngressClass, validateUpdate: check.validateIngressClassUpdate, generation: 'spec', columns: columns.ingressClassColumns },
  NetworkPolicy: { validate: check.validateNetworkPolicy, generation: 'spec', columns: columns.networkPolicyColumns },
  ServiceCIDR: {
    ...specAndStatus<T.ServiceCIDR>(),
    validate: check.validateServiceCIDR,
    validateUpdate: (s: DeepReadonly<T.ServiceCIDR>, old: DeepReadonly<T.ServiceCIDR>, context: RuleContext) =>
      context.subresource === 'status' ? [] : [...check.validateServiceCIDR(s), ...immutable('spec.cidrs', s.spec?.cidrs, old.spec?.cidrs)],
    columns: columns.serviceCIDRColumns,
  },
  IPAddress: {
    nameRule: check.addressNameComplaints,
    validate: check.validateIPAddress,
    validateUpdate: (a: DeepReadonly<T.IPAddress>, old: DeepReadonly<T.IPAddress>) => [...check.validateIPAddress(a), ...immutable('spec.parentRef', a.spec?.parentRef, old.spec?.parentRef)],
    columns: columns.ipAddressColumns,
  },
};
