/** How many clients watch what: an event costs the more, the more of them there are. */
import type { RequestInfo } from '../../serving/requestinfo.ts';

interface Watched {
  everything: number;
  readonly byNamespace: Map<string, number>;
  /** By `namespace/name`; without a namespace `/name`. */
  readonly byName: Map<string, number>;
}

export class Watches {
  readonly #resources = new Map<string, Watched>();

  /** Call the answer when the watch ends. */
  add(info: RequestInfo): () => void {
    const key = keyOf(info);
    let watched = this.#resources.get(key);
    if (!watched) this.#resources.set(key, (watched = { everything: 0, byNamespace: new Map(), byName: new Map() }));
    count(watched, info, 1);
    return () => {
      count(watched, info, -1);
      if (watched.everything === 0 && watched.byNamespace.size === 0 && watched.byName.size === 0 && this.#resources.get(key) === watched) this.#resources.delete(key);
    };
  }

  /** Those that may be told of what the request changes. */
  interested(info: RequestInfo): number {
    const watched = this.#resources.get(keyOf(info));
    if (!watched) return 0;
    let sum = watched.everything;
    if (info.namespace !== '' && watched.byNamespace.size > 0) sum += watched.byNamespace.get(info.namespace) ?? 0;
    if (info.name !== '' && watched.byName.size > 0) sum += (watched.byName.get(`${info.namespace}/${info.name}`) ?? 0) + (info.namespace === '' ? 0 : (watched.byName.get(`/${info.name}`) ?? 0));
    return sum;
  }
}

function keyOf(info: RequestInfo): string {
  return info.group === '' ? info.resource : `${info.resource}.${info.group}`;
}

function count(watched: Watched, info: RequestInfo, by: number): void {
  if (info.name !== '') bump(watched.byName, `${info.namespace}/${info.name}`, by);
  else if (info.namespace !== '') bump(watched.byNamespace, info.namespace, by);
  else watched.everything += by;
}

function bump(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next > 0) counts.set(key, next);
  else counts.delete(key);
}
