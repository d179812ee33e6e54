// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const mutatingwebhookconfigurations: ResourceRef<T.MutatingWebhookConfiguration> = { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'mutatingwebhookconfigurations', kind: 'MutatingWebhookConfiguration', namespaced: false };
export const validatingadmissionpolicies: ResourceRef<T.ValidatingAdmissionPolicy> = { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy', namespaced: false };
export const validatingadmissionpolicybindings: ResourceRef<T.ValidatingAdmissionPolicyBinding> = { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', namespaced: false };
export const validatingwebhookconfigurations: ResourceRef<T.ValidatingWebhookConfiguration> = { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration', namespaced: false };
