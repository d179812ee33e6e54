/** Following a range: over one stream after the other, each from where the last one ended. */
import { backoffDelay } from '../../base/backoff.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { StoreError, type StoreBatch, type StoreEvent } from '../store.ts';
import { isTransient, patienceMs, storeError, type Member, type Members, type WatchStream } from './members.ts';
import { decodeWatch, encodeProgressRequest, encodeWatch, type EtcdEvent, type WatchAnswer } from './messages.ts';

const watchPath = '/etcdserverpb.Watch/Watch';
const retry = { initialMs: 50, maxMs: 1000, factor: 2, jitter: 0.2 };

export interface FollowRequest {
  readonly start: string;
  readonly end: string;
  readonly after: number;
  readonly signal: AbortSignal;
  /** The oldest revision that is known to be readable. */
  readonly floor: () => number;
  readonly followers: Set<Follower>;
}

/** Somebody knows that there is a revision: a follower that has not come so far asks how far it is. */
export interface Follower {
  hurry(newest: number): void;
}

/** Where progress can be asked for: before 3.4.31 and 3.5.13 the answer may overtake events, or never come. */
export function answersProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}

export async function* followRange(members: Members, surroundings: Surroundings, request: FollowRequest): AsyncGenerator<StoreBatch, void, void> {
  const { clock, random, log } = surroundings;
  const { signal } = request;
  const stop = AbortSignal.any([signal, members.closed]);
  const cursor = new Cursor(request);
  let failures = 0;
  let failingSince = 0;
  for (;;) {
    let member: Member | undefined;
    try {
      if (request.after < request.floor() && cursor.seen === request.after) throw new StoreError('compacted', `revision ${request.after} has been compacted`);
      member = await members.connected(clock.monotonic() + patienceMs);
      for await (const answer of answers(members, member, cursor, request, stop)) {
        failures = 0;
        yield* cursor.take(answer);
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (members.closed.aborted || !isTransient(error)) throw storeError(error, members.closed);
      if (member) members.failed(member);
      if (failures === 0) failingSince = clock.monotonic();
      else if (clock.monotonic() - failingSince > patienceMs) throw storeError(error, members.closed);
      log.info('A watch of etcd is taken up again', { endpoint: member?.endpoint, revision: cursor.seen });
    }
    if (signal.aborted) return;
    if (members.closed.aborted) throw members.closed.reason;
    await clock.sleep(backoffDelay(retry, failures++, random), stop).catch(() => {});
  }
}

/** The answers of one stream until it ends. */
async function* answers(members: Members, member: Member, cursor: Cursor, request: FollowRequest, stop: AbortSignal): AsyncGenerator<WatchAnswer, void, void> {
  const asks = answersProgress(await members.version(member));
  // Where progress cannot be asked for, everything is followed: then each revision shows itself.
  const range = asks ? { key: request.start, end: request.end } : { key: '\0', end: '\0' };
  const stream: WatchStream<WatchAnswer> = members.stream(member, watchPath, decodeWatch);
  const cancel = (): void => stream.cancel();
  const follower: Follower = {
    hurry: (newest) => {
      if (asks && cursor.seen < newest) stream.write(encodeProgressRequest());
    },
  };
  stop.addEventListener('abort', cancel, { once: true });
  // The loop below sees what goes wrong; what comes after it is nobody's business.
  stream.on('error', () => {});
  try {
    if (stop.aborted) return;
    stream.write(encodeWatch({ ...range, from: cursor.seen + 1 }));
    let created = false;
    for await (const answer of stream as AsyncIterable<WatchAnswer>) {
      if (answer.compactRevision > 0) throw new StoreError('compacted', `revision ${cursor.seen} has been compacted; the oldest is ${answer.compactRevision}`);
      if (answer.canceled) throw new StoreError('unavailable', `etcd ended the watch: ${answer.reason}`);
      if (answer.created && !created) {
        created = true;
        request.followers.add(follower);
      } else yield answer;
    }
  } finally {
    stop.removeEventListener('abort', cancel);
    request.followers.delete(follower);
    stream.cancel();
  }
}

/** How far a follower is, and what it has told. */
class Cursor {
  readonly #start: string;
  readonly #end: string;
  #seen: number;

  constructor(request: { readonly start: string; readonly end: string; readonly after: number }) {
    this.#start = request.start;
    this.#end = request.end;
    this.#seen = request.after;
  }

  get seen(): number {
    return this.#seen;
  }

  *take(answer: WatchAnswer): Generator<StoreBatch, void, void> {
    if (answer.events.length === 0) {
      if (answer.revision > this.#seen) yield { revision: (this.#seen = answer.revision), events: [] };
      return;
    }
    let told = this.#seen;
    for (let i = 0; i < answer.events.length; ) {
      const revision = answer.events[i]!.entry.modRevision;
      const events: StoreEvent[] = [];
      for (; answer.events[i]?.entry.modRevision === revision; i++) {
        const event = answer.events[i]!;
        if (event.entry.key >= this.#start && event.entry.key < this.#end) events.push(storeEvent(event));
      }
      // What was delivered before a reconnection is not delivered again.
      if (revision <= this.#seen) continue;
      this.#seen = revision;
      if (events.length === 0) continue;
      told = revision;
      yield { revision, events };
    }
    if (told < this.#seen) yield { revision: this.#seen, events: [] };
  }
}

function storeEvent({ type, entry, previous }: EtcdEvent): StoreEvent {
  const fresh = type === 'put' && entry.createRevision === entry.modRevision;
  if (!fresh && !previous) throw new StoreError('compacted', `what ${entry.key} was before revision ${entry.modRevision} has been compacted`);
  if (type === 'delete') return { type, entry: { ...previous!, modRevision: entry.modRevision } };
  return previous ? { type, entry, previous } : { type, entry };
}
