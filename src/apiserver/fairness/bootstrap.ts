/** The flow schemas and priority levels that a server begins with, under upstream's names and numbers. */
import type * as T from '../../api/flowcontrol/v1/types.ts';

export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';

export interface Configured<S> {
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> };
  readonly spec: S;
}

export type LevelSpec = T.PriorityLevelConfigurationSpec;
export type SchemaSpec = T.FlowSchemaSpec;

function named<S>(name: string, spec: S): Configured<S> {
  return { metadata: { name, annotations: { [autoUpdate]: 'true' } }, spec };
}

function queued(name: string, shares: number, lendable: number, queues: number, hand: number): Configured<LevelSpec> {
  const queuing = { queues, handSize: hand, queueLengthLimit: 50 };
  return named(name, { type: 'Limited', limited: { nominalConcurrencyShares: shares, limitResponse: { type: 'Queue', queuing }, lendablePercent: lendable } });
}

/** Their specs may not be changed: without them a server could lock itself out. */
export const mandatoryLevels: readonly Configured<LevelSpec>[] = [
  named('catch-all', { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 } }),
  named('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
];

export const suggestedLevels: readonly Configured<LevelSpec>[] = [
  queued('system', 30, 33, 64, 6),
  queued('node-high', 40, 25, 64, 6),
  queued('leader-election', 10, 0, 16, 4),
  queued('workload-high', 40, 50, 128, 6),
  queued('workload-low', 100, 90, 128, 6),
  queued('global-default', 20, 50, 128, 6),
];

const group = (name: string): T.Subject => ({ kind: 'Group', group: { name } });
const user = (name: string): T.Subject => ({ kind: 'User', user: { name } });
const systemAccounts: T.Subject = { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } };
const everybody = [group('system:unauthenticated'), group('system:authenticated')];

function resources(verbs: string[], apiGroups: string[], names: string[], clusterScope: boolean): T.ResourcePolicyRule {
  return { verbs, apiGroups, resources: names, ...(clusterScope ? { clusterScope } : {}), namespaces: ['*'] };
}

const anyResource = [resources(['*'], ['*'], ['*'], true)];
const anyPath: T.NonResourcePolicyRule[] = [{ verbs: ['*'], nonResourceURLs: ['*'] }];

function schema(name: string, level: string, precedence: number, method: 'ByUser' | 'ByNamespace' | '', rule: T.PolicyRulesWithSubjects): Configured<SchemaSpec> {
  return named(name, { priorityLevelConfiguration: { name: level }, matchingPrecedence: precedence, ...(method ? { distinguisherMethod: { type: method } } : {}), rules: [rule] });
}

function everything(name: string, level: string, precedence: number, method: 'ByUser' | 'ByNamespace' | '', subjects: T.Subject[]): Configured<SchemaSpec> {
  return schema(name, level, precedence, method, { subjects, resourceRules: anyResource, nonResourceRules: anyPath });
}

export const mandatorySchemas: readonly Configured<SchemaSpec>[] = [
  everything('exempt', 'exempt', 1, '', [group('system:masters')]),
  everything('catch-all', 'catch-all', 10_000, 'ByUser', everybody),
];

export const suggestedSchemas: readonly Configured<SchemaSpec>[] = [
  schema('probes', 'exempt', 2, '', { subjects: everybody, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] }),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', {
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), systemAccounts],
    resourceRules: [resources(['get', 'create', 'update'], ['coordination.k8s.io'], ['leases'], false)],
  }),
  schema('system-node-high', 'node-high', 400, 'ByUser', {
    subjects: [group('system:nodes')],
    resourceRules: [resources(['*'], [''], ['nodes', 'nodes/status'], true), resources(['*'], ['coordination.k8s.io'], ['leases'], false)],
  }),
  everything('system-nodes', 'system', 500, 'ByUser', [group('system:nodes')]),
  everything('kube-controller-manager', 'workload-high', 800, 'ByNamespace', [user('system:kube-controller-manager')]),
  everything('kube-scheduler', 'workload-high', 800, 'ByNamespace', [user('system:kube-scheduler')]),
  everything('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', [systemAccounts]),
  everything('service-accounts', 'workload-low', 9000, 'ByUser', [group('system:serviceaccounts')]),
  everything('global-default', 'global-default', 9900, 'ByUser', everybody),
];
