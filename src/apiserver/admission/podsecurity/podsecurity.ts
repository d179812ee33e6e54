/** PodSecurity: refuses pods that a namespace's labels do not allow, warns of those and of templates that make them. */
import { isDeepStrictEqual } from 'node:util';
import type { Namespace, Pod, PodTemplateSpec } from '../../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../chain.ts';
import { isOpen, labelPrefix, policyOf, relaxes, shown, shownModes, violations, type LevelVersion, type Policy } from './policy.ts';
import type { PodSecurityMetrics } from './metrics.ts';
import type { Settings } from './settings.ts';
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

interface Context {
  readonly namespaces: Storage;
  readonly pods: Storage;
  readonly settings: Settings;
  readonly metrics: PodSecurityMetrics;
}

export function podSecurity(namespaces: Storage, pods: Storage, settings: Settings, metrics: PodSecurityMetrics): AdmissionPlugin {
  const context: Context = { namespaces, pods, settings, metrics };
  return {
    name: 'PodSecurity',
    validate: (request) => {
      const { group, resource, operation, subresource } = request;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
      if (group === '' && resource === 'namespaces') return subresource === '' ? checkNamespace(request, context) : undefined;
      if (group === '' && resource === 'pods') return podParts.has(subresource) ? checkPod(request, context) : undefined;
      const template = subresource === '' ? templates[group === '' ? resource : `${resource}.${group}`] : undefined;
      return template && checkTemplate(request, template(request.object!), context);
    },
  };
}

async function labelsOf(request: AdmissionRequest, { namespaces }: Context): Promise<Labels> {
  return (await namespaces.find('', request.namespace, 0))?.object.metadata.labels;
}

/** True for those whom the settings leave out. */
function isExempt(request: AdmissionRequest, { settings: { exempt }, metrics }: Context, runtimeClass?: string): boolean {
  const what = exempt.namespaces.has(request.namespace) ? 'namespace' : exempt.usernames.has(request.user.name) ? 'user' : runtimeClass !== undefined && exempt.runtimeClasses.has(runtimeClass) ? 'runtimeClass' : undefined;
  if (what === undefined) return false;
  request.notes?.annotate('pod-security.kubernetes.io/exempt', what);
  metrics.exempted(request);
  return true;
}

async function checkPod(request: AdmissionRequest, context: Context): Promise<void> {
  const pod = request.object as unknown as DeepReadonly<Pod>;
  if (isExempt(request, context, pod.spec.runtimeClassName)) return;
  const labels = await labelsOf(request, context);
  if (context.settings.plain && !asked(labels) && !request.notes) return context.metrics.evaluated(request, true, context.settings.defaults.enforce, 'enforce');
  if (request.operation === 'UPDATE' && request.subresource !== 'ephemeralcontainers' && !isSignificant(pod, request.old as unknown as DeepReadonly<Pod>)) return;
  const { policy } = policyOf(labels, context.settings.defaults);
  request.notes?.annotate('pod-security.kubernetes.io/enforce-policy', JSON.parse(shown(policy.enforce)) as string);
  const why = violations(pod, policy.enforce);
  context.metrics.evaluated(request, why === undefined, policy.enforce, 'enforce');
  note(request, pod, policy, context);
  if (why !== undefined) throw StatusError.forbidden({ group: '', resource: 'pods' }, request.name, `violates PodSecurity ${shown(policy.enforce)}: ${why}`);
  if (!isDeepStrictEqual(policy.warn, policy.enforce)) warn(request, pod, policy.warn, context);
}

async function checkTemplate(request: AdmissionRequest, template: DeepReadonly<PodTemplateSpec> | undefined, context: Context): Promise<void> {
  if (!template?.spec || isExempt(request, context, template.spec.runtimeClassName)) return;
  const labels = await labelsOf(request, context);
  if (context.settings.plain && !asked(labels)) return;
  const { policy } = policyOf(labels, context.settings.defaults);
  note(request, template as PodView, policy, context);
  warn(request, template as PodView, policy.warn, context);
}

/** For the audit log only. */
function note(request: AdmissionRequest, pod: PodView, { audit }: Policy, { metrics }: Context): void {
  const why = request.notes && violations(pod, audit);
  if (why === undefined) return;
  metrics.evaluated(request, false, audit, 'audit');
  request.notes!.annotate('pod-security.kubernetes.io/audit-violations', `would violate PodSecurity ${shown(audit)}: ${why}`);
}

function warn(request: AdmissionRequest, pod: PodView, standard: LevelVersion, { metrics }: Context): void {
  const why = violations(pod, standard);
  if (why === undefined) return;
  metrics.evaluated(request, false, standard, 'warn');
  request.warnings.push(`would violate PodSecurity ${shown(standard)}: ${why}`);
}

const mostPodsChecked = 3000;

async function checkNamespace(request: AdmissionRequest, { pods, settings }: Context): Promise<void> {
  const namespace = request.object as unknown as DeepReadonly<Namespace>;
  const { labels } = namespace.metadata;
  if (!asked(labels) && (settings.plain || request.operation === 'CREATE')) return;
  const { policy, errors } = policyOf(labels, settings.defaults);
  const before = policyOf((request.old as unknown as DeepReadonly<Namespace> | undefined)?.metadata.labels, settings.defaults);
  // What was wrong before may stay, or nobody could touch the namespace any more.
  if (errors.length > 0 && (before.errors.length === 0 || !isDeepStrictEqual(errors, before.errors))) throw StatusError.invalid({ group: '', kind: 'Namespace' }, request.name, errors);
  const isUpdate = request.operation === 'UPDATE';
  if (isUpdate && (isDeepStrictEqual(policy.enforce, before.policy.enforce) || policy.enforce.level === 'privileged' || relaxes(policy.enforce, before.policy.enforce))) return;
  if (settings.exempt.namespaces.has(request.name)) {
    if (!isOpen(policy) && !isDeepStrictEqual(policy, settings.defaults)) request.warnings.push(`namespace ${JSON.stringify(request.name)} is exempt from Pod Security, and the policy (${shownModes(policy, labels)}) will be ignored`);
    return;
  }
  if (!isUpdate) return;
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
