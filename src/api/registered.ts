/** What upstream's decoders know by name: kinds served here, and those of versions that have gone. */
import type { Registry } from '../schema/registry.ts';

/** Kinds, each with its list, that nobody serves any more or that are never served, by group and version. */
const unserved: Readonly<Record<string, string>> = {
  'admission.k8s.io/v1beta1': 'AdmissionReview',
  'admissionregistration.k8s.io/v1alpha1': 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/v1beta1': 'MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration',
  'apps/v1beta1': 'ControllerRevision Deployment DeploymentRollback Scale StatefulSet',
  'apps/v1beta2': 'ControllerRevision DaemonSet Deployment ReplicaSet Scale StatefulSet',
  'authentication.k8s.io/v1alpha1': 'SelfSubjectReview',
  'authentication.k8s.io/v1beta1': 'SelfSubjectReview TokenReview',
  'authorization.k8s.io/v1beta1': 'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
  'autoscaling/v2beta1': 'HorizontalPodAutoscaler',
  'autoscaling/v2beta2': 'HorizontalPodAutoscaler',
  'batch/v1beta1': 'CronJob',
  'certificates.k8s.io/v1beta1': 'CertificateSigningRequest',
  'coordination.k8s.io/v1beta1': 'Lease',
  'v1': 'List PodStatusResult',
  'discovery.k8s.io/v1beta1': 'EndpointSlice',
  'events.k8s.io/v1beta1': 'Event',
  'extensions/v1beta1': 'DaemonSet Deployment DeploymentRollback Ingress NetworkPolicy ReplicaSet Scale',
  'flowcontrol.apiserver.k8s.io/v1beta1': 'FlowSchema PriorityLevelConfiguration',
  'flowcontrol.apiserver.k8s.io/v1beta2': 'FlowSchema PriorityLevelConfiguration',
  'flowcontrol.apiserver.k8s.io/v1beta3': 'FlowSchema PriorityLevelConfiguration',
  'imagepolicy.k8s.io/v1alpha1': 'ImageReview',
  'networking.k8s.io/v1beta1': 'Ingress IngressClass',
  'node.k8s.io/v1alpha1': 'RuntimeClass',
  'node.k8s.io/v1beta1': 'RuntimeClass',
  'policy/v1beta1': 'Eviction PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1alpha1': 'ClusterRole ClusterRoleBinding Role RoleBinding',
  'rbac.authorization.k8s.io/v1beta1': 'ClusterRole ClusterRoleBinding Role RoleBinding',
  'scheduling.k8s.io/v1alpha1': 'PriorityClass',
  'scheduling.k8s.io/v1beta1': 'PriorityClass',
  'storage.k8s.io/v1alpha1': 'CSIStorageCapacity VolumeAttachment',
  'storage.k8s.io/v1beta1': 'CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment',
  'apiextensions.k8s.io/v1beta1': 'ConversionReview CustomResourceDefinition',
  'apiregistration.k8s.io/v1beta1': 'APIService',
};

/** Groups that are decoded by a server of their own, which knows no others. */
const schemes: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55',
  'apiregistration.k8s.io': 'k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28',
};

/** The name of the scheme in which a group's server looks for kinds. */
export function schemeOf(group: string): string {
  return schemes[group] ?? 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30';
}

/** Whether the server of the group `home` can decode a kind at all. What belongs to no group all of them know. */
export function isRegistered(registry: Registry, home: string, group: string, version: string, kind: string): boolean {
  const names = (unserved[group === '' ? version : `${group}/${version}`] ?? '').split(' ');
  const type = registry.typeOf(group, version, kind);
  const known = names.includes(kind) || (kind.endsWith('List') && names.includes(kind.slice(0, -4))) || (type !== undefined && group !== 'meta.k8s.io' && registry.struct(type).isKind);
  return known && (group === home || schemeOf(group) === schemeOf(home) || (type?.startsWith('meta.') ?? false));
}

/** Kinds of a group that has gone, and the groups that have them now. */
const moved: Readonly<Record<string, string>> = { Ingress: 'networking', NetworkPolicy: 'networking', Scale: 'autoscaling' };

/** The package of upstream's internal type of a kind: kinds of one name in one such package are versions of each other. */
export function internalPackage(group: string, kind: string): string {
  if (group === 'extensions') return moved[kind.replace(/List$/, '')] ?? 'apps';
  if (group === 'apps' && kind === 'Scale') return 'autoscaling';
  if (group === '' || group === 'events.k8s.io') return 'core';
  return group === 'internal.apiserver.k8s.io' ? 'apiserverinternal' : group.split('.')[0]!;
}
