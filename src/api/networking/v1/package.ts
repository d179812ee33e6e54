import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const networkingV1: Package = {
  name: 'networking.v1',
  group: 'networking.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.networking.v1',
  proto: 'k8s.io.api.networking.v1',
  types: { ...schema },
  goTypes: {
    '[]v1.PolicyType': 'NetworkPolicySpec.policyTypes',
    'v1.PathType': 'HTTPIngressPath.pathType',
    'v1.Protocol': 'NetworkPolicyPort.protocol IngressPortStatus.protocol',
  },
  lists: ['IPAddress', 'IngressClass', 'Ingress', 'NetworkPolicy', 'ServiceCIDR'],
};
