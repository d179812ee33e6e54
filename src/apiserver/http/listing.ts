/**
 * Lists as they go over the wire, made piece by piece: none is ever whole in memory, and others get their turn in between.
 * Most pieces are copied from what is stored, without decoding.
 */
import type { JsonObject } from '../../machinery/json.ts';
import { jsonText } from '../../machinery/jsontext.ts';
import { encodeProtobuf, unknownAround } from '../../schema/protobuf.ts';
import type { Registry } from '../../schema/registry.ts';
import { rowText, tableHead, type TableOptions } from '../../schema/table.ts';
import type { KindRules } from '../../schema/vocabulary.ts';
import { spliceLength, writeSplice, type Splice } from '../cacher/cacher.ts';
import type { Stored } from '../objects.ts';
import { mediaTypes, partial } from '../registry/codec.ts';
import type { View } from '../registry/views.ts';

/** Yields `undefined` where nothing is ready yet but much has been done. A piece is good until the next one is asked for. */
export type Pieces = Generator<Buffer | undefined, void, void>;

/** So much that OpenSSL's records of it go to the socket in one turn: node gives it ten buffers of 16 KiB at a time. */
const pieceBytes = 156 * 1024;
/** So many objects are encoded in one go where each of them may have to be decoded first. */
const encodedAtOnce = 32;

/** Gathers small parts in one buffer; `room` hands out what is full, which stays as it is until something is added. */
class Gathering {
  #buffer: Buffer;
  #at = 0;

  constructor(size = pieceBytes) {
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for this many bytes; a piece that had to make way is the caller's. */
  room(length: number): Buffer | undefined {
    if (this.#at + length <= this.#buffer.length) return undefined;
    const full = this.take();
    if (length > this.#buffer.length || this.#buffer.length < pieceBytes) this.#buffer = Buffer.allocUnsafeSlow(Math.max(pieceBytes, length));
    return full;
  }

  take(): Buffer {
    const full = this.#buffer.subarray(0, this.#at);
    this.#at = 0;
    return full;
  }

  /** At most three bytes a character; most texts are short and in ASCII. */
  text(text: string): void {
    const buffer = this.#buffer;
    let at = this.#at;
    if (text.length > 256) at += buffer.write(text, at, 'utf8');
    else {
      for (let i = 0; i < text.length; i++) {
        const c = text.charCodeAt(i);
        if (c > 0x7f) {
          at = this.#at + buffer.write(text, this.#at, 'utf8');
          break;
        }
        buffer[at++] = c;
      }
    }
    this.#at = at;
  }

  bytes(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#buffer[this.#at++] = (rest & 0x7f) | 0x80;
    this.#buffer[this.#at++] = rest;
  }

  splice(splice: Splice, skip = 0): void {
    this.#at = writeSplice(splice, this.#buffer, this.#at, skip);
  }
}

/** Small lists need no large buffer. */
function gathering(items: readonly Stored[]): Gathering {
  return new Gathering(items.length > 64 ? pieceBytes : 4096);
}

export interface ListType {
  readonly kind: string;
  readonly listKind: string;
  readonly apiVersion: string;
}

/** Items of typed lists do not repeat kind and apiVersion: that part of their bytes is skipped. Custom resources repeat them. */
export function* jsonList(type: ListType, view: View, items: readonly Stored[], metadata: JsonObject, metadataOnly: boolean): Pieces {
  const { kind, listKind, apiVersion } = type;
  const skip = view.model && !metadataOnly ? 1 : Buffer.byteLength(`{"kind":"${kind}","apiVersion":"${apiVersion}",`);
  const mediaType = metadataOnly ? mediaTypes.metadataJson : mediaTypes.json;
  const out = gathering(items);
  const head = Buffer.from(`{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`);
  out.room(head.length);
  out.bytes(head);
  let first = true;
  let encoded = 0;
  for (const item of items) {
    const splice = item.splice(view.version, mediaType);
    const bytes = splice ? undefined : item.encoding(view.version, mediaType);
    const full = out.room((splice ? spliceLength(splice) : bytes!.length) + 2);
    if (full) yield full;
    else if (bytes && ++encoded % encodedAtOnce === 0) yield undefined;
    out.text(first ? '{' : ',{');
    first = false;
    if (splice) out.splice(splice, skip);
    else out.bytes(bytes!.subarray(skip));
  }
  const full = out.room(3);
  if (full) yield full;
  out.text(']}\n');
  yield out.take();
}

/** The envelope says how long the list is, so that every message has to be there before the first byte can go. */
export function* protobufList(registry: Registry, view: View, items: readonly Stored[], metadata: JsonObject, metadataOnly: boolean): Pieces {
  const messages: Uint8Array[] = [];
  let length = 0;
  for (const item of items) {
    if (messages.length % encodedAtOnce === encodedAtOnce - 1) yield undefined;
    const message = metadataOnly ? metadataMessage(registry, item) : item.encoding(view.version, mediaTypes.message);
    messages.push(message);
    length += 1 + varintLength(message.length) + message.length;
  }
  const listType = metadataOnly ? 'meta.v1.PartialObjectMetadataList' : `${view.type}List`;
  const meta = encodeProtobuf(registry, listType, { metadata, items: [] });
  const type = { apiVersion: metadataOnly ? 'meta.k8s.io/v1' : view.apiVersion, kind: metadataOnly ? 'PartialObjectMetadataList' : `${view.kind}List` };
  const { head, tail } = unknownAround(type, meta.length + length);
  const out = gathering(items);
  for (const bytes of [head, meta]) {
    out.room(bytes.length);
    out.bytes(bytes);
  }
  for (const message of messages) {
    const full = out.room(message.length + 6);
    if (full) yield full;
    out.varint(itemTag);
    out.varint(message.length);
    out.bytes(message);
  }
  const full = out.room(tail.length);
  if (full) yield full;
  out.bytes(tail);
  yield out.take();
}

function metadataMessage(registry: Registry, item: Stored): Uint8Array {
  return item.derived('metadata message', '', (object) => {
    const made = Uint8Array.from(encodeProtobuf(registry, 'meta.v1.PartialObjectMetadata', partial(object)));
    return { made, weight: made.length };
  });
}

/** Field 2, length-delimited. */
const itemTag = 0x12;

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) length++;
  return length;
}

const rowStart = ',{"cells":[';
const rowObject = ',"object":';

/** A table in JSON of objects in their stored version. */
export function* jsonTable(rules: KindRules, view: View, items: readonly Stored[], options: TableOptions): Pieces {
  const include = options.includeObject ?? 'Metadata';
  const apiVersion = `meta.k8s.io/${options.version ?? 'v1'}`;
  const out = gathering(items);
  const head = Buffer.from(tableHead(rules, options));
  out.room(head.length);
  out.bytes(head);
  let first = true;
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    const row = item.derived('row', view.version, (object) => {
      const made = rowText(rules, object);
      return { made, weight: made.weight };
    });
    const cells = row.texts(options.now, item);
    const splice = include === 'None' || (include === 'Metadata' && apiVersion !== 'meta.k8s.io/v1') ? undefined : item.splice(view.version, include === 'Object' ? mediaTypes.json : mediaTypes.metadataJson);
    const bytes = splice ? undefined : objectOfRow(view, item, include, apiVersion);
    let length = rowStart.length + rowObject.length + 1;
    for (let c = 0; c < cells.length; c++) length += cells[c]!.length * 3;
    const full = out.room(length + (splice ? spliceLength(splice) : bytes!.length));
    if (full) yield full;
    else if (i % encodedAtOnce === encodedAtOnce - 1) yield undefined;
    out.text(first ? rowStart.slice(1) : rowStart);
    first = false;
    for (let c = 0; c < cells.length; c++) out.text(cells[c]!);
    out.text(rowObject);
    if (splice) out.splice(splice);
    else out.bytes(bytes!);
    out.text('}');
  }
  const full = out.room(2);
  if (full) yield full;
  out.text(']}');
  yield out.take();
}

function objectOfRow(view: View, item: Stored, include: 'Metadata' | 'Object' | 'None', apiVersion: string): Buffer {
  if (include === 'None') return Buffer.from('null');
  if (include === 'Object') return item.encoding(view.version, mediaTypes.json);
  return Buffer.from(jsonText({ kind: 'PartialObjectMetadata', apiVersion, metadata: item.glance().metadata }));
}

const space = 0x20, newline = 0x0a, quote = 0x22, backslash = 0x5c;

/** The same JSON for people: two spaces for each level. */
export function* prettyJson(pieces: Iterable<Buffer | undefined>): Pieces {
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** A bracket was opened and nothing has come in it. */
  let empty = false;
  for (const piece of pieces) {
    if (!piece) {
      yield undefined;
      continue;
    }
    // Slices keep what one of them makes, and how long it takes, bounded.
    for (let from = 0; from < piece.length; from += pieceBytes / 4) {
      const slice = piece.subarray(from, from + pieceBytes / 4);
      const out: number[] = [];
      const line = (): void => {
        out.push(newline);
        for (let i = 0; i < depth * 2; i++) out.push(space);
      };
      for (const c of slice) {
        if (inString) {
          out.push(c);
          if (escaped) escaped = false;
          else if (c === backslash) escaped = true;
          else if (c === quote) inString = false;
          continue;
        }
        if (c === newline) continue;
        const closes = c === 0x7d || c === 0x5d;
        if (empty && !closes) line();
        if (closes) {
          depth--;
          if (!empty) line();
        }
        empty = false;
        out.push(c);
        if (c === quote) inString = true;
        else if (c === 0x2c) line();
        else if (c === 0x3a) out.push(space);
        else if (c === 0x7b || c === 0x5b) {
          depth++;
          empty = true;
        }
      }
      yield Buffer.from(out);
    }
  }
}
