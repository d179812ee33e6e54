import type { DeepReadonly } from '../../machinery/json.ts';
import type { Attributes, CachedObject, CacherCodec, CacherEvent, ChangeType } from './cacher.ts';

interface Encoding {
  readonly version: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Finds the bytes or makes them; lists of this kind are one or two long. */
function once(encodings: Encoding[], version: string, mediaType: string, make: () => Buffer): Buffer {
  for (const e of encodings) if (e.version === version && e.mediaType === mediaType) return e.bytes;
  const bytes = make();
  encodings.push({ version, mediaType, bytes });
  return bytes;
}

/** A stored value and what has been derived from it so far. */
export class Cached<T> implements CachedObject<T> {
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
  readonly #codec: CacherCodec<T>;
  #object: T | undefined;
  #attributes: Attributes | undefined;
  #encodings: Encoding[] = [];

  constructor(codec: CacherCodec<T>, key: string, revision: number, value: Uint8Array, object?: T) {
    this.#codec = codec;
    this.key = key;
    this.revision = revision;
    this.value = value;
    this.#object = object;
  }

  get object(): DeepReadonly<T> {
    return (this.#object ??= this.#codec.decodeStored(this.value, this.key, this.revision)) as DeepReadonly<T>;
  }

  get attributes(): Attributes {
    return (this.#attributes ??= this.#codec.attributes(this.object));
  }

  encoding(version: string, mediaType: string): Buffer {
    return once(
      this.#encodings,
      version,
      mediaType,
      () => this.#codec.transcode?.(this.value, this.revision, version, mediaType) ?? this.#codec.encode(this.object, version, mediaType),
    );
  }

  /** The same state as of a later revision, which is what the event of its end shows. */
  endedAt(revision: number): Cached<T> {
    const ended = new Cached(this.#codec, this.key, revision, this.value);
    ended.#attributes = this.#attributes;
    return ended;
  }

  /** Gives back memory of a state that is history; whoever still asks has it made again. */
  trim(): void {
    this.#object = undefined;
    this.#encodings = [];
  }
}

type ObjectEvent<T> = Extract<CacherEvent<T>, { type: ChangeType }>;

/** What one commit did to one key. */
export class Change<T> {
  readonly revision: number;
  readonly key: string;
  readonly before: Cached<T> | undefined;
  readonly after: Cached<T> | undefined;
  readonly #codec: CacherCodec<T>;
  #events: Partial<Record<ChangeType, ObjectEvent<T>>> = {};
  #ended: Cached<T> | undefined;

  constructor(codec: CacherCodec<T>, revision: number, key: string, before: Cached<T> | undefined, after: Cached<T> | undefined) {
    this.#codec = codec;
    this.revision = revision;
    this.key = key;
    this.before = before;
    this.after = after;
  }

  /** How it looks to somebody who selects with `matches`; undefined when it does not concern them. */
  seenBy(matches: (item: Cached<T>) => boolean): ObjectEvent<T> | undefined {
    const was = this.before !== undefined && matches(this.before);
    const is = this.after !== undefined && matches(this.after);
    if (is) return this.#event(was ? 'MODIFIED' : 'ADDED', this.after);
    return was ? this.#event('DELETED', this.ended!) : undefined;
  }

  /** The last state, at this change's revision. */
  get ended(): Cached<T> | undefined {
    return (this.#ended ??= this.before?.endedAt(this.revision));
  }

  /** After all watchers have it: only what a later resume needs stays. */
  settle(): void {
    this.#events = {};
    this.#ended = undefined;
    this.before?.trim();
  }

  #event(type: ChangeType, item: Cached<T>): ObjectEvent<T> {
    return (this.#events[type] ??= objectEvent(this.#codec, type, item));
  }
}

export function objectEvent<T>(codec: CacherCodec<T>, type: ChangeType, item: Cached<T>): ObjectEvent<T> {
  const frames: Encoding[] = [];
  return {
    type,
    revision: item.revision,
    item,
    frame: (version, mediaType) => once(frames, version, mediaType, () => codec.frame(type, item.encoding(version, mediaType), mediaType)),
  };
}
