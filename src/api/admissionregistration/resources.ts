// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'admissionregistration.v1', group: 'admissionregistration.k8s.io', version: 'v1',
    resource: 'mutatingwebhookconfigurations', kind: 'MutatingWebhookConfiguration', singular: 'mutatingwebhookconfiguration', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/mutatingwebhookconfigurations/', package: 'admissionregistration.v1', kind: 'MutatingWebhookConfiguration' },
  },
  {
    package: 'admissionregistration.v1', group: 'admissionregistration.k8s.io', version: 'v1',
    resource: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy', singular: 'validatingadmissionpolicy', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'ValidatingAdmissionPolicy', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/validatingadmissionpolicies/', package: 'admissionregistration.v1', kind: 'ValidatingAdmissionPolicy' },
  },
  {
    package: 'admissionregistration.v1', group: 'admissionregistration.k8s.io', version: 'v1',
    resource: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', singular: 'validatingadmissionpolicybinding', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/validatingadmissionpolicybindings/', package: 'admissionregistration.v1', kind: 'ValidatingAdmissionPolicyBinding' },
  },
  {
    package: 'admissionregistration.v1', group: 'admissionregistration.k8s.io', version: 'v1',
    resource: 'validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration', singular: 'validatingwebhookconfiguration', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/validatingwebhookconfigurations/', package: 'admissionregistration.v1', kind: 'ValidatingWebhookConfiguration' },
  },
  {
    package: 'admissionregistration.v1alpha1', group: 'admissionregistration.k8s.io', version: 'v1alpha1',
    resource: 'mutatingadmissionpolicies', kind: 'MutatingAdmissionPolicy', singular: 'mutatingadmissionpolicy', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/mutatingadmissionpolicies/', package: 'admissionregistration.v1alpha1', kind: 'MutatingAdmissionPolicy' },
  },
  {
    package: 'admissionregistration.v1alpha1', group: 'admissionregistration.k8s.io', version: 'v1alpha1',
    resource: 'mutatingadmissionpolicybindings', kind: 'MutatingAdmissionPolicyBinding', singular: 'mutatingadmissionpolicybinding', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/mutatingadmissionpolicybindings/', package: 'admissionregistration.v1alpha1', kind: 'MutatingAdmissionPolicyBinding' },
  },
  {
    package: 'admissionregistration.v1beta1', group: 'admissionregistration.k8s.io', version: 'v1beta1',
    resource: 'mutatingadmissionpolicies', kind: 'MutatingAdmissionPolicy', singular: 'mutatingadmissionpolicy', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/mutatingadmissionpolicies/', package: 'admissionregistration.v1alpha1', kind: 'MutatingAdmissionPolicy' },
  },
  {
    package: 'admissionregistration.v1beta1', group: 'admissionregistration.k8s.io', version: 'v1beta1',
    resource: 'mutatingadmissionpolicybindings', kind: 'MutatingAdmissionPolicyBinding', singular: 'mutatingadmissionpolicybinding', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/mutatingadmissionpolicybindings/', package: 'admissionregistration.v1alpha1', kind: 'MutatingAdmissionPolicyBinding' },
  },
];
