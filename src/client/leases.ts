/** Leader election on a Lease: one of several holders works, the others wait. */
import { microTimestamp, parseTime } from '../base/clock.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { hasReason } from '../machinery/status.ts';
import { leases, type Lease } from '../api/coordination/v1/index.ts';
import type { Client } from './client.ts';

export interface Election {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Unlike any other holder's. */
  readonly identity: string;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

/**
 * Waits until this holder leads, then runs `lead`, whose signal fires when leadership is lost or the outer signal fires. Resolves
 * when leadership ended; who wants to stand again calls again. A lead that ended in order gives the lease back at once.
 */
export async function leadWhenElected(election: Election, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { surroundings: { clock, log }, signal, retryPeriodMs = 2_000, renewDeadlineMs = 10_000 } = election;
  const candidate = new Candidate(election);
  while (!(await candidate.tryHold())) await clock.sleep(retryPeriodMs, signal);
  log.info('Became leader', { lease: `${election.namespace}/${election.name}`, identity: election.identity });
  const lost = new AbortController();
  const leading = lead(AbortSignal.any([signal, lost.signal])).finally(() => lost.abort(new Error('the leader has finished')));
  let renewedAt = clock.monotonic();
  while (!signal.aborted && !lost.signal.aborted) {
    await clock.sleep(retryPeriodMs, AbortSignal.any([signal, lost.signal])).catch(() => undefined);
    if (signal.aborted || lost.signal.aborted) break;
    if (await candidate.tryHold()) renewedAt = clock.monotonic();
    else if (clock.monotonic() - renewedAt > renewDeadlineMs) lost.abort(new Error('leadership was lost'));
  }
  try {
    await leading;
  } finally {
    await candidate.release();
  }
}

class Candidate {
  readonly #election: Election;
  readonly #leaseSeconds: number;
  #seen: { key: string; at: number } | undefined;

  constructor(election: Election) {
    this.#election = election;
    this.#leaseSeconds = Math.round((election.leaseDurationMs ?? 15_000) / 1000);
  }

  /** Another's lease counts as expired when it has not changed for its duration by our own clock: clocks may differ. */
  async tryHold(): Promise<boolean> {
    const { client, namespace, name, identity, surroundings: { clock, log } } = this.#election;
    const now = microTimestamp(clock.now());
    const spec = { holderIdentity: identity, leaseDurationSeconds: this.#leaseSeconds, acquireTime: now, renewTime: now, leaseTransitions: 0 };
    try {
      const lease = await this.#read();
      if (!lease) {
        await client.create(leases, { metadata: { name, namespace }, spec });
        return true;
      }
      const holder = lease.spec?.holderIdentity ?? '';
      if (holder !== '' && holder !== identity && !this.#expired(lease)) return false;
      const mine = holder === identity;
      const transitions = lease.spec?.leaseTransitions ?? 0;
      await client.update(leases, {
        ...lease,
        spec: { ...lease.spec, ...spec, leaseTransitions: mine ? transitions : transitions + 1, acquireTime: (mine && lease.spec?.acquireTime) || now },
      });
      return true;
    } catch (error) {
      if (!hasReason(error, 'Conflict') && !hasReason(error, 'AlreadyExists')) log.warn('Cannot take or renew the lease', { lease: name, err: error });
      return false;
    }
  }

  async release(): Promise<void> {
    const { client, identity, surroundings: { clock, log } } = this.#election;
    try {
      const lease = await this.#read();
      if (lease?.spec?.holderIdentity !== identity) return;
      const now = microTimestamp(clock.now());
      await client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now } });
    } catch (error) {
      log.debug('The lease was not given back, it will expire', { err: error });
    }
  }

  async #read(): Promise<DeepReadonly<Lease> | undefined> {
    const { client, namespace, name } = this.#election;
    try {
      return await client.get(leases, name, { namespace });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #expired(lease: DeepReadonly<Lease>): boolean {
    const { clock } = this.#election.surroundings;
    const key = `${lease.spec?.holderIdentity} ${lease.spec?.renewTime ?? ''} ${parseTime(lease.spec?.acquireTime ?? '')}`;
    if (this.#seen?.key !== key) this.#seen = { key, at: clock.monotonic() };
    return clock.monotonic() - this.#seen.at >= (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
  }
}
