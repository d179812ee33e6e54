/** The members of an etcd cluster: one that answers is kept until it fails, then the next one is tried. */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { Client, connectivityState, credentials, Metadata, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { isAbort } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { StoreError } from '../store.ts';
import { decodeRange, decodeStatus, decodeTxn } from './messages.ts';

export interface EtcdTls {
  /** PEM. Absent: the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const ignore = (): undefined => undefined;

/** What the calls answer, by their path. */
const calls = {
  range: { path: '/etcdserverpb.KV/Range', decode: decodeRange, repeatable: true },
  txn: { path: '/etcdserverpb.KV/Txn', decode: decodeTxn, repeatable: false },
  compact: { path: '/etcdserverpb.KV/Compact', decode: ignore, repeatable: true },
  status: { path: '/etcdserverpb.Maintenance/Status', decode: decodeStatus, repeatable: true },
} as const;

type Calls = typeof calls;
type Answer<M extends keyof Calls> = ReturnType<Calls[M]['decode']>;

export interface Member {
  readonly endpoint: string;
  readonly client: Client;
  /** What it said it is when it was last asked; forgotten when it fails. */
  version: string | undefined;
}

export type WatchStream<T> = ClientDuplexStream<Buffer, T>;

/** How long a call may wait for a member that answers; also how long one member may take. */
export const patienceMs = 10_000;
const pauseMs = 100;

const same = (bytes: Buffer): Buffer => bytes;

export class Members {
  readonly #members: readonly Member[];
  readonly #surroundings: Pick<Surroundings, 'clock' | 'log'>;
  readonly #stop = new AbortController();
  #preferred = 0;

  constructor(endpoints: readonly string[], tls: EtcdTls | undefined, surroundings: Pick<Surroundings, 'clock' | 'log'>) {
    if (endpoints.length === 0) throw new TypeError('no etcd endpoint');
    this.#members = endpoints.map((endpoint) => ({ endpoint, client: dial(endpoint, tls), version: undefined }));
    this.#surroundings = surroundings;
  }

  get closed(): AbortSignal {
    return this.#stop.signal;
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new StoreError('closed', 'the store is closed'));
    for (const { client } of this.#members) client.close();
  }

  /** Reads are tried again elsewhere; a write only when it cannot have reached a member. */
  async call<M extends keyof Calls>(method: M, request: Buffer): Promise<Answer<M>> {
    const { clock } = this.#surroundings;
    const until = clock.monotonic() + patienceMs;
    for (;;) {
      const member = await this.connected(until);
      try {
        return await this.on(member, method, request);
      } catch (error) {
        const failure = error as ServiceError;
        if (this.#stop.signal.aborted || !isTransient(failure)) throw storeError(failure, this.#stop.signal);
        this.failed(member);
        // Whether a write that was sent has happened is for the caller to find out.
        const again = calls[method].repeatable || failure.details?.startsWith('No connection established');
        if (!again || clock.monotonic() > until) throw storeError(failure, this.#stop.signal);
        await clock.sleep(pauseMs, this.#stop.signal);
      }
    }
  }

  /** One call on one member. */
  on<M extends keyof Calls>(member: Member, method: M, request: Buffer): Promise<Answer<M>> {
    const { path } = calls[method];
    const decode = calls[method].decode as unknown as (bytes: Buffer) => Answer<M>;
    return new Promise((resolve, reject) => {
      member.client.makeUnaryRequest(path, same, decode, request, leaderWanted(), { deadline: this.#surroundings.clock.now() + patienceMs },
        (error: ServiceError | null, answer?: Answer<M>) => {
          if (error) reject(error);
          else resolve(answer!);
        });
    });
  }

  stream<T>(member: Member, path: string, decode: (bytes: Buffer) => T): WatchStream<T> {
    return member.client.makeBidiStreamRequest(path, same, decode, leaderWanted(), {});
  }

  async version(member: Member): Promise<string> {
    return (member.version ??= (await this.on(member, 'status', Buffer.alloc(0))).version);
  }

  /** The next call goes to another one. */
  failed(member: Member): void {
    member.version = undefined;
    if (this.#members[this.#preferred] === member) this.#preferred = (this.#preferred + 1) % this.#members.length;
  }

  /** A member with a connection: the preferred one if it has one, else whichever is first. Throws 'unavailable' after `until`. */
  async connected(until: number): Promise<Member> {
    const { clock, log } = this.#surroundings;
    for (;;) {
      if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
      for (let i = 0; i < this.#members.length; i++) {
        const at = (this.#preferred + i) % this.#members.length;
        const member = this.#members[at]!;
        if (member.client.getChannel().getConnectivityState(true) !== connectivityState.READY) continue;
        if (i > 0) log.info('Another etcd member is used', { endpoint: member.endpoint });
        this.#preferred = at;
        return member;
      }
      if (clock.monotonic() > until) throw new StoreError('unavailable', `no etcd member answers (${this.#members.map((m) => m.endpoint).join(', ')})`);
      await this.#anyReady();
    }
  }

  /** Returns when a member is connected, or after a while. */
  async #anyReady(): Promise<void> {
    const { clock } = this.#surroundings;
    const deadline = clock.now() + pauseMs * 5;
    const ready = this.#members.map(({ client }) => new Promise<void>((resolve, reject) => client.waitForReady(deadline, (error) => (error ? reject(error) : resolve()))));
    // A rejection only says that nobody was ready in time, which is seen right after.
    await Promise.any(ready).catch(() => {});
  }
}

function dial(endpoint: string, tls: EtcdTls | undefined): Client {
  const url = new URL(endpoint.includes('://') ? endpoint : `http://${endpoint}`);
  const secure = url.protocol === 'https:';
  const buffer = (pem: string | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address may not be sent as a server's name: some name is, and the certificate is checked for the address.
  const unnamed = secure && isIP(host) > 0;
  const checks = unnamed ? { checkServerIdentity: (_name: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate) } : {};
  const identity = secure ? credentials.createSsl(buffer(tls?.ca), buffer(tls?.key), buffer(tls?.cert), checks) : credentials.createInsecure();
  const target = url.protocol === 'unix:' ? `unix:${url.pathname}` : `${url.hostname}:${url.port || '2379'}`;
  return new Client(target, identity, {
    ...(unnamed ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.min_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2_000,
    // Several stores in one process must not share, and close, one another's connections.
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** A member that has lost its leader refuses, instead of serving what may be old. */
function leaderWanted(): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  return metadata;
}

const transient: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.UNKNOWN, status.INTERNAL]);

export function isTransient(error: unknown): boolean {
  return transient.has((error as Partial<ServiceError>).code ?? -1);
}

/** etcd's answers as the store's errors; what is nobody's fault but the request's stays as it is. */
export function storeError(error: unknown, closed: AbortSignal): Error {
  if (error instanceof StoreError) return error;
  if (closed.aborted || isAbort(error, closed)) return new StoreError('closed', 'the store is closed');
  const { code, details = '', message = String(error) } = error as Partial<ServiceError>;
  if (code === status.OUT_OF_RANGE) return new StoreError(details.includes('compacted') ? 'compacted' : 'future', details);
  if (code === status.RESOURCE_EXHAUSTED) return new StoreError(details.includes('space exceeded') ? 'full' : 'unavailable', details);
  if (isTransient(error)) return new StoreError('unavailable', details || message);
  return new Error(details || message, { cause: error });
}
