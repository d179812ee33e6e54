/** A watch over HTTP or WebSocket: frames of events, in the form that the client takes, until it or time ends it. */
import { isAbort } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { encodeJson, normalise } from '../../schema/json.ts';
import { encodeProtobufBody } from '../../schema/protobuf.ts';
import { tableOf } from '../../schema/table.ts';
import { StatusError } from '../../machinery/status.ts';
import { protobuf, type Accepted } from '../../serving/negotiation.ts';
import { SharedPiece } from '../../serving/piece.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { toStatus } from '../../serving/respond.ts';
import type { CacherEvent, CacherWatch } from '../cacher/cacher.ts';
import type { ApiObject } from '../objects.ts';
import { frame, mediaTypes } from '../registry/codec.ts';
import { fromStore } from '../registry/errors.ts';
import type { WatchMeter } from '../storagemetrics.ts';
import { openWatch, type Place } from '../registry/read.ts';
import type { Served } from '../resources.ts';
import type { View } from '../registry/views.ts';
import type { Storage } from '../registry/storage.ts';
import type { ListParameters } from './options.ts';
import type { Watches } from '../watchdrain.ts';
import { acceptWatch, table, tableForm, type Presenter, type TableForm } from './present.ts';
import { acceptWatchSocket, wantsWebSocket } from './watchsocket.ts';

const eventsAtOnce = 64;
const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' };

export interface WatchSettings {
  readonly surroundings: Surroundings;
  /** Watches without a timeout of their own end after this long, and up to as long again at random. */
  readonly minWatchMs: number;
  readonly meter: WatchMeter;
  readonly watches: Watches;
}

export async function serveWatch(p: Presenter, request: ServingRequest, served: Served & { readonly storage: Storage }, place: Place, parameters: ListParameters, { surroundings, minWatchMs, meter, watches }: WatchSettings): Promise<void> {
  const accepted = acceptWatch(request, served.view);
  const { clock, random } = surroundings;
  const over = new AbortController();
  const timer = clock.after(parameters.timeoutSeconds ? parameters.timeoutSeconds * 1000 : minWatchMs * (1 + random.next()), () => over.abort());
  const signal = AbortSignal.any([request.signal, over.signal]);
  const leave = watches.enter(() => over.abort());
  try {
    const format = formatter(p, request, served, accepted);
    let events: CacherWatch<ApiObject> | undefined;
    let failure: unknown;
    try {
      events = await openWatch(served, place, parameters, signal);
    } catch (error) {
      const known = fromStore(error, served.storage.resource);
      // A start that is too old is told within the watch.
      if (!(known instanceof StatusError) || known.reason !== 'Expired') throw known;
      failure = known;
    }
    const binary = accepted.mediaType === protobuf;
    const count = meter(served);
    const messages = wantsWebSocket(request);
    const body = messages
      ? await acceptWatchSocket(request, binary, () => over.abort())
      : request.stream(200, { 'content-type': binary ? `${protobuf};stream=watch` : 'application/json', 'cache-control': 'no-cache, private' });
    if (!body) return;
    if (!parameters.sendInitialEvents) request.begun?.();
    try {
      if (events) {
        for await (const batch of events) {
          if (served.view.prepare) await served.view.prepare(batch.flatMap((event) => (event.type === 'BOOKMARK' ? [] : [event.item.object])));
          // One event is no list: upstream breaks off at the first that it cannot show.
          if (accepted.as === 'PartialObjectMetadataList') return body.end();
          for (const part of parts(batch, messages ? 1 : eventsAtOnce)) {
            const piece = format(part);
            count(part.length, piece.bytes.length);
            if (!body.write(piece)) await body.drained();
          }
          request.begun?.();
        }
      }
    } catch (error) {
      if (isAbort(error, signal)) return body.end();
      failure = fromStore(error, served.storage.resource);
    }
    if (failure !== undefined) body.write(new SharedPiece(errorFrame(p, accepted, failure)));
    body.end();
  } finally {
    leave();
    timer.cancel();
    over.abort();
  }
}

/** What has gathered for a slow reader, or is there from the beginning, goes out in parts: nobody has to wait until all of it is encoded. */
function parts(batch: readonly CacherEvent<ApiObject>[], atOnce: number): readonly (readonly CacherEvent<ApiObject>[])[] {
  if (batch.length <= atOnce) return [batch];
  return Array.from({ length: Math.ceil(batch.length / atOnce) }, (_, i) => batch.slice(i * atOnce, (i + 1) * atOnce));
}

function errorFrame(p: Presenter, accepted: Accepted, error: unknown): Buffer {
  const status = toStatus(error);
  return accepted.mediaType === protobuf ? frame('ERROR', encodeProtobufBody(p.registry, 'meta.v1.Status', status), protobuf) : frame('ERROR', encodeJson(status), mediaTypes.json);
}

type Formatter = (batch: readonly CacherEvent<ApiObject>[]) => SharedPiece;

function formatter(p: Presenter, request: ServingRequest, served: Served, accepted: Accepted): Formatter {
  const { view } = served;
  if (accepted.as === 'Table') {
    const form = tableForm(request, accepted);
    let first = true;
    return (batch) =>
      new SharedPiece(Buffer.concat(batch.map((event) => {
        const bytes = tableFrame(p, served, event, form, !first);
        first = false;
        return bytes;
      })));
  }
  const metadataOnly = accepted.as === 'PartialObjectMetadata';
  const binary = accepted.mediaType === protobuf;
  const type = binary ? (metadataOnly ? mediaTypes.metadataProtobuf : mediaTypes.protobuf) : metadataOnly ? mediaTypes.metadataJson : mediaTypes.json;
  return (batch) => {
    if (batch.length === 1) return eventFrame(batch[0]!);
    return new SharedPiece(Buffer.concat(batch.map((event) => eventFrame(event).bytes)));
  };

  function eventFrame(event: CacherEvent<ApiObject>): SharedPiece {
    if (event.type !== 'BOOKMARK') return event.frame(view.version, type);
    const metadata = { resourceVersion: String(event.revision), ...(event.initialEventsEnd ? { annotations: initialEventsEnd } : {}) };
    const object = metadataOnly ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } : bare(p, view, metadata);
    const encoded = binary ? encodeProtobufBody(p.registry, metadataOnly ? 'meta.v1.PartialObjectMetadata' : view.type, object) : encodeJson(object);
    return new SharedPiece(frame('BOOKMARK', encoded, type));
  }
}

function tableFrame(p: Presenter, served: Served, event: CacherEvent<ApiObject>, form: TableForm, withoutDefinitions: boolean): Buffer {
  const metadata = { resourceVersion: String(event.revision) };
  if (event.type === 'BOOKMARK') {
    const empty = table(p, served, served.view, [], form, metadata, withoutDefinitions);
    return frame('BOOKMARK', encodeJson({ ...empty, rows: [bookmarkRow(p, served, event, form)] }), mediaTypes.json);
  }
  return frame(event.type, encodeJson(table(p, served, served.view, [event.item], form, metadata, withoutDefinitions)), mediaTypes.json);
}

/** Kinds of which a missing size is written as none. */
const sized = new Set(['apps.v1.Deployment', 'apps.v1.StatefulSet', 'apps.v1.ReplicaSet']);

/** An object that has nothing but a revision, with what is always written. */
function bare(p: Presenter, { kind, apiVersion, type, model }: View, metadata: JsonObject): JsonObject {
  const object: JsonObject = { kind, apiVersion, metadata };
  if (model) return object;
  // The generation of its template, which it once had.
  if (type === 'apps.v1.DaemonSet') object['metadata'] = { ...metadata, annotations: { 'deprecated.daemonset.template.generation': '0', ...(metadata['annotations'] as JsonObject | undefined) } };
  if (sized.has(type)) object['spec'] = { replicas: 0 };
  return normalise(p.registry, type, object as never) as unknown as JsonObject;
}

/** The row of such an object. */
function bookmarkRow(p: Presenter, { rules, view }: Served, event: CacherEvent<ApiObject>, { includeObject, version }: TableForm): JsonObject {
  const metadata = { resourceVersion: String(event.revision), ...(event.type === 'BOOKMARK' && event.initialEventsEnd ? { annotations: initialEventsEnd } : {}) };
  const empty = bare(p, view, metadata);
  const { rows } = tableOf(rules as never, [empty], { now: p.now(), includeObject: 'None', version, withoutDefinitions: true });
  const object = includeObject === 'Object' ? empty : { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
  return { ...(rows as JsonObject[])[0]!, object };
}
