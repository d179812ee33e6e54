/** The codec of a custom kind: JSON in the store, keys in order, in the version that the definition names for storage. */
import { encodeJson, parseJson } from '../../schema/json.ts';
import { encodeProtobuf, wrapUnknown } from '../../schema/protobuf.ts';
import type { Registry } from '../../schema/registry.ts';
import type { CacherCodec } from '../cacher/cacher.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { frame, mediaTypes, partial } from '../registry/codec.ts';
import type { View } from '../registry/views.ts';
import { sorted } from './model.ts';

export interface CustomCodecOptions {
  readonly registry: Registry;
  readonly stored: View;
  /** Views of all versions, by their own name for encodings. */
  readonly views: ReadonlyMap<string, View>;
  /** An object of the definition's past, in the version in which it was written, as one of today. */
  readonly modernise: (object: ApiObject) => ApiObject;
  readonly selectable: Readonly<Record<string, (object: ReadonlyObject) => string>>;
}

export function customCodec({ registry, stored, views, modernise, selectable }: CustomCodecOptions): CacherCodec<ApiObject> {
  const fieldsOf = (object: ReadonlyObject): Record<string, string> => Object.fromEntries(Object.entries(selectable).map(([path, valueOf]) => [path, valueOf(object)]));
  return {
    encodeStored(object) {
      const { resourceVersion: _, ...metadata } = object.metadata;
      return encodeJson(sorted({ ...object, metadata }));
    },
    decodeStored(value, _key, revision) {
      const object = modernise(parseJson(value).value as unknown as ApiObject);
      object.metadata.resourceVersion = String(revision);
      return object;
    },
    withRevision(object, revision) {
      object.metadata.resourceVersion = String(revision);
      return object;
    },
    encode(object, version, mediaType) {
      if (mediaType === mediaTypes.metadataJson) return encodeJson(partial(object));
      if (mediaType === mediaTypes.metadataProtobuf) {
        return wrapUnknown({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' }, encodeProtobuf(registry, 'meta.v1.PartialObjectMetadata', partial(object)));
      }
      return encodeJson(sorted((views.get(version) ?? stored).read(object)));
    },
    frame,
    attributes: (object) => {
      const { namespace = '', name = '', labels = {}, ownerReferences = [] } = object.metadata;
      return { namespace, name, labels, fields: fieldsOf(object), owners: ownerReferences.map((o) => o.uid) };
    },
  };
}
