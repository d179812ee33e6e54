/** Flags of kube-apiserver about encryption at rest. */
import type { Encryption } from '../../apiserver/encryption/encryption.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { etcdPrefix } from './store.ts';

export const encryptionFlags: FlagSet = {
  'encryption-provider-config': { type: 'string', help: 'An EncryptionConfiguration: which resources are enciphered in the store, and how' },
  'encryption-provider-config-automatic-reload': { type: 'bool', help: 'Read that file again when it changes' },
};

export async function encryptionOf(given: Flags, surroundings: Surroundings): Promise<Encryption | undefined> {
  const file = given.text('encryption-provider-config');
  const reload = given.flag('encryption-provider-config-automatic-reload');
  if (!file && reload) throw new CommandError('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config');
  if (!file) return undefined;
  const { openEncryption } = await import('../../apiserver/encryption/encryption.ts');
  const { ConfigurationError } = await import('../../apiserver/files/load.ts');
  try {
    const prefix = etcdPrefix(given);
    return await openEncryption({ file, reload, surroundings, ...(prefix === undefined ? {} : { prefix }) });
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandError(error.message);
    throw error;
  }
}
