/** Options that stand in the query, as the object of their kind: of connections and logs. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { formatTime, parseTime } from '../../machinery/time.ts';
import { flagOf, integerOf, parsing } from '../../serving/parameters.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { Schema } from '../registry/engines.ts';
import type { ApiObject } from '../objects.ts';

function portOf(text: string): number {
  const refuse = (why: string): StatusError => StatusError.badRequest(`cannot convert to []int32: ${parsing('ParseUint', text, why).message}`);
  if (!/^\d+$/.test(text)) throw refuse('invalid syntax');
  if (BigInt(text) > 65_535n) throw refuse('value out of range');
  return Number(text);
}

/** Nothing, and what older clients write for it, is the beginning of time. */
function timeOf(text: string): string {
  if (text === '' || text === 'null') return '0001-01-01T00:00:00Z';
  try {
    return formatTime(parseTime(text).seconds);
  } catch (error) {
    throw StatusError.badRequest((error as Error).message);
  }
}

function valueOf(type: string, isPointer: boolean, given: readonly string[]): JsonValue | undefined {
  const [first = ''] = given;
  switch (type) {
    case 'bool': return flagOf(first) || undefined;
    case 'int64': return integerOf(first);
    case 'Time': return timeOf(first);
    case '[]string': return [...given];
    case '[]int32': return given.flatMap((list) => list.split(',')).map(portOf);
    default: return first === '' && !isPointer ? undefined : first;
  }
}

/** What follows `/proxy`, decoded, with its slashes. */
function pathOf(info: RequestInfo): string {
  const path = info.rest.slice(1).join('/');
  return `${path === '' || path.startsWith('/') ? '' : '/'}${path}${info.path.endsWith('/') && !path.endsWith('/') ? '/' : ''}`;
}

export function queryOptions(registry: Schema, kind: string, request: ServingRequest, info: RequestInfo): ApiObject {
  const out: JsonObject = { kind, apiVersion: 'v1' };
  for (const { key: name, type, ptr } of registry.struct(`core.v1.${kind}`).fields) {
    if (name === 'kind' || name === 'apiVersion') continue;
    const given = name === 'path' ? [pathOf(info)] : request.query.getAll(name);
    const value = given.length > 0 ? valueOf(type, ptr === true, given) : undefined;
    if (value !== undefined) out[name] = value;
  }
  return out as unknown as ApiObject;
}
