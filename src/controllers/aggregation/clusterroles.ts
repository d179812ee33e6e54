/** Cluster roles that are made of others, chosen by labels. */
import { selectorFromObject } from '../../machinery/selectors.ts';
import { clusterroles, type ClusterRole } from '../../api/rbac/v1/index.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Controller } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';

export const clusterRoleAggregationController: Controller = {
  name: 'clusterrole-aggregation-controller',
  setup: (context) => {
    const informer = context.informer(clusterroles);
    const queue = context.queue(async (name) => {
      const role = informer.get(name);
      if (!role?.aggregationRule) return;
      const selectors = (role.aggregationRule.clusterRoleSelectors ?? []).map((s) => selectorFromObject(s));
      const rules = new Map<string, unknown>();
      for (const selector of selectors) {
        const chosen = informer.list().filter((r) => r.metadata.name !== name && selector.matches(r.metadata.labels));
        for (const other of chosen.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) for (const rule of other.rules ?? []) rules.set(canonicalJson(rule), rule);
      }
      if (canonicalJson([...rules.values()]) === canonicalJson(role.rules ?? [])) return;
      const updated = await context.client.update<ClusterRole>(clusterroles, { ...role, rules: [...rules.values()] } as DeepReadonly<ClusterRole>);
      await informer.reached(updated.metadata.resourceVersion);
    }, 2);
    const touched = (): void => {
      for (const role of informer.values()) if (role.aggregationRule) queue.add(role.metadata.name);
    };
    informer.on({ added: touched, updated: touched, deleted: touched });
  },
};
