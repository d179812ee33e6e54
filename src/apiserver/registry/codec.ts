/**
 * The codec of one stored kind, as the watch cache wants it.
 *
 * Stored bytes are a short head and the JSON of the stored version without resourceVersion:
 *   k7s/<fingerprint of the schema>/<offset at which resourceVersion belongs>\n{"kind":…
 * A value of the present fingerprint is canonical as it is: serving it needs no decoding, only a splice.
 */
import { createHash } from 'node:crypto';
import { encodeJson, decode, parseJson } from '../../schema/json.ts';
import { encodeProtobuf, encodeWatchFrame, wrapUnknown } from '../../schema/protobuf.ts';
import type { Schema } from './engines.ts';
import type { KindRules } from '../../schema/vocabulary.ts';
import type { Attributes, CacherCodec, ChangeType } from '../cacher/cacher.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { View } from './views.ts';

export const mediaTypes = {
  json: 'application/json',
  /** A whole body with its envelope. */
  protobuf: 'application/vnd.kubernetes.protobuf',
  /** The bare message, as it stands in lists. */
  message: 'message',
  metadataJson: 'application/json;as=PartialObjectMetadata',
  metadataProtobuf: 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata',
} as const;

const emptyVersion = '"resourceVersion":"",';
const noOwners: readonly string[] = [];
const noLabels = {};
const noFields = {};

export interface CodecOptions {
  readonly registry: Schema;
  readonly stored: View;
  /** All served versions, by package. */
  readonly views: ReadonlyMap<string, View>;
  readonly rules: KindRules<ApiObject>;
}

/** Changes with every change of the package's data. */
export function fingerprint(registry: Schema, type: string): string {
  const { package: pkg } = registry.struct(type);
  const hash = createHash('sha256').update(JSON.stringify(pkg.types));
  return hash.digest('hex').slice(0, 12);
}

export function objectCodec(options: CodecOptions): CacherCodec<ApiObject> {
  const { registry, stored, rules } = options;
  let mark: string | undefined;
  const head = (): string => (mark ??= `k7s/${fingerprint(registry, stored.type)}/`);
  const selectable = Object.entries(rules.selectable ?? {});

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
    encodeStored(object) {
      const json = encodeJson(object);
      const at = json.indexOf(emptyVersion, 0, 'latin1');
      if (at < 0) throw new Error(`${stored.kind} has no place for its resourceVersion`);
      return Buffer.concat([Buffer.from(`${head()}${at}\n`, 'latin1'), json.subarray(0, at), json.subarray(at + emptyVersion.length)]);
    },
    decodeStored(value, _key, revision) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const { fingerprinted, start } = readHead(bytes, head());
      const json = parseJson(bytes.subarray(start)).value;
      let object = json as unknown as ApiObject;
      if (!fingerprinted) {
        object = decode(registry, stored.type, json).object as unknown as ApiObject;
        registry.applyDefaults(stored.type, object);
      }
      object.metadata.resourceVersion = String(revision);
      return object;
    },
    withRevision(object, revision) {
      object.metadata.resourceVersion = String(revision);
      return object;
    },
    encode,
    transcode(value, revision, version, mediaType) {
      if (mediaType !== mediaTypes.json || version !== stored.version) return undefined;
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const { fingerprinted, start, offset } = readHead(bytes, head());
      if (!fingerprinted) return undefined;
      const stamp = Buffer.from(`"resourceVersion":"${revision}",`, 'latin1');
      return Buffer.concat([bytes.subarray(start, start + offset), stamp, bytes.subarray(start + offset)]);
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

function readHead(bytes: Buffer, present: string): { fingerprinted: boolean; start: number; offset: number } {
  const end = bytes.indexOf(0x0a);
  if (end < 0 || bytes[0] === 0x7b) return { fingerprinted: false, start: 0, offset: 0 };
  const text = bytes.toString('latin1', 0, end);
  return { fingerprinted: text.startsWith(present), start: end + 1, offset: Number(text.slice(text.lastIndexOf('/') + 1)) };
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
