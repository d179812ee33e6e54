/** Admission: plain plugins that may change, then may refuse, what is about to be written. */
import type { RuleContext } from '../../schema/vocabulary.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Notes } from '../../serving/request.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { View } from '../registry/views.ts';
import type { AdmissionMetrics, PluginTimer } from './metrics.ts';
import type { Reinvocation } from './reinvocation.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest extends RuleContext {
  readonly operation: Operation;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** In the stored version. Mutating plugins change it in place; absent for DELETE. */
  readonly object?: ApiObject;
  readonly old?: ReadonlyObject;
  readonly warnings: string[];
  /** How the client sees the object; absent: it is not known, or the writer is this server. */
  readonly view?: View;
  /** Of the operation, as the client gave them: field manager, grace period and the like. */
  readonly options?: JsonObject;
  /** For the audit log; absent: nobody keeps one of this request. */
  readonly notes?: Notes;
  /** Kept by those who may ask for a second round. */
  reinvocation?: Reinvocation;
}

/** The name by which a refusal calls the object. */
export function nameOf({ name, object }: AdmissionRequest): string {
  return name || object?.metadata?.name || object?.metadata?.generateName || 'Unknown';
}

/** A refusal that upstream gives no reason for. */
export function unexplained(message: string): StatusError {
  return new StatusError({ status: 'Failure', code: 500, message });
}

/** Changes the object of a request in place into another. */
export function become(object: ApiObject, other: ApiObject): void {
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, other);
}

/** Plugins run in the order of the chain: all `mutate` first, then, after validation, all `validate`. They throw StatusError to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(request: AdmissionRequest): Promise<void> | void;
  validate?(request: AdmissionRequest): Promise<void> | void;
}

interface Link {
  readonly run: (request: AdmissionRequest) => Promise<void> | void;
  readonly time: PluginTimer | undefined;
}

export class AdmissionChain {
  #mutating: readonly Link[] = [];
  #validating: readonly Link[] = [];
  #metrics: AdmissionMetrics | undefined;

  /** Plugins look at storages, and storages run the chain: it is filled once both are there. */
  use(plugins: readonly AdmissionPlugin[], metrics?: AdmissionMetrics): void {
    this.#metrics = metrics;
    this.#mutating = plugins.filter((p) => p.mutate).map((p) => ({ run: (request) => p.mutate!(request), time: metrics?.plugin(p.name, 'admit') }));
    this.#validating = plugins.filter((p) => p.validate).map((p) => ({ run: (request) => p.validate!(request), time: metrics?.plugin(p.name, 'validate') }));
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    const since = this.#metrics?.now() ?? 0;
    let done = false;
    try {
      await this.#run(this.#mutating, request);
      if (request.reinvocation?.wanted === true) {
        request.reinvocation.round = 1;
        await this.#run(this.#mutating, request);
      }
      done = true;
    } finally {
      this.#metrics?.step('admit', request.operation, since, !done);
    }
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const since = this.#metrics?.now() ?? 0;
    let done = false;
    try {
      await this.#run(this.#validating, request);
      done = true;
    } finally {
      this.#metrics?.step('validate', request.operation, since, !done);
    }
  }

  /** Plugins that find out at once that they have nothing to do are not waited for. */
  async #run(links: readonly Link[], request: AdmissionRequest): Promise<void> {
    for (const { run, time } of links) {
      const observe = time?.(request.operation);
      let done = false;
      try {
        const pending = run(request);
        if (pending) await pending;
        done = true;
      } finally {
        observe?.(!done);
      }
    }
  }
}
