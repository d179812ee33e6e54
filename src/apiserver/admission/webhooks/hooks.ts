/** Webhooks as the configurations say them, read once for each version of a configuration. */
import type { MutatingWebhook, RuleWithOperations } from '../../../api/admissionregistration/v1/types.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { selectorFromObject, Selector } from '../../../machinery/selectors.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';

export type Webhook = DeepReadonly<MutatingWebhook>;
export type Rule = DeepReadonly<RuleWithOperations>;

export interface Hook {
  /** Tells it from all others, also of the same name in another configuration. */
  readonly id: string;
  readonly webhook: Webhook;
  readonly namespaces: Selector;
  readonly objects: Selector;
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
      return { id: `${configuration.metadata.name}/${webhook.name}/${nth}`, webhook, namespaces: selectorOf(webhook.namespaceSelector), objects: selectorOf(webhook.objectSelector) };
    });
    this.#read.set(configuration, hooks);
    return hooks;
  }
}

/** Here, unlike elsewhere, none and an empty one are the same. */
function selectorOf(selector: Webhook['objectSelector']): Selector {
  return selector ? selectorFromObject(selector) : Selector.everything;
}
