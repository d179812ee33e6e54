// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface AggregationRule {
  clusterRoleSelectors?: metaV1.LabelSelector[];
}

export interface ClusterRole {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  rules: PolicyRule[];
  aggregationRule?: AggregationRule;
}

export interface ClusterRoleBinding {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  subjects?: Subject[];
  roleRef: RoleRef;
}

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export interface Role {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  rules: PolicyRule[];
}

export interface RoleBinding {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  subjects?: Subject[];
  roleRef: RoleRef;
}

export interface RoleRef {
  apiGroup: string;
  kind: string;
  name: string;
}

export interface Subject {
  kind: string;
  apiGroup?: string;
  name: string;
  namespace?: string;
}

export interface ClusterRoleBindingList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: ClusterRoleBinding[];
}

export interface ClusterRoleList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: ClusterRole[];
}

export interface RoleBindingList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: RoleBinding[];
}

export interface RoleList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: Role[];
}
