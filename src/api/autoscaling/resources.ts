// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'autoscaling.v1', group: 'autoscaling', version: 'v1',
    resource: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler', singular: 'horizontalpodautoscaler', shortNames: ['hpa'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'HorizontalPodAutoscaler', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/horizontalpodautoscalers/', package: 'autoscaling.v2', kind: 'HorizontalPodAutoscaler' },
  },
  {
    package: 'autoscaling.v2', group: 'autoscaling', version: 'v2',
    resource: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler', singular: 'horizontalpodautoscaler', shortNames: ['hpa'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'HorizontalPodAutoscaler', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/horizontalpodautoscalers/', package: 'autoscaling.v2', kind: 'HorizontalPodAutoscaler' },
  },
];
