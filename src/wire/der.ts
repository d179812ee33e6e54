/** ASN.1 in its distinguished encoding, as far as certificates and requests for them need it. Whatever is malformed throws. */

export const tag = {
  boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, null: 0x05, oid: 0x06, utf8: 0x0c, printable: 0x13, teletex: 0x14, ia5: 0x16,
  utcTime: 0x17, generalizedTime: 0x18, universal: 0x1c, bmp: 0x1e, sequence: 0x30, set: 0x31,
} as const;

/** A tag whose meaning its surroundings give: `[n]`. */
export function contextTag(n: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | n;
}

export function der(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) size.unshift(rest & 0xff);
  const head = length < 0x80 ? [type, length] : [type, 0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from(head), ...parts]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(tag.sequence, ...parts);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(tag.bitString, Buffer.from([unusedBits]), bytes);
}

export function text(type: number, value: string): Buffer {
  return der(type, Buffer.from(value, type === tag.utf8 ? 'utf8' : 'latin1'));
}

/** Bits by their number, the first one highest, as long as they have to be. */
export function namedBits(bits: number): Buffer {
  const bytes: number[] = [];
  for (let n = 0; bits >>> n > 0; n++) {
    if (n % 8 === 0) bytes.push(0);
    if ((bits >>> n) & 1) bytes[bytes.length - 1]! |= 0x80 >> (n % 8);
  }
  return bitString(Buffer.from(bytes), bytes.length === 0 ? 0 : bytes.length * 8 - (32 - Math.clz32(bits)));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const part of [first * 40 + second, ...others]) {
    const digits = [part % 128];
    for (let rest = Math.floor(part / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) | 0x80);
    bytes.push(...digits);
  }
  return der(tag.oid, Buffer.from(bytes));
}

/** In two digits of the year as long as they are enough. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\.\d+|[-:T]/g, '')}`;
  const short = date.getUTCFullYear() >= 1950 && date.getUTCFullYear() < 2050;
  return text(short ? tag.utcTime : tag.generalizedTime, short ? digits.slice(2) : digits);
}

export interface Element {
  readonly type: number;
  /** With its head. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

function malformed(): never {
  throw new Error('asn1: syntax error: data is malformed');
}

/** The elements that stand one behind the other. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const type = bytes[at]!;
    let length = bytes[at + 1] ?? malformed();
    let start = at + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 4 || start + size > bytes.length) malformed();
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    // Tags of more than one byte occur nowhere in what we read.
    if ((type & 0x1f) === 0x1f || start + length > bytes.length) malformed();
    found.push({ type, whole: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

/** What is in an element of this type. */
export function inside(element: Element | undefined, type: number = tag.sequence): Element[] {
  return elements(contentOf(element, type));
}

export function contentOf(element: Element | undefined, type: number): Buffer {
  return element?.type === type ? element.content : malformed();
}

export function readOid(element: Element | undefined): string {
  const parts: number[] = [];
  let part = 0;
  for (const byte of contentOf(element, tag.oid)) {
    part = part * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (parts.length === 0) parts.push(Math.min(2, Math.floor(part / 40)), part - Math.min(2, Math.floor(part / 40)) * 40);
    else parts.push(part);
    part = 0;
  }
  return parts.join('.');
}

/** Of whole bytes. */
export function readBits(element: Element | undefined): Buffer {
  const content = contentOf(element, tag.bitString);
  return content[0] === 0 ? content.subarray(1) : malformed();
}

export function readText({ type, content }: Element): string {
  if (type === tag.bmp) return Buffer.from(content.subarray(0, content.length & ~1)).swap16().toString('utf16le');
  return content.toString(type === tag.utf8 ? 'utf8' : 'latin1');
}

export function pem(label: string, bytes: Buffer): string {
  return `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}

/** The bytes of the first block, which must have this label. */
export function readPem(label: string, source: string): Buffer {
  const block = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n(?:[^\n]*:[^\n]*\n)*([A-Za-z0-9+/=\s]*)-----END \1-----/.exec(source);
  if (block?.[1] !== label) throw new Error(`PEM block type must be ${label}`);
  return Buffer.from(block[2]!, 'base64');
}

/** The only element. */
export function one(bytes: Buffer): Element {
  const found = elements(bytes);
  return found.length === 1 ? found[0]! : malformed();
}
