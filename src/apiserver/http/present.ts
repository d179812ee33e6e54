/** Answers in the form that the client takes: the object, a table of it, or its metadata alone; JSON, YAML or protobuf. */
import type { OutgoingHttpHeaders } from 'node:http';
import { encodeJson } from '../../schema/json.ts';
import { encodeProtobufBody } from '../../schema/protobuf.ts';
import type { Registry } from '../../schema/registry.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError, type Status } from '../../machinery/status.ts';
import { json, negotiate, protobuf, yaml, type Accepted, type Offer } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendBytes, sendPieces } from '../../serving/respond.ts';
import { dumpYaml } from '../../machinery/yaml.ts';
import type { ReadonlyObject, Stored } from '../objects.ts';
import { mediaTypes, partial } from '../registry/codec.ts';
import type { KindRules } from '../../schema/vocabulary.ts';
import type { Page } from '../registry/read.ts';
import type { View } from '../registry/views.ts';
import type { Served } from '../resources.ts';
import { jsonList, jsonTable, prettyJson, protobufList } from './listing.ts';
import { tableOf } from '../../schema/table.ts';

export interface Presenter {
  readonly registry: Registry;
  readonly now: () => number;
}

const all = [json, yaml, protobuf];
const listRepresentations = [...all, `${json};stream=watch`, `${protobuf};stream=watch`];
const isMeta = (group: string, version: string): boolean => group === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1');
const isMetadata = (kind: string): boolean => kind === 'PartialObjectMetadata' || kind === 'PartialObjectMetadataList';
/** Whether an object can be had as a list, or the other way round, is seen when it is there. */
const asForm: NonNullable<Offer['as']> = (kind, group, version, mediaType) => isMeta(group, version) && (isMetadata(kind) || (kind === 'Table' && mediaType !== protobuf));
const objectOffer: Offer = { mediaTypes: all, as: asForm, representations: all };
const listOffer: Offer = { mediaTypes: all, as: asForm, representations: listRepresentations };
/** For objects that have no table. */
const untabledOffer: Offer = { mediaTypes: all, as: (kind, group, version) => isMetadata(kind) && isMeta(group, version), representations: all };

/** Types that are in no package have no protobuf. */
const offerFor = (view: View, offer: Offer): Offer => (view.model ? { mediaTypes: offer.mediaTypes.filter((t) => t !== protobuf), ...(offer.as ? { as: offer.as } : {}) } : offer);

export const acceptObject = (request: ServingRequest, view: View): Accepted => negotiate(request.headers.accept, offerFor(view, objectOffer));
export const acceptList = (request: ServingRequest, view: View): Accepted => negotiate(request.headers.accept, offerFor(view, listOffer));

/** Logs are text, whatever form of an object the client would take. */
export const acceptLog = (request: ServingRequest): Accepted => negotiate(request.headers.accept, { mediaTypes: all, as: untabledOffer.as! });

/** Streams are not for YAML. */
export function acceptWatch(request: ServingRequest, view: View): Accepted {
  const accepted = acceptList(request, view);
  if (accepted.mediaType === yaml) throw StatusError.notAcceptable((view.model ? [json] : [json, protobuf]).map((type) => `${type};stream=watch`));
  return accepted;
}

/** The type as messages call it. */
function goType(view: View): string {
  if (view.model) return 'unstructured.Unstructured';
  const [group = ''] = view.type.split('.');
  return `${group === 'events' ? 'core' : group}.${view.kind}`;
}

function mustBeList(accepted: Accepted, view: View): void {
  if (accepted.as === 'PartialObjectMetadata') throw StatusError.wrongForm(`you requested PartialObjectMetadata, but the requested object is a list (*${goType(view)}List)`);
}

function mustBeObject(accepted: Accepted, view: View): void {
  if (accepted.as === 'PartialObjectMetadataList') throw StatusError.wrongForm(`you requested PartialObjectMetadataList, but the requested object is not a list (*${goType(view)})`);
}

function headersFor(type: string): OutgoingHttpHeaders {
  return { 'cache-control': 'no-cache, private', 'content-type': type };
}

const yes = new Set(['1', 't', 'T', 'true', 'True', 'TRUE']);

function isPretty(request: ServingRequest, accepted: Accepted | undefined): boolean {
  if (accepted?.pretty) return true;
  const asked = request.hasQuery ? request.query.get('pretty') : null;
  if (asked) return yes.has(asked);
  const agent = request.headers['user-agent'];
  return agent !== undefined && (agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
}

/** An object out of the store: its bytes are those that everybody shares. */
export async function sendStored(p: Presenter, request: ServingRequest, served: Served, view: View, stored: Stored, code = 200): Promise<void> {
  if (view.prepare) await view.prepare([stored.object]);
  const accepted = acceptObject(request, view);
  mustBeObject(accepted, view);
  if (accepted.as === 'Table') return sendTable(p, request, served, view, [stored], accepted, { resourceVersion: String(stored.revision) }, code);
  const metadataOnly = accepted.as === 'PartialObjectMetadata';
  if (accepted.mediaType === protobuf) return sendBytes(request, code, headersFor(protobuf), stored.encoding(view.version, metadataOnly ? mediaTypes.metadataProtobuf : mediaTypes.protobuf));
  const type = metadataOnly ? mediaTypes.metadataJson : mediaTypes.json;
  if (accepted.mediaType === yaml) return sendYaml(request, code, metadataOnly ? partial(stored.object) : view.read(stored.object));
  const bytes = stored.encoding(view.version, type);
  return sendBytes(request, code, headersFor(json), isPretty(request, accepted) ? pretty(bytes) : bytes);
}

/** An object that only this answer shows: reviews, scales. Without `rules` it has no table. */
export async function sendObject(p: Presenter, request: ServingRequest, view: View, object: ReadonlyObject, code = 200, rules?: Pick<KindRules, 'columns'>): Promise<void> {
  const accepted = negotiate(request.headers.accept, offerFor(view, rules ? objectOffer : untabledOffer));
  mustBeObject(accepted, view);
  if (accepted.as === 'Table' && rules) {
    const { includeObject, version } = tableForm(request, accepted);
    const { resourceVersion = '' } = object.metadata;
    return sendAs(p, request, accepted, '', tableOf(rules as never, [object], { now: p.now(), includeObject, version, metadata: { resourceVersion } }), code);
  }
  if (accepted.as === 'PartialObjectMetadata') return sendAs(p, request, accepted, 'meta.v1.PartialObjectMetadata', partial(object), code);
  return sendAs(p, request, accepted, view.type, object, code);
}

function sendAs(p: Presenter, request: ServingRequest, accepted: Accepted, type: string, object: unknown, code: number): Promise<void> {
  if (accepted.mediaType === protobuf) return sendBytes(request, code, headersFor(protobuf), encodeProtobufBody(p.registry, type, object));
  if (accepted.mediaType === yaml) return sendYaml(request, code, object);
  const bytes = encodeJson(object);
  return sendBytes(request, code, headersFor(json), isPretty(request, accepted) ? pretty(bytes) : bytes);
}

/** Of what is made for the answer alone there is no table; that is known before it is made. */
export const acceptMade = (request: ServingRequest, view: View): Accepted => negotiate(request.headers.accept, offerFor(view, untabledOffer));

/** Whoever asks for a table, or the like, takes a Status as well. */
const anyOffer: Offer = { mediaTypes: all, as: () => true };

export function sendStatus(p: Presenter, request: ServingRequest, status: Status, code = status.code ?? 200): Promise<void> {
  return sendAs(p, request, negotiate(request.headers.accept, anyOffer), 'meta.v1.Status', status, code);
}

/** An error in the client's own form; the last resort is plain JSON. */
export async function sendFailure(p: Presenter, request: ServingRequest, error: StatusError): Promise<void> {
  const retry = error.status.details?.retryAfterSeconds;
  if (retry) request.setHeader('retry-after', String(retry));
  const accept = request.headers.accept;
  const inProtobuf = accept !== undefined && accept.startsWith(protobuf);
  if (accept === yaml) return sendYaml(request, error.code, error.status);
  if (inProtobuf) return sendBytes(request, error.code, headersFor(protobuf), encodeProtobufBody(p.registry, 'meta.v1.Status', error.status));
  const bytes = encodeJson(error.status);
  const asked = accept !== undefined && /;\s*pretty=1\b/.test(accept);
  await sendBytes(request, error.code, headersFor(json), asked || isPretty(request, undefined) ? pretty(bytes) : bytes);
}

function pretty(bytes: Buffer): Buffer {
  return Buffer.concat([...prettyJson([bytes])] as Buffer[]);
}

function sendYaml(request: ServingRequest, code: number, object: unknown): Promise<void> {
  return sendBytes(request, code, headersFor(yaml), Buffer.from(dumpYaml(object)));
}

function listMetadata(page: Page): JsonObject {
  return {
    resourceVersion: String(page.revision),
    ...(page.continue !== undefined ? { continue: page.continue } : {}),
    ...(page.remaining !== undefined && page.remaining > 0 ? { remainingItemCount: page.remaining } : {}),
  };
}

export async function sendList(p: Presenter, request: ServingRequest, served: Served, view: View, page: Page): Promise<void> {
  const accepted = acceptList(request, view);
  mustBeList(accepted, view);
  // Before the first piece is out, after which it could only break off.
  for (const { problem } of page.items) if (problem) throw problem;
  if (view.prepare) await view.prepare(page.items.map((item) => item.object));
  const metadata = listMetadata(page);
  if (accepted.as === 'Table') return sendTable(p, request, served, view, page.items, accepted, metadata, 200);
  const metadataOnly = accepted.as === 'PartialObjectMetadataList';
  const apiVersion = metadataOnly ? 'meta.k8s.io/v1' : view.apiVersion;
  const kind = metadataOnly ? 'PartialObjectMetadata' : view.kind;
  const listKind = metadataOnly ? 'PartialObjectMetadataList' : (view.model?.listKind ?? `${view.kind}List`);
  if (accepted.mediaType === protobuf) return sendPieces(request, 200, headersFor(protobuf), protobufList(p.registry, view, page.items, metadata, metadataOnly));
  if (accepted.mediaType === yaml) {
    const items = page.items.map((item) => (metadataOnly ? { metadata: item.object.metadata } : view.model ? view.read(item.object) : withoutType(view.read(item.object))));
    return sendYaml(request, 200, { kind: listKind, apiVersion, metadata, items });
  }
  const pieces = jsonList({ kind, listKind, apiVersion }, view, page.items, metadata, metadataOnly);
  return sendPieces(request, 200, headersFor(json), isPretty(request, accepted) ? prettyJson(pieces) : pieces);
}

function withoutType(object: ReadonlyObject): ReadonlyObject {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest as ReadonlyObject;
}

export interface TableForm {
  readonly includeObject: 'Metadata' | 'Object' | 'None';
  readonly version: 'v1' | 'v1beta1';
}

export function tableForm(request: ServingRequest, accepted: Accepted): TableForm {
  const include = request.query.get('includeObject') || 'Metadata';
  if (include !== 'Metadata' && include !== 'Object' && include !== 'None') {
    throw StatusError.badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`);
  }
  return { includeObject: include, version: accepted.version === 'v1beta1' ? 'v1beta1' : 'v1' };
}

export function table(p: Presenter, served: Served, view: View, objects: readonly Stored[], form: TableForm, metadata: JsonObject, withoutDefinitions = false): JsonObject {
  const shown = objects.map((o) => o.object);
  const made = tableOf(served.rules as never, shown, { now: p.now(), includeObject: form.includeObject, version: form.version, metadata, withoutDefinitions });
  if (form.includeObject === 'Object' && !view.identity) {
    (made['rows'] as JsonObject[]).forEach((row, i) => (row['object'] = view.read(shown[i]!) as unknown as JsonObject));
  }
  return made;
}

function sendTable(p: Presenter, request: ServingRequest, served: Served, view: View, objects: readonly Stored[], accepted: Accepted, metadata: JsonObject, code: number): Promise<void> {
  const form = tableForm(request, accepted);
  if (accepted.mediaType === yaml) return sendYaml(request, code, table(p, served, view, objects, form, metadata));
  const pieces = jsonTable(served.rules as never, view, objects, { now: p.now(), includeObject: form.includeObject, version: form.version, metadata });
  return sendPieces(request, code, headersFor(json), isPretty(request, accepted) ? prettyJson(pieces) : pieces);
}

/** Anything that is shown without being stored. */
export async function sendVirtual(p: Presenter, request: ServingRequest, served: Served, shown: ReadonlyObject | readonly ReadonlyObject[]): Promise<void> {
  const { view } = served;
  const isList = Array.isArray(shown);
  const items = (isList ? shown : [shown]) as readonly ReadonlyObject[];
  const accepted = isList ? acceptList(request, view) : acceptObject(request, view);
  (isList ? mustBeList : mustBeObject)(accepted, view);
  if (accepted.as === 'Table') {
    const { includeObject, version } = tableForm(request, accepted);
    return sendAs(p, request, accepted, '', tableOf(served.rules as never, items, { now: p.now(), includeObject, version, metadata: {} }), 200);
  }
  if (!isList) return sendAs(p, request, accepted, accepted.as ? 'meta.v1.PartialObjectMetadata' : view.type, accepted.as ? partial(items[0]!) : items[0]!, 200);
  const [type, head] = accepted.as ? ['meta.v1.PartialObjectMetadataList', { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }] : [`${view.type}List`, { kind: `${view.kind}List`, apiVersion: view.apiVersion }];
  return sendAs(p, request, accepted, type, { ...head, metadata: {}, items: items.map((item) => (accepted.as ? partial(item) : withoutType(item))) }, 200);
}
