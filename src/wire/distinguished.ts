/** Who a certificate is for: distinguished names, and the names and addresses beside them. */
import { isIPv4, SocketAddress } from 'node:net';
import { contextTag, der, inside, oid, readOid, readText, sequence, tag, text, type Element } from './der.ts';

const commonNameType = '2.5.4.3';
const organizationType = '2.5.4.10';

/** Organizations first, each by itself; then the common name. */
export function nameOf(organizations: readonly string[], commonName: string): Buffer {
  const part = (type: string, value: string): Buffer => der(tag.set, sequence(oid(type), text(tag.utf8, value)));
  return sequence(...organizations.map((o) => part(organizationType, o)), ...(commonName === '' ? [] : [part(commonNameType, commonName)]));
}

export function readName(name: Element): { readonly commonName: string; readonly organizations: string[] } {
  let commonName = '';
  const organizations: string[] = [];
  for (const attribute of inside(name).flatMap((set) => inside(set, tag.set))) {
    const [type, value] = inside(attribute);
    const id = readOid(type);
    // Of several the last one counts, as it does for upstream.
    if (id === commonNameType) commonName = readText(value!);
    else if (id === organizationType) organizations.push(readText(value!));
  }
  return { commonName, organizations };
}

export interface AlternativeName {
  readonly type: 'dns' | 'ip' | 'email' | 'uri';
  readonly value: string;
}

const numbers: Readonly<Record<AlternativeName['type'], number>> = { email: 1, dns: 2, uri: 6, ip: 7 };

export function alternativeNames(names: readonly AlternativeName[]): Buffer {
  return sequence(...names.map(({ type, value }) => der(contextTag(numbers[type], false), type === 'ip' ? addressBytes(value) : Buffer.from(value, 'latin1'))));
}

/** Those of the kinds that we know. */
export function readAlternativeNames(list: Element): AlternativeName[] {
  return inside(list).flatMap(({ type: tagged, content }): AlternativeName[] => {
    if (tagged === contextTag(numbers.ip, false)) return [{ type: 'ip', value: addressText(content) }];
    const type = (['email', 'dns', 'uri'] as const).find((name) => tagged === contextTag(numbers[name], false));
    return type ? [{ type, value: content.toString('latin1') }] : [];
  });
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const bytes = Buffer.alloc(16);
  // The system's form has at most one gap, and may end in dotted numbers.
  const { address: plain } = new SocketAddress({ address, family: 'ipv6' });
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  const tail = dotted ? Buffer.from(dotted[2]!.split('.').map(Number)).toString('hex') : '';
  const [before = '', after] = (dotted ? `${dotted[1]}${tail.slice(0, 4)}:${tail.slice(4)}` : plain).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  groups(before).forEach((group, i) => bytes.writeUInt16BE(group, i * 2));
  groups(after ?? '').reverse().forEach((group, i) => bytes.writeUInt16BE(group, 14 - i * 2));
  return bytes;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new Error(`x509: cannot parse IP address of length ${bytes.length}`);
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
