/** Writes pod statuses: only what changed, the latest only, one write at a time for each pod, until it succeeds. */
import { isDeepStrictEqual } from 'node:util';
import { backoffDelay } from '../../base/backoff.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { pods } from '../../api/core/v1/index.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { Client } from '../../client/client.ts';
import type { DeepReadonly, Draft } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { isAbort } from '../../base/abort.ts';
import type { Pod } from '../pods/model.ts';

type PodStatus = Draft<core.PodStatus>;
type Json = Record<string, unknown>;

/** Lists that strategic merge would join are replaced whole. */
const joined = new Set(['podIPs', 'hostIPs']);

/** The strategic merge patch that turns one status into the other; `undefined` when they are equal. */
export function statusPatch(old: Json, fresh: Json): Json | undefined {
  const patch: Json = {};
  for (const [key, value] of Object.entries(fresh)) {
    if (isDeepStrictEqual(old[key], value)) continue;
    if (key === 'conditions') patch[key] = changedConditions(old[key] as Json[] | undefined, value as Json[]);
    else patch[key] = joined.has(key) && Array.isArray(old[key]) ? [{ $patch: 'replace' }, ...(value as unknown[])] : value;
    if (Array.isArray(patch[key]) && patch[key].length === 0 && key === 'conditions') delete patch[key];
  }
  for (const key of Object.keys(old)) if (!(key in fresh) && owned.has(key)) patch[key] = null;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

const owned = new Set(['reason', 'message', 'initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses', 'podIP', 'podIPs', 'hostIP', 'hostIPs']);

function changedConditions(old: Json[] | undefined, fresh: Json[]): Json[] {
  return fresh.flatMap((condition) => {
    const before = old?.find((c) => c['type'] === condition['type']);
    if (before && isDeepStrictEqual({ ...before, lastProbeTime: undefined }, { ...condition, lastProbeTime: undefined })) return [];
    // Texts that no longer hold go.
    const cleared = Object.fromEntries(['reason', 'message'].filter((k) => before?.[k] && !condition[k]).map((k) => [k, null]));
    return [{ ...condition, ...cleared }];
  });
}

interface Entry {
  pod: Pod;
  wanted: PodStatus;
  written: DeepReadonly<core.PodStatus> | PodStatus | undefined;
  writing: Promise<void> | undefined;
  /** When the oldest change came that the API does not have yet. */
  since: number;
}

const retry = { initialMs: 200, maxMs: 10_000, factor: 2, jitter: 0.5 };

export class StatusWriter {
  readonly #client: Client;
  readonly #surroundings: Surroundings;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry>();
  readonly #tell: ((seconds: number) => void) | undefined;

  constructor(client: Client, surroundings: Surroundings, signal: AbortSignal, tell?: (seconds: number) => void) {
    this.#tell = tell;
    this.#client = client;
    this.#surroundings = surroundings;
    this.#signal = signal;
  }

  publish(pod: Pod, status: PodStatus): void {
    const { uid } = pod.metadata;
    const now = this.#surroundings.clock.monotonic();
    const entry = this.#entries.get(uid) ?? { pod, wanted: status, written: pod.status, writing: undefined, since: now };
    if (!entry.writing) entry.since = now;
    entry.pod = pod;
    entry.wanted = status;
    this.#entries.set(uid, entry);
    entry.writing ??= this.#write(uid, entry).finally(() => (entry.writing = undefined));
  }

  /** The last that was published, though it may not be written yet. */
  latest(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted;
  }

  /** Resolves when the latest status is written (or the pod is gone). */
  async settled(uid: string): Promise<void> {
    while (this.#entries.get(uid)?.writing) await this.#entries.get(uid)!.writing;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  async #write(uid: string, entry: Entry): Promise<void> {
    for (let attempt = 0; !this.#signal.aborted; ) {
      const { wanted, pod } = entry;
      const patch = statusPatch((entry.written ?? {}) as Json, wanted as Json);
      if (!patch) return;
      try {
        const body = { metadata: { uid }, status: patch };
        const namespace = pod.metadata.namespace ?? '';
        const answer = await this.#client.patch(
          pods, pod.metadata.name, { type: 'application/strategic-merge-patch+json', body }, { namespace, subresource: 'status', signal: this.#signal },
        );
        // The server completes what it stores; comparing with our own text is what tells changes.
        entry.written = answer.metadata.uid === uid ? { ...answer.status, ...wanted } : wanted;
        attempt = 0;
        const now = this.#surroundings.clock.monotonic();
        this.#tell?.((now - entry.since) / 1000);
        entry.since = now;
        if (entry.wanted === wanted) return;
      } catch (error) {
        if (isAbort(error, this.#signal)) return;
        // Gone, or another pod has its name now.
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
        this.#surroundings.log.warn('Writing a pod status failed', { pod: pod.metadata.name, err: String(error) });
        await this.#surroundings.clock.sleep(backoffDelay(retry, attempt++, this.#surroundings.random), this.#signal).catch(() => undefined);
      }
    }
  }
}
