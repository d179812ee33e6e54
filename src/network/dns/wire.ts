/** DNS messages (RFC 1035, EDNS of RFC 6891): reading questions, writing answers with compressed names. */
import { isIPv4 } from 'node:net';

export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41 } as const;
export const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

export type Code = keyof typeof codes;

/** Names are without the final dot. */
export type Record = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'NS' | 'PTR'; readonly target: string }
  | { readonly type: 'TXT'; readonly text: string }
  | { readonly type: 'SRV'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: 'SOA'; readonly primary: string; readonly mailbox: string; readonly serial: number; readonly minimum: number }
);

export interface Query {
  readonly bytes: Buffer;
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** As the client wrote it; its case is given back. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question section ends. */
  readonly questionEnd: number;
  /** What the client can take in one datagram, when it says so. */
  readonly edns?: { readonly size: number; readonly dnssec: boolean };
}

export interface Reply {
  readonly code: Code;
  readonly authoritative: boolean;
  readonly answers: readonly Record[];
  readonly authorities?: readonly Record[];
  readonly additionals?: readonly Record[];
  /** There is more than can be said in one datagram. */
  readonly truncated?: boolean;
}

const headerSize = 12;
const flags = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100, recursionAvailable: 0x0080 };

/** Throws RangeError for what is no query. */
export function parseQuery(bytes: Buffer): Query {
  if (bytes.length < headerSize) throw new RangeError('short message');
  const bits = bytes.readUInt16BE(2);
  if (bits & flags.response || bytes.readUInt16BE(4) !== 1) throw new RangeError('not one question');
  const { name, end } = readName(bytes, headerSize);
  const type = bytes.readUInt16BE(end);
  const class_ = bytes.readUInt16BE(end + 2);
  const edns = findEdns(bytes, end + 4);
  return {
    bytes, name, type, class: class_, questionEnd: end + 4,
    id: bytes.readUInt16BE(0), opcode: (bits >> 11) & 15, recursionDesired: (bits & flags.recursionDesired) !== 0,
    ...(edns ? { edns } : {}),
  };
}

function readName(bytes: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = 0; ; ) {
    const size = bytes.readUInt8(at);
    if (size > 63) throw new RangeError('compressed name in a question');
    if (size === 0) return { name: labels.join('.'), end: at + 1 };
    if (at + 1 + size > bytes.length || (length += size + 1) > 254) throw new RangeError('name too long');
    const label = bytes.toString('latin1', at + 1, at + 1 + size);
    if (label.includes('.')) throw new RangeError('a dot within a label');
    labels.push(label);
    at += size + 1;
  }
}

function findEdns(bytes: Buffer, start: number): { size: number; dnssec: boolean } | undefined {
  for (const record of resourceRecords(bytes, start)) {
    if (record.type === types.OPT) return { size: Math.max(512, bytes.readUInt16BE(record.at + 2)), dnssec: (bytes.readUInt16BE(record.at + 6) & 0x8000) !== 0 };
  }
  return undefined;
}

/** The records after the question: `at` is where the type stands, after the name. */
function* resourceRecords(bytes: Buffer, start: number): Generator<{ type: number; at: number }> {
  const count = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  let at = start;
  for (let i = 0; i < count; i++) {
    for (let size = bytes.readUInt8(at); size !== 0; size = bytes.readUInt8(at)) {
      if (size >= 0xc0) {
        at++;
        break;
      }
      at += size + 1;
    }
    at++;
    yield { type: bytes.readUInt16BE(at), at };
    at += 10 + bytes.readUInt16BE(at + 8);
  }
}

/** Where in a message the times to live stand, so that a cache can count them down. Throws RangeError for a broken message. */
export function ttlOffsets(bytes: Buffer): number[] {
  const { end } = readName(bytes, headerSize);
  return [...resourceRecords(bytes, end + 4)].filter((record) => record.type !== types.OPT).map((record) => record.at + 4);
}

export function codeOf(bytes: Buffer): number {
  return bytes.readUInt16BE(2) & 15;
}

export function isTruncated(bytes: Buffer): boolean {
  return (bytes.readUInt16BE(2) & flags.truncated) !== 0;
}

/** At most `limit` bytes: what does not fit is left out, and the client is told to ask again over TCP. */
export function encodeReply(query: Query, reply: Reply, limit: number): Buffer {
  const writer = new Writer(query, limit - (query.edns ? 11 : 0));
  const fits = writer.section('answers', reply.answers) && writer.section('authorities', reply.authorities ?? []);
  // Additional records are a courtesy: without them the answer is still whole.
  if (fits) writer.section('additionals', reply.additionals ?? []);
  const bits = (reply.authoritative ? flags.authoritative : 0) | (fits && !reply.truncated ? 0 : flags.truncated) | codes[reply.code];
  return writer.finish(bits);
}

/** An upstream server's answer as the client must see it: its own id and spelling, and within its limit. */
export function adaptReply(query: Query, message: Buffer, limit: number): Buffer {
  if (message.length > limit) return encodeReply(query, { code: 'NOERROR', authoritative: false, answers: [], truncated: true }, limit);
  const out = Buffer.from(message);
  out.writeUInt16BE(query.id, 0);
  query.bytes.copy(out, headerSize, headerSize, query.questionEnd);
  return out;
}

class Writer {
  readonly #query: Query;
  readonly #limit: number;
  readonly #names = new Map<string, number>();
  readonly #counts = { answers: 0, authorities: 0, additionals: 0 };
  #bytes = Buffer.alloc(1024);
  #size: number;

  constructor(query: Query, limit: number) {
    this.#query = query;
    this.#limit = limit;
    this.#size = query.questionEnd;
    query.bytes.copy(this.#bytes, 0, 0, query.questionEnd);
    this.#remember(query.name.toLowerCase().split('.'), headerSize);
  }

  /** False when not all records fit; those that do are kept. */
  section(section: 'answers' | 'authorities' | 'additionals', records: readonly Record[]): boolean {
    for (const record of records) {
      const before = this.#size;
      this.#record(record);
      if (this.#size > this.#limit) {
        this.#size = before;
        return false;
      }
      this.#counts[section]++;
    }
    return true;
  }

  finish(bits: number): Buffer {
    const { edns, opcode, recursionDesired } = this.#query;
    if (edns) this.#put(Buffer.from([0, 0, types.OPT, 4, 208, 0, 0, edns.dnssec ? 0x80 : 0, 0, 0, 0]));
    const out = this.#bytes.subarray(0, this.#size);
    out.writeUInt16BE(flags.response | flags.recursionAvailable | (opcode << 11) | (recursionDesired ? flags.recursionDesired : 0) | bits, 2);
    out.writeUInt16BE(1, 4);
    out.writeUInt16BE(this.#counts.answers, 6);
    out.writeUInt16BE(this.#counts.authorities, 8);
    out.writeUInt16BE(this.#counts.additionals + (edns ? 1 : 0), 10);
    return Buffer.from(out);
  }

  #record(record: Record): void {
    this.#name(record.name, true);
    const head = Buffer.alloc(10);
    head.writeUInt16BE(types[record.type], 0);
    head.writeUInt16BE(1, 2);
    head.writeUInt32BE(record.ttl, 4);
    const start = this.#put(head);
    this.#data(record);
    this.#bytes.writeUInt16BE(this.#size - start - 10, start + 8);
  }

  #data(record: Record): void {
    switch (record.type) {
      case 'A':
      case 'AAAA':
        return void this.#put(addressBytes(record.address));
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return this.#name(record.target, true);
      case 'TXT':
        return void this.#put(Buffer.concat([Buffer.from([Buffer.byteLength(record.text)]), Buffer.from(record.text)]));
      case 'SRV': {
        const head = Buffer.alloc(6);
        [record.priority, record.weight, record.port].forEach((value, i) => head.writeUInt16BE(value, i * 2));
        this.#put(head);
        // Targets of SRV must not be compressed (RFC 2782).
        return this.#name(record.target, false);
      }
      case 'SOA': {
        this.#name(record.primary, true);
        this.#name(record.mailbox, true);
        const tail = Buffer.alloc(20);
        [record.serial, 7200, 1800, 86400, record.minimum].forEach((value, i) => tail.writeUInt32BE(value >>> 0, i * 4));
        this.#put(tail);
      }
    }
  }

  #name(name: string, compress: boolean): void {
    const labels = name === '' ? [] : name.split('.');
    for (let i = 0; i < labels.length; i++) {
      const known = this.#names.get(labels.slice(i).join('.').toLowerCase());
      if (compress && known !== undefined) return void this.#put(Buffer.from([0xc0 | (known >> 8), known & 0xff]));
      if (known === undefined) this.#remember(labels.slice(i), this.#size, 1);
      const label = Buffer.from(labels[i]!, 'latin1');
      this.#put(Buffer.concat([Buffer.from([label.length]), label]));
    }
    this.#put(Buffer.from([0]));
  }

  /** Later names may point to this one, and to each of its ends. */
  #remember(labels: readonly string[], start: number, count = labels.length): void {
    let at = start;
    for (let i = 0; i < count; i++) {
      const suffix = labels.slice(i).join('.').toLowerCase();
      if (suffix !== '' && at < 0x4000 && !this.#names.has(suffix)) this.#names.set(suffix, at);
      at += labels[i]!.length + 1;
    }
  }

  #put(part: Buffer): number {
    const start = this.#size;
    if (start + part.length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length + part.length)]);
    part.copy(this.#bytes, start);
    this.#size += part.length;
    return start;
  }
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const groups = expandIPv6(address);
  const out = Buffer.alloc(16);
  groups.forEach((group, i) => out.writeUInt16BE(group, i * 2));
  return out;
}

/** The eight numbers of an IPv6 address. */
export function expandIPv6(address: string): number[] {
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = embedded ? `${embedded[1]}${((Number(embedded[2]) << 8) | Number(embedded[3])).toString(16)}:${((Number(embedded[4]) << 8) | Number(embedded[5])).toString(16)}` : address;
  const [head = '', tail] = text.split('::');
  const parse = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [parse(head), parse(tail ?? '')];
  return [...first, ...Array<number>(tail === undefined ? 0 : 8 - first.length - last.length).fill(0), ...last];
}
