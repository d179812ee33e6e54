/** What single kinds have beyond the generic registry: hooks of their storage, subresources, reviews, admission. */
import type { Metrics } from '../base/metrics.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Authorizer } from '../serving/identity.ts';
import { certificateRequests } from './admission/certificates.ts';
import { defaultIngressClass, runtimeClass } from './admission/classes.ts';
import { limitRanger } from './admission/limits.ts';
import { namespaceLifecycle } from './admission/namespaces.ts';
import { nodeRestriction, taintNodesByCondition } from './admission/nodes.ts';
import { alwaysPullImages, extendedResourceToleration, ownerReferencesPermission } from './admission/optional.ts';
import { policyMetrics } from './admission/policies/metrics.ts';
import { mutatingPolicies } from './admission/policies/mutating.ts';
import { validatingPolicies } from './admission/policies/validating.ts';
import { defaultTolerationSeconds, priority, serviceAccount } from './admission/pods.ts';
import { podSecurity } from './admission/podsecurity/podsecurity.ts';
import { resourceQuota } from './admission/quota.ts';
import { claimResize, defaultStorageClass, storageObjectInUseProtection } from './admission/volumes.ts';
import { mutatingWebhooks, validatingWebhooks } from './admission/webhooks/webhooks.ts';
import { Conditions } from './admission/webhooks/conditions.ts';
import type { Caller } from './admission/webhooks/call.ts';
import type { AdmissionPlugin } from './admission/chain.ts';
import type { Schema } from './registry/engines.ts';
import type { BoundObjects, ServiceAccountTokens } from './authn/serviceaccount.ts';
import { bindingHooks, roleHooks } from './authz/escalation.ts';
import type { Rbac } from './authz/rbac.ts';
import type { ApiServerConfig } from './config.ts';
import type { Installed } from './install.ts';
import { parseApiVersion } from './objects.ts';
import type { Kubelets } from './proxy/kubelet.ts';
import { nodeProxy, podProxy, serviceProxy } from './proxy/resources.ts';
import type { Resolver } from './proxy/resolve.ts';
import { namespaceHooks } from './registry/core/namespaces.ts';
import { binder, evicter } from './registry/core/pods.ts';
import type { ServiceAllocator } from './registry/core/services.ts';
import { tokenCreator, type TokenLimits } from './registry/core/tokens.ts';
import type { Connector } from './resources.ts';
import { reviewCreators, type ReviewOptions } from './registry/reviews.ts';

export interface KindOptions {
  readonly installed: Installed;
  readonly rbac: Rbac;
  readonly authorize: Authorizer;
  readonly services: ServiceAllocator;
  readonly tokens: ServiceAccountTokens | undefined;
  readonly tokenLimits: TokenLimits;
  readonly boundObjects: BoundObjects;
  readonly reviews: ReviewOptions;
  readonly kubelets: Kubelets;
  readonly resolver: Resolver;
}

const rbacGroup = 'rbac.authorization.k8s.io';

export function wireKinds({ installed, rbac, authorize, services, tokens, tokenLimits, boundObjects, reviews, kubelets, resolver }: KindOptions): void {
  const { table, storage } = installed;
  const pods = storage('pods');
  storage('namespaces').hooks = namespaceHooks;
  storage('services').hooks = services.hooks;
  for (const resource of ['roles', 'clusterroles'] as const) storage(`${resource}.${rbacGroup}`).hooks = roleHooks(rbac, authorize, resource);
  for (const resource of ['rolebindings', 'clusterrolebindings'] as const) storage(`${resource}.${rbacGroup}`).hooks = bindingHooks(rbac, authorize, resource);

  const bind = binder(pods);
  table.extend('', 'v1', 'pods', {}, { name: 'binding', create: bind });
  table.extend('', 'v1', 'bindings', { create: bind });
  table.extend('', 'v1', 'pods', {}, { name: 'eviction', create: evicter(pods, storage('poddisruptionbudgets.policy')) });
  const connectors: readonly (readonly [resource: string, name: string, connect: Connector])[] = [
    ['pods', 'log', kubelets.log], ['pods', 'exec', kubelets.exec], ['pods', 'attach', kubelets.attach], ['pods', 'portforward', kubelets.portForward],
    ['pods', 'proxy', podProxy(pods)], ['services', 'proxy', serviceProxy(resolver)], ['nodes', 'proxy', nodeProxy(kubelets)],
  ];
  for (const [resource, name, connect] of connectors) table.extend('', 'v1', resource, {}, { name, connect });
  if (tokens) table.extend('', 'v1', 'serviceaccounts', {}, { name: 'token', create: tokenCreator(tokens, boundObjects, tokenLimits) });
  table.extend('', 'v1', 'componentstatuses', { listVirtual: async () => [] });
  for (const [name, create] of Object.entries(reviewCreators(reviews))) {
    const dot = name.indexOf('.');
    table.extend(name.slice(dot + 1), 'v1', name.slice(0, dot), { create });
  }
}

export interface AdmissionOptions {
  readonly installed: Installed;
  readonly authorize: Authorizer;
  readonly surroundings: Surroundings;
  readonly config: Pick<ApiServerConfig, 'enabledAdmission' | 'disabledAdmission'>;
  readonly registry: Schema;
  readonly caller: Caller;
  readonly metrics: Metrics;
}

/** Off unless asked for, as upstream. */
const offByDefault = new Set(['AlwaysPullImages', 'ExtendedResourceToleration', 'OwnerReferencesPermissionEnforcement']);

/** The plugins that are on, in upstream's order. */
export function admissionPlugins({ installed, authorize, surroundings, config, registry, caller, metrics }: AdmissionOptions): AdmissionPlugin[] {
  const { storage, table } = installed;
  const conditions = new Conditions(authorize);
  const webhooks = { table, registry, caller, surroundings, conditions, namespaces: storage('namespaces') };
  const configurations = { mutating: storage('mutatingwebhookconfigurations.admissionregistration.k8s.io'), validating: storage('validatingwebhookconfigurations.admissionregistration.k8s.io') };
  const resourceOf = (apiVersion: string, kind: string): { group: string; version: string; resource: string } | undefined => {
    const { group, version } = parseApiVersion(apiVersion);
    const found = table.resources(group, version).find((served) => served.definition.kind === kind);
    return found && { group, version, resource: found.resource };
  };
  const policies = { table, namespaces: storage('namespaces'), authorize };
  // Off unless a version of it is asked for.
  const stored = (resource: string): boolean => [...table.all()].some((served) => served.group === 'admissionregistration.k8s.io' && served.resource === resource);
  const all = [
    namespaceLifecycle(storage('namespaces')),
    limitRanger(storage('limitranges')),
    serviceAccount(storage('serviceaccounts'), surroundings.random),
    nodeRestriction(storage('pods')),
    taintNodesByCondition,
    alwaysPullImages,
    podSecurity(storage('namespaces'), storage('pods')),
    priority(storage('priorityclasses.scheduling.k8s.io')),
    defaultTolerationSeconds,
    extendedResourceToleration,
    defaultStorageClass(storage('storageclasses.storage.k8s.io')),
    storageObjectInUseProtection,
    ownerReferencesPermission(authorize, resourceOf),
    claimResize(storage('storageclasses.storage.k8s.io')),
    runtimeClass(storage('runtimeclasses.node.k8s.io')),
    ...certificateRequests(authorize),
    defaultIngressClass(storage('ingressclasses.networking.k8s.io')),
    ...(stored('mutatingadmissionpolicies') ? [mutatingPolicies({ ...policies, registry, metrics: policyMetrics(metrics, surroundings.clock, 'mutating') }, storage('mutatingadmissionpolicies.admissionregistration.k8s.io'), storage('mutatingadmissionpolicybindings.admissionregistration.k8s.io'))] : []),
    mutatingWebhooks(webhooks, configurations.mutating),
    validatingPolicies({ ...policies, metrics: policyMetrics(metrics, surroundings.clock, 'validating') }, storage('validatingadmissionpolicies.admissionregistration.k8s.io'), storage('validatingadmissionpolicybindings.admissionregistration.k8s.io')),
    validatingWebhooks(webhooks, configurations.validating),
    resourceQuota(storage('resourcequotas')),
  ];
  const { enabledAdmission: on = [], disabledAdmission: off = [] } = config;
  const missing = on.filter((name) => !all.some((plugin) => plugin.name === name));
  if (missing.length > 0) throw new Error(`admission plugins that are not available: ${missing.join(', ')}`);
  return all.filter(({ name }) => !off.includes(name) && (!offByDefault.has(name) || on.includes(name)));
}
