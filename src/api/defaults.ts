/** Defaults that depend on other fields, of all groups; `createDefaulter(registry, defaultHooks)` makes the engine. */
import type { DefaultHooks } from '../schema/defaults.ts';
import type * as admission from './admissionregistration/v1/types.ts';
import type * as apiextensions from './apiextensions/v1/types.ts';
import type * as apps from './apps/v1/types.ts';
import type * as autoscaling from './autoscaling/v2/types.ts';
import type * as batch from './batch/v1/types.ts';
import { templateGeneration } from './apps/daemonset.ts';
import { hooks as core } from './core/defaults.ts';
import type * as networking from './networking/v1/types.ts';
import type * as rbac from './rbac/v1/types.ts';
import type * as resource from './resource/v1/types.ts';
import type * as resourceV1beta1 from './resource/v1beta1/types.ts';
import type * as storage from './storage/v1/types.ts';

const appsHooks: DefaultHooks = {
  'apps.v1.DaemonSet': (d: apps.DaemonSet) => {
    // What other versions had a field for.
    (d.metadata.annotations ??= {})[templateGeneration] ??= '0';
  },
  'apps.v1.DeploymentStrategy': (s: apps.DeploymentStrategy) => {
    s.type ||= 'RollingUpdate';
    if (s.type !== 'RollingUpdate') return;
    s.rollingUpdate ??= {};
    s.rollingUpdate.maxUnavailable ??= '25%';
    s.rollingUpdate.maxSurge ??= '25%';
  },
  'apps.v1.StatefulSetSpec': (s: apps.StatefulSetSpec) => {
    s.persistentVolumeClaimRetentionPolicy ??= {};
    for (const claim of s.volumeClaimTemplates ?? []) {
      claim.kind = 'PersistentVolumeClaim';
      claim.apiVersion = 'v1';
    }
  },
  'apps.v1.StatefulSetUpdateStrategy': (s: apps.StatefulSetUpdateStrategy) => {
    if (!s.type) {
      s.type = 'RollingUpdate';
      s.rollingUpdate ??= {};
    }
    if (s.type === 'RollingUpdate' && s.rollingUpdate) s.rollingUpdate.partition ??= 0;
  },
  'apps.v1.DaemonSetUpdateStrategy': (s: apps.DaemonSetUpdateStrategy) => {
    s.type ||= 'RollingUpdate';
    if (s.type !== 'RollingUpdate') return;
    s.rollingUpdate ??= {};
    s.rollingUpdate.maxUnavailable ??= 1;
    s.rollingUpdate.maxSurge ??= 0;
  },
};

const batchHooks: DefaultHooks = {
  'batch.v1.Job': (j: batch.Job) => {
    const { spec } = j;
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
    const labels = spec.template.metadata?.labels;
    if (labels && Object.keys(j.metadata.labels ?? {}).length === 0) j.metadata.labels = labels;
  },
};

/** How fast to scale, where the writer said something of it but not all. */
function scalingRules(rules: autoscaling.HPAScalingRules | undefined, up: boolean): autoscaling.HPAScalingRules {
  const made: autoscaling.HPAScalingRules = up ? { stabilizationWindowSeconds: 0, ...rules } : { ...rules };
  made.selectPolicy ??= 'Max';
  const policies = [...(up ? [{ type: 'Pods', value: 4, periodSeconds: 15 }] : []), { type: 'Percent', value: 100, periodSeconds: 15 }];
  if (!made.policies) made.policies = policies;
  return made;
}

const autoscalingHooks: DefaultHooks = {
  'autoscaling.v2.HorizontalPodAutoscalerSpec': (s: autoscaling.HorizontalPodAutoscalerSpec) => {
    if (!s.metrics?.length) s.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
    if (!s.behavior) return;
    s.behavior.scaleUp = scalingRules(s.behavior.scaleUp, true);
    s.behavior.scaleDown = scalingRules(s.behavior.scaleDown, false);
  },
};

/** How many devices: one, where nobody says. */
function devices(r: resource.ExactDeviceRequest | resource.DeviceSubRequest): void {
  r.allocationMode ||= 'ExactCount';
  if (r.allocationMode === 'ExactCount') r.count ||= 1;
}

const resourceHooks: DefaultHooks = {
  ...Object.fromEntries(['v1', 'v1beta2'].map((v) => [`resource.${v}.ExactDeviceRequest`, devices])),
  ...Object.fromEntries(['v1', 'v1beta2', 'v1beta1'].map((v) => [`resource.${v}.DeviceSubRequest`, devices])),
  'resource.v1beta1.DeviceRequest': (r: resourceV1beta1.DeviceRequest) => {
    if (r.deviceClassName) devices(r);
  },
};

function webhook(w: admission.MutatingWebhook | admission.ValidatingWebhook | admission.MatchResources): void {
  w.namespaceSelector ??= {};
  w.objectSelector ??= {};
}

const otherHooks: DefaultHooks = {
  'networking.v1.NetworkPolicySpec': (s: networking.NetworkPolicySpec) => {
    if (!s.policyTypes?.length) s.policyTypes = s.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  'rbac.v1.Subject': (s: rbac.Subject) => {
    if (s.kind === 'User' || s.kind === 'Group') s.apiGroup ||= 'rbac.authorization.k8s.io';
  },
  'storage.v1.CSIDriverSpec': (s: storage.CSIDriverSpec) => {
    if (!s.volumeLifecycleModes?.length) s.volumeLifecycleModes = ['Persistent'];
  },
  'admissionregistration.v1.MutatingWebhook': webhook,
  'admissionregistration.v1.ValidatingWebhook': webhook,
  'admissionregistration.v1.MatchResources': webhook,
  'admissionregistration.v1beta1.MatchResources': webhook,
  'admissionregistration.v1alpha1.MatchResources': webhook,
  'apiextensions.v1.CustomResourceDefinitionSpec': (s: apiextensions.CustomResourceDefinitionSpec) => {
    s.names.singular ||= s.names.kind.toLowerCase();
    if (s.names.kind) s.names.listKind ||= `${s.names.kind}List`;
    s.conversion ??= { strategy: 'None' };
  },
};

export const defaultHooks: DefaultHooks = { ...core, ...appsHooks, ...batchHooks, ...autoscalingHooks, ...resourceHooks, ...otherHooks };
