/** Options that stand in the query, as the object of their kind: of connections and logs. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseTime } from '../../machinery/time.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { Schema } from '../registry/engines.ts';
import type { ApiObject } from '../objects.ts';

const largest = 2n ** 63n;

function parsing(what: string, text: string, why: string): StatusError {
  return StatusError.badRequest(`strconv.${what}: parsing ${JSON.stringify(text)}: ${why}`);
}

export function integerOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw parsing('ParseInt', text, 'invalid syntax');
  const value = BigInt(text.replace(/^\+/, ''));
  if (value >= largest || value < -largest) throw parsing('ParseInt', text, 'value out of range');
  return Number(value);
}

export function flagOf(text: string): boolean {
  return text !== '0' && text.toLowerCase() !== 'false';
}

function portOf(text: string): number {
  const refuse = (why: string): StatusError => StatusError.badRequest(`cannot convert to []int32: ${parsing('ParseUint', text, why).message}`);
  if (!/^\d+$/.test(text)) throw refuse('invalid syntax');
  if (BigInt(text) > 65_535n) throw refuse('value out of range');
  return Number(text);
}

function timeOf(text: string): string | undefined {
  if (text === '' || text === 'null') return undefined;
  try {
    parseTime(text);
  } catch (error) {
    throw StatusError.badRequest((error as Error).message);
  }
  return text;
}

function valueOf(type: string, given: readonly string[]): JsonValue | undefined {
  const [first = ''] = given;
  switch (type) {
    case 'bool': return flagOf(first) || undefined;
    case 'int64': return integerOf(first);
    case 'Time': return timeOf(first);
    case '[]string': return [...given];
    case '[]int32': return given.flatMap((list) => list.split(',')).map(portOf);
    default: return first === '' ? undefined : first;
  }
}

/** What follows `/proxy`, decoded, with its slashes. */
function pathOf(info: RequestInfo): string {
  const path = info.rest.slice(1).join('/');
  return `${path === '' || path.startsWith('/') ? '' : '/'}${path}${info.path.endsWith('/') && !path.endsWith('/') ? '/' : ''}`;
}

export function queryOptions(registry: Schema, kind: string, request: ServingRequest, info: RequestInfo): ApiObject {
  const out: JsonObject = { kind, apiVersion: 'v1' };
  for (const { key: name, type } of registry.struct(`core.v1.${kind}`).fields) {
    if (name === 'kind' || name === 'apiVersion') continue;
    const given = name === 'path' ? [pathOf(info)] : request.query.getAll(name);
    const value = given.length > 0 ? valueOf(type, given) : undefined;
    if (value !== undefined) out[name] = value;
  }
  return out as unknown as ApiObject;
}
