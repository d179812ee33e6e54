/** Priority and fairness in one API server: follows its objects, keeps its own among them, answers its debugging paths. */
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/types.ts';
import type { Timer } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { isAbort } from '../../base/abort.ts';
import type { Client } from '../../client/client.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendText } from '../../serving/respond.ts';
import type { Gate } from '../gate.ts';
import type { Installed } from '../install.ts';
import { defaultLimits, type RequestLimits } from '../limits.ts';
import type { ReadonlyObject } from '../objects.ts';
import { follow } from '../registry/follow.ts';
import { dumpLevels, dumpQueues, dumpRequests } from './dump.ts';
import { ensureConfiguration, tellDangling } from './ensure.ts';
import { Fairness } from './fairness.ts';
import { maxInFlight } from './maxinflight.ts';

export interface FlowControl {
  readonly gate: Gate;
  /** Paths that it answers. */
  readonly paths: Readonly<Record<string, (request: ServingRequest) => void>>;
  /** Resolves when its objects exist and are known. */
  start(client: Client): Promise<void>;
  close(): void;
}

export interface FlowControlOptions {
  readonly installed: Installed;
  readonly metrics: Metrics;
  readonly surroundings: Surroundings;
  readonly limits: RequestLimits;
}

const ensureMs = 60_000;
/** How long changes are gathered before the conditions are looked at. */
const settleMs = 100;
const root = '/debug/api_priority_and_fairness';

export function flowControl(options: FlowControlOptions): FlowControl {
  const limits = { ...defaultLimits, ...options.limits };
  if (!limits.priorityAndFairness) return { gate: maxInFlight(limits.maxRequestsInFlight, limits.maxMutatingRequestsInFlight), paths: {}, start: () => Promise.resolve(), close() {} };
  const { clock } = options.surroundings;
  const { table } = options.installed;
  const fairness = new Fairness({
    clock, metrics: options.metrics, seats: limits.maxRequestsInFlight + limits.maxMutatingRequestsInFlight, waitMs: Math.min(limits.requestTimeoutMs / 4, 60_000),
    sizeOf: (info) => {
      const cacher = table.find(info.group, info.version, info.resource)?.storage?.cacher;
      return cacher && { objects: cacher.count, meanBytes: cacher.count === 0 ? 0 : cacher.bytes / cacher.count };
    },
  });
  const keeper = new Keeper(options, fairness);
  return {
    gate: fairness,
    paths: {
      [`${root}/dump_priority_levels`]: (request) => sendText(request, 200, dumpLevels(fairness.levels)),
      [`${root}/dump_queues`]: (request) => sendText(request, 200, dumpQueues(fairness.levels)),
      [`${root}/dump_requests`]: (request) => sendText(request, 200, dumpRequests(fairness.levels, Boolean(request.query.get('includeRequestDetails')), clock)),
    },
    start: (client) => keeper.start(client),
    close: () => {
      keeper.close();
      fairness.close();
    },
  };
}

type Level = DeepReadonly<PriorityLevelConfiguration>;
type Schema = DeepReadonly<FlowSchema>;

class Keeper {
  readonly #options: FlowControlOptions;
  readonly #fairness: Fairness;
  readonly #stop = new AbortController();
  #levels: ReadonlyMap<string, ReadonlyObject> = new Map();
  #schemas: ReadonlyMap<string, ReadonlyObject> = new Map();
  #timer: Timer | undefined;
  #client: Client | undefined;
  #settling: Timer | undefined;

  constructor(options: FlowControlOptions, fairness: Fairness) {
    this.#options = options;
    this.#fairness = fairness;
  }

  async start(client: Client): Promise<void> {
    const { installed, surroundings: { clock, log } } = this.#options;
    const group = 'flowcontrol.apiserver.k8s.io';
    const { signal } = this.#stop;
    this.#client = client;
    await Promise.all([
      follow(installed.storage(`prioritylevelconfigurations.${group}`), { clock, log, signal, changed: (objects) => this.#changed((this.#levels = objects)) }),
      follow(installed.storage(`flowschemas.${group}`), { clock, log, signal, changed: (objects) => this.#changed((this.#schemas = objects)) }),
    ]);
    await this.#ensure(client);
    this.#timer = clock.every(ensureMs, () => void this.#ensure(client).catch((error: unknown) => log.error('Keeping the flow schemas failed', error)));
  }

  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
    this.#settling?.cancel();
  }

  #ensure(client: Client): Promise<void> {
    const byName = <T>(objects: ReadonlyMap<string, ReadonlyObject>): Map<string, T> => new Map([...objects.values()].map((o) => [o.metadata.name!, o as unknown as T]));
    return ensureConfiguration(client, { levels: byName<Level>(this.#levels), schemas: byName<Schema>(this.#schemas) });
  }

  #changed(_objects: unknown): void {
    this.#fairness.configure(this.#levels.values() as Iterable<Level>, this.#schemas.values() as unknown as Iterable<Schema>);
    this.#settling ??= this.#options.surroundings.clock.after(settleMs, () => {
      this.#settling = undefined;
      void this.#tell();
    });
  }

  async #tell(): Promise<void> {
    const { clock, log } = this.#options.surroundings;
    const names = new Set([...this.#levels.values()].map((o) => o.metadata.name!));
    try {
      await tellDangling(this.#client!, [...this.#schemas.values()] as unknown as Schema[], names, clock);
    } catch (error) {
      if (!isAbort(error) && !this.#stop.signal.aborted) log.error('Telling of dangling flow schemas failed', error);
    }
  }
}
