/** Writes into each quota how much of it is used. Refusing what would exceed it is the API server's business. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { hasReason } from '../../machinery/status.ts';
import { persistentvolumeclaims, pods, resourcequotas, services, type Pod, type ResourceQuota } from '../../api/core/v1/index.ts';
import { keyOf, type Informer, type KubeObject } from '../../client/informer.ts';
import { discover } from '../../client/discovery.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';
import { claimUsage, inScope, podUsage, serviceUsage, type Usage } from '../../api/core/quota.ts';

const fullResyncMs = 300_000;
/** What is admitted is counted there before it is to be seen here: a recount at once could forget it. */
const settleMs = 2_000;
/** Counted under their plain names, too. */
const plain = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas']);

export const resourceQuotaController: Controller = {
  name: 'resourcequota-controller',
  setup: (context) => {
    const quotas = context.informer(resourcequotas);
    const podInformer = context.informer(pods);
    const serviceInformer = context.informer(services);
    const claimInformer = context.informer(persistentvolumeclaims);
    const queue = context.queue(async (key) => {
      const quota = quotas.getByKey(key);
      if (!quota) return;
      const namespace = quota.metadata.namespace ?? '';
      const total: Usage = new Map();
      const count = (usage: Usage): void => {
        for (const [name, amount] of usage) total.set(name, total.get(name)?.add(amount) ?? amount);
      };
      const scoped = (quota.spec?.scopes?.length ?? 0) + (quota.spec?.scopeSelector?.matchExpressions?.length ?? 0) > 0;
      for (const pod of podInformer.list(namespace)) if (inScope(quota, pod)) count(podUsage(pod));
      if (!scoped) {
        for (const service of serviceInformer.list(namespace)) count(serviceUsage(service));
        for (const claim of claimInformer.list(namespace)) count(claimUsage(claim));
        await countOthers(quota, total, context);
      }
      await writeStatus(quota, total, context);
    }, 5);
    const enqueueAll = (namespace: string, ms: number): void => quotas.list(namespace).forEach((q) => queue.addAfter(keyOf(q), ms));
    quotas.on({ added: (q) => queue.add(keyOf(q)), updated: (q, old) => queue.addAfter(keyOf(q), canonicalJson(q.spec) === canonicalJson(old.spec) ? settleMs : 0) });
    const follow = <T extends KubeObject>(informer: Informer<T>, facts: (object: DeepReadonly<T>) => unknown): void => {
      const touched = (object: DeepReadonly<T>, ms = 0): void => enqueueAll((object as DeepReadonly<KubeObject>).metadata.namespace ?? '', ms);
      informer.on({ added: (object) => touched(object, settleMs), deleted: (object) => touched(object), updated: (object, old) => (canonicalJson(facts(object)) === canonicalJson(facts(old)) ? undefined : touched(object)) });
    };
    follow<Pod>(podInformer, (pod) => [pod.status?.phase, pod.spec?.containers.map((c) => c.resources)]);
    follow(serviceInformer, (service) => [service.spec?.type, service.spec?.ports?.length]);
    follow(claimInformer, (claim) => claim.spec);
    context.every(fullResyncMs, async () => quotas.list().forEach((q) => queue.add(keyOf(q))));
  },
};

/** Whatever else the quota limits by number is asked for when the quota is looked at. */
async function countOthers(quota: DeepReadonly<ResourceQuota>, total: Usage, { client, signal }: ControllerContext): Promise<void> {
  const wanted = Object.keys(quota.spec?.hard ?? {}).filter((name) => !total.has(name) && (name.startsWith('count/') || plain.has(name)));
  if (wanted.length === 0) return;
  const { resources } = await discover(client, signal);
  for (const name of wanted) {
    const qualified = name.replace(/^count\//, '');
    const found = resources.find(({ ref }) => (ref.group ? `${ref.resource}.${ref.group}` : ref.resource) === qualified);
    if (!found?.ref.namespaced) continue;
    try {
      const { items } = await client.list(found.ref, { namespace: quota.metadata.namespace ?? '', signal });
      total.set(name, parseQuantity(String(items.length)));
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Forbidden')) throw error;
    }
  }
}

async function writeStatus(quota: DeepReadonly<ResourceQuota>, total: Usage, { client }: ControllerContext): Promise<void> {
  const hard = quota.spec?.hard ?? {};
  const used = Object.fromEntries(Object.keys(hard).sort().map((name) => [name, total.get(name)?.toString() ?? '0']));
  if (canonicalJson({ hard, used }) === canonicalJson({ hard: quota.status?.hard ?? {}, used: quota.status?.used ?? {} })) return;
  await client.update<ResourceQuota>(resourcequotas, { ...quota, status: { hard, used } } as DeepReadonly<ResourceQuota>, { subresource: 'status' });
}
