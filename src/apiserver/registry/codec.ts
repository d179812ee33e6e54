/** The codec of one stored kind, as the watch cache wants it; `stored.ts` has what stands in the store. */
import { encodeJson } from '../../schema/json.ts';
import { encodeProtobuf, encodeWatchFrame, wrapUnknown } from '../../schema/protobuf.ts';
import type { KindRules } from '../../schema/vocabulary.ts';
import type { Attributes, CacherCodec, ChangeType, Splice } from '../cacher/cacher.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { StoredForm, StoredKind } from './stored.ts';

export const mediaTypes = {
  json: 'application/json',
  /** A whole body with its envelope. */
  protobuf: 'application/vnd.kubernetes.protobuf',
  /** The bare message, as it stands in lists. */
  message: 'message',
  metadataJson: 'application/json;as=PartialObjectMetadata',
  metadataProtobuf: 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata',
} as const;

const noOwners: readonly string[] = [];
const noLabels = {};
const noFields = {};

export interface CodecOptions extends StoredKind {
  readonly rules: KindRules<ApiObject>;
  readonly form: StoredForm;
}

export function objectCodec(options: CodecOptions): CacherCodec<ApiObject> {
  const { registry, stored, rules, form } = options;
  const selectable = Object.entries(rules.selectable ?? {});
  const before = Buffer.byteLength(`{"kind":"${stored.kind}","apiVersion":"${stored.apiVersion}",`);

  const encode = (object: ReadonlyObject, version: string, mediaType: string): Buffer => {
    if (mediaType === mediaTypes.metadataJson) return encodeJson(partial(object));
    if (mediaType === mediaTypes.metadataProtobuf) {
      return wrapUnknown({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' }, encodeProtobuf(registry, 'meta.v1.PartialObjectMetadata', partial(object)));
    }
    const view = options.views.get(version) ?? stored;
    const seen = view.read(object);
    if (mediaType === mediaTypes.json) return encodeJson(seen);
    const message = encodeProtobuf(registry, view.type, seen);
    return mediaType === mediaTypes.message ? message : wrapUnknown({ apiVersion: view.apiVersion, kind: view.kind }, message);
  };

  return {
    encodeStored: (object) => form.encode(object),
    decodeStored(value, _key, revision) {
      const object = form.decode(value);
      object.metadata.resourceVersion = String(revision);
      return object;
    },
    withRevision(object, revision) {
      object.metadata.resourceVersion = String(revision);
      return object;
    },
    encode,
    splice: (value, revision, version, mediaType) => {
      if (mediaType === mediaTypes.json) return version === stored.version ? whole(form, value, revision) : undefined;
      return mediaType === mediaTypes.metadataJson ? metadataOf(form, value, revision, before) : undefined;
    },
    frame,
    attributes: (object): Attributes => {
      const meta = object.metadata;
      const owners = meta.ownerReferences;
      let fields: Record<string, string> = noFields;
      if (selectable.length > 0) {
        fields = {};
        for (const [path, valueOf] of selectable) fields[path] = valueOf(object);
      }
      return {
        namespace: meta.namespace ?? '', name: meta.name ?? '', labels: meta.labels ?? noLabels, fields,
        owners: owners && owners.length > 0 ? owners.map((o) => o.uid) : noOwners,
      };
    },
  };
}

const none = new Uint8Array();

function whole(form: StoredForm, value: Uint8Array, revision: number): Splice | undefined {
  const found = form.find?.(value);
  return found && { head: none, bytes: bufferOf(value), start: found.start, at: found.at, end: value.byteLength, revision, closing: false };
}

const metadataKey = '"metadata":';
const partialHead = Uint8Array.from(Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",${metadataKey}`));

/** Metadata alone: the resourceVersion stands in it, so that its beginning is the last one before that. `before` is how long kind and apiVersion are. */
function metadataOf(form: StoredForm, value: Uint8Array, revision: number, before: number): Splice | undefined {
  const found = form.find?.(value);
  if (!found) return undefined;
  const bytes = bufferOf(value);
  let start = found.start + before + metadataKey.length;
  // It stands right behind them, as far as we have written it.
  if (bytes[start] !== 0x7b || bytes[start - 1] !== 0x3a || bytes[start - metadataKey.length + 1] !== 0x6d) start = bytes.indexOf(metadataKey, found.start, 'latin1') + metadataKey.length;
  return { head: partialHead, bytes, start, at: found.at, end: found.metadataEnd, revision, closing: true };
}

function bufferOf(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function partial(object: ReadonlyObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

const frameHeads: Readonly<Record<ChangeType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const frameEnd = Buffer.from('}\n');

/** One event of a watch around an encoded object. */
export function frame(type: ChangeType | 'BOOKMARK' | 'ERROR', encoding: Buffer, mediaType: string): Buffer {
  if (mediaType.startsWith(mediaTypes.protobuf)) return encodeWatchFrame(type, encoding);
  const start = type === 'BOOKMARK' || type === 'ERROR' ? Buffer.from(`{"type":"${type}","object":`) : frameHeads[type];
  return Buffer.concat([start, encoding, frameEnd]);
}
