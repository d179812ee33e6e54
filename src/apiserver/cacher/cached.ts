import type { DeepReadonly } from '../../machinery/json.ts';
import { SharedPiece } from '../../serving/piece.ts';
import { joined, type Attributes, type CachedObject, type CacherCodec, type CacherEvent, type ChangeType, type Splice } from './cacher.ts';
import type { Warm, Warmth } from './warmth.ts';

/** What every object of a cacher is made with. */
export interface Making<T> {
  readonly codec: CacherCodec<T>;
  readonly warmth: Warmth;
  /** Why the values cannot be read. */
  readonly problem?: Error;
}

interface Derived {
  readonly name: string;
  readonly variant: string;
  readonly made: unknown;
}

/** A decoded object takes about this many times the bytes that it was made of. */
const objectFactor = 6;

/** A stored value, and for a while what has been derived from it. */
export class Cached<T> implements CachedObject<T>, Warm {
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
  weight = 0;
  newer: Warm | undefined = undefined;
  older: Warm | undefined = undefined;
  readonly #making: Making<T>;
  /** Weak once it has cooled: whoever still holds it shares it with whoever asks. */
  #object: T | WeakRef<T & object> | undefined;
  /** Somebody has asked for the object: it counts, and is there until it has to go. */
  #kept = false;
  #attributes: Attributes | undefined;
  #derived: Derived[] | undefined;

  constructor(making: Making<T>, key: string, revision: number, value: Uint8Array, object?: T) {
    this.#making = making;
    this.key = key;
    this.revision = revision;
    this.value = value;
    this.#object = object;
    if (object !== undefined) making.warmth.welcome(this);
  }

  get object(): DeepReadonly<T> {
    const { warmth } = this.#making;
    const held = this.#object;
    if (held !== undefined && !(held instanceof WeakRef) && this.#kept) {
      warmth.touch(this);
      return held as DeepReadonly<T>;
    }
    const object = this.#known() ?? this.#decode();
    this.#object = object;
    this.#kept = true;
    warmth.add(this, this.value.byteLength * objectFactor);
    return object as DeepReadonly<T>;
  }

  get attributes(): Attributes {
    return (this.#attributes ??= this.#making.codec.attributes(this.glance()));
  }

  /** Whether the attributes cost nothing. */
  get described(): boolean {
    return this.#attributes !== undefined;
  }

  /** For a single use: what is not decoded yet is not kept. */
  glance(): DeepReadonly<T> {
    return (this.#known() ?? this.#decode()) as DeepReadonly<T>;
  }

  get problem(): Error | undefined {
    return this.#making.problem;
  }

  splice(version: string, mediaType: string): Splice | undefined {
    if (this.problem) return undefined;
    return this.#making.codec.splice?.(this.value, this.revision, version, mediaType);
  }

  encoding(version: string, mediaType: string): Buffer {
    const splice = this.splice(version, mediaType);
    if (splice) return joined(splice);
    return this.derived(mediaType, version, (object) => {
      const made = exact(this.#making.codec.encode(object, version, mediaType));
      return { made, weight: made.length };
    });
  }

  derived<D>(name: string, variant: string, make: (object: DeepReadonly<T>) => { readonly made: D; readonly weight: number }): D {
    const { warmth } = this.#making;
    const derived = (this.#derived ??= []);
    for (const d of derived) {
      if (d.name !== name || d.variant !== variant) continue;
      warmth.touch(this);
      return d.made as D;
    }
    const { made, weight } = make(this.glance());
    derived.push({ name, variant, made });
    warmth.add(this, weight);
    return made;
  }

  endedAt(revision: number): Cached<T> {
    const ended = new Cached(this.#making, this.key, revision, this.value);
    ended.#attributes = this.#attributes;
    return ended;
  }

  cool(): void {
    const object = this.#known();
    this.#object = object === undefined ? undefined : new WeakRef(object as T & object);
    this.#kept = false;
    this.#derived = undefined;
  }

  expire(): void {
    if (!this.#kept) this.#object = undefined;
  }

  /** Gives back memory of a state that is history; whoever still asks has it made again. */
  trim(): void {
    this.#making.warmth.drop(this);
    this.#object = undefined;
    this.#kept = false;
    this.#derived = undefined;
  }

  #known(): T | undefined {
    const held = this.#object;
    return held instanceof WeakRef ? held.deref() : held;
  }

  #decode(): T {
    if (this.problem) throw this.problem;
    return this.#making.codec.decodeStored(this.value, this.key, this.revision);
  }
}

/** A copy that keeps no larger buffer alive. */
function exact(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(out);
  return out;
}

type ObjectEvent<T> = Extract<CacherEvent<T>, { type: ChangeType }>;

/** What one commit did to one key. */
export class Change<T> {
  readonly revision: number;
  readonly key: string;
  readonly before: Cached<T> | undefined;
  readonly after: Cached<T> | undefined;
  readonly #codec: CacherCodec<T>;
  #events: Partial<Record<ChangeType, ObjectEvent<T>>> | undefined;
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
    this.#events = undefined;
    this.#ended = undefined;
    this.before?.trim();
  }

  #event(type: ChangeType, item: Cached<T>): ObjectEvent<T> {
    const events = (this.#events ??= {});
    return (events[type] ??= objectEvent(this.#codec, type, item));
  }
}

interface Frame {
  readonly version: string;
  readonly mediaType: string;
  readonly piece: SharedPiece;
}

export function objectEvent<T>(codec: CacherCodec<T>, type: ChangeType, item: Cached<T>): ObjectEvent<T> {
  const frames: Frame[] = [];
  return {
    type,
    revision: item.revision,
    item,
    frame(version, mediaType) {
      for (const f of frames) if (f.version === version && f.mediaType === mediaType) return f.piece;
      const piece = new SharedPiece(codec.frame(type, item.encoding(version, mediaType), mediaType));
      frames.push({ version, mediaType, piece });
      return piece;
    },
  };
}
