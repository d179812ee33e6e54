/** Checks of IP addresses and ranges, in upstream's words. */
import { isIP, isIPv4 } from 'node:net';
import { invalid } from './fieldpath.ts';
import type { FieldError } from './status.ts';

export function familyOf(address: string): 'IPv4' | 'IPv6' | undefined {
  const version = isIP(address);
  return version === 4 ? 'IPv4' : version === 6 ? 'IPv6' : undefined;
}

/** The one way to write an address (RFC 5952); undefined when it is none. */
export function canonicalIP(address: string): string | undefined {
  if (isIPv4(address)) return address;
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** Fields that accept any spelling. */
export function checkIP(path: string, value: string, out: FieldError[]): void {
  if (canonicalIP(value) === undefined) out.push(invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
}

/** Newer fields: canonical form only. */
export function checkCanonicalIP(path: string, value: string, out: FieldError[]): void {
  const canonical = canonicalIP(value);
  if (canonical === undefined) out.push(invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
  else if (canonical.startsWith('::ffff:')) out.push(invalid(path, value, 'must not be an IPv4-mapped IPv6 address'));
  else if (canonical !== value) out.push(invalid(path, value, `must be in canonical form ("${canonical}")`));
}

/** The number that an address is. */
export function addressBits(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const full = canonicalIP(address)!;
  const [head = '', tail] = full.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const parts = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return parts.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
}

/** Address and prefix length of a range; undefined when it is none. */
export function parseCIDR(value: string): { address: string; prefix: number; family: 'IPv4' | 'IPv6'; hostBits: boolean } | undefined {
  const match = /^([^/]+)\/([0-9]{1,3})$/.exec(value);
  if (!match) return undefined;
  const family = familyOf(match[1]!);
  const prefix = Number(match[2]);
  const width = family === 'IPv4' ? 32 : 128;
  if (family === undefined || prefix > width) return undefined;
  const mask = (1n << BigInt(width - prefix)) - 1n;
  return { address: match[1]!, prefix, family, hostBits: (addressBits(match[1]!) & mask) !== 0n };
}

export function checkCIDR(path: string, value: string, out: FieldError[], strict = false): void {
  const range = parseCIDR(value);
  if (!range) out.push(invalid(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
  else if (strict && range.hostBits) out.push(invalid(path, value, 'must not have bits set beyond the prefix length'));
}

/** An address with the length of its network, as an interface has it. */
export function checkInterfaceAddress(path: string, value: string, out: FieldError[]): void {
  const range = parseCIDR(value);
  if (!range) return void out.push(invalid(path, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'));
  const canonical = `${canonicalIP(range.address)}/${range.prefix}`;
  if (value !== canonical) out.push(invalid(path, value, `must be in canonical form ("${canonical}")`));
}

/** Whether a range holds an address of its family. */
export function cidrContains(cidr: string, address: string): boolean {
  const range = parseCIDR(cidr);
  if (!range || familyOf(address) !== range.family) return false;
  const shift = BigInt((range.family === 'IPv4' ? 32 : 128) - range.prefix);
  return addressBits(range.address) >> shift === addressBits(address) >> shift;
}

/** An address of one host out there: not this one's own, of a link, of a group or of everybody. */
export function isGlobalUnicast(address: string): boolean {
  const canonical = canonicalIP(address);
  if (canonical === undefined) return false;
  const mapped = canonical.startsWith('::ffff:') ? addressBits(canonical) & 0xffffffffn : undefined;
  if (mapped !== undefined || isIPv4(canonical)) {
    const bits = Number(mapped ?? addressBits(canonical));
    const [first, second] = [bits >>> 24, (bits >>> 16) & 255];
    return bits !== 0 && bits !== 0xffffffff && first !== 127 && !(first === 169 && second === 254) && !(first >= 224 && first < 240);
  }
  const bits = addressBits(canonical);
  const top = Number(bits >> 112n);
  return bits > 1n && (top & 0xffc0) !== 0xfe80 && (top & 0xff00) !== 0xff00;
}
