import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const admissionV1: Package = {
  name: 'admission.v1',
  group: 'admission.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.admission.v1',
  proto: 'k8s.io.api.admission.v1',
  types: { ...schema },
  goTypes: {
    'types.UID': 'AdmissionRequest.uid AdmissionResponse.uid',
    'v1.Operation': 'AdmissionRequest.operation',
    'v1.PatchType': 'AdmissionResponse.patchType',
  },
  lists: [],
};
