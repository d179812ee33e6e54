/** The ciphers of values: what stands behind the prefix in the store, byte for byte as upstream has it. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Random } from '../../base/ids.ts';
import { open, overhead, seal } from './secretbox.ts';

type Awaitable<T> = T | Promise<T>;

export interface Cipher {
  /** Names what would be written now; a value that was written under another stamp is out of date. */
  readonly stamp: string;
  /** The stamp under which a value stands, where that is not always the present one. */
  stampOf?(value: Buffer): string;
  /** `path`: the key in the store, which some ciphers authenticate. Throws when the value is none of this cipher's. */
  decipher(value: Buffer, path: string): Awaitable<Buffer>;
  encipher(plain: Uint8Array, path: string): Awaitable<Buffer>;
}

const block = 16;
const gcmNonce = 12;
const gcmTag = 16;
const tooShort = 'the stored data was shorter than the required size';

export function aesCbc(key: Buffer, random: Random): Cipher {
  const algorithm = `aes-${key.length * 8}-cbc`;
  return {
    stamp: '',
    decipher(value) {
      if (value.length < block) throw new Error(tooShort);
      if (value.length % block !== 0) throw new Error('the stored data is not a multiple of the block size');
      if (value.length === block) throw new Error('invalid PKCS7 data (empty or not padded)');
      const cipher = createDecipheriv(algorithm, key, value.subarray(0, block));
      try {
        return Buffer.concat([cipher.update(value.subarray(block)), cipher.final()]);
      } catch (error) {
        throw new Error('invalid padding on input', { cause: error });
      }
    },
    encipher(plain) {
      const iv = random.bytes(block);
      const cipher = createCipheriv(algorithm, key, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final()]);
    },
  };
}

export function aesGcm(key: Uint8Array, random: Random): Cipher {
  const algorithm = `aes-${key.length * 8}-gcm` as 'aes-256-gcm';
  return {
    stamp: '',
    decipher(value, path) {
      if (value.length < gcmNonce) throw new Error(tooShort);
      if (value.length < gcmNonce + gcmTag) throw new Error('cipher: message authentication failed');
      const cipher = createDecipheriv(algorithm, key, value.subarray(0, gcmNonce), { authTagLength: gcmTag });
      cipher.setAAD(Buffer.from(path));
      cipher.setAuthTag(value.subarray(value.length - gcmTag));
      try {
        return Buffer.concat([cipher.update(value.subarray(gcmNonce, value.length - gcmTag)), cipher.final()]);
      } catch (error) {
        throw new Error('cipher: message authentication failed', { cause: error });
      }
    },
    encipher(plain, path) {
      const nonce = random.bytes(gcmNonce);
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: gcmTag });
      cipher.setAAD(Buffer.from(path));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
  };
}

const infoSize = 32;

/** AES-GCM under a key of its own for each value, derived from the seed and 32 random bytes that stand before the value (HKDF's second half). */
export function seededGcm(seed: Uint8Array, random: Random): Cipher {
  const derived = (info: Uint8Array): Cipher => aesGcm(createHmac('sha256', seed).update(info).update(Buffer.of(1)).digest(), random);
  return {
    stamp: '',
    decipher(value, path) {
      if (value.length < infoSize) throw new Error(tooShort);
      return derived(value.subarray(0, infoSize)).decipher(value.subarray(infoSize), path);
    },
    encipher(plain, path) {
      const info = random.bytes(infoSize);
      return Buffer.concat([info, derived(info).encipher(plain, path) as Buffer]);
    },
  };
}

const boxNonce = 24;

export function secretbox(key: Buffer, random: Random): Cipher {
  return {
    stamp: '',
    decipher(value) {
      if (value.length < overhead + boxNonce) throw new Error(tooShort);
      const plain = open(value.subarray(boxNonce), value.subarray(0, boxNonce), key);
      // Upstream's words, whatever the reason.
      if (!plain) throw new Error('output array was not large enough for encryption');
      return plain;
    },
    encipher(plain) {
      const nonce = random.bytes(boxNonce);
      return Buffer.concat([nonce, seal(plain, nonce, key)]);
    },
  };
}

const reserved = Buffer.from('k8s:enc:');

export function isEnciphered(value: Uint8Array): boolean {
  return value.length >= reserved.length && reserved.equals(value.subarray(0, reserved.length));
}

export const identity: Cipher = {
  stamp: '',
  decipher(value) {
    if (isEnciphered(value)) throw new Error('identity transformer tried to read encrypted data');
    return value;
  },
  encipher: (plain) => Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength),
};
