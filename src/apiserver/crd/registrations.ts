/** An APIService for each group and version that definitions bring, so that the aggregator's list of them is whole. */
import { apiservices } from '../../api/apiregistration/v1/index.ts';
import { timestamp, type Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { hasReason } from '../../machinery/status.ts';

const managed = 'kube-aggregator.kubernetes.io/automanaged';
const groupPriority = 1000;
const versionPriority = 100;

export class Registrations {
  readonly #client: () => Client;
  readonly #clock: Clock;
  /** Those that are there because of definitions; undefined: not looked yet. */
  #present: Set<string> | undefined;

  constructor(client: () => Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `served`: names such as `v1.example.com`. */
  async reconcile(served: ReadonlySet<string>): Promise<void> {
    const client = this.#client();
    if (!this.#present) {
      const { items } = await client.list(apiservices, { labelSelector: `${managed}=true` });
      this.#present = new Set(items.map((s) => s.metadata.name));
    }
    for (const name of served) {
      if (this.#present.has(name)) continue;
      await this.#create(client, name);
      this.#present.add(name);
    }
    for (const name of [...this.#present]) {
      if (served.has(name)) continue;
      await client.delete(apiservices, name).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
      this.#present.delete(name);
    }
  }

  async #create(client: Client, name: string): Promise<void> {
    const dot = name.indexOf('.');
    const spec = { group: name.slice(dot + 1), version: name.slice(0, dot), groupPriorityMinimum: groupPriority, versionPriority };
    try {
      const made = await client.create(apiservices, { metadata: { name, labels: { [managed]: 'true' } }, spec });
      const status = { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: timestamp(this.#clock.now()), reason: 'Local', message: 'Local APIServices are always available' }] };
      await client.update(apiservices, { ...made, status }, { subresource: 'status' });
    } catch (error) {
      // Somebody else's, or another server's.
      if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'Conflict')) throw error;
    }
  }
}
