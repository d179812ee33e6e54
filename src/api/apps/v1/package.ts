import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const appsV1: Package = {
  name: 'apps.v1',
  group: 'apps',
  version: 'v1',
  openapi: 'io.k8s.api.apps.v1',
  proto: 'k8s.io.api.apps.v1',
  types: { ...schema },
  lists: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
};
