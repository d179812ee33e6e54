/**
 * Pods that wait for a node. Active: to be tried next, the most important first. Backing off: tried lately. Unschedulable: nothing
 * has happened since that could help. Gated: not to be tried at all yet.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import type { Pod } from '../api/core/v1/index.ts';
import type { Change, Plugin } from './plugin.ts';
import { podInfo, type PodInfo } from './state.ts';

export interface QueuedPod {
  info: PodInfo;
  readonly addedAt: number;
  attempts: number;
  /** Plugins that refused it the last time. */
  refusedBy: ReadonlySet<string>;
  gatedBy: string | undefined;
  backoffUntil: number;
  waitingSince: number;
  readonly order: number;
}

export const initialBackoffMs = 1000;
export const maxBackoffMs = 10_000;
/** A pod is tried again after this long even if nothing seems to help it. */
export const staleAfterMs = 300_000;
const flushMs = 30_000;

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #plugins: readonly Plugin[];
  readonly #byName: ReadonlyMap<string, Plugin>;
  readonly #active = new Heap<QueuedPod>((a, b) => b.info.priority - a.info.priority || a.addedAt - b.addedAt || a.order - b.order);
  readonly #waiting = new Map<string, QueuedPod>();
  readonly #backingOff = new Map<string, { pod: QueuedPod; timer: Timer }>();
  readonly #all = new Map<string, QueuedPod>();
  /** Being placed now; what happens meanwhile is remembered. */
  #inHand = new Map<string, Change[]>();
  #order = 0;
  #wake: (() => void) | undefined;
  #closed = false;
  readonly #flush: Timer;

  constructor(clock: Clock, plugins: readonly Plugin[]) {
    this.#clock = clock;
    this.#plugins = plugins;
    this.#byName = new Map(plugins.map((p) => [p.name, p]));
    this.#flush = clock.every(flushMs, () => this.#flushStale());
  }

  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number } {
    let gated = 0;
    for (const pod of this.#waiting.values()) if (pod.gatedBy) gated++;
    return { active: this.#active.size, backoff: this.#backingOff.size, unschedulable: this.#waiting.size - gated, gated };
  }

  /** A pod without a node, new or changed. */
  set(pod: DeepReadonly<Pod>): void {
    const { uid } = pod.metadata;
    const known = this.#all.get(uid);
    if (!known) {
      const queued: QueuedPod = {
        info: podInfo(pod), addedAt: this.#clock.now(), attempts: 0, refusedBy: new Set(), gatedBy: undefined, backoffUntil: 0, waitingSince: 0, order: this.#order++,
      };
      this.#all.set(uid, queued);
      return this.#enqueue(queued);
    }
    const before = known.info.pod;
    if (this.#inHand.has(uid)) return;
    // Our own status updates are not news.
    const changed = before.spec !== pod.spec && JSON.stringify([before.spec, before.metadata.labels]) !== JSON.stringify([pod.spec, pod.metadata.labels]);
    const reorder = this.#active.has(known) && changed;
    if (reorder) this.#active.remove(known);
    known.info = changed ? podInfo(pod) : { ...known.info, pod };
    if (reorder) this.#active.push(known);
    else if (changed && this.#waiting.delete(uid)) this.#enqueue(known);
  }

  get(uid: string): QueuedPod | undefined {
    return this.#all.get(uid);
  }

  /** Gone, or it has a node. */
  delete(uid: string): void {
    const known = this.#all.get(uid);
    if (!known) return;
    this.#all.delete(uid);
    this.#waiting.delete(uid);
    this.#backingOff.get(uid)?.timer.cancel();
    this.#backingOff.delete(uid);
    this.#active.remove(known);
    this.#inHand.delete(uid);
  }

  /** The next to try; undefined when the queue is closed. It stays in hand until `done`, `reject` or `delete`. */
  async take(): Promise<QueuedPod | undefined> {
    while (!this.#closed) {
      const pod = this.#active.pop();
      if (pod) {
        pod.attempts++;
        this.#inHand.set(pod.info.uid, []);
        return pod;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return undefined;
  }

  /** It fits nowhere, as these plugins say; it waits until something happens that may help. */
  reject(pod: QueuedPod, plugins: ReadonlySet<string>): void {
    const missed = this.#inHand.get(pod.info.uid);
    if (!missed) return;
    this.#inHand.delete(pod.info.uid);
    pod.refusedBy = plugins;
    pod.waitingSince = this.#clock.monotonic();
    pod.backoffUntil = pod.waitingSince + Math.min(maxBackoffMs, initialBackoffMs * 2 ** (pod.attempts - 1));
    if (missed.some((change) => this.#mayHelp(pod, change))) this.#afterBackoff(pod);
    else this.#waiting.set(pod.info.uid, pod);
  }

  /** Something failed that is not the pod's fault: it is tried again when its back-off ends. */
  retry(pod: QueuedPod): void {
    if (!this.#all.has(pod.info.uid)) return;
    this.#inHand.delete(pod.info.uid);
    pod.refusedBy = new Set();
    pod.backoffUntil = this.#clock.monotonic() + Math.min(maxBackoffMs, initialBackoffMs * 2 ** (pod.attempts - 1));
    this.#afterBackoff(pod);
  }

  /** Something happened: those whom it may help are tried again. */
  notify(change: Change): void {
    for (const missed of this.#inHand.values()) if (missed.length < 1000) missed.push(change);
    for (const [uid, pod] of this.#waiting) {
      if (pod.gatedBy || !this.#mayHelp(pod, change)) continue;
      this.#waiting.delete(uid);
      this.#afterBackoff(pod);
    }
  }

  close(): void {
    this.#closed = true;
    this.#flush.cancel();
    for (const { timer } of this.#backingOff.values()) timer.cancel();
    this.#wake?.();
  }

  #mayHelp(pod: QueuedPod, change: Change): boolean {
    if (pod.refusedBy.size === 0) return true;
    for (const name of pod.refusedBy) {
      const plugin = this.#byName.get(name);
      if (!plugin?.helps || plugin.helps(change, pod.info)) return true;
    }
    return false;
  }

  #enqueue(pod: QueuedPod): void {
    pod.gatedBy = undefined;
    for (const plugin of this.#plugins) {
      if (!plugin.gate?.(pod.info.pod)) continue;
      pod.gatedBy = plugin.name;
      pod.waitingSince = this.#clock.monotonic();
      this.#waiting.set(pod.info.uid, pod);
      return;
    }
    this.#afterBackoff(pod);
  }

  #afterBackoff(pod: QueuedPod): void {
    const { uid } = pod.info;
    const left = pod.backoffUntil - this.#clock.monotonic();
    if (left <= 0) return this.#activate(pod);
    if (this.#backingOff.has(uid)) return;
    const timer = this.#clock.after(left, () => {
      this.#backingOff.delete(uid);
      this.#activate(pod);
    });
    this.#backingOff.set(uid, { pod, timer });
  }

  #activate(pod: QueuedPod): void {
    this.#active.push(pod);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #flushStale(): void {
    const now = this.#clock.monotonic();
    for (const [uid, pod] of this.#waiting) {
      if (pod.gatedBy || now - pod.waitingSince < staleAfterMs) continue;
      this.#waiting.delete(uid);
      this.#afterBackoff(pod);
    }
  }
}

/** A binary heap from which anything can be taken. */
class Heap<T> {
  readonly #before: (a: T, b: T) => number;
  readonly #items: T[] = [];
  readonly #at = new Map<T, number>();

  constructor(before: (a: T, b: T) => number) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#at.has(item);
  }

  push(item: T): void {
    if (this.#at.has(item)) return;
    this.#put(this.#items.length, item);
    this.#up(this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(item: T): void {
    const at = this.#at.get(item);
    if (at === undefined) return;
    this.#at.delete(item);
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#put(at, last);
    this.#up(at);
    this.#down(this.#at.get(last)!);
  }

  #put(at: number, item: T): void {
    this.#items[at] = item;
    this.#at.set(item, at);
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a]!;
    this.#put(a, this.#items[b]!);
    this.#put(b, item);
  }

  #up(at: number): void {
    for (let child = at; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (this.#before(this.#items[child]!, this.#items[parent]!) >= 0) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #down(at: number): void {
    for (let parent = at; ; ) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#items.length && this.#before(this.#items[child]!, this.#items[least]!) < 0) least = child;
      }
      if (least === parent) return;
      this.#swap(least, parent);
      parent = least;
    }
  }
}
