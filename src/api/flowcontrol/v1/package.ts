import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const flowcontrolV1: Package = {
  name: 'flowcontrol.v1',
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.flowcontrol.v1',
  proto: 'k8s.io.api.flowcontrol.v1',
  types: { ...schema },
  lists: ['FlowSchema', 'PriorityLevelConfiguration'],
};
