/** Rules of the networking kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import * as check from './validation.ts';
import type * as T from './v1/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Ingress: { ...specAndStatus<T.Ingress>({ initial: () => ({ loadBalancer: {} }) }), validate: check.validateIngress, validateUpdate: (i, old, context) => (context.subresource === 'status' ? check.validateIngressStatus(i, old) : check.validateIngress(i)), metadataChecks: [4, 3], generation: 'spec', columns: columns.ingressColumns },
  IngressClass: { validate: check.validateIngressClass, validateUpdate: check.validateIngressClassUpdate, metadataChecks: [4, 3], generation: 'spec', columns: columns.ingressClassColumns },
  // Upstream judges an update twice.
  NetworkPolicy: {
    validate: check.validateNetworkPolicy,
    validateUpdate: (p: DeepReadonly<T.NetworkPolicy>) => [...check.validateNetworkPolicy(p), ...check.validateNetworkPolicy(p)],
    metadataChecks: [4, 3],
    generation: 'spec', columns: columns.networkPolicyColumns,
  },
  ServiceCIDR: {
    ...specAndStatus<T.ServiceCIDR>({ keepMetadata: true }),
    validate: check.validateServiceCIDR,
    validateUpdate: (s: DeepReadonly<T.ServiceCIDR>, old: DeepReadonly<T.ServiceCIDR>, context: RuleContext) =>
      context.subresource === 'status' ? [] : check.validateServiceCIDRUpdate(s, old),
    columns: columns.serviceCIDRColumns,
  },
  IPAddress: {
    nameRule: check.addressNameComplaints,
    metadataChecks: [4, 3],
    validate: check.validateIPAddress,
    validateUpdate: (a: DeepReadonly<T.IPAddress>, old: DeepReadonly<T.IPAddress>) => [...check.validateIPAddress(a), ...check.sameParent(a.spec?.parentRef, old.spec?.parentRef)],
    columns: columns.ipAddressColumns,
  },
};
