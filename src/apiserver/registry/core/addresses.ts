/** IPv4 ranges as numbers: what service networks are reckoned with. */
import { isIPv4 } from 'node:net';

export interface Range {
  readonly cidr: string;
  /** The network's own address. */
  readonly base: number;
  /** Addresses that may be given out: without the network's and the broadcast address. */
  readonly size: number;
}

export function toNumber(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Throws for text that is no IPv4 network of at most 2^30 addresses. */
export function parseRange(cidr: string): Range {
  const [ip = '', bits = ''] = cidr.split('/');
  const prefix = Number(bits);
  if (!isIPv4(ip) || !/^\d+$/.test(bits) || prefix < 2 || prefix > 30) throw new TypeError(`${cidr} is not an IPv4 service network`);
  const total = 2 ** (32 - prefix);
  return { cidr, base: Math.floor(toNumber(ip) / total) * total, size: total - 2 };
}

export function contains(range: Range, ip: string): boolean {
  if (!isIPv4(ip)) return false;
  const offset = toNumber(ip) - range.base;
  return offset >= 1 && offset <= range.size;
}

/** The n-th address that may be given out, from 1. */
export function addressAt(range: Range, offset: number): string {
  return toAddress(range.base + offset);
}

/** The lower part of a range, kept for addresses that are asked for by name: `min(max(16, size/16), 256)`. */
export function reservedBand(size: number): number {
  return Math.min(Math.max(16, Math.floor(size / 16)), 256, size);
}
