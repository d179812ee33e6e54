/** Which cipher a value of a resource is written with, and which may read it: what a configuration comes to. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { EncryptionConfiguration, Keys, ProviderConfiguration } from '../files/encryption.ts';
import type { Random } from '../../base/ids.ts';
import { ConfigurationError } from '../files/load.ts';
import { aesCbc, aesGcm, identity, secretbox, type Cipher } from './ciphers.ts';
import { everything, keyBytes, kmsDefaults, parseGroupResource, type GroupResource } from './config.ts';

/** One provider of a resource's list: its prefix, and its keys by theirs. */
interface Provider {
  readonly prefix: Buffer;
  readonly keys: readonly { readonly prefix: Buffer; readonly cipher: Cipher }[];
  /** What is said when none of the keys has the value's prefix. */
  readonly unknownKey: string;
}

export interface Kms {
  readonly cipher: Cipher;
  /** Throws (or rejects) when the plugin does not work. */
  check(): Promise<void>;
  close(): void;
}

export type ConnectKms = (options: { readonly name: string; readonly endpoint: string; readonly timeoutMs: number }) => Promise<Kms>;

/** What is done with the values of one resource. */
export class ValueCipher {
  readonly #providers: readonly Provider[];

  constructor(providers: readonly Provider[]) {
    this.#providers = providers;
  }

  get stamp(): string {
    const { prefix, keys } = this.#providers[0]!;
    return `${prefix.toString('latin1')}${keys[0]!.prefix.toString('latin1')}${keys[0]!.cipher.stamp}`;
  }

  encipher(plain: Uint8Array, path: string): Buffer | Promise<Buffer> {
    const { prefix, keys } = this.#providers[0]!;
    const written = keys[0]!.cipher.encipher(plain, path);
    const headed = (value: Buffer): Buffer => (prefix.length === 0 ? value : Buffer.concat([prefix, keys[0]!.prefix, value]));
    return written instanceof Promise ? written.then(headed) : headed(written);
  }

  /** The plain value and the stamp under which it stood. Every key whose prefix fits is tried, because names may be used twice. */
  async decipher(value: Buffer, path: string): Promise<{ plain: Buffer; stamp: string }> {
    const errors = new Set<string>();
    for (const { prefix, keys, unknownKey } of this.#providers) {
      if (!startsWith(value, prefix)) continue;
      const rest = value.subarray(prefix.length);
      const fitting = keys.filter((key) => startsWith(rest, key.prefix));
      if (fitting.length === 0) errors.add(unknownKey);
      for (const key of fitting) {
        try {
          const bare = rest.subarray(key.prefix.length);
          const plain = await key.cipher.decipher(bare, path);
          return { plain, stamp: `${prefix.toString('latin1')}${key.prefix.toString('latin1')}${key.cipher.stampOf?.(bare) ?? key.cipher.stamp}` };
        } catch (error) {
          // Identity only says that the value is somebody else's.
          if (prefix.length > 0) errors.add((error as Error).message);
        }
      }
    }
    if (errors.size === 0) throw new Error('no matching prefix found');
    throw new Error(errors.size === 1 ? [...errors][0] : `[${[...errors].join(', ')}]`);
  }
}

function startsWith(value: Buffer, prefix: Buffer): boolean {
  return prefix.length === 0 || (value.length >= prefix.length && value.subarray(0, prefix.length).equals(prefix));
}

const none = Buffer.alloc(0);
const identityProvider: Provider = { prefix: none, keys: [{ prefix: none, cipher: identity }], unknownKey: '' };

/** Values of resources that no rule names stay as they are; those that are enciphered cannot be read. */
const plainCipher: Pick<ValueCipher, 'stamp' | 'encipher' | 'decipher'> = {
  stamp: '',
  encipher: (plain) => identity.encipher(plain, '') as Buffer,
  decipher: async (value) => ({ plain: identity.decipher(value, '') as Buffer, stamp: '' }),
};

export class Keyring {
  readonly #byResource: ReadonlyMap<string, ValueCipher>;
  readonly kms: readonly (Kms & { readonly name: string })[];

  private constructor(byResource: ReadonlyMap<string, ValueCipher>, kms: readonly (Kms & { readonly name: string })[]) {
    this.#byResource = byResource;
    this.kms = kms;
  }

  /** The configuration has been validated. */
  static async of(config: DeepReadonly<EncryptionConfiguration>, random: Random, connect: ConnectKms): Promise<Keyring> {
    const lists = new Map<string, Provider[]>();
    const kms: (Kms & { name: string })[] = [];
    try {
      for (const { resources = [], providers = [] } of config.resources ?? []) {
        const made: Provider[] = [];
        for (const provider of providers) made.push(await providerOf(provider, random, connect, kms));
        for (const text of resources) {
          const one = parseGroupResource(text);
          for (const mask of [{ group: one.group, resource: '*' }, everything]) {
            if (lists.has(nameOf(mask))) throw new ConfigurationError(`resource ${JSON.stringify(shown(one))} is masked by earlier rule ${JSON.stringify(shown(mask))}`);
          }
          const list = lists.get(nameOf(one)) ?? [];
          lists.set(nameOf(one), [...list, ...made]);
        }
      }
    } catch (error) {
      for (const one of kms) one.close();
      throw error;
    }
    return new Keyring(new Map([...lists].map(([name, list]) => [name, new ValueCipher(list)])), kms);
  }

  cipherOf(of: GroupResource): Pick<ValueCipher, 'stamp' | 'encipher' | 'decipher'> {
    return this.#byResource.get(nameOf(of)) ?? this.#byResource.get(nameOf({ group: of.group, resource: '*' })) ?? this.#byResource.get(nameOf(everything)) ?? plainCipher;
  }

  close(): void {
    for (const one of this.kms) one.close();
  }
}

const nameOf = ({ group, resource }: GroupResource): string => `${resource}.${group}`;
const shown = (one: GroupResource): string => (one.group === '' ? (one.resource === '*' ? '*.' : one.resource) : nameOf(one));

async function providerOf(provider: DeepReadonly<ProviderConfiguration>, random: Random, connect: ConnectKms, opened: (Kms & { name: string })[]): Promise<Provider> {
  const keyed = (name: string, { keys = [] }: DeepReadonly<Keys>, make: (key: Buffer, random: Random) => Cipher, kind: string): Provider => ({
    prefix: Buffer.from(`k8s:enc:${name}:v1:`),
    keys: keys.map((key) => ({ prefix: Buffer.from(`${key.name}:`), cipher: make(keyBytes(key.secret!)!, random) })),
    unknownKey: `no matching key was found for the provided ${kind} transformer`,
  });
  if (provider.aesgcm) return keyed('aesgcm', provider.aesgcm, aesGcm, 'AES');
  if (provider.aescbc) return keyed('aescbc', provider.aescbc, aesCbc, 'AES');
  if (provider.secretbox) return keyed('secretbox', provider.secretbox, secretbox, 'Secretbox');
  if (!provider.kms) return identityProvider;
  const { apiVersion, name, endpoint, timeoutMs } = kmsDefaults(provider.kms);
  if (apiVersion === 'v1') {
    throw new ConfigurationError('KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.');
  }
  const kms = await connect({ name, endpoint, timeoutMs });
  opened.push({ ...kms, name });
  return { prefix: Buffer.from(`k8s:enc:kms:v2:${name}:`), keys: [{ prefix: none, cipher: kms.cipher }], unknownKey: '' };
}
