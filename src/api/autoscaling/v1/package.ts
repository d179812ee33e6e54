import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const autoscalingV1: Package = {
  name: 'autoscaling.v1',
  group: 'autoscaling',
  version: 'v1',
  openapi: 'io.k8s.api.autoscaling.v1',
  proto: 'k8s.io.api.autoscaling.v1',
  types: { ...schema },
  lists: ['HorizontalPodAutoscaler'],
};
