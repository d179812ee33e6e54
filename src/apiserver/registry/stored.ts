/**
 * What of an object stands in the store, in one of two forms, both without its resourceVersion.
 *
 * Our own, where the store is ours alone: a short head and the JSON of the stored version,
 *   k7s/<fingerprint of the schema>/<offset at which resourceVersion belongs>\n{"kind":…
 * A value of the present fingerprint is canonical as it is: serving it needs no decoding, only a splice.
 * Upstream's, where upstream's servers may use the same store: protobuf in its envelope, or JSON for the few groups that upstream keeps so.
 */
import { createHash } from 'node:crypto';
import { encodeJson, decode, parseJson } from '../../schema/json.ts';
import { decodeProtobufBody, encodeProtobuf, isProtobuf, unwrapUnknown, wrapUnknown } from '../../schema/protobuf.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { modernDefinition } from './definitions.ts';
import type { Schema } from './engines.ts';
import type { CatalogView } from './views.ts';

export interface StoredForm {
  encode(object: ReadonlyObject): Uint8Array;
  decode(value: Uint8Array): ApiObject;
  /** The JSON of the stored version straight from the value, where that is possible. */
  splice?(value: Uint8Array, revision: number): Buffer | undefined;
}

export interface StoredKind {
  readonly registry: Schema;
  readonly stored: CatalogView;
  /** All served versions, by package. */
  readonly views: ReadonlyMap<string, CatalogView>;
}

const emptyVersion = '"resourceVersion":"",';
/** Custom resources' own codec is not here; these are the built-in kinds of servers that upstream delegates to. */
const jsonGroups: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);

/** Changes with every change of the package's data. */
function fingerprint(registry: Schema, type: string): string {
  const { package: pkg } = registry.struct(type);
  const hash = createHash('sha256').update(JSON.stringify(pkg.types));
  return hash.digest('hex').slice(0, 12);
}

export function ownForm(kind: StoredKind): StoredForm {
  const { registry, stored } = kind;
  let mark: string | undefined;
  const head = (): string => (mark ??= `k7s/${fingerprint(registry, stored.type)}/`);
  return {
    encode(object) {
      const { before, after } = withoutVersion(object);
      return Buffer.concat([Buffer.from(`${head()}${before.length}\n`, 'latin1'), before, after]);
    },
    decode(value) {
      const bytes = bufferOf(value);
      const { fingerprinted, start } = readHead(bytes, head());
      if (!fingerprinted) return decodeForeign(kind, bytes.subarray(start));
      return parseJson(bytes.subarray(start)).value as unknown as ApiObject;
    },
    splice(value, revision) {
      const bytes = bufferOf(value);
      const { fingerprinted, start, offset } = readHead(bytes, head());
      if (!fingerprinted) return undefined;
      const stamp = Buffer.from(`"resourceVersion":"${revision}",`, 'latin1');
      return Buffer.concat([bytes.subarray(start, start + offset), stamp, bytes.subarray(start + offset)]);
    },
  };
}

export function upstreamForm(kind: StoredKind): StoredForm {
  const { registry, stored } = kind;
  return {
    encode(object) {
      if (!jsonGroups.has(stored.group)) return wrapUnknown({ apiVersion: stored.apiVersion, kind: stored.kind }, encodeProtobuf(registry, stored.type, object));
      const { before, after } = withoutVersion(object);
      return Buffer.concat([before, after, Buffer.from('\n')]);
    },
    decode: (value) => decodeForeign(kind, bufferOf(value)),
  };
}

function withoutVersion(object: ReadonlyObject): { readonly before: Buffer; readonly after: Buffer } {
  const json = encodeJson(object);
  const at = json.indexOf(emptyVersion, 0, 'latin1');
  if (at < 0) throw new Error(`${object.kind} has no place for its resourceVersion`);
  return { before: json.subarray(0, at), after: json.subarray(at + emptyVersion.length) };
}

/** What an older release or somebody else has written: in any version that is served. */
function decodeForeign(kind: StoredKind, bytes: Buffer): ApiObject {
  const { registry, stored } = kind;
  let view: CatalogView;
  let object: unknown;
  if (isProtobuf(bytes)) {
    view = viewOf(kind, unwrapUnknown(bytes));
    object = decodeProtobufBody(registry, view.type, bytes);
  } else {
    const json = modernDefinition(parseJson(bytes).value as Record<string, unknown>) as { apiVersion: string; kind: string };
    view = viewOf(kind, json);
    ({ object } = decode(registry, view.type, json));
  }
  const out = object as ApiObject;
  registry.applyDefaults(view.type, out);
  return view === stored ? out : view.write(out, undefined);
}

function viewOf({ stored, views }: StoredKind, meta: { readonly apiVersion: string; readonly kind: string }): CatalogView {
  for (const view of [stored, ...views.values()]) if (view.apiVersion === meta.apiVersion && view.kind === meta.kind) return view;
  throw new Error(`no kind "${meta.kind}" is registered for version "${meta.apiVersion}" where ${stored.apiVersion}, Kind=${stored.kind} is stored`);
}

function bufferOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function readHead(bytes: Buffer, present: string): { fingerprinted: boolean; start: number; offset: number } {
  const end = bytes.toString('latin1', 0, 4) === 'k7s/' ? bytes.indexOf(0x0a) : -1;
  if (end < 0) return { fingerprinted: false, start: 0, offset: 0 };
  const text = bytes.toString('latin1', 0, end);
  return { fingerprinted: text.startsWith(present), start: end + 1, offset: Number(text.slice(text.lastIndexOf('/') + 1)) };
}
