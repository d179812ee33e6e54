import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const schedulingV1: Package = {
  name: 'scheduling.v1',
  group: 'scheduling.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.scheduling.v1',
  proto: 'k8s.io.api.scheduling.v1',
  types: { ...schema },
  goTypes: {
    'v1.PreemptionPolicy': 'PriorityClass.preemptionPolicy',
  },
  lists: ['PriorityClass'],
};
