/** Values of query parameters, read as upstream reads them. */
import { StatusError } from '../machinery/status.ts';

const largest = 2n ** 63n;

export function parsing(what: string, text: string, why: string): StatusError {
  return StatusError.badRequest(`strconv.${what}: parsing ${JSON.stringify(text)}: ${why}`);
}

export function integerOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw parsing('ParseInt', text, 'invalid syntax');
  const value = BigInt(text.replace(/^\+/, ''));
  if (value >= largest || value < -largest) throw parsing('ParseInt', text, 'value out of range');
  return Number(value);
}

/** Whatever does not deny it says yes. */
export function flagOf(text: string): boolean {
  return text !== '0' && text.toLowerCase() !== 'false';
}
