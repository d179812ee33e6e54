/** What pods have beyond the generic registry: binding to a node and eviction. */
import type { Binding, Pod } from '../../../api/core/v1/types.ts';
import { bindPod } from '../../../api/core/pod.ts';
import type { Eviction, PodDisruptionBudget } from '../../../api/policy/v1/types.ts';
import { selectorFromObject } from '../../../machinery/selectors.ts';
import { StatusError } from '../../../machinery/status.ts';
import { thaw, type DeepReadonly } from '../../../machinery/json.ts';
import type { ApiObject, ReadonlyObject } from '../../objects.ts';
import type { Creator } from '../../resources.ts';
import type { DeletionOptions } from '../deletion.ts';
import type { Storage, WriteScope } from '../storage.ts';

function success(code = 201): ApiObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code };
}

const resource = { group: '', resource: 'pods' };

/** POST pods/x/binding, and the older POST bindings where the name stands in the body. */
export function binder(pods: Storage): Creator {
  return async (object, { namespace, name: asked }, scope) => {
    const binding = object as unknown as Binding;
    const name = asked || binding.metadata.name;
    if (!name) throw StatusError.badRequest('name is required');
    if (binding.metadata.name !== name) throw StatusError.badRequest('name in URL does not match name in Binding object');
    const { kind, name: node } = binding.target;
    const errors = [];
    if (kind && kind !== 'Node' && kind !== 'Minion') errors.push({ type: 'FieldValueNotSupported' as const, field: 'target.kind', detail: `Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"` });
    if (!node) errors.push({ type: 'FieldValueRequired' as const, field: 'target.name', detail: 'Required value' });
    if (errors.length > 0) throw StatusError.invalid({ group: '', kind: 'Binding' }, name, errors);
    await pods.update(namespace, name, (current) => {
      const pod = current!.object as unknown as DeepReadonly<Pod>;
      if (binding.metadata.uid && binding.metadata.uid !== pod.metadata.uid) {
        throw StatusError.conflict(resource, name, `StorageError: invalid object, Code: 4, Key: ${pods.key(namespace, name).replace(/^\/registry/, '')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`);
      }
      return bindPod(pod, binding, scope.now) as unknown as ApiObject;
    }, { ...scope, subresource: 'binding' }, { retryConflicts: true });
    return success();
  };
}

const done = new Set(['Succeeded', 'Failed']);

function isReady(pod: DeepReadonly<Pod>): boolean {
  return pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
}

/** Disruption budgets are only spent on pods that count: finished, pending and going pods are free. */
function isFree(pod: DeepReadonly<Pod>): boolean {
  return done.has(pod.status.phase ?? '') || pod.status.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;
}

const maxRecordedDisruptions = 2000;

export function evicter(pods: Storage, budgets: Storage): Creator {
  return async (object, { namespace, name }, scope) => {
    const eviction = object as unknown as Eviction;
    if (eviction.metadata.name && eviction.metadata.name !== name) throw StatusError.badRequest('name in URL does not match name in Eviction object');
    const options = { ...eviction.deleteOptions } as DeletionOptions & { dryRun?: string[] };
    const deletion: WriteScope = { ...scope, subresource: '', dryRun: scope.dryRun || options.dryRun?.includes('All') === true };
    const pod = (await pods.get(namespace, name)).object;
    if (!isFree(pod as unknown as DeepReadonly<Pod>)) await spendBudget(budgets, pod, deletion);
    await pods.delete(namespace, name, options, deletion);
    return success();
  };
}

async function spendBudget(budgets: Storage, object: ReadonlyObject, scope: WriteScope): Promise<void> {
  const pod = object as unknown as DeepReadonly<Pod>;
  const { namespace = '', name } = pod.metadata;
  const page = await budgets.cacher.list({ selection: { namespace } });
  const covering = page.items.filter((item) => selectorFromObject((item.object as unknown as PodDisruptionBudget).spec.selector).matches(pod.metadata.labels));
  if (covering.length === 0) return;
  if (covering.length > 1) throw StatusError.internal('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  const budget = covering[0]!.object.metadata.name!;
  await budgets.update(namespace, budget, (current) => {
    const next = thaw<PodDisruptionBudget>(current!.object as never);
    const { status } = next;
    const always = next.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow';
    const healthyEnough = status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0;
    if (!isReady(pod) && (always || healthyEnough)) return next as unknown as ApiObject;
    if ((status.observedGeneration ?? 0) < (next.metadata.generation ?? 0)) {
      throw StatusError.tooManyRequests(`Cannot evict pod as it would violate the pod's disruption budget. The disruption budget ${budget} is still being processed by the server.`, 10);
    }
    if (status.disruptionsAllowed < 0) throw StatusError.forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, budget, 'pdb disruptions allowed is negative');
    const recorded = Object.keys(status.disruptedPods ?? {}).length;
    if (recorded > maxRecordedDisruptions) throw StatusError.forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, budget, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
    if (status.disruptionsAllowed === 0) throw budgetExhausted(budget, status.currentHealthy, status.desiredHealthy);
    status.disruptionsAllowed--;
    status.disruptedPods = { ...status.disruptedPods, [name]: scope.now };
    return next as unknown as ApiObject;
  }, { ...scope, subresource: 'status' }, { retryConflicts: true });
}

function budgetExhausted(budget: string, healthy: number, desired: number): StatusError {
  return new StatusError({
    status: 'Failure', code: 429, reason: 'TooManyRequests', message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${budget} needs ${desired} healthy pods and has ${healthy} currently` }] },
  });
}
