/**
 * What of an object stands in the store, in one of two forms, both without its resourceVersion.
 *
 * Our own, where the store is ours alone: a short head and the JSON of the stored version,
 *   k7s/<fingerprint of the schema>/<offset at which resourceVersion belongs>/<end of metadata>\n{"kind":…
 * A value of the present fingerprint is canonical as it is: serving it needs no decoding, only a splice.
 * Upstream's, where upstream's servers may use the same store: protobuf in its envelope, or JSON for the few groups that upstream keeps so.
 */
import { createHash } from 'node:crypto';
import { jsonText, readOwnJson } from '../../machinery/jsontext.ts';
import { decode, parseJson } from '../../schema/json.ts';
import { decodeProtobufBody, encodeProtobuf, isProtobuf, unwrapUnknown, wrapUnknown } from '../../schema/protobuf.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { modernDefinition } from './definitions.ts';
import type { Schema } from './engines.ts';
import type { CatalogView } from './views.ts';

export interface StoredForm {
  encode(object: ReadonlyObject): Uint8Array;
  decode(value: Uint8Array): ApiObject;
  /** Where the JSON of the stored version stands in the value; undefined where it has to be decoded. */
  find?(value: Uint8Array): StoredJson | undefined;
}

export interface StoredJson {
  readonly start: number;
  /** Where resourceVersion belongs. */
  readonly at: number;
  /** After the brace that closes metadata. */
  readonly metadataEnd: number;
}

export interface StoredKind {
  readonly registry: Schema;
  readonly stored: CatalogView;
  /** All served versions, by package. */
  readonly views: ReadonlyMap<string, CatalogView>;
}

const emptyVersion = '"resourceVersion":"",';
/** Custom resources' own codec is not here; these are the built-in kinds of servers that upstream delegates to. */
/** Whose objects upstream keeps as JSON. */
export const jsonGroups: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);

/** Changes with every change of the package's data, and of the form. */
function fingerprint(registry: Schema, type: string): string {
  const { package: pkg } = registry.struct(type);
  const hash = createHash('sha256').update(`form 2 ${JSON.stringify(pkg.types)}`);
  return hash.digest('hex').slice(0, 12);
}

export function ownForm(kind: StoredKind): StoredForm {
  const { registry, stored } = kind;
  let mark: Buffer | undefined;
  const head = (): Buffer => (mark ??= Buffer.from(`k7s/${fingerprint(registry, stored.type)}/`));
  return {
    encode(object) {
      const { before, after } = withoutVersion(object);
      const end = endOfObject(after);
      const at = Buffer.byteLength(before);
      const length = Buffer.byteLength(after);
      // As many bytes as characters: no part of it needs counting.
      const metadataEnd = at + (length === after.length ? end : Buffer.byteLength(after.slice(0, end)));
      const first = `${head().toString('latin1')}${at}/${metadataEnd}\n`;
      return written(first.length + at + length, first, before, after);
    },
    decode(value) {
      const bytes = bufferOf(value);
      const found = readHead(bytes, head());
      if (!found) return decodeForeign(kind, beginsWith(bytes, ownMark) ? bytes.subarray(bytes.indexOf(0x0a) + 1) : bytes);
      return readOwnJson(bytes.toString('utf8', found.start)) as unknown as ApiObject;
    },
    find: (value) => readHead(bufferOf(value), head()),
  };
}

/** `json`: of every group, as `--storage-media-type` may say. */
export function upstreamForm(kind: StoredKind, json = false): StoredForm {
  const { registry, stored } = kind;
  return {
    encode(object) {
      if (!json && !jsonGroups.has(stored.group)) return Buffer.from(Uint8Array.from(wrapUnknown({ apiVersion: stored.apiVersion, kind: stored.kind }, encodeProtobuf(registry, stored.type, object))).buffer);
      const { before, after } = withoutVersion(object);
      return written(Buffer.byteLength(before) + Buffer.byteLength(after) + 1, before, after, '\n');
    },
    decode: (value) => decodeForeign(kind, bufferOf(value)),
  };
}

function withoutVersion(object: ReadonlyObject): { readonly before: string; readonly after: string } {
  const json = jsonText(object);
  const at = json.indexOf(emptyVersion);
  if (at < 0) throw new Error(`${object.kind} has no place for its resourceVersion`);
  return { before: json.slice(0, at), after: json.slice(at + emptyVersion.length) };
}

/** In memory of its own: in a slab of node's pool a value that lives long would keep many dead ones alive. */
function written(size: number, ...parts: readonly string[]): Buffer {
  const out = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const part of parts) at += out.write(part, at);
  return out;
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
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

const ownMark = Buffer.from('k7s/');

/** Undefined for a value that does not begin with `present`. */
function readHead(bytes: Buffer, present: Buffer): StoredJson | undefined {
  if (!beginsWith(bytes, present)) return undefined;
  let i = present.length;
  let at = 0;
  for (; bytes[i] !== 0x2f; i++) at = at * 10 + bytes[i]! - 0x30;
  let metadataEnd = 0;
  for (i++; bytes[i] !== 0x0a; i++) metadataEnd = metadataEnd * 10 + bytes[i]! - 0x30;
  const start = i + 1;
  return { start, at: start + at, metadataEnd: start + metadataEnd };
}

function beginsWith(bytes: Buffer, head: Buffer): boolean {
  for (let i = 0; i < head.length; i++) if (bytes[i] !== head[i]) return false;
  return true;
}

/** Where the object ends of which the text is in the middle; the text goes on after it. */
function endOfObject(text: string): number {
  let depth = 1;
  for (let i = 0; ; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      for (i++; text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
    } else if (c === 0x7b || c === 0x5b) depth++;
    else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i + 1;
  }
}
