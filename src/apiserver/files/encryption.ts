/** EncryptionConfiguration: which resources are enciphered in the store, and with what. */
import type { Package, Struct } from '../../schema/vocabulary.ts';

export interface Key {
  name?: string;
  /** Base64. */
  secret?: string;
}

export interface Keys {
  keys?: Key[];
}

export interface KmsConfiguration {
  apiVersion?: string;
  name?: string;
  cachesize?: number;
  endpoint?: string;
  timeout?: string;
}

export interface ProviderConfiguration {
  aesgcm?: Keys;
  aescbc?: Keys;
  secretbox?: Keys;
  identity?: object;
  kms?: KmsConfiguration;
}

export interface ResourceConfiguration {
  resources?: string[];
  providers?: ProviderConfiguration[];
}

export interface EncryptionConfiguration {
  kind?: string;
  apiVersion?: string;
  resources?: ResourceConfiguration[];
}

const Key: Struct<Key> = { fields: { name: { type: 'string' }, secret: { type: 'string' } } };
const Keys: Struct<Keys> = { fields: { keys: { type: '[]Key' } } };
const KmsConfiguration: Struct<KmsConfiguration> = {
  fields: { apiVersion: { type: 'string' }, name: { type: 'string' }, cachesize: { type: 'int32', ptr: true }, endpoint: { type: 'string' }, timeout: { type: 'Duration', ptr: true } },
};
const Identity: Struct = { fields: {} };
const ProviderConfiguration: Struct<ProviderConfiguration> = {
  fields: {
    aesgcm: { type: 'Keys', ptr: true }, aescbc: { type: 'Keys', ptr: true }, secretbox: { type: 'Keys', ptr: true }, identity: { type: 'Identity', ptr: true },
    kms: { type: 'KmsConfiguration', ptr: true },
  },
};
const ResourceConfiguration: Struct<ResourceConfiguration> = { fields: { resources: { type: '[]string' }, providers: { type: '[]ProviderConfiguration' } } };
const EncryptionConfiguration: Struct<EncryptionConfiguration> = {
  fields: { kind: { type: 'string' }, apiVersion: { type: 'string' }, resources: { type: '[]ResourceConfiguration' } },
};

export const encryptionPackage: Package = {
  name: 'apiserverconfig.v1', group: 'apiserver.config.k8s.io', version: 'v1', openapi: '', proto: '', lists: [],
  types: { Key, Keys, KmsConfiguration, Identity, ProviderConfiguration, ResourceConfiguration, EncryptionConfiguration },
};
