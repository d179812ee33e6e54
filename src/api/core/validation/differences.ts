/** What a refused update wanted to change. */
import { quotedOf, sameValue } from '../../../machinery/fieldpath.ts';

/** The paths at which two values differ, with both values: what the refusal shows. */
export function differences(old: unknown, now: unknown, path = ''): string[] {
  if (sameValue(old, now)) return [];
  if (isObject(old) && isObject(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
    return keys.flatMap((key) => differences(old[key], now[key], path === '' ? key : `${path}.${key}`));
  }
  if (Array.isArray(old) && Array.isArray(now) && old.length === now.length) return old.flatMap((x, i) => differences(x, now[i], `${path}[${i}]`));
  return [...(old === undefined ? [] : [`- ${path}: ${quotedOf(old)}`]), ...(now === undefined ? [] : [`+ ${path}: ${quotedOf(now)}`])];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
