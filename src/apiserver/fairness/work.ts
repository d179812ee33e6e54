/** How many seats a request takes: lists by the memory that they need, writes by the watchers that they wake. */
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { Watches } from './watches.ts';

export interface Work {
  readonly seats: number;
  /** Held for a while after the answer, while watchers are served. */
  readonly finalSeats: number;
  readonly finalMs: number;
}

export interface ResourceSize {
  readonly objects: number;
  readonly meanBytes: number;
}

export interface WorkSources {
  readonly watches: Watches;
  /** Undefined: not stored here. */
  readonly sizeOf: (info: RequestInfo) => ResourceSize | undefined;
}

export const oneSeat: Work = { seats: 1, finalSeats: 0, finalMs: 0 };

const bytesPerSeat = 100_000;
/** What comes out of the cache is sent piece by piece. */
const mostCachedBytes = 1_000_000;
const mostListSeats = 100;
const mostWriteSeats = 10;
const watchersPerSeat = 10;
const eventMs = 5;

/** `levelSeats`: the most that one request of the level may take. */
export function estimate(request: ServingRequest, info: RequestInfo, levelSeats: number, sources: WorkSources): Work {
  switch (info.verb) {
    case 'list':
      return listWork(request, info, Math.min(levelSeats, mostListSeats), sources);
    case 'watch':
      return request.hasQuery && truthy(request.query.get('sendInitialEvents')) ? listWork(request, info, Math.min(levelSeats, mostListSeats), sources) : oneSeat;
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return info.isResource ? writeWork(info, Math.min(levelSeats, mostWriteSeats), sources) : oneSeat;
    default:
      return oneSeat;
  }
}

const truthy = (text: string | null): boolean => text !== null && text !== 'false' && text !== '0';

function listWork(request: ServingRequest, info: RequestInfo, most: number, { sizeOf }: WorkSources): Work {
  const size = sizeOf(info);
  if (!size) return oneSeat;
  const query = request.hasQuery ? request.query : undefined;
  const limit = Number(query?.get('limit') ?? 0);
  const limited = limit > 0 && limit < size.objects ? limit : size.objects;
  const cached = info.verb === 'watch' || !query || servedFromCache(query);
  let objects = limited;
  if (info.name !== '') objects = 1;
  else if (!cached && (query.get('fieldSelector') || query.get('labelSelector'))) objects = Math.max(limited, Math.floor(size.objects / 2));
  let bytes = objects * size.meanBytes;
  if (cached) bytes = Math.min(bytes, mostCachedBytes);
  const seats = Math.min(Math.max(1, Math.ceil(bytes / bytesPerSeat)), Math.max(1, most));
  return seats === 1 ? oneSeat : { seats, finalSeats: 0, finalMs: 0 };
}

function servedFromCache(query: URLSearchParams): boolean {
  if (query.get('continue')) return false;
  if (query.get('resourceVersionMatch') === 'Exact') return false;
  const from = query.get('resourceVersion') ?? '';
  return !(Number(query.get('limit') ?? 0) > 0 && from !== '' && from !== '0' && !query.get('resourceVersionMatch'));
}

function writeWork(info: RequestInfo, most: number, { watches }: WorkSources): Work {
  if (info.subresource === 'token' && info.resource === 'serviceaccounts') return oneSeat;
  const watchers = watches.interested(info);
  if (watchers < watchersPerSeat) return oneSeat;
  const wanted = Math.ceil(watchers / watchersPerSeat);
  const finalSeats = Math.min(wanted, Math.max(1, most));
  // Narrower and longer where it may not be as wide as it should.
  return { seats: 1, finalSeats, finalMs: (wanted * eventMs) / finalSeats };
}
