import type { Package } from '../../../schema/vocabulary.ts';
import * as volumes from './volumes.ts';
import * as pods from './pods.ts';
import * as containers from './containers.ts';
import * as persistentvolumes from './persistentvolumes.ts';
import * as services from './services.ts';
import * as objects from './objects.ts';
import * as nodes from './nodes.ts';

export const coreV1: Package = {
  name: 'core.v1',
  group: '',
  version: 'v1',
  openapi: 'io.k8s.api.core.v1',
  proto: 'k8s.io.api.core.v1',
  types: { ...volumes, ...pods, ...containers, ...persistentvolumes, ...services, ...objects, ...nodes },
  lists: ['ComponentStatus', 'ConfigMap', 'Endpoints', 'Event', 'LimitRange', 'Namespace', 'Node', 'PersistentVolumeClaim', 'PersistentVolume', 'Pod', 'PodTemplate', 'ReplicationController', 'ResourceQuota', 'Secret', 'ServiceAccount', 'Service'],
};
