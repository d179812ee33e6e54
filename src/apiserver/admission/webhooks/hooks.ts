/** Webhooks as the configurations say them, read once for each version of a configuration. */
import type { MutatingWebhook } from '../../../api/admissionregistration/v1/types.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import { selectorOf, type Criteria } from '../matching.ts';

export type Webhook = DeepReadonly<MutatingWebhook>;

export interface Hook extends Criteria {
  /** Tells it from all others, also of the same name in another configuration. */
  readonly id: string;
  readonly webhook: Webhook;
}

export class Hooks {
  readonly #configurations: Storage;
  readonly #read = new WeakMap<ReadonlyObject, readonly Hook[]>();

  constructor(configurations: Storage) {
    this.#configurations = configurations;
  }

  /** True when there is surely nobody to ask. */
  get none(): boolean {
    const { cacher } = this.#configurations;
    return cacher.ready && cacher.count === 0;
  }

  /** By name of configuration, and in the order in which each lists them. */
  async all(): Promise<readonly Hook[]> {
    const { items } = await this.#configurations.cacher.list({ notOlderThan: 0 });
    return items.flatMap((item) => this.#of(item.object));
  }

  #of(configuration: ReadonlyObject): readonly Hook[] {
    let hooks = this.#read.get(configuration);
    if (hooks) return hooks;
    const seen = new Map<string, number>();
    hooks = ((configuration['webhooks'] ?? []) as readonly Webhook[]).map((webhook) => {
      const nth = seen.get(webhook.name) ?? 0;
      seen.set(webhook.name, nth + 1);
      return {
        id: `${configuration.metadata.name}/${webhook.name}/${nth}`, webhook, rules: webhook.rules ?? [], excluded: [], exact: webhook.matchPolicy === 'Exact',
        namespaces: selectorOf(webhook.namespaceSelector), objects: selectorOf(webhook.objectSelector),
      };
    });
    this.#read.set(configuration, hooks);
    return hooks;
  }
}
