import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const admissionregistrationV1: Package = {
  name: 'admissionregistration.v1',
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.admissionregistration.v1',
  proto: 'k8s.io.api.admissionregistration.v1',
  types: { ...schema },
  goTypes: {
    '[]v1.OperationType': 'NamedRuleWithOperations.operations RuleWithOperations.operations',
    '[]v1.ValidationAction': 'ValidatingAdmissionPolicyBindingSpec.validationActions',
    'v1.FailurePolicyType': 'ValidatingAdmissionPolicySpec.failurePolicy ValidatingWebhook.failurePolicy MutatingWebhook.failurePolicy',
    'v1.MatchPolicyType': 'MatchResources.matchPolicy ValidatingWebhook.matchPolicy MutatingWebhook.matchPolicy',
    'v1.ParameterNotFoundActionType': 'ParamRef.parameterNotFoundAction',
    'v1.ReinvocationPolicyType': 'MutatingWebhook.reinvocationPolicy',
    'v1.ScopeType': 'NamedRuleWithOperations.scope RuleWithOperations.scope',
    'v1.SideEffectClass': 'ValidatingWebhook.sideEffects MutatingWebhook.sideEffects',
    'v1.StatusReason': 'Validation.reason',
  },
  lists: ['MutatingWebhookConfiguration', 'ValidatingAdmissionPolicyBinding', 'ValidatingAdmissionPolicy', 'ValidatingWebhookConfiguration'],
};
