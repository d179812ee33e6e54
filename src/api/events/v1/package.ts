import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const eventsV1: Package = {
  name: 'events.v1',
  group: 'events.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.events.v1',
  proto: 'k8s.io.api.events.v1',
  types: { ...schema },
  lists: ['Event'],
};
