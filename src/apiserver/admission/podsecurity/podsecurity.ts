/** PodSecurity: refuses pods that a namespace's labels do not allow, warns of those and of templates that make them. */
import { isDeepStrictEqual } from 'node:util';
import type { Namespace, Pod, PodTemplateSpec } from '../../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../chain.ts';
import { labelPrefix, policyOf, shown, violations, type LevelVersion, type Policy } from './policy.ts';
import type { PodView } from './words.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** Where a pod's template is in what makes pods. */
const templates: Readonly<Record<string, (object: ReadonlyObject) => DeepReadonly<PodTemplateSpec> | undefined>> = {
  'replicationcontrollers': inSpec, 'deployments.apps': inSpec, 'replicasets.apps': inSpec, 'statefulsets.apps': inSpec, 'daemonsets.apps': inSpec, 'jobs.batch': inSpec,
  'podtemplates': (object) => (object as { template?: DeepReadonly<PodTemplateSpec> }).template,
  'cronjobs.batch': (object) => (object['spec'] as { jobTemplate?: { spec?: { template?: DeepReadonly<PodTemplateSpec> } } }).jobTemplate?.spec?.template,
};

function inSpec(object: ReadonlyObject): DeepReadonly<PodTemplateSpec> | undefined {
  return (object['spec'] as { template?: DeepReadonly<PodTemplateSpec> } | undefined)?.template;
}

const podParts = new Set(['', 'ephemeralcontainers', 'resize']);

function asked(labels: Labels): boolean {
  for (const key in labels) if (key.startsWith(labelPrefix)) return true;
  return false;
}

/** Updates that cannot make a pod less secure are let through, so that pods from before a label can go on. */
function isSignificant(pod: DeepReadonly<Pod>, old: DeepReadonly<Pod>): boolean {
  return !isDeepStrictEqual(pod.metadata.annotations ?? {}, old.metadata.annotations ?? {}) || !isDeepStrictEqual(pod.spec, old.spec);
}

export function podSecurity(namespaces: Storage, pods: Storage): AdmissionPlugin {
  const labelsOf = async (namespace: string): Promise<Labels> => (await namespaces.find('', namespace, 0))?.object.metadata.labels;
  const checkOne = async (request: AdmissionRequest): Promise<void> => {
    const pod = request.object as unknown as DeepReadonly<Pod>;
    if (request.operation === 'UPDATE' && request.subresource !== 'ephemeralcontainers' && !isSignificant(pod, request.old as unknown as DeepReadonly<Pod>)) return;
    const labels = await labelsOf(request.namespace);
    if (asked(labels) || request.annotate) checkPod(request, pod, policyOf(labels).policy);
  };
  const warnOf = async (request: AdmissionRequest, template: DeepReadonly<PodTemplateSpec> | undefined): Promise<void> => {
    const labels = await labelsOf(request.namespace);
    if (!template?.spec || !asked(labels)) return;
    const { policy } = policyOf(labels);
    warn(request, template as PodView, policy.warn);
    if (request.annotate) auditOf(request, template as PodView, policy.audit);
  };
  return {
    name: 'PodSecurity',
    validate: (request) => {
      const { group, resource, operation, subresource } = request;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
      if (group === '' && resource === 'namespaces') return subresource === '' ? checkNamespace(request, pods) : undefined;
      if (group === '' && resource === 'pods') return podParts.has(subresource) ? checkOne(request) : undefined;
      const template = subresource === '' ? templates[group === '' ? resource : `${resource}.${group}`] : undefined;
      return template && warnOf(request, template(request.object!));
    },
  };
}

function warn({ warnings }: AdmissionRequest, pod: PodView, standard: LevelVersion): void {
  const why = violations(pod, standard);
  if (why !== undefined) warnings.push(`would violate PodSecurity ${shown(standard)}: ${why}`);
}

function auditOf(request: AdmissionRequest, pod: PodView, standard: LevelVersion): void {
  const why = violations(pod, standard);
  if (why !== undefined) request.annotate?.('pod-security.kubernetes.io/audit-violations', `would violate PodSecurity ${shown(standard)}: ${why}`);
}

function checkPod(request: AdmissionRequest, pod: DeepReadonly<Pod>, policy: Policy): void {
  const why = violations(pod, policy.enforce);
  request.annotate?.('pod-security.kubernetes.io/enforce-policy', `${policy.enforce.level}:${policy.enforce.version}`);
  if (request.annotate) auditOf(request, pod, policy.audit);
  if (why !== undefined) throw StatusError.forbidden({ group: '', resource: 'pods' }, request.name, `violates PodSecurity ${shown(policy.enforce)}: ${why}`);
  if (!isDeepStrictEqual(policy.warn, policy.enforce)) warn(request, pod, policy.warn);
}

const mostPodsChecked = 3000;

async function checkNamespace(request: AdmissionRequest, pods: Storage): Promise<void> {
  const namespace = request.object as unknown as DeepReadonly<Namespace>;
  const { labels } = namespace.metadata;
  if (!asked(labels)) return;
  const { policy, errors } = policyOf(labels);
  const before = policyOf((request.old as unknown as DeepReadonly<Namespace> | undefined)?.metadata.labels);
  // What was wrong before may stay, or nobody could touch the namespace any more.
  if (errors.length > 0 && before.errors.length === 0) throw StatusError.invalid({ group: '', kind: 'Namespace' }, request.name, errors);
  if (request.operation === 'CREATE' || isDeepStrictEqual(policy.enforce, before.policy.enforce) || policy.enforce.level === 'privileged') return;
  const { items } = await pods.cacher.list({ selection: { namespace: request.name }, notOlderThan: 0, limit: mostPodsChecked });
  const byReason = new Map<string, string[]>();
  for (const { object } of items) {
    const pod = object as unknown as DeepReadonly<Pod>;
    const why = violations(pod, policy.enforce);
    if (why === undefined) continue;
    // The findings without what is particular to one pod.
    const reasons = why.replace(/ \([^)]*\)/g, '');
    byReason.set(reasons, [...(byReason.get(reasons) ?? []), pod.metadata.name]);
  }
  if (byReason.size === 0) return;
  request.warnings.push(`existing pods in namespace ${JSON.stringify(request.name)} violate the new PodSecurity enforce level ${shown(policy.enforce)}`);
  for (const [reasons, [first, ...others]] of byReason) {
    const more = others.length === 0 ? '' : others.length === 1 ? ' (and 1 other pod)' : ` (and ${others.length} other pods)`;
    request.warnings.push(`${first}${more}: ${reasons}`);
  }
}
