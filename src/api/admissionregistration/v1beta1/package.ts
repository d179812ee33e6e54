import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const admissionregistrationV1beta1: Package = {
  name: 'admissionregistration.v1beta1',
  group: 'admissionregistration.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.api.admissionregistration.v1beta1',
  proto: 'k8s.io.api.admissionregistration.v1beta1',
  types: { ...schema },
  goTypes: {
    'v1beta1.FailurePolicyType': 'MutatingAdmissionPolicySpec.failurePolicy',
    'v1beta1.MatchPolicyType': 'MatchResources.matchPolicy',
    'v1beta1.ParameterNotFoundActionType': 'ParamRef.parameterNotFoundAction',
    'v1beta1.PatchType': 'Mutation.patchType',
  },
  lists: ['MutatingAdmissionPolicyBinding', 'MutatingAdmissionPolicy'],
};
