// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'batch.v1', group: 'batch', version: 'v1',
    resource: 'cronjobs', kind: 'CronJob', singular: 'cronjob', shortNames: ['cj'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'CronJob', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/cronjobs/', package: 'batch.v1', kind: 'CronJob' },
  },
  {
    package: 'batch.v1', group: 'batch', version: 'v1',
    resource: 'jobs', kind: 'Job', singular: 'job', categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'Job', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/jobs/', package: 'batch.v1', kind: 'Job' },
  },
];
