import { addressBits, canonicalIP, familyOf } from '../../addresses.ts';
import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import type { CelValue } from '../values.ts';
import { CelError, CelOpaque } from '../values.ts';

class Address extends CelOpaque {
  readonly typeName = 'net.IP';
  readonly text: string;
  readonly width: 32 | 128;
  readonly bits: bigint;

  constructor(text: string) {
    super();
    this.text = text;
    this.width = familyOf(text) === 'IPv4' ? 32 : 128;
    this.bits = addressBits(text);
  }

  equals(other: Address): boolean {
    return this.text === other.text;
  }

  override size(): number {
    return this.width / 8;
  }

  /** The first bits, as a number. */
  first(count: number): bigint {
    return this.bits >> BigInt(this.width - count);
  }
}

class Network extends CelOpaque {
  readonly typeName = 'net.CIDR';
  readonly address: Address;
  readonly prefix: number;

  constructor(address: Address, prefix: number) {
    super();
    this.address = address;
    this.prefix = prefix;
  }

  equals(other: Network): boolean {
    return this.prefix === other.prefix && this.address.equals(other.address);
  }

  override size(): number {
    return Math.ceil(this.prefix / 8);
  }

  contains(address: Address): boolean {
    return address.width === this.address.width && address.first(this.prefix) === this.address.first(this.prefix);
  }

  masked(): Network {
    const { width } = this.address;
    const rest = BigInt(width - this.prefix);
    return new Network(new Address(addressText((this.address.bits >> rest) << rest, width)), this.prefix);
  }

  text(): string {
    return `${this.address.text}/${this.prefix}`;
  }
}

function addressText(bits: bigint, width: 32 | 128): string {
  const part = width === 32 ? 8n : 16n;
  const parts: string[] = [];
  for (let shift = BigInt(width) - part; shift >= 0n; shift -= part) parts.push(((bits >> shift) & ((1n << part) - 1n)).toString(width === 32 ? 10 : 16));
  return width === 32 ? parts.join('.') : canonicalIP(parts.join(':'))!;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function readAddress(text: string): Address | CelError {
  if (/^[^%]+%.+$/.test(text) && familyOf(text.replace(/%.*/, '')) === 'IPv6') return new CelError(`IP address ${quoted(text)} with zone value is not allowed`);
  const canonical = canonicalIP(text);
  if (canonical === undefined) return new CelError(`IP Address ${quoted(text)} parse error during conversion from string: ParseAddr(${quoted(text)}): unable to parse IP`);
  if (canonical.startsWith('::ffff:') && addressBits(canonical) >> 32n === 0xffffn) return new CelError(`IPv4-mapped IPv6 address ${quoted(text)} is not allowed`);
  return new Address(canonical);
}

function readNetwork(text: string): Network | CelError {
  const complaint = (why: string): CelError =>
    new CelError(`network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix(${quoted(text)}): ${why}`);
  const slash = text.lastIndexOf('/');
  if (slash < 0) return complaint("no '/'");
  const length = text.slice(slash + 1);
  const address = readAddress(text.slice(0, slash));
  if (address instanceof CelError) {
    if (address.message.startsWith('IPv4-mapped')) return new CelError(`network address parse error during conversion from string: IPv4-mapped IPv6 address ${quoted(text)} is not allowed`);
    return complaint(`ParseAddr(${quoted(text.slice(0, slash))}): unable to parse IP`);
  }
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return complaint(`bad bits after slash: ${quoted(length)}`);
  if (Number(length) > address.width) return complaint('prefix length out of range');
  return new Network(address, Number(length));
}

const isLoopback = (ip: Address): boolean => (ip.width === 32 ? ip.first(8) === 127n : ip.bits === 1n);
const isMulticast = (ip: Address): boolean => (ip.width === 32 ? ip.first(4) === 0xen : ip.first(8) === 0xffn);
const isLinkLocalMulticast = (ip: Address): boolean => (ip.width === 32 ? ip.first(24) === 0xe00000n : ip.first(8) === 0xffn && (ip.first(16) & 0xfn) === 2n);
const isLinkLocalUnicast = (ip: Address): boolean => (ip.width === 32 ? ip.first(16) === 0xa9fen : ip.first(10) === 0x3fan);
const isBroadcast = (ip: Address): boolean => ip.width === 32 && ip.bits === 0xffffffffn;
const isUnspecified = (ip: Address): boolean => ip.bits === 0n;

function isGlobalUnicast(ip: Address): boolean {
  return !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip) && !isBroadcast(ip);
}

function containsAddress(network: Network, other: Address | string): CelValue {
  const address = typeof other === 'string' ? readAddress(other) : other;
  return address instanceof CelError ? address : network.contains(address);
}

function containsNetwork(network: Network, text: Network | string): CelValue {
  const other = typeof text === 'string' ? readNetwork(text) : text;
  return other instanceof CelError ? other : network.prefix <= other.prefix && network.contains(other.address);
}

export const network: readonly Overload[] = [
  define('string_to_ip', 'ip(string) net.IP', readAddress),
  define('ip_is_canonical', 'ip.isCanonical(string) bool', (text: string) => {
    const address = readAddress(text);
    return address instanceof CelError ? address : address.text === text;
  }),
  define('is_ip', 'isIP(string) bool', (text: string) => !(readAddress(text) instanceof CelError)),
  define('ip_to_string', 'string(net.IP) string', (ip: Address) => ip.text),
  method('ip_family', 'net.IP.family() int', (ip: Address) => (ip.width === 32 ? 4n : 6n)),
  method('ip_is_unspecified', 'net.IP.isUnspecified() bool', isUnspecified),
  method('ip_is_loopback', 'net.IP.isLoopback() bool', isLoopback),
  method('ip_is_link_local_multicast', 'net.IP.isLinkLocalMulticast() bool', isLinkLocalMulticast),
  method('ip_is_link_local_unicast', 'net.IP.isLinkLocalUnicast() bool', isLinkLocalUnicast),
  method('ip_is_global_unicast', 'net.IP.isGlobalUnicast() bool', isGlobalUnicast),
  define('string_to_cidr', 'cidr(string) net.CIDR', readNetwork),
  define('is_cidr', 'isCIDR(string) bool', (text: string) => !(readNetwork(text) instanceof CelError)),
  define('cidr_to_string', 'string(net.CIDR) string', (cidr: Network) => cidr.text()),
  method('cidr_contains_ip_string', 'net.CIDR.containsIP(string) bool', containsAddress),
  method('cidr_contains_ip_ip', 'net.CIDR.containsIP(net.IP) bool', containsAddress),
  method('cidr_contains_cidr_string', 'net.CIDR.containsCIDR(string) bool', containsNetwork),
  method('cidr_contains_cidr', 'net.CIDR.containsCIDR(net.CIDR) bool', containsNetwork),
  method('cidr_ip', 'net.CIDR.ip() net.IP', (cidr: Network) => cidr.address),
  method('cidr_prefix_length', 'net.CIDR.prefixLength() int', (cidr: Network) => BigInt(cidr.prefix)),
  method('cidr_masked', 'net.CIDR.masked() net.CIDR', (cidr: Network) => cidr.masked()),
];
