import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const admissionregistrationV1: Package = {
  name: 'admissionregistration.v1',
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.admissionregistration.v1',
  proto: 'k8s.io.api.admissionregistration.v1',
  types: { ...schema },
  lists: ['MutatingWebhookConfiguration', 'ValidatingAdmissionPolicyBinding', 'ValidatingAdmissionPolicy', 'ValidatingWebhookConfiguration'],
};
