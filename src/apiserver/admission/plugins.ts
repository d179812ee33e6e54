/** All plugins there are, in upstream's order, and which of them are on. */
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Authorizer } from '../../serving/identity.ts';
import type { ApiServerConfig } from '../config.ts';
import type { Installed } from '../install.ts';
import { parseApiVersion } from '../objects.ts';
import type { Schema } from '../registry/engines.ts';
import { certificateRequests, trustBundles } from './certificates.ts';
import type { AdmissionPlugin } from './chain.ts';
import { defaultIngressClass, runtimeClass } from './classes.ts';
import { eventRateLimit } from './events.ts';
import { imagePolicy } from './imagepolicy.ts';
import { limitRanger } from './limits.ts';
import type { AdmissionMetrics } from './metrics.ts';
import { namespaceAutoProvision, namespaceExists, namespaceLifecycle } from './namespaces.ts';
import { nodeRestriction } from './noderestriction.ts';
import { taintNodesByCondition } from './nodes.ts';
import { alwaysAdmit, alwaysDeny, alwaysPullImages, denyServiceExternalIPs, extendedResourceToleration, limitPodHardAntiAffinityTopology, ownerReferencesPermission } from './optional.ts';
import { eventLimits, podNodeSelector, podTolerationRestriction } from './placement.ts';
import { defaultTolerationSeconds, priority, serviceAccount } from './pods.ts';
import { podSecurityMetrics } from './podsecurity/metrics.ts';
import { podSecurity } from './podsecurity/podsecurity.ts';
import { settingsOf } from './podsecurity/settings.ts';
import { policyMetrics } from './policies/metrics.ts';
import { mutatingPolicies } from './policies/mutating.ts';
import { validatingPolicies } from './policies/validating.ts';
import { limitedOf, resourceQuota } from './quota.ts';
import { claimResize, defaultStorageClass, storageObjectInUseProtection } from './volumes.ts';
import type { Caller } from './webhooks/call.ts';
import { Conditions } from './webhooks/conditions.ts';
import { mutatingWebhooks, validatingWebhooks } from './webhooks/webhooks.ts';

export interface PluginOptions {
  readonly installed: Installed;
  readonly authorize: Authorizer;
  readonly surroundings: Surroundings;
  readonly config: Pick<ApiServerConfig, 'enabledAdmission' | 'disabledAdmission' | 'admissionConfiguration' | 'tolerationSeconds'>;
  readonly registry: Schema;
  readonly caller: Caller;
  readonly metrics: Metrics;
  readonly timing: AdmissionMetrics;
}

interface Entry {
  readonly name: string;
  /** Off unless asked for. */
  readonly off?: true;
  readonly make: () => AdmissionPlugin;
}

const on = (make: () => AdmissionPlugin, name: string): Entry => ({ name, make });
const off = (make: () => AdmissionPlugin, name: string): Entry => ({ name, make, off: true });

const policyGroup = 'admissionregistration.k8s.io';

function entries(options: PluginOptions): Entry[] {
  const { installed: { storage, table }, authorize, surroundings, registry, caller, metrics, timing, config } = options;
  const { clock } = surroundings;
  const configuration = config.admissionConfiguration ?? new Map();
  const namespaces = storage('namespaces');
  const webhooks = { table, registry, caller, surroundings, conditions: new Conditions(authorize, timing), namespaces, metrics: timing };
  const policies = { table, namespaces, authorize };
  const ofPolicies = (name: string) => storage(`${name}.${policyGroup}`);
  // Nothing of it is there unless a version of it is asked for.
  const mutates = [...table.all()].some((served) => served.group === policyGroup && served.resource === 'mutatingadmissionpolicies');
  const resourceOf = (apiVersion: string, kind: string): { group: string; version: string; resource: string } | undefined => {
    const { group, version } = parseApiVersion(apiVersion);
    const found = table.resources(group, version).find((served) => served.definition.kind === kind);
    return found && { group, version, resource: found.resource };
  };
  const [approval, signing, restriction] = certificateRequests(authorize) as [AdmissionPlugin, AdmissionPlugin, AdmissionPlugin];
  const restricted = {
    authorize,
    storages: { pods: storage('pods'), nodes: storage('nodes'), claims: storage('persistentvolumeclaims'), volumes: storage('persistentvolumes'), drivers: storage('csidrivers.storage.k8s.io') },
  };
  return [
    off(() => alwaysAdmit, 'AlwaysAdmit'),
    off(() => namespaceAutoProvision(namespaces), 'NamespaceAutoProvision'),
    on(() => namespaceLifecycle(namespaces), 'NamespaceLifecycle'),
    off(() => namespaceExists(namespaces), 'NamespaceExists'),
    off(() => limitPodHardAntiAffinityTopology, 'LimitPodHardAntiAffinityTopology'),
    on(() => limitRanger(storage('limitranges')), 'LimitRanger'),
    on(() => serviceAccount(storage('serviceaccounts'), surroundings), 'ServiceAccount'),
    off(() => nodeRestriction(restricted), 'NodeRestriction'),
    on(() => taintNodesByCondition, 'TaintNodesByCondition'),
    off(() => alwaysPullImages, 'AlwaysPullImages'),
    off(() => imagePolicy(configuration, surroundings), 'ImagePolicyWebhook'),
    on(() => podSecurity(namespaces, storage('pods'), settingsOf(configuration), podSecurityMetrics(metrics)), 'PodSecurity'),
    off(() => podNodeSelector(namespaces, configuration), 'PodNodeSelector'),
    on(() => priority(storage('priorityclasses.scheduling.k8s.io')), 'Priority'),
    on(() => defaultTolerationSeconds(config.tolerationSeconds ?? {}), 'DefaultTolerationSeconds'),
    off(() => podTolerationRestriction(namespaces, configuration), 'PodTolerationRestriction'),
    off(() => eventRateLimit(eventLimits(configuration), clock), 'EventRateLimit'),
    off(() => extendedResourceToleration, 'ExtendedResourceToleration'),
    on(() => defaultStorageClass(storage('storageclasses.storage.k8s.io')), 'DefaultStorageClass'),
    on(() => storageObjectInUseProtection, 'StorageObjectInUseProtection'),
    off(() => ownerReferencesPermission(authorize, resourceOf), 'OwnerReferencesPermissionEnforcement'),
    on(() => claimResize(storage('storageclasses.storage.k8s.io')), 'PersistentVolumeClaimResize'),
    on(() => runtimeClass(storage('runtimeclasses.node.k8s.io')), 'RuntimeClass'),
    on(() => approval, 'CertificateApproval'),
    on(() => signing, 'CertificateSigning'),
    on(() => trustBundles(authorize), 'ClusterTrustBundleAttest'),
    on(() => restriction, 'CertificateSubjectRestriction'),
    on(() => defaultIngressClass(storage('ingressclasses.networking.k8s.io')), 'DefaultIngressClass'),
    off(() => denyServiceExternalIPs, 'DenyServiceExternalIPs'),
    // Its feature gate is off: there, too, it does nothing.
    on(() => ({ name: 'PodTopologyLabels' }), 'PodTopologyLabels'),
    on(() => (mutates ? mutatingPolicies({ ...policies, timing, registry, metrics: policyMetrics(metrics, clock, 'mutating') }, ofPolicies('mutatingadmissionpolicies'), ofPolicies('mutatingadmissionpolicybindings')) : { name: 'MutatingAdmissionPolicy' }), 'MutatingAdmissionPolicy'),
    on(() => mutatingWebhooks(webhooks, ofPolicies('mutatingwebhookconfigurations')), 'MutatingAdmissionWebhook'),
    on(() => validatingPolicies({ ...policies, timing, metrics: policyMetrics(metrics, clock, 'validating') }, ofPolicies('validatingadmissionpolicies'), ofPolicies('validatingadmissionpolicybindings')), 'ValidatingAdmissionPolicy'),
    on(() => validatingWebhooks(webhooks, ofPolicies('validatingwebhookconfigurations')), 'ValidatingAdmissionWebhook'),
    on(() => resourceQuota(storage('resourcequotas'), limitedOf(configuration)), 'ResourceQuota'),
    off(() => alwaysDeny, 'AlwaysDeny'),
  ];
}

/** The plugins that are on. Throws where one is asked for that is not there, or where the configuration of one that is on is not right. */
export function admissionPlugins(options: PluginOptions): AdmissionPlugin[] {
  const { enabledAdmission: wanted = [], disabledAdmission: unwanted = [] } = options.config;
  const all = entries(options);
  const missing = wanted.filter((name) => !all.some((plugin) => plugin.name === name));
  if (missing.length > 0) throw new Error(`admission plugins that are not available: ${missing.join(', ')}`);
  return all.filter((plugin) => (wanted.includes(plugin.name) || !plugin.off) && !unwanted.includes(plugin.name)).map((plugin) => plugin.make());
}
