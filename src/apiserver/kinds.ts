/** What single kinds have beyond the generic registry: hooks of their storage, subresources, reviews. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/ids.ts';
import type { Authorizer } from '../serving/identity.ts';
import type { AdmissionChain } from './admission/chain.ts';
import { admittedConnector, admittedCreator } from './admission/transient.ts';
import type { BoundObjects, ServiceAccountTokens } from './authn/serviceaccount.ts';
import { bindingHooks, roleHooks } from './authz/escalation.ts';
import type { Rbac } from './authz/rbac.ts';
import type { Installed } from './install.ts';
import type { Way } from './proxy/forward.ts';
import type { Kubelets } from './proxy/kubelet.ts';
import { nodeProxy, podProxy, serviceProxy } from './proxy/resources.ts';
import { adminAccessHooks } from './registry/core/adminaccess.ts';
import { componentStatuses, type Component } from './registry/core/components.ts';
import { evicter } from './registry/core/eviction.ts';
import { namespaceHooks } from './registry/core/namespaces.ts';
import { binder } from './registry/core/pods.ts';
import { podSpecPaths, unprivilegedHooks } from './registry/core/privileged.ts';
import type { ServiceAllocator } from './registry/core/services.ts';
import { tokenCreator, type TokenLimits } from './registry/core/tokens.ts';
import type { Connector, Creator } from './resources.ts';
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
  readonly random: Random;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  readonly allowPrivileged: boolean;
  readonly way: Way;
  readonly components: readonly Component[];
}

const rbacGroup = 'rbac.authorization.k8s.io';

export function wireKinds({ installed, rbac, authorize, services, tokens, tokenLimits, boundObjects, reviews, kubelets, random, admission, clock, components, allowPrivileged, way }: KindOptions): void {
  const { table, storage } = installed;
  const pods = storage('pods');
  storage('namespaces').hooks = namespaceHooks;
  storage('services').hooks = services.hooks;
  if (!allowPrivileged) for (const [resource, at] of Object.entries(podSpecPaths)) storage(resource).hooks = unprivilegedHooks(at, resource === 'pods');
  const administered = adminAccessHooks(storage('namespaces'));
  for (const resource of ['resourceclaims', 'resourceclaimtemplates']) storage(`${resource}.resource.k8s.io`).hooks = administered;
  for (const resource of ['roles', 'clusterroles'] as const) storage(`${resource}.${rbacGroup}`).hooks = roleHooks(rbac, authorize, resource);
  for (const resource of ['rolebindings', 'clusterrolebindings'] as const) storage(`${resource}.${rbacGroup}`).hooks = bindingHooks(rbac, authorize, resource);

  const creates = (group: string, version: string, resource: string, subresource: string, create: Creator): void => {
    const served = table.find(group, version, resource);
    const view = subresource === '' ? served?.view : served?.subresources.get(subresource)?.view;
    if (!view) return;
    const admitted = admittedCreator(admission, { group, version, resource, subresource, view }, create);
    table.extend(group, version, resource, subresource === '' ? { create: admitted } : {}, subresource === '' ? undefined : { name: subresource, create: admitted });
  };
  const connects = (resource: string, name: string, connect: Connector): void => {
    const sub = table.find('', 'v1', resource)?.subresources.get(name);
    // What is only read (logs) is nobody's business but authorization's.
    const judged = sub && sub.definition.kind.endsWith('Options');
    table.extend('', 'v1', resource, {}, { name, connect: judged ? admittedConnector(admission, { group: '', version: 'v1', resource, subresource: name, view: sub.view }, clock, connect) : connect });
  };
  const bind = binder(pods);
  creates('', 'v1', 'pods', 'binding', bind);
  creates('', 'v1', 'bindings', '', bind);
  creates('', 'v1', 'pods', 'eviction', evicter(pods, storage('poddisruptionbudgets.policy')));
  const connectors: readonly (readonly [resource: string, name: string, connect: Connector])[] = [
    ['pods', 'log', kubelets.log], ['pods', 'exec', kubelets.exec], ['pods', 'attach', kubelets.attach], ['pods', 'portforward', kubelets.portForward],
    ['pods', 'proxy', podProxy(pods, way)], ['services', 'proxy', serviceProxy({ services: storage('services'), endpoints: storage('endpoints'), pods, random, way })], ['nodes', 'proxy', nodeProxy(kubelets)],
  ];
  for (const [resource, name, connect] of connectors) connects(resource, name, connect);
  if (tokens) creates('', 'v1', 'serviceaccounts', 'token', tokenCreator(tokens, boundObjects, tokenLimits));
  table.extend('', 'v1', 'componentstatuses', { listVirtual: componentStatuses(components) });
  for (const [name, create] of Object.entries(reviewCreators(reviews))) {
    const dot = name.indexOf('.');
    creates(name.slice(dot + 1), 'v1', name.slice(0, dot), '', create);
  }
}
