/** Reading a resource: one object, pages of a list, a watch; the meaning of resourceVersion is here. */
import { posix } from 'node:path';
import type { JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseJson } from '../../schema/json.ts';
import { checkList, checkWatch, revisionOf, type ListParameters } from '../http/options.ts';
import type { CacherWatch, ListPage, ListRequest, WatchRequest } from '../cacher/cacher.ts';
import type { ApiObject, Stored } from '../objects.ts';
import { convertedSelection, listConverted, watchConverted } from './converted.ts';
import { fromStore, reading } from './errors.ts';
import { selectionOf, type Selectable } from './selection.ts';
import type { Storage } from './storage.ts';

export type Readable = Selectable & { readonly storage: Storage };

export interface Place {
  /** Undefined: all namespaces, or a resource without. */
  readonly namespace?: string;
  readonly name?: string;
}

export function readObject(storage: Storage, namespace: string, name: string, resourceVersion: string | undefined): Promise<Stored> {
  return storage.get(namespace, name, resourceVersion ? revisionOf(resourceVersion) : undefined);
}

export interface Page extends ListPage<ApiObject> {
  readonly continue?: string;
}

interface Token {
  readonly v: string;
  readonly rv: number;
  readonly start: string;
}

const tokenVersion = 'meta.k8s.io/v1';

function encodeToken(rv: number, key: string, prefix: string): string {
  const token: Token = { v: tokenVersion, rv, start: `/${key.slice(prefix.length)}\u0000` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

const refused = (why: string): StatusError => StatusError.badRequest(`invalid continue token: continue key is not valid${why}`);

/** Raw: without padding, and nothing after the last whole byte. Tells where it is not. */
function decodeBase64(text: string): Buffer {
  const bad = /[^A-Za-z0-9_-]/.exec(text)?.index ?? (text.length % 4 === 1 ? text.length - 1 : undefined);
  if (bad !== undefined) throw refused(`: illegal base64 data at input byte ${bad}`);
  return Buffer.from(text, 'base64url');
}

function parseToken(bytes: Buffer): Readonly<Record<string, unknown>> {
  let value: JsonValue;
  try {
    value = parseJson(bytes).value;
  } catch (error) {
    throw refused(`: ${(error as Error).message}`);
  }
  if (value === null) return {};
  const named = (v: JsonValue): string => (Array.isArray(v) ? 'array' : typeof v === 'boolean' ? 'bool' : typeof v);
  if (typeof value !== 'object' || Array.isArray(value)) throw refused(`: json: cannot unmarshal ${named(value)} into Go value of type storage.continueToken`);
  for (const [key, type] of [['v', 'string'], ['rv', 'int64'], ['start', 'string']] as const) {
    const given = value[key];
    if (given === undefined || given === null || typeof given === (type === 'int64' ? 'number' : type)) continue;
    throw refused(`: json: cannot unmarshal ${named(given)} into Go struct field continueToken.${key} of type ${type}`);
  }
  return value;
}

/** A key that stands before this one, with none in between that anything is called. */
function before(key: string): string {
  return `${key.slice(0, -1)}${String.fromCharCode(key.charCodeAt(key.length - 1) - 1)}\uffff`;
}

function decodeToken(text: string, prefix: string): { rv: number; after: string } {
  const { v = '', rv = 0, start = '' } = parseToken(decodeBase64(text)) as Partial<Token>;
  if (v !== tokenVersion) throw refused(`: server does not recognize this encoded version ${v}`);
  if (rv === 0) throw refused(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (start === '') throw refused(': encoded start key empty (version meta.k8s.io/v1)');
  // It begins below the prefix, whatever is in it.
  const key = start.startsWith('/') ? start : `/${start}`;
  if (posix.normalize(key).replace(/(.)\/$/, '$1') !== key) throw refused(`: ${start}`);
  const begin = prefix + key.slice(1);
  // The list goes on with the first key that is not before this one.
  return { rv, after: begin.endsWith('\u0000') ? begin.slice(0, -1) : before(begin) };
}

export async function readList(kind: Readable, place: Place, p: ListParameters, signal?: AbortSignal): Promise<Page> {
  checkList(p);
  const { storage } = kind;
  // Tokens name keys as they are below what was asked for.
  const prefix = storage.cacher.prefix + (place.namespace === undefined ? '' : `${place.namespace}/`);
  const request: { -readonly [K in keyof ListRequest]: ListRequest[K] } = {
    selection: selectionOf(kind, { ...place, labelSelector: p.labelSelector, fieldSelector: p.fieldSelector }),
  };
  // What may be read from the cache as it is comes whole: pages are for those who want a revision.
  if (p.limit !== undefined && p.limit > 0 && (p.resourceVersion !== '0' || p.resourceVersionMatch === 'Exact')) request.limit = p.limit;
  if (signal) request.signal = signal;
  if (p.continue !== undefined) {
    if (p.resourceVersion !== undefined && p.resourceVersion !== '0') throw StatusError.badRequest('specifying resource version is not allowed when using continue');
    const token = decodeToken(p.continue, prefix);
    request.startAfter = token.after;
    if (token.rv > 0) request.exact = token.rv;
  } else if (p.resourceVersion !== undefined) {
    const revision = revisionOf(p.resourceVersion, true);
    const exact = p.resourceVersionMatch === 'Exact' || (p.resourceVersionMatch === undefined && request.limit !== undefined && revision > 0);
    if (exact) request.exact = revision;
    else request.notOlderThan = revision;
  }
  try {
    const select = convertedSelection(kind, p.fieldSelector);
    const page = select ? await listConverted(storage, select, request) : await storage.cacher.list(request);
    return page.next === undefined ? page : { ...page, continue: encodeToken(page.revision, page.next, prefix) };
  } catch (error) {
    throw listExpired(fromStore(error, storage.resource), request, prefix);
  }
}

/** The token that comes with it goes on from the same key in the state of today. */
function listExpired(error: unknown, request: ListRequest, prefix: string): unknown {
  if (!(error instanceof StatusError) || error.reason !== 'Expired' || request.exact === undefined) return error;
  if (request.startAfter === undefined) return StatusError.expired('The resourceVersion for the provided list is too old.');
  const status = StatusError.expired('The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.').status;
  return new StatusError({ ...status, metadata: { continue: encodeToken(-1, request.startAfter, prefix) } });
}

export async function openWatch(kind: Readable, place: Place, p: ListParameters, signal: AbortSignal): Promise<CacherWatch<ApiObject>> {
  checkWatch(p);
  const selection = selectionOf(kind, { ...place, labelSelector: p.labelSelector, fieldSelector: p.fieldSelector });
  const revision = p.resourceVersion === undefined ? undefined : revisionOf(p.resourceVersion);
  const request: { -readonly [K in keyof WatchRequest]: WatchRequest[K] } = { selection, from: 'state', signal };
  if (p.sendInitialEvents === true) {
    if (revision) request.notOlderThan = revision;
    request.initialEventsEnd = p.allowWatchBookmarks === true;
  } else if (p.sendInitialEvents === false && !revision) {
    const { revision: present } = await reading(kind.storage.resource, kind.storage.cacher.list({ selection: { matches: () => false } }));
    request.from = present;
  } else if (revision !== undefined && revision > 0) request.from = revision;
  else if (revision === 0) request.notOlderThan = 0;
  if (p.allowWatchBookmarks) request.bookmarks = true;
  const select = convertedSelection(kind, p.fieldSelector);
  return select ? watchConverted(kind.storage, select, request) : kind.storage.cacher.watch(request);
}
