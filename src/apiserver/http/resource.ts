/** One request to a resource: which verb, which subresource, and the answer. */
import type { Surroundings } from '../../base/surroundings.ts';
import { scaleColumns } from '../../api/autoscaling/columns.ts';
import { required } from '../../machinery/fieldpath.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { parseFieldSelector } from '../../machinery/selectors.ts';
import { StatusError, type Status } from '../../machinery/status.ts';
import type { Schema } from '../registry/engines.ts';
import { anonymous } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ReadonlyObject, Stored } from '../objects.ts';
import { deleteCollection } from '../registry/collection.ts';
import type { DeletionOptions } from '../registry/deletion.ts';
import { readList, readObject } from '../registry/read.ts';
import { selects } from '../registry/selection.ts';
import type { Storage, WriteScope } from '../registry/storage.ts';
import { createObject, updateObject, type WriteRequest } from '../registry/write.ts';
import type { View } from '../registry/views.ts';
import type { ResourceTable, Served, ServedSubresource } from '../resources.ts';
import { readObject as readBody } from './body.ts';
import { deletionOptions } from './deletion.ts';
import { listParameters, noParameters, writeParameters } from './options.ts';
import { servePatch } from './patch.ts';
import { queryOptions } from './queryoptions.ts';
import { acceptLog, acceptMade, acceptObject, sendList, sendObject, sendStatus, sendStored, sendVirtual, type Presenter } from './present.ts';
import type { WatchMeter } from '../storagemetrics.ts';
import type { Watches } from '../watchdrain.ts';
import { serveWatch } from './watch.ts';

export interface ResourceServer extends Presenter {
  readonly registry: Schema;
  readonly table: ResourceTable;
  readonly features: ReadonlySet<string>;
  readonly surroundings: Surroundings;
  /** The present time, as objects have it. */
  readonly second: () => string;
  readonly minWatchMs: number;
  readonly watches: Watches;
  readonly deleteWorkers?: number | undefined;
  readonly meter: WatchMeter;
}

type StoredResource = Served & { readonly storage: Storage };

/** Undefined: the table does not know the resource; somebody else may. */
export function findServed(server: ResourceServer, info: RequestInfo): Served | undefined {
  return server.table.find(info.group, info.version, info.resource);
}

export async function serveResource(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: Served): Promise<void> {
  // Of what is only asked there are none with a name.
  if (info.name !== '' && served.definition.verbs.every((verb) => verb === 'create') && !served.definition.subresources?.length) throw StatusError.pathNotFound();
  if (!methodFits(request, info, served)) throw StatusError.methodNotAllowedHere();
  if ((served.namespaced ? info.namespace === '' && needsNamespace(info) : info.namespace !== '' && info.resource !== 'namespaces') || isNowhere(info)) throw StatusError.pathNotFound();
  if (served.storage) checkPlace(info, served);
  if (served.deprecation !== undefined) request.warnings.push(served.deprecation);
  if (info.subresource !== '') return serveSubresource(server, request, info, served);
  if (served.create && info.verb === 'create' && info.name === '') return serveCreator(server, request, info, served, served.view, served.create);
  if (info.verb === 'watch' && served.definition.verbs.includes('list') && !served.definition.verbs.includes('watch')) throw StatusError.methodNotAllowed({ group: served.group, resource: served.resource }, 'watch');
  const allowed = served.definition.verbs.includes(info.verb) || (info.verb === 'get' && served.definition.verbs.includes('get'));
  if (!allowed) throw StatusError.methodNotAllowedHere();
  if (!served.storage) {
    if (!served.listVirtual) throw StatusError.pathNotFound();
    return serveVirtual(server, request, info, served, await served.listVirtual());
  }
  const stored = served as StoredResource;
  switch (info.verb) {
    case 'get':
      return sendStored(server, request, served, served.view, await readObject(stored.storage, info.namespace, info.name, request.hasQuery ? (request.query.get('resourceVersion') ?? undefined) : undefined));
    case 'list':
    case 'watch':
      return serveCollection(server, request, info, stored);
    case 'create':
      return serveCreate(server, request, info, stored);
    case 'update':
      return serveUpdate(server, request, info, stored, served.view);
    case 'patch':
      return servePatch(server, request, info, stored, served.view);
    case 'delete':
      return serveDelete(server, request, info, stored);
    case 'deletecollection':
      return serveDeleteCollection(server, request, info, stored);
    default:
      throw StatusError.methodNotAllowedHere();
  }
}

/** What a path is for decides before what is in it: collections are not replaced, and all namespaces together are only read. */
function methodFits(request: ServingRequest, info: RequestInfo, served: Served): boolean {
  if (request.method === 'HEAD') return info.subresource === 'proxy';
  if (info.legacyWatch && request.method !== 'GET') return false;
  if (info.subresource !== '' || info.name !== '') return true;
  if (request.method === 'PUT' || request.method === 'PATCH') return false;
  return !served.namespaced || info.namespace !== '' || request.method === 'GET' || !served.storage || isNamespaceEmpty(info);
}

/** `namespaces//pods`: of a namespace, and of none. */
function isNamespaceEmpty({ namespace, path }: RequestInfo): boolean {
  return namespace === '' && path.includes('/namespaces//');
}

function needsNamespace(info: RequestInfo): boolean {
  return !isNamespaceEmpty(info) && (info.name !== '' && !(info.verb === 'list' || info.verb === 'watch') || info.verb === 'create' || info.verb === 'deletecollection');
}

/** Something follows where nothing can. */
function isNowhere({ name, subresource, rest, legacyWatch }: RequestInfo): boolean {
  return rest.length > 0 && (name === '' || subresource === '' || legacyWatch === true);
}

/** Namespace and name become parts of a key. */
function checkPlace({ namespace, name, verb }: RequestInfo, served: Served): void {
  if (name === '' || verb === 'list' || verb === 'watch') return;
  if (served.namespaced && namespace === '') throw StatusError.badRequest('Namespace parameter required.');
  const [first, second] = [name, namespace].map((part) => part === '.' || part === '..');
  if (first) throw StatusError.badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`);
  if (name.includes('%')) throw StatusError.badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not contain '%'`);
  if (second) throw new StatusError({ status: 'Failure', code: 500, message: `invalid key: "/${served.resource}/${namespace}/${name}"` });
}

/** What reviews show of the options of a write, as the client gave them. */
function givenOptions(query: URLSearchParams): JsonObject {
  const out: JsonObject = {};
  for (const name of ['fieldManager', 'fieldValidation']) {
    const value = query.get(name);
    if (value) out[name] = value;
  }
  return out;
}

export function writeScope(server: ResourceServer, request: ServingRequest, subresource: string, dryRun: boolean): WriteScope {
  return { now: server.second(), user: request.user ?? anonymous, dryRun, subresource, features: server.features, warnings: request.warnings, ...(request.hasQuery ? { options: givenOptions(request.query) } : {}), ...(request.trail ? { notes: request.trail } : {}) };
}

export function writeRequest(server: ResourceServer, request: ServingRequest, info: RequestInfo, storage: Storage, view: View, kind: string): WriteRequest & { readonly parameters: ReturnType<typeof writeParameters> } {
  const parameters = writeParameters(request.query, kind, request.headers['user-agent']);
  return {
    // A namespace is named by its own path, but stands in none.
    registry: server.registry, storage, view, namespace: storage.options.namespaced ? info.namespace : '', name: info.name,
    scope: writeScope(server, request, info.subresource, parameters.dryRun), fieldManager: parameters.fieldManager, parameters,
  };
}

async function serveCollection(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: StoredResource): Promise<void> {
  const parameters = request.hasQuery ? listParameters(request.query) : noParameters;
  const named = info.legacyWatch && info.name !== '';
  if (named && parameters.fieldSelector && !parseFieldSelector(parameters.fieldSelector).matches((field) => (field === 'metadata.name' ? info.name : ''))) throw StatusError.badRequest("fieldSelector metadata.name doesn't match requested name");
  const place = { ...(served.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {}), ...(named ? { name: info.name } : {}) };
  if (info.verb === 'watch') return serveWatch(server, request, served, place, parameters, server);
  return sendList(server, request, served, served.view, await readList(served, place, parameters));
}

async function serveCreate(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: StoredResource): Promise<void> {
  if (info.name !== '') throw StatusError.methodNotAllowedHere();
  acceptObject(request, served.view);
  const write = writeRequest(server, request, info, served.storage, served.view, 'CreateOptions');
  const object = await readBody(server.registry, request, served.view, write.parameters.fieldValidation);
  if (served.namespaced && info.namespace === '') throw StatusError.invalid({ group: served.group, kind: served.view.kind }, object.metadata.name ?? '', [required('metadata.namespace')]);
  return sendStored(server, request, served, served.view, await createObject(write, object), 201);
}

async function serveUpdate(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: StoredResource, view: View): Promise<void> {
  acceptObject(request, view);
  const write = writeRequest(server, request, info, served.storage, view, 'UpdateOptions');
  const object = await readBody(server.registry, request, view, write.parameters.fieldValidation);
  const { stored, created } = await updateObject(write, object);
  return sendView(server, request, served, view, stored, created ? 201 : 200);
}

/** A stored object through any view; those that are not the resource's own are encoded for this answer alone. */
export async function sendView(server: ResourceServer, request: ServingRequest, served: Served, view: View, stored: Stored, code = 200): Promise<void> {
  if (view === served.view) return sendStored(server, request, served, view, stored, code);
  await view.prepare?.([stored.object]);
  return sendObject(server, request, view, view.read(stored.object), code, view.kind === 'Scale' ? { columns: scaleColumns } : undefined);
}

function deletionScope(server: ResourceServer, request: ServingRequest, served: StoredResource, { dryRun, ...options }: DeletionOptions & { readonly dryRun: boolean }): WriteScope {
  return { ...writeScope(server, request, '', dryRun), view: served.view, options: options as JsonObject };
}

async function serveDelete(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: StoredResource): Promise<void> {
  const options = await deletionOptions(server.registry, request);
  const { stored, removed } = await served.storage.delete(info.namespace, info.name, options, deletionScope(server, request, served, options));
  if (removed && !served.storage.options.returnsDeleted) return sendStatus(server, request, deletedStatus(served, stored.object));
  const accepted = !removed && options.orphanDependents === false;
  return sendStored(server, request, served, served.view, stored, accepted ? 202 : 200);
}

export function deletedStatus(served: Served, object: ReadonlyObject): Status {
  const { name, uid } = object.metadata;
  return {
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success',
    details: { ...(name ? { name } : {}), ...(served.group ? { group: served.group } : {}), kind: served.resource, ...(uid ? { uid } : {}) },
  };
}

async function serveDeleteCollection(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: StoredResource): Promise<void> {
  const options = await deletionOptions(server.registry, request);
  const place = served.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {};
  const page = await deleteCollection(served, place, listParameters(request.query), options, deletionScope(server, request, served, options), server.deleteWorkers);
  return sendList(server, request, served, served.view, page);
}

async function serveCreator(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: Served, view: View, create: NonNullable<Served['create']>): Promise<void> {
  const parameters = writeParameters(request.query, 'CreateOptions', request.headers['user-agent']);
  acceptMade(request, view);
  const object = await readBody(server.registry, request, view, parameters.fieldValidation);
  if (served.namespaced) {
    if (object.metadata.namespace && object.metadata.namespace !== info.namespace) throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
    object.metadata.namespace = info.namespace;
  }
  const made = await create(object, { namespace: info.namespace, name: info.name }, writeScope(server, request, info.subresource, parameters.dryRun));
  if (made.kind === 'Status') return sendStatus(server, request, made as unknown as Status);
  return sendObject(server, request, view, made, 201);
}

async function serveVirtual(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: Served, items: readonly ReadonlyObject[]): Promise<void> {
  if (info.verb === 'list') {
    return sendVirtual(server, request, served, items.filter(selects(served, listParameters(request.query))));
  }
  const found = items.find((item) => item.metadata.name === info.name);
  if (!found) throw StatusError.notFound({ group: served.group, resource: served.definition.singular }, info.name);
  return sendVirtual(server, request, served, found);
}

/** Those that the verbs of discovery stand for; a proxy hands on whatever there is. */
function connectMethods({ definition }: ServedSubresource): readonly string[] {
  if (definition.name === 'proxy') return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
  return definition.verbs.includes('create') ? ['GET', 'POST'] : ['GET'];
}

async function serveSubresource(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: Served): Promise<void> {
  const sub = served.subresources.get(info.subresource);
  if (!sub) throw StatusError.pathNotFound();
  if (info.rest.length > 1 && sub.definition.name !== 'proxy') throw StatusError.pathNotFound();
  if (sub.connect) {
    if (!connectMethods(sub).includes(request.method)) throw StatusError.methodNotAllowedHere();
    const { kind } = sub.definition;
    const connects = kind.endsWith('Options');
    if (!connects) acceptLog(request);
    if (connects && request.query.has('dryRun')) throw StatusError.badRequest('dryRun is not supported');
    return sub.connect(request, info, queryOptions(server.registry, connects ? kind : 'PodLogOptions', request, info));
  }
  if (sub.create && info.verb === 'create') return serveCreator(server, request, info, served, sub.view, sub.create);
  if (!served.storage || !sub.definition.verbs.includes(info.verb)) throw StatusError.methodNotAllowedHere();
  const stored = served as StoredResource;
  switch (info.verb) {
    case 'get':
      return sendView(server, request, served, sub.view, await readObject(stored.storage, info.namespace, info.name, request.query.get('resourceVersion') ?? undefined));
    case 'update':
      return serveUpdate(server, request, info, stored, sub.view);
    case 'patch':
      return servePatch(server, request, info, stored, sub.view);
    default:
      throw StatusError.methodNotAllowedHere();
  }
}

export type { ServedSubresource };
