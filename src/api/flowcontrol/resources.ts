// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'flowcontrol.v1', group: 'flowcontrol.apiserver.k8s.io', version: 'v1',
    resource: 'flowschemas', kind: 'FlowSchema', singular: 'flowschema', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'FlowSchema', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/flowschemas/', package: 'flowcontrol.v1', kind: 'FlowSchema' },
  },
  {
    package: 'flowcontrol.v1', group: 'flowcontrol.apiserver.k8s.io', version: 'v1',
    resource: 'prioritylevelconfigurations', kind: 'PriorityLevelConfiguration', singular: 'prioritylevelconfiguration', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'PriorityLevelConfiguration', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/prioritylevelconfigurations/', package: 'flowcontrol.v1', kind: 'PriorityLevelConfiguration' },
  },
];
