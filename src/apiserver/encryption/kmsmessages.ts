/** The messages of a KMS plugin (v2) and of the envelope that stands in the store. Fields are written from the last to the first. */
import { ProtobufWriter, readFields, WireType, type ProtobufReader } from '../../wire/protobuf.ts';

export type Annotations = ReadonlyMap<string, Buffer>;

/** How the plain form of `encryptedDek` is used: as the key itself, or as the seed of keys. */
export const dekTypes = { key: 0, seed: 1 } as const;

export interface Envelope {
  readonly data: Buffer;
  readonly keyId: string;
  readonly encryptedDek: Buffer;
  readonly annotations: Annotations;
  readonly dekType: number;
}

function bytesField(writer: ProtobufWriter, field: number, value: Uint8Array): void {
  if (value.length === 0) return;
  writer.bytes(value);
  writer.tag(field, WireType.bytes);
}

function textField(writer: ProtobufWriter, field: number, value: string): void {
  if (value === '') return;
  writer.string(value);
  writer.tag(field, WireType.bytes);
}

function annotationsField(writer: ProtobufWriter, field: number, annotations: Annotations): void {
  for (const [key, value] of [...annotations].reverse()) {
    const mark = writer.mark;
    writer.bytes(value);
    writer.tag(2, WireType.bytes);
    writer.string(key);
    writer.tag(1, WireType.bytes);
    writer.uint32(writer.mark - mark);
    writer.tag(field, WireType.bytes);
  }
}

function message(write: (writer: ProtobufWriter) => void): Buffer {
  const writer = new ProtobufWriter(512);
  write(writer);
  return writer.finish();
}

function readAnnotation(reader: ProtobufReader, into: Map<string, Buffer>): void {
  let key = '';
  let value: Buffer = Buffer.alloc(0);
  readFields(reader.bytes(), { 1: (r) => (key = r.string()), 2: (r) => (value = Buffer.from(r.bytes())) });
  into.set(key, value);
}

export function encodeEnvelope({ data, keyId, encryptedDek, annotations, dekType }: Envelope): Buffer {
  return message((writer) => {
    if (dekType !== 0) {
      writer.uint32(dekType);
      writer.tag(5, WireType.varint);
    }
    annotationsField(writer, 4, annotations);
    bytesField(writer, 3, encryptedDek);
    textField(writer, 2, keyId);
    bytesField(writer, 1, data);
  });
}

export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const annotations = new Map<string, Buffer>();
  const out: { -readonly [K in keyof Envelope]: Envelope[K] } = { data: Buffer.alloc(0), keyId: '', encryptedDek: Buffer.alloc(0), annotations, dekType: 0 };
  readFields(bytes, {
    1: (r) => (out.data = r.bytes()), 2: (r) => (out.keyId = r.string()), 3: (r) => (out.encryptedDek = r.bytes()), 4: (r) => readAnnotation(r, annotations), 5: (r) => (out.dekType = r.uint32()),
  });
  return out;
}

export interface StatusAnswer {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

export function decodeStatus(bytes: Uint8Array): StatusAnswer {
  const out = { version: '', healthz: '', keyId: '' };
  readFields(bytes, { 1: (r) => (out.version = r.string()), 2: (r) => (out.healthz = r.string()), 3: (r) => (out.keyId = r.string()) });
  return out;
}

export interface EncryptAnswer {
  readonly ciphertext: Buffer;
  readonly keyId: string;
  readonly annotations: Annotations;
}

export function decodeEncrypted(bytes: Uint8Array): EncryptAnswer {
  const annotations = new Map<string, Buffer>();
  const out: { -readonly [K in keyof EncryptAnswer]: EncryptAnswer[K] } = { ciphertext: Buffer.alloc(0), keyId: '', annotations };
  readFields(bytes, { 1: (r) => (out.ciphertext = Buffer.from(r.bytes())), 2: (r) => (out.keyId = r.string()), 3: (r) => readAnnotation(r, annotations) });
  return out;
}

export function decodeDecrypted(bytes: Uint8Array): Buffer {
  let plain: Buffer = Buffer.alloc(0);
  readFields(bytes, { 1: (r) => (plain = Buffer.from(r.bytes())) });
  return plain;
}

export function encodeEncrypt(plain: Uint8Array, uid: string): Buffer {
  return message((writer) => {
    textField(writer, 2, uid);
    bytesField(writer, 1, plain);
  });
}

export function encodeDecrypt({ encryptedDek, keyId, annotations }: Envelope, uid: string): Buffer {
  return message((writer) => {
    annotationsField(writer, 4, annotations);
    textField(writer, 3, keyId);
    textField(writer, 2, uid);
    bytesField(writer, 1, encryptedDek);
  });
}
