/** Addresses that are understood, but written in a way that others may not understand. */
import { addressBits, canonicalIP, parseCIDR } from '../../../machinery/addresses.ts';
import { quoted } from '../../../machinery/fieldpath.ts';

export function warnOfIP(path: string, value: string, out: string[]): void {
  const canonical = canonicalIP(value);
  if (canonical === undefined || canonical === value) return;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return void out.push(`${path}: IPv6 address ${quoted(value)} should be in RFC 5952 canonical format (${quoted(canonical)})`);
  const bits = (parseInt(mapped[1]!, 16) << 16) | parseInt(mapped[2]!, 16);
  const plain = [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
  out.push(`${path}: non-standard IP address ${quoted(value)} will be considered invalid in a future Kubernetes release: use ${quoted(plain)}`);
}

export function warnOfCIDR(path: string, value: string, out: string[]): void {
  const range = parseCIDR(value);
  if (!range) return;
  const address = canonicalIP(range.address) ?? range.address;
  const width = range.family === 'IPv4' ? 32 : 128;
  if (range.hostBits) out.push(`${path}: CIDR value ${quoted(value)} is ambiguous in this context (should be ${quoted(`${networkOf(address, range.prefix, width)}/${range.prefix}`)} or ${quoted(`${address}/${width}`)}?)`);
  else if (range.family === 'IPv6' && `${address}/${range.prefix}` !== value) out.push(`${path}: IPv6 CIDR value ${quoted(value)} should be in RFC 5952 canonical format (${quoted(`${address}/${range.prefix}`)})`);
}

/** The address with nothing set beyond the prefix. */
function networkOf(address: string, prefix: number, width: number): string {
  const host = BigInt(width - prefix);
  const bits = (addressBits(address) >> host) << host;
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
  const parts = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return canonicalIP(parts.join(':'))!;
}
