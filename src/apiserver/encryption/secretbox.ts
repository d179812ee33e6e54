/**
 * XSalsa20 and Poly1305 as NaCl's secretbox puts them together (https://nacl.cr.yp.to/secretbox.html); node:crypto has neither.
 * Words are 32 bits, little-endian; Poly1305 counts in limbs of 13 bits, whose products fit into a double.
 */
import { timingSafeEqual } from 'node:crypto';

/** Bytes that sealing adds: the authenticator. */
export const overhead = 16;

const keySize = 32;
const blockSize = 64;
const sigma = wordsOf(Buffer.from('expand 32-byte k'));

function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getUint32(i * 4, true));
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** Twenty rounds in place: columns and rows by turns. */
function rounds(x: Uint32Array): void {
  const quarter = (a: number, b: number, c: number, d: number): void => {
    x[b]! ^= rotate((x[a]! + x[d]!) | 0, 7);
    x[c]! ^= rotate((x[b]! + x[a]!) | 0, 9);
    x[d]! ^= rotate((x[c]! + x[b]!) | 0, 13);
    x[a]! ^= rotate((x[d]! + x[c]!) | 0, 18);
  };
  for (let i = 0; i < 10; i++) {
    quarter(0, 4, 8, 12);
    quarter(5, 9, 13, 1);
    quarter(10, 14, 2, 6);
    quarter(15, 3, 7, 11);
    quarter(0, 1, 2, 3);
    quarter(5, 6, 7, 4);
    quarter(10, 11, 8, 9);
    quarter(15, 12, 13, 14);
  }
}

function stateOf(key: Uint32Array, input: Uint32Array): Uint32Array {
  const x = new Uint32Array(16);
  x.set([sigma[0]!, key[0]!, key[1]!, key[2]!, key[3]!, sigma[1]!, input[0]!, input[1]!, input[2]!, input[3]!, sigma[2]!, key[4]!, key[5]!, key[6]!, key[7]!, sigma[3]!]);
  return x;
}

/** HSalsa20: a key of its own for the first 16 bytes of the nonce. */
function subkey(key: Uint8Array, nonce: Uint8Array): Uint32Array {
  const x = stateOf(wordsOf(key), wordsOf(nonce));
  rounds(x);
  return Uint32Array.of(x[0]!, x[5]!, x[10]!, x[15]!, x[6]!, x[7]!, x[8]!, x[9]!);
}

/** So many bytes of XSalsa20's stream, from its start. */
function stream(key: Uint8Array, nonce: Uint8Array, length: number): Buffer {
  const short = subkey(key, nonce.subarray(0, 16));
  const tail = wordsOf(nonce.subarray(16, 24));
  const out = Buffer.alloc(Math.ceil(length / blockSize) * blockSize);
  for (let at = 0, counter = 0; at < length; at += blockSize, counter++) {
    const start = stateOf(short, Uint32Array.of(tail[0]!, tail[1]!, counter, Math.floor(counter / 2 ** 32)));
    const x = start.slice();
    rounds(x);
    for (let i = 0; i < 16; i++) out.writeUInt32LE((x[i]! + start[i]!) >>> 0, at + i * 4);
  }
  return out.subarray(0, length);
}

const limbs = 10;
const limbBits = 13;
const limbMask = 0x1fff;

/** Up to 16 bytes, with `high` as the one after them, as limbs. */
function limbsOf(bytes: Uint8Array, high: number): Float64Array {
  const byte = (at: number): number => (at < bytes.length ? bytes[at]! : at === bytes.length ? high : 0);
  return Float64Array.from({ length: limbs }, (_, i) => {
    const at = (i * limbBits) >>> 3;
    return ((byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16)) >>> ((i * limbBits) & 7)) & limbMask;
  });
}

/** h := h * r modulo 2^130 - 5. */
function multiply(h: Float64Array, r: Float64Array): void {
  const product = new Float64Array(limbs);
  for (let i = 0; i < limbs; i++) {
    let sum = 0;
    for (let j = 0; j < limbs; j++) sum += h[j]! * (j <= i ? r[i - j]! : 5 * r[i + limbs - j]!);
    product[i] = sum;
  }
  carry(product);
  h.set(product);
}

function carry(h: Float64Array): void {
  for (let turn = 0; turn < 2; turn++) {
    let over = 0;
    for (let i = 0; i < limbs; i++) {
      const value = h[i]! + over;
      over = Math.floor(value / (limbMask + 1));
      h[i] = value - over * (limbMask + 1);
    }
    h[0]! += over * 5;
  }
}

function poly1305(message: Uint8Array, key: Uint8Array): Buffer {
  const clamped = Uint8Array.from(key.subarray(0, 16), (byte, i) => (i % 4 === 3 ? byte & 15 : i > 0 && i % 4 === 0 ? byte & 252 : byte));
  const r = limbsOf(clamped, 0);
  const h = new Float64Array(limbs);
  for (let at = 0; at < message.length; at += 16) {
    const part = limbsOf(message.subarray(at, at + 16), 1);
    for (let i = 0; i < limbs; i++) h[i]! += part[i]!;
    multiply(h, r);
  }
  carry(h);
  let value = 0n;
  for (let i = limbs - 1; i >= 0; i--) value = (value << BigInt(limbBits)) + BigInt(h[i]!);
  value %= (1n << 130n) - 5n;
  const view = Buffer.from(key.subarray(16, 32));
  value = (value + view.readBigUInt64LE(0) + (view.readBigUInt64LE(8) << 64n)) & ((1n << 128n) - 1n);
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(value & 0xffff_ffff_ffff_ffffn, 0);
  out.writeBigUInt64LE(value >> 64n, 8);
  return out;
}

function mixed(text: Uint8Array, pad: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text[i]! ^ pad[i]!;
  return out;
}

/** The authenticator, then the ciphertext. */
export function seal(plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer {
  const pad = stream(key, nonce, keySize + plain.length);
  const text = mixed(plain, pad.subarray(keySize));
  return Buffer.concat([poly1305(text, pad.subarray(0, keySize)), text]);
}

/** Undefined when the authenticator does not fit. */
export function open(sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer | undefined {
  const text = sealed.subarray(overhead);
  const pad = stream(key, nonce, keySize + text.length);
  if (!timingSafeEqual(poly1305(text, pad.subarray(0, keySize)), sealed.subarray(0, overhead))) return undefined;
  return mixed(text, pad.subarray(keySize));
}
