/** Encryption at rest, opened from its configuration file: the store as others see it, and the checks of health that come with it. */
import { readFile } from 'node:fs/promises';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { HealthCheck } from '../../serving/health.ts';
import type { Store } from '../../store/store.ts';
import { encryptionPackage, type EncryptionConfiguration } from '../files/encryption.ts';
import { followFile, Reloads } from '../files/follow.ts';
import { aggregate, ConfigurationError, readConfiguration } from '../files/load.ts';
import { validateEncryption } from './config.ts';
import { Keyring, type ConnectKms } from './keyring.ts';
import { EncryptionMeter } from './metrics.ts';
import { encipheredStore } from './store.ts';

export interface EncryptionOptions {
  readonly file: string;
  /** The file is read again when it changes. */
  readonly reload: boolean;
  /** Below which the keys are in etcd, where that is not /registry. */
  readonly prefix?: string;
  readonly surroundings: Surroundings;
}

export interface Encryption {
  over(store: Store): Store;
  readonly checks: readonly HealthCheck[];
  readonly instrument: (metrics: Metrics) => void;
  close(): void;
}

const root = '/registry';
/** Requests that were under way with the keys of before are done by then. */
const graceMs = 10_000;

/** Throws ConfigurationError. */
export async function openEncryption({ file, reload, prefix, surroundings }: EncryptionOptions): Promise<Encryption> {
  const meter = new EncryptionMeter(surroundings.clock);
  const connect: ConnectKms = async (options) => (await import('./kms.ts')).connectKms({ ...options, surroundings, meter });
  const keyringOf = async (text: string): Promise<Keyring> => {
    if (text === '') throw new ConfigurationError(`error while parsing file: error while loading file: encryption provider configuration file ${JSON.stringify(file)} is empty`);
    let parsed: ReturnType<typeof readConfiguration<EncryptionConfiguration>>;
    try {
      parsed = readConfiguration<EncryptionConfiguration>(text, 'EncryptionConfiguration', [encryptionPackage]);
    } catch (error) {
      throw new ConfigurationError(`error while parsing file: error decoding encryption provider configuration file ${JSON.stringify(file)}: ${(error as Error).message}`, { cause: error });
    }
    const errors = validateEncryption(parsed.config, reload);
    if (errors.length > 0) throw new ConfigurationError(`error while parsing file: ${aggregate(errors)}`);
    try {
      return await Keyring.of(parsed.config, surroundings.random, connect);
    } catch (error) {
      throw new ConfigurationError(`error while building transformers: ${(error as Error).message}`, { cause: error });
    }
  };
  const reloads = new Reloads('encryption');
  const first = await read(file);
  let keyring = await keyringOf(first);
  const follower = reload
    ? followFile(file, first, async (text) => {
        const before = keyring;
        keyring = await keyringOf(text);
        surroundings.clock.after(graceMs, () => before.close());
      }, 'the encryption configuration', surroundings, reloads.count)
    : undefined;
  return {
    instrument: (metrics) => {
      meter.instrument(metrics);
      if (reload) reloads.instrument(metrics, surroundings.clock);
    },
    over: (store) => encipheredStore(store, () => keyring, prefix === undefined ? undefined : (key) => prefix + key.slice(root.length), meter),
    checks: reload || keyring.kms.length > 0 ? [{ name: 'kms-providers', check: async () => void (await Promise.all(keyring.kms.map((kms) => kms.check()))) }] : [],
    close: () => {
      follower?.cancel();
      keyring.close();
    },
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? `open ${file}: no such file or directory` : (error as Error).message;
    throw new ConfigurationError(`error while parsing file: error while loading file: error reading encryption provider configuration file ${JSON.stringify(file)}: ${why}`, { cause: error });
  }
}
