import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const admissionregistrationV1alpha1: Package = {
  name: 'admissionregistration.v1alpha1',
  group: 'admissionregistration.k8s.io',
  version: 'v1alpha1',
  openapi: 'io.k8s.api.admissionregistration.v1alpha1',
  proto: 'k8s.io.api.admissionregistration.v1alpha1',
  types: { ...schema },
  goTypes: {
    'v1alpha1.FailurePolicyType': 'MutatingAdmissionPolicySpec.failurePolicy',
    'v1alpha1.MatchPolicyType': 'MatchResources.matchPolicy',
    'v1alpha1.ParameterNotFoundActionType': 'ParamRef.parameterNotFoundAction',
    'v1alpha1.PatchType': 'Mutation.patchType',
  },
  lists: ['MutatingAdmissionPolicyBinding', 'MutatingAdmissionPolicy'],
};
