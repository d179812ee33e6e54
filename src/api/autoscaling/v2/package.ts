import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const autoscalingV2: Package = {
  name: 'autoscaling.v2',
  group: 'autoscaling',
  version: 'v2',
  openapi: 'io.k8s.api.autoscaling.v2',
  proto: 'k8s.io.api.autoscaling.v2',
  types: { ...schema },
  lists: ['HorizontalPodAutoscaler'],
};
