/** What is wrong with an EncryptionConfiguration, in upstream's words and order. Pure. */
import { invalid, required } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { FieldError } from '../../machinery/status.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import type { EncryptionConfiguration, Keys, KmsConfiguration, ProviderConfiguration } from '../files/encryption.ts';

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export const everything: GroupResource = { group: '*', resource: '*' };

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf('.');
  return dot < 0 ? { resource: text, group: '' } : { resource: text.slice(0, dot), group: text.slice(dot + 1) };
}

export function kmsDefaults(kms: DeepReadonly<KmsConfiguration>): Required<Omit<KmsConfiguration, 'cachesize'>> & { readonly timeoutMs: number } {
  const { apiVersion = 'v1', name = '', endpoint = '', timeout = '3s' } = kms;
  return { apiVersion, name, endpoint, timeout, timeoutMs: parseGoDuration(timeout) };
}

const aesSizes = [16, 24, 32];
const secretboxSizes = [32];

export function validateEncryption(config: DeepReadonly<EncryptionConfiguration>, reload: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const kmsNames = new Set<string>();
  if (!config.resources?.length) return [required('resources', 'at least one resources is required')];
  config.resources.forEach(({ resources = [], providers = [] }, i) => {
    const at = `resources[${i}].resources`;
    if (resources.length === 0) errors.push(required(at, `at least one ${at} is required`));
    errors.push(...overlaps(resources, at), ...resources.flatMap((name, j) => resourceName(name, `${at}[${j}]`)));
    const of = `resources[${i}].providers`;
    if (providers.length === 0) errors.push(required(of, `at least one ${of} is required`));
    providers.forEach((provider, j) => errors.push(...providerErrors(provider, `${of}[${j}]`, kmsNames, reload)));
  });
  return errors;
}

function overlaps(resources: readonly string[], at: string): FieldError[] {
  const all = resources.map(parseGroupResource);
  let twice = false;
  let masked = false;
  all.forEach((one, i) => all.forEach((other, j) => {
    if (i === j) return;
    const same = one.group === other.group && one.resource === other.resource;
    if (same && !twice) twice = true;
    else if (one.group === '*' && one.resource === '*') masked = true;
    else if (one.group === other.group && (one.resource === '*' || other.resource === '*')) masked = true;
  }));
  return [
    ...(twice ? [invalid(at, resources, 'the same resource cannot be specified multiple times')] : []),
    ...(masked ? [invalid(at, resources, "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked")] : []),
  ];
}

const restless: ReadonlySet<string> = new Set(['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']);

function resourceName(name: string, at: string): FieldError[] {
  const { group, resource } = parseGroupResource(name);
  const wrong = (why: string): FieldError[] => [invalid(at, name, why)];
  if (name.toLowerCase() !== name) return wrong('resource name should not contain capital letters');
  if (name === '*') return wrong("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  if (restless.has(name)) return wrong('resources which do not have REST API/s cannot be encrypted');
  if (group === 'events.k8s.io') return wrong("'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file");
  if (group === 'extensions') return wrong("'extensions' group has been removed and cannot be used for encryption");
  if (group === '*' && resource !== '*') return wrong('encrypting the same resource across groups is not supported');
  return [];
}

function providerErrors(provider: DeepReadonly<ProviderConfiguration>, at: string, kmsNames: Set<string>, reload: boolean): FieldError[] {
  const given = (['kms', 'aesgcm', 'aescbc', 'secretbox', 'identity'] as const).filter((name) => provider[name]);
  const errors: FieldError[] = [];
  if (given.length === 0) errors.push(invalid(at, shown(provider), 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'));
  if (given.length > 1) errors.push(invalid(at, shown(provider), 'more than one provider specified in a single element, should split into different list elements'));
  switch (given[0]) {
    case 'kms':
      errors.push(...kmsErrors(provider.kms!, `${at}.kms`, kmsNames, reload));
      kmsNames.add(provider.kms!.name ?? '');
      break;
    case 'aesgcm':
    case 'aescbc':
      errors.push(...keyErrors(provider[given[0]]!, `${at}.${given[0]}.keys`, aesSizes));
      break;
    case 'secretbox':
      errors.push(...keyErrors(provider.secretbox!, `${at}.secretbox.keys`, secretboxSizes));
      break;
  }
  return errors;
}

/** Messages must not carry keys. */
function shown(provider: DeepReadonly<ProviderConfiguration>): Record<string, string> {
  return Object.fromEntries(Object.keys(provider).map((name) => [name, 'REDACTED']));
}

function keyErrors({ keys = [] }: DeepReadonly<Keys>, at: string, sizes: readonly number[]): FieldError[] {
  if (keys.length === 0) return [required(at, 'at least one keys is required')];
  return keys.flatMap(({ name, secret }, i) => {
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}[${i}].name`, 'name is a mandatory field for a key'));
    if (!secret) return [...errors, required(`${at}[${i}].secret`, 'secret is a mandatory field for a key')];
    const bytes = keyBytes(secret);
    if (!bytes) return [...errors, invalid(`${at}[${i}].secret`, 'REDACTED', 'secrets must be base64 encoded')];
    if (!sizes.includes(bytes.length)) errors.push(invalid(`${at}[${i}].secret`, 'REDACTED', `secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(' ')}]`));
    return errors;
  });
}

/** Undefined for what is no base64. */
export function keyBytes(secret: string): Buffer | undefined {
  const bytes = Buffer.from(secret, 'base64');
  return bytes.toString('base64') === secret.replace(/[\r\n]/g, '') ? bytes : undefined;
}

function kmsErrors(kms: DeepReadonly<KmsConfiguration>, at: string, names: ReadonlySet<string>, reload: boolean): FieldError[] {
  const { apiVersion, name, endpoint, timeout, timeoutMs } = kmsDefaults(kms);
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(`${at}.name`, 'name is a mandatory field for a provider'));
  if (apiVersion !== 'v1' && name.includes(':')) errors.push(invalid(`${at}.name`, name, `invalid KMS provider name ${name}, must not contain ':'`));
  if ((reload || apiVersion !== 'v1') && names.has(name)) errors.push(invalid(`${at}.name`, name, `duplicate KMS provider name ${name}, names must be unique`));
  if (timeoutMs <= 0) errors.push(invalid(`${at}.timeout`, timeout, 'timeout should be a positive value'));
  errors.push(...endpointErrors(endpoint, `${at}.endpoint`));
  if (apiVersion !== 'v1' && kms.cachesize !== undefined) errors.push(invalid(`${at}.cachesize`, kms.cachesize, 'cachesize is not supported in v2'));
  if (apiVersion === 'v1' && kms.cachesize === 0) errors.push(invalid(`${at}.cachesize`, 0, 'cachesize should be a positive value, or negative to disable'));
  if (apiVersion !== 'v1' && apiVersion !== 'v2') errors.push(invalid(`${at}.apiVersion`, apiVersion, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported'));
  return errors;
}

function endpointErrors(endpoint: string, at: string): FieldError[] {
  if (endpoint === '') return [invalid(at, '', 'endpoint is a mandatory field for a kms')];
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1]?.toLowerCase() ?? '';
  return scheme === 'unix' ? [] : [invalid(at, endpoint, `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`)];
}
