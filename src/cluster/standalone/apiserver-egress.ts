/** `--egress-selector-config-file`: by which way connections go where. */
import { existsSync, readFileSync } from 'node:fs';
import type { EgressProxy } from '../../apiserver/proxy/egress.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { duplicate, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { parseYaml } from '../../machinery/yaml.ts';

export const egressFlags: FlagSet = {
  'egress-selector-config-file': { type: 'string', help: 'Proxies that connections go through; HTTPConnect, into the cluster (cluster)' },
};

interface Transport {
  readonly tcp?: { readonly url?: string; readonly tlsConfig?: { readonly caBundle?: string; readonly clientKey?: string; readonly clientCert?: string } };
  readonly uds?: { readonly udsName?: string };
}

interface Selection {
  readonly name?: string;
  readonly connection?: { readonly proxyProtocol?: string; readonly transport?: Transport };
}

const at = 'service.connection';
const names = ['cluster', 'controlplane', 'etcd'];
const protocols = ['Direct', 'HTTPConnect', 'GRPC'];

/** The proxy into the cluster; undefined: connections are made directly. */
export function egressProxy(flags: Flags): EgressProxy | undefined {
  const file = flags.text('egress-selector-config-file');
  if (file === '') return undefined;
  const selections = read(file);
  const errors = check(selections);
  if (errors.length > 0) {
    const texts = errors.map((e) => `${e.field}: ${e.detail}`);
    throw new CommandError(`failed to validate egress selector configuration: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`);
  }
  for (const { name = '', connection } of selections) {
    const protocol = connection?.proxyProtocol;
    if (protocol === 'GRPC') throw new CommandError(`--egress-selector-config-file: ${name}: the protocol GRPC cannot be had`);
    if (protocol !== 'Direct' && name.toLowerCase() !== 'cluster') throw new CommandError(`--egress-selector-config-file: ${name}: only Direct can be had there`);
  }
  const transport = selections.find((s) => s.name?.toLowerCase() === 'cluster')?.connection?.transport;
  return transport && proxyOf(transport);
}

function read(file: string): readonly Selection[] {
  const failed = (why: string): CommandError => new CommandError(`failed to read egress selector config: ${why}`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw failed(`unable to read egress selector configuration from ${JSON.stringify(file)} [open ${file}: no such file or directory]`);
  }
  let parsed: { readonly kind?: string; readonly egressSelections?: readonly Selection[] };
  try {
    parsed = (parseYaml(text).value ?? {}) as typeof parsed;
  } catch (error) {
    throw failed((error as Error).message);
  }
  if (parsed.kind !== 'EgressSelectorConfiguration') throw failed(`invalid service configuration object ${JSON.stringify(parsed.kind ?? '')}`);
  return parsed.egressSelections ?? [];
}

function check(selections: readonly Selection[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const { connection } of selections) {
    const { proxyProtocol = '', transport } = connection ?? {};
    if (proxyProtocol === 'Direct') {
      if (transport) errors.push(invalid(`${at}.transport`, 'direct', 'Transport config should be absent for direct connect'));
    } else if (proxyProtocol === 'HTTPConnect') errors.push(...checkConnect(transport));
    else if (proxyProtocol === 'GRPC') {
      if (!transport) errors.push(required(`${at}.transport`, 'transport must be set for GRPC'));
      else if (!transport.uds) errors.push(required(`${at}.uds`, 'UDS must be set with GRPC'));
      else errors.push(...checkSocket(transport.uds));
    } else errors.push(notSupported(`${at}.protocol`, proxyProtocol, protocols));
  }
  const seen = new Set<string>();
  for (const [i, { name = '' }] of selections.entries()) {
    const canonical = name.toLowerCase();
    if (seen.has(canonical)) errors.push(duplicate(`${at}[${i}]`, canonical));
    else if (!names.includes(canonical)) errors.push(notSupported(at, canonical, names));
    seen.add(canonical);
  }
  return errors;
}

function checkConnect(transport: Transport | undefined): FieldError[] {
  if (!transport) return [required(`${at}.transport`, 'transport must be set for HTTPConnect')];
  const { tcp, uds } = transport;
  if (tcp && uds) return [invalid(`${at}.tcp`, tcp, 'TCP and UDS cannot both be set')];
  if (uds) return checkSocket(uds);
  if (!tcp) return [required(`${at}.tcp`, 'One of TCP or UDS must be set')];
  const { url = '', tlsConfig } = tcp;
  if (url.startsWith('http://')) return tlsConfig ? [invalid(`${at}.tlsConfig`, 'nil', 'TLSConfig config should not be present when using HTTP')] : [];
  if (!url.startsWith('https://')) return [invalid(`${at}.url`, url, 'supported connection protocols are http:// and https://')];
  if (!tlsConfig) return [required(`${at}.tlsConfig`, 'TLSConfig must be present when using HTTPS')];
  const { caBundle = '', clientCert = '', clientKey = '' } = tlsConfig;
  const errors: FieldError[] = [];
  if (caBundle !== '' && !existsSync(caBundle)) errors.push(invalid(`${at}.tlsConfig.caBundle`, caBundle, 'TLS config ca bundle does not exist'));
  if (clientCert === '') errors.push(invalid(`${at}.tlsConfig.clientCert`, 'nil', 'Using TLS requires clientCert'));
  else if (!existsSync(clientCert)) errors.push(invalid(`${at}.tlsConfig.clientCert`, clientCert, 'TLS client cert does not exist'));
  if (clientKey === '') errors.push(invalid(`${at}.tlsConfig.clientKey`, 'nil', 'Using TLS requires requires clientKey'));
  else if (!existsSync(clientKey)) errors.push(invalid(`${at}.tlsConfig.clientKey`, clientKey, 'TLS client key does not exist'));
  return errors;
}

function checkSocket({ udsName = '' }: NonNullable<Transport['uds']>): FieldError[] {
  return udsName === '' ? [invalid(`${at}.udsName`, 'nil', 'UDSName should be present for UDS connections')] : [];
}

function proxyOf({ tcp, uds }: Transport): EgressProxy {
  if (uds) return { socketPath: uds.udsName! };
  const { protocol, hostname, port } = new URL(tcp!.url!);
  const place = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  const tls = tcp!.tlsConfig;
  if (!tls) return place;
  const text = (file: string): string => readFileSync(file, 'utf8');
  return { ...place, tls: { ...(tls.caBundle ? { ca: text(tls.caBundle) } : {}), cert: text(tls.clientCert!), key: text(tls.clientKey!) } };
}
