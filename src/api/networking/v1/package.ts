import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const networkingV1: Package = {
  name: 'networking.v1',
  group: 'networking.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.networking.v1',
  proto: 'k8s.io.api.networking.v1',
  types: { ...schema },
  lists: ['IPAddress', 'IngressClass', 'Ingress', 'NetworkPolicy', 'ServiceCIDR'],
};
