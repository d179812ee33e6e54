/** Follows the definitions: decides their names, serves their kinds, and cleans up behind those that go. */
import { isDeepStrictEqual } from 'node:util';
import { customresourcedefinitions } from '../../api/apiextensions/v1/index.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '../../api/apiextensions/v1/types.ts';
import { isAbort } from '../../base/abort.ts';
import { timestamp } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { thaw } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import type { ResourceTable } from '../resources.ts';
import { cleanupFinalizer, definitionHooks } from './deletion.ts';
import { customKind, type CustomKind, type CustomKindOptions } from './kind.ts';
import type { Definition } from './model.ts';
import { hasCondition, namedStatus, withCondition } from './names.ts';
import { Registrations } from './registrations.ts';

export interface CustomResourcesOptions extends CustomKindOptions {
  readonly table: ResourceTable;
  /** The storage of CustomResourceDefinitions. */
  readonly definitions: Storage;
  readonly client: () => Client;
}

interface Installed {
  readonly kind: CustomKind;
  /** What it was made from; it is made anew when that changes. */
  readonly from: unknown;
}

const retryMs = 1000;
const user = { name: 'system:apiserver', groups: ['system:masters'] };

export class CustomResources {
  readonly #options: CustomResourcesOptions;
  readonly #known = new Map<string, Definition>();
  readonly #installed = new Map<string, Installed>();
  readonly #cleaning = new Set<string>();
  readonly #stop = new AbortController();
  readonly #registrations: Registrations;

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#registrations = new Registrations(options.client, options.surroundings.clock);
    options.definitions.hooks = definitionHooks;
  }

  /** Resolves when all kinds that were established before are served again. */
  async start(): Promise<void> {
    const { items } = await this.#options.definitions.cacher.list();
    for (const { object } of items) {
      const crd = object as unknown as Definition;
      this.#known.set(crd.metadata.name, crd);
      if (hasCondition(crd, 'Established')) this.#install(crd);
    }
    void this.#follow();
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow(): Promise<void> {
    const { definitions, surroundings } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const events of await definitions.cacher.watch({ from: 'state', signal })) {
          for (const event of events) {
            if (event.type === 'BOOKMARK') continue;
            const crd = event.item.object as unknown as Definition;
            if (event.type === 'DELETED') await this.#gone(crd);
            else await this.#changed(crd);
          }
          await this.#registrations.reconcile(this.#groupVersions());
        }
      } catch (error) {
        if (signal.aborted || isAbort(error, signal)) return;
        surroundings.log.error('Following CustomResourceDefinitions failed', error);
      }
      await surroundings.clock.sleep(retryMs, signal).catch(() => {});
    }
  }

  #groupVersions(): Set<string> {
    return new Set([...this.#installed.values()].flatMap(({ kind }) => kind.served.map(({ definition }) => `${definition.version}.${definition.group}`)));
  }

  #others(crd: Definition): Definition[] {
    return [...this.#known.values()].filter((d) => d.spec.group === crd.spec.group && d.metadata.name !== crd.metadata.name);
  }

  async #changed(crd: Definition): Promise<void> {
    this.#known.set(crd.metadata.name, crd);
    if (crd.metadata.deletionTimestamp !== undefined) {
      if (hasCondition(crd, 'Established')) this.#install(crd);
      if (crd.metadata.finalizers?.includes(cleanupFinalizer)) void this.#cleanUp(crd.metadata.name);
      return;
    }
    const before = crd.status;
    const status = namedStatus(crd, this.#others(crd), this.#now());
    const next = { ...crd, status } as Definition;
    // Served first: whoever sees the condition finds the resource.
    if (hasCondition(next, 'Established') && !this.#install(next)) return;
    if (isDeepStrictEqual(status.conditions, before.conditions) && isDeepStrictEqual(status.acceptedNames, before.acceptedNames)) return;
    await this.#report(crd, status);
    // A name may have become free.
    if (!isDeepStrictEqual(status.acceptedNames, before.acceptedNames)) await this.#reconsider(next);
  }

  async #gone(crd: Definition): Promise<void> {
    const { name } = crd.metadata;
    this.#known.delete(name);
    this.#uninstall(name);
    await this.#reconsider(crd);
  }

  async #reconsider(crd: Definition): Promise<void> {
    for (const other of this.#others(crd)) if (hasCondition(other, 'NamesAccepted', 'False') && other.metadata.deletionTimestamp === undefined) await this.#changed(other);
  }

  async #report(crd: Definition, status: CustomResourceDefinitionStatus): Promise<void> {
    const next = { ...thaw<CustomResourceDefinition>(crd), status };
    try {
      const written = await this.#options.client().update(customresourcedefinitions, next, { subresource: 'status' });
      this.#known.set(crd.metadata.name, written);
    } catch (error) {
      // Gone or just changed: that is an event of its own.
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  /** False: it cannot be served. */
  #install(crd: Definition): boolean {
    const { name } = crd.metadata;
    const { table, surroundings } = this.#options;
    const from = { spec: crd.spec, names: crd.status.acceptedNames };
    const present = this.#installed.get(name);
    if (present && isDeepStrictEqual(present.from, from)) return true;
    this.#uninstall(name);
    try {
      for (const { name: version } of crd.spec.versions) {
        if (table.find(crd.spec.group, version, crd.spec.names.plural)) throw new Error(`${crd.spec.names.plural}.${version}.${crd.spec.group} is served already`);
      }
      const kind = customKind(this.#options, crd, () => this.#known.get(name));
      for (const served of kind.served) table.add(served);
      this.#installed.set(name, { kind, from });
      return true;
    } catch (error) {
      surroundings.log.error('A custom resource cannot be served', error, { definition: name });
      return false;
    }
  }

  #uninstall(name: string): void {
    const present = this.#installed.get(name);
    if (!present) return;
    for (const { definition } of present.kind.served) this.#options.table.remove(definition.group, definition.version, definition.resource);
    // Its watches end; who still cares comes again and finds what is there now, or nothing.
    present.kind.storage.cacher.close();
    this.#installed.delete(name);
  }

  /** Deletes the objects of a kind whose definition is to go, waits until they have gone, and lets the definition go. */
  async #cleanUp(name: string): Promise<void> {
    if (this.#cleaning.has(name)) return;
    this.#cleaning.add(name);
    const { clock, log } = this.#options.surroundings;
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) {
        try {
          if (await this.#cleaned(name)) return;
        } catch (error) {
          if (isAbort(error, signal)) return;
          log.error('Deleting the objects of a custom resource failed', error, { definition: name });
        }
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    } finally {
      this.#cleaning.delete(name);
    }
  }

  async #cleaned(name: string): Promise<boolean> {
    const { client } = this.#options;
    const crd = this.#known.get(name);
    if (!crd?.metadata.finalizers?.includes(cleanupFinalizer)) return true;
    const kind = this.#installed.get(name)?.kind;
    if (kind && (await this.#deleteAll(kind.storage)) > 0) {
      await this.#terminating(name, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
      return false;
    }
    const established = hasCondition(crd, 'Established');
    const live = thaw<CustomResourceDefinition>(await client().get(customresourcedefinitions, name));
    live.metadata.finalizers = (live.metadata.finalizers ?? []).filter((f) => f !== cleanupFinalizer);
    live.status.conditions = withCondition(live.status.conditions ?? [], established
      ? { type: 'Terminating', status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
      : { type: 'Terminating', status: 'False', reason: 'NeverEstablished', message: 'resource was never established' }, this.#now());
    try {
      await client().update(customresourcedefinitions, live, { subresource: 'status' });
    } catch (error) {
      if (hasReason(error, 'Conflict')) return false;
      if (!hasReason(error, 'NotFound')) throw error;
    }
    return true;
  }

  async #terminating(name: string, status: string, reason: string, message: string): Promise<void> {
    const crd = this.#known.get(name);
    if (!crd) return;
    const conditions = crd.status.conditions ?? [];
    const present = conditions.find((c) => c.type === 'Terminating');
    if (present?.status === status && present.reason === reason) return;
    await this.#report(crd, { ...thaw<CustomResourceDefinitionStatus>(crd.status), conditions: withCondition(thaw(conditions) as CustomResourceDefinitionStatus['conditions'], { type: 'Terminating', status, reason, message }, this.#now()) });
  }

  /** How many are left: finalizers may hold some. */
  async #deleteAll(storage: Storage): Promise<number> {
    const { items } = await storage.cacher.list();
    for (const { object, attributes } of items) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      try {
        await storage.delete(attributes.namespace, attributes.name, {}, { now: this.#now(), user, dryRun: false, subresource: '', warnings: [] });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
    return storage.cacher.count;
  }

  #now(): string {
    return timestamp(this.#options.surroundings.clock.now());
  }
}
