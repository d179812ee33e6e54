/**
 * The Client of components in the server's own process: the same authorization, admission and watch semantics as over HTTPS, but
 * objects pass by reference, shared and read-only, and nothing is serialised. What is written is normalised through the schema.
 */
import type { ResourceRef } from '../../api/reference.ts';
import { isAbort } from '../../base/abort.ts';
import type { Client, DeleteOptions, ListOptions, ObjectList, Patch, ReadOptions, WatchEvent, WatchOptions, WriteOptions } from '../../client/client.ts';
import type { DeepReadonly, Draft } from '../../machinery/json.ts';
import { StatusError, type Status } from '../../machinery/status.ts';
import { authenticated, type Authorizer, type User } from '../../serving/identity.ts';
import { turn } from '../../serving/respond.ts';
import { SentSelectors } from '../../serving/selectors.ts';
import { forbidden } from '../../serving/delegated.ts';
import { deletedStatus, type ResourceServer } from '../http/resource.ts';
import { managerOf, type ListParameters } from '../http/options.ts';
import { treeOf } from '../../machinery/jsontree.ts';
import { patchWith } from '../http/patch.ts';
import type { ApiObject, Stored } from '../objects.ts';
import { deleteCollection } from '../registry/collection.ts';
import { fromStore } from '../registry/errors.ts';
import { openWatch, readList, readObject, type Readable } from '../registry/read.ts';
import type { WriteScope } from '../registry/storage.ts';
import { createObject, decodeObject, updateObject, type WriteRequest } from '../registry/write.ts';
import type { View } from '../registry/views.ts';
import type { Served } from '../resources.ts';
import { rawTransport, type RawHandler } from './raw.ts';

interface Selecting {
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface LoopbackServer extends ResourceServer {
  readonly authorize: Authorizer;
  /** The whole pipeline, for requests by path. */
  readonly handle: RawHandler;
}

/** A millisecond's work or two. */
const decodedAtOnce = 64;

type Ref = ResourceRef<unknown>;
type StoredResource = Served & Readable;

export function loopbackClient(server: LoopbackServer, as: User, userAgent = as.name): Client {
  const user = authenticated(as);
  const manager = managerOf(userAgent);

  const find = (ref: Ref): Served => {
    const served = server.table.find(ref.group, ref.version, ref.resource);
    if (!served) throw StatusError.pathNotFound();
    return served;
  };
  const stored = (ref: Ref): StoredResource => {
    const served = find(ref);
    if (!served.storage) throw StatusError.methodNotAllowed({ group: ref.group, resource: ref.resource }, 'get');
    return served as StoredResource;
  };
  const viewFor = (served: Served, subresource: string): View => {
    if (subresource === '') return served.view;
    const sub = served.subresources.get(subresource);
    if (!sub) throw StatusError.pathNotFound();
    return sub.view;
  };
  const demand = async (ref: Ref, verb: string, namespace: string, name: string, subresource = '', sent?: Selecting): Promise<void> => {
    const attributes = {
      user, verb, isResource: true, group: ref.group, version: ref.version, resource: ref.resource, subresource, namespace, name, path: '',
      ...(sent?.fieldSelector || sent?.labelSelector ? { selectors: new SentSelectors(sent) } : {}),
    };
    const { decision, reason } = await server.authorize(attributes);
    if (decision !== 'allow') throw forbidden(attributes, reason);
  };
  const scope = (subresource: string, dryRun: boolean): WriteScope => ({ now: server.second(), user, dryRun, subresource, features: server.features, warnings: [] });
  const write = (served: StoredResource, view: View, namespace: string, name: string, options: WriteOptions): WriteRequest => ({
    registry: server.registry, storage: served.storage, view, namespace, name,
    scope: scope(options.subresource ?? '', options.dryRun === true), fieldManager: options.fieldManager ?? manager,
  });
  const decoded = (view: View, object: unknown, options: WriteOptions): ApiObject => decodeObject(server.registry, view, object, { validation: options.fieldValidation ?? 'Ignore', warnings: [] });
  const seen = async <T>(view: View, object: Stored): Promise<DeepReadonly<T>> => {
    if (view.prepare) await view.prepare([object.object]);
    return view.read(object.object) as unknown as DeepReadonly<T>;
  };
  const placeOf = (ref: Ref, options: { readonly namespace?: string }): { namespace?: string } => (ref.namespaced && options.namespace ? { namespace: options.namespace } : {});
  const namespaceOf = (ref: Ref, object: unknown, options: WriteOptions): string =>
    ref.namespaced ? (options.namespace ?? (object as { metadata?: { namespace?: string } }).metadata?.namespace ?? '') : '';

  const client: Client = {
    async get<T>(ref: ResourceRef<T>, name: string, options: ReadOptions = {}) {
      const { namespace = '', subresource = '' } = options;
      await demand(ref, 'get', namespace, name, subresource);
      const served = stored(ref);
      return seen<T>(viewFor(served, subresource), await readObject(served.storage, namespace, name, options.resourceVersion));
    },
    async list<T>(ref: ResourceRef<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
      await demand(ref, 'list', options.namespace ?? '', '', '', options);
      const served = stored(ref);
      const page = await readList(served, placeOf(ref, options), parametersOf(options), options.signal);
      return {
        items: await inTurns<T>(served.view, page.items),
        metadata: {
          resourceVersion: String(page.revision),
          ...(page.continue === undefined ? {} : { continue: page.continue }),
          ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
        },
      };
    },
    watch: <T>(ref: ResourceRef<T>, options: WatchOptions = {}) => watch<T>(ref, options),
    async create<T>(ref: ResourceRef<T>, object: Draft<T>, options: WriteOptions = {}) {
      const namespace = namespaceOf(ref, object, options);
      await demand(ref, 'create', namespace, '', options.subresource ?? '');
      const served = find(ref);
      if (served.create) return (await served.create(decoded(served.view, object, options), { namespace, name: '' }, scope('', options.dryRun === true))) as unknown as DeepReadonly<T>;
      const request = write(stored(ref), served.view, namespace, '', options);
      return seen<T>(served.view, await createObject(request, decoded(served.view, object, options)));
    },
    async update<T>(ref: ResourceRef<T>, object: DeepReadonly<T> | T, options: WriteOptions = {}) {
      const namespace = namespaceOf(ref, object, options);
      const name = (object as { metadata?: { name?: string } }).metadata?.name ?? '';
      const { subresource = '' } = options;
      await demand(ref, 'update', namespace, name, subresource);
      const served = stored(ref);
      const view = viewFor(served, subresource);
      const { stored: result } = await updateObject(write(served, view, namespace, name, options), decoded(view, object, options));
      return seen<T>(view, result);
    },
    async patch<T>(ref: ResourceRef<T>, name: string, patch: Patch, options: WriteOptions = {}) {
      const namespace = ref.namespaced ? (options.namespace ?? '') : '';
      const { subresource = '' } = options;
      await demand(ref, 'patch', namespace, name, subresource);
      const served = stored(ref);
      const view = viewFor(served, subresource);
      const document = { value: patch.body, odd: false, found: [], tree: () => treeOf(patch.body) };
      const request = { type: patch.type, document: () => document, force: patch.force === true, fieldValidation: options.fieldValidation ?? 'Ignore' } as const;
      const { stored: result } = await patchWith(write(served, view, namespace, name, options), request);
      return seen<T>(view, result);
    },
    async delete<T>(ref: ResourceRef<T>, name: string, options: DeleteOptions = {}): Promise<DeepReadonly<T> | Status> {
      const namespace = ref.namespaced ? (options.namespace ?? '') : '';
      await demand(ref, 'delete', namespace, name);
      const served = stored(ref);
      const { stored: result, removed } = await served.storage.delete(namespace, name, options, scope('', options.dryRun === true));
      return removed && !served.storage.options.returnsDeleted ? deletedStatus(served, result.object) : seen<T>(served.view, result);
    },
    async deleteCollection<T>(ref: ResourceRef<T>, options: ListOptions & DeleteOptions = {}) {
      await demand(ref, 'deletecollection', options.namespace ?? '', '', '', options);
      await deleteCollection(stored(ref), placeOf(ref, options), parametersOf(options), options, scope('', options.dryRun === true));
    },
    async post<R>(ref: Ref, name: string, subresource: string, body: unknown, options: WriteOptions = {}): Promise<R> {
      const namespace = ref.namespaced ? (options.namespace ?? '') : '';
      await demand(ref, 'create', namespace, name, subresource);
      const sub = find(ref).subresources.get(subresource);
      if (!sub?.create) throw StatusError.pathNotFound();
      const object = decoded(sub.view, body, options);
      return (await sub.create(object, { namespace, name }, scope(subresource, options.dryRun === true))) as unknown as R;
    },
    raw: rawTransport(server.handle, user, userAgent),
  };
  return client;

  async function* watch<T>(ref: ResourceRef<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void, void> {
    await demand(ref, 'watch', options.namespace ?? '', '', '', options);
    const served = stored(ref);
    const over = new AbortController();
    const timer = options.timeoutSeconds ? server.surroundings.clock.after(options.timeoutSeconds * 1000, () => over.abort()) : undefined;
    const signal = options.signal ? AbortSignal.any([options.signal, over.signal]) : over.signal;
    try {
      const parameters = { ...parametersOf(options), allowWatchBookmarks: options.allowBookmarks === true, ...(options.sendInitialEvents === undefined ? {} : { sendInitialEvents: options.sendInitialEvents }) };
      for await (const batch of await openWatch(served, placeOf(ref, options), parameters, signal)) {
        for (const [i, event] of batch.entries()) {
          if (i % decodedAtOnce === decodedAtOnce - 1) await turn();
          if (event.type !== 'BOOKMARK') yield { type: event.type, object: await seen<T>(served.view, event.item) };
          else yield bookmark(event.revision, event.initialEventsEnd);
        }
      }
    } catch (error) {
      if (over.signal.aborted && isAbort(error, signal)) return;
      throw fromStore(error, { group: ref.group, resource: ref.resource });
    } finally {
      timer?.cancel();
      over.abort();
    }
  }
}

/** Each object may have to be decoded first: others get their turn in between. */
async function inTurns<T>(view: View, items: readonly Stored[]): Promise<DeepReadonly<T>[]> {
  const seen: DeepReadonly<T>[] = [];
  for (let from = 0; from < items.length; from += decodedAtOnce) {
    if (from > 0) await turn();
    const objects = items.slice(from, from + decodedAtOnce).map((item) => item.object);
    if (view.prepare) await view.prepare(objects);
    for (const object of objects) seen.push(view.read(object) as unknown as DeepReadonly<T>);
  }
  return seen;
}

function bookmark(revision: number, initialEventsEnd: boolean): Extract<WatchEvent<never>, { type: 'BOOKMARK' }> {
  const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(revision), ...annotations } } };
}

function parametersOf(options: ListOptions): ListParameters {
  const { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch, limit } = options;
  const out: Record<string, unknown> = {};
  if (labelSelector) out['labelSelector'] = labelSelector;
  if (fieldSelector) out['fieldSelector'] = fieldSelector;
  if (resourceVersion) out['resourceVersion'] = resourceVersion;
  if (resourceVersionMatch) out['resourceVersionMatch'] = resourceVersionMatch;
  if (limit) out['limit'] = limit;
  if (options.continue) out['continue'] = options.continue;
  return out as ListParameters;
}

