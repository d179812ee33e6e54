/** Empties namespaces that are going away, says what is still there, and lets them go. */
import { parseTime, timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError, hasReason } from '../../machinery/status.ts';
import { namespaces, type Namespace, type NamespaceCondition } from '../../api/core/v1/index.ts';
import type { KubeObject } from '../../client/informer.ts';
import { discover, type Discovered } from '../../client/discovery.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';

const finalizer = 'kubernetes';

export const namespaceController: Controller = {
  name: 'namespace-controller',
  setup: (context) => {
    const informer = context.informer(namespaces);
    const queue = context.queue(async (name) => {
      const space = informer.get(name);
      if (!space?.metadata.deletionTimestamp || !space.spec?.finalizers?.includes(finalizer)) return;
      return empty(space, context);
    }, 10);
    const enqueue = (space: DeepReadonly<Namespace>): void => {
      if (space.metadata.deletionTimestamp) queue.add(space.metadata.name);
    };
    informer.on({ added: enqueue, updated: enqueue });
  },
};

interface Findings {
  /** Objects left, by `resource.group`, and those of them that wait for finalizers. */
  readonly left: Map<string, number>;
  readonly finalizers: Map<string, number>;
  readonly errors: string[];
}

async function empty(space: DeepReadonly<Namespace>, context: ControllerContext): Promise<Reconciled> {
  const name = space.metadata.name;
  const findings: Findings = { left: new Map(), finalizers: new Map(), errors: [] };
  const { resources, failures } = await discover(context.client, context.signal);
  const deletable = resources.filter((r) => r.ref.namespaced && r.verbs.has('delete') && r.verbs.has('list'));
  // Pods go first: what they may use, and what holds them back, is there until they are gone.
  const [pods, others] = [deletable.filter(isPods), deletable.filter((r) => !isPods(r))];
  for (const step of [pods, others]) if (findings.left.size === 0) await Promise.all(step.map((r) => emptyOne(r, name, findings, context)));
  const fresh = await writeConditions(space, findings, failures, context);
  if (findings.left.size > 0) {
    // Soon at first, less often the longer it takes.
    const elapsed = context.surroundings.clock.now() - parseTime(space.metadata.deletionTimestamp!);
    return Math.min(Math.max(elapsed / 2, 500), 15_000);
  }
  if (findings.errors.length > 0 || failures.length > 0) throw new Error([...failures, ...findings.errors].join('; '));
  const finalizers = (fresh.spec?.finalizers ?? []).filter((f) => f !== finalizer);
  try {
    await context.client.update<Namespace>(namespaces, { ...fresh, spec: { ...fresh.spec, finalizers } }, { subresource: 'finalize' });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

const isPods = ({ ref }: Discovered): boolean => ref.group === '' && ref.resource === 'pods';

async function emptyOne({ ref, verbs }: Discovered, namespace: string, findings: Findings, { client, signal }: ControllerContext): Promise<void> {
  const label = `${ref.resource}.${ref.group}`;
  try {
    const list = (): Promise<readonly DeepReadonly<KubeObject>[]> => client.list(ref, { namespace, signal }).then((l) => l.items);
    let left = await list();
    if (left.length === 0) return;
    if (verbs.has('deletecollection')) await client.deleteCollection(ref, { namespace, propagationPolicy: 'Background', signal });
    else await Promise.all(left.map((o) => client.delete(ref, o.metadata.name, { namespace, propagationPolicy: 'Background', signal })));
    left = await list();
    if (left.length === 0) return;
    findings.left.set(label, left.length);
    for (const object of left) {
      for (const f of object.metadata.finalizers ?? []) findings.finalizers.set(f, (findings.finalizers.get(f) ?? 0) + 1);
    }
  } catch (error) {
    // Not served any more, or not in this way.
    if (hasReason(error, 'NotFound') || hasReason(error, 'MethodNotAllowed')) return;
    if (error instanceof StatusError && error.code === 501) return;
    findings.errors.push(`${label}: ${(error as Error).message}`);
  }
}

async function writeConditions(space: DeepReadonly<Namespace>, findings: Findings, failures: readonly string[], context: ControllerContext): Promise<DeepReadonly<Namespace>> {
  const count = (map: Map<string, number>, words: (name: string, n: number) => string): string => [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([n, c]) => words(n, c)).join(', ');
  const facts: [type: string, problem: string, reason: string, fine: string, fineReason: string][] = [
    ['NamespaceDeletionDiscoveryFailure', failures.length ? `Discovery failed for some groups, ${failures.length} failing: ${failures.join(', ')}` : '', 'DiscoveryFailed', 'All resources successfully discovered', 'ResourcesDiscovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', '', 'GroupVersionParsingFailed', 'All legacy kube types successfully parsed', 'ParsedGroupVersions'],
    ['NamespaceDeletionContentFailure', findings.errors.length ? `Failed to delete all resource types, ${findings.errors.length} remaining: ${findings.errors.join(', ')}` : '', 'ContentDeletionFailed', 'All content successfully deleted, may be waiting on finalization', 'ContentDeleted'],
    ['NamespaceContentRemaining', findings.left.size ? `Some resources are remaining: ${count(findings.left, (n, c) => `${n} has ${c} resource instances`)}` : '', 'SomeResourcesRemain', 'All content successfully removed', 'ContentRemoved'],
    ['NamespaceFinalizersRemaining', findings.finalizers.size ? `Some content in the namespace has finalizers remaining: ${count(findings.finalizers, (n, c) => `${n} in ${c} resource instances`)}` : '', 'SomeFinalizersRemain', 'All content-preserving finalizers finished', 'ContentHasNoFinalizers'],
  ];
  const now = timestamp(context.surroundings.clock.now());
  const old = space.status?.conditions ?? [];
  const conditions: NamespaceCondition[] = facts.map(([type, problem, reason, fine, fineReason]) => {
    const next = { type, status: problem ? 'True' : 'False', reason: problem ? reason : fineReason, message: problem || fine };
    const before = old.find((c) => c.type === type);
    const same = before?.status === next.status && before.reason === next.reason && before.lastTransitionTime;
    return { ...next, lastTransitionTime: same || now };
  });
  if (canonicalJson(old) === canonicalJson(conditions)) return space;
  return context.client.update<Namespace>(namespaces, { ...space, status: { phase: 'Terminating', conditions } } as DeepReadonly<Namespace>, { subresource: 'status' });
}
