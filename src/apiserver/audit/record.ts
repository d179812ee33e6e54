/** What is gathered of one request, and the events that come of it. */
import { microTimestamp, type Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { parseJson } from '../../machinery/jsontext.ts';
import { formatGoDuration } from '../../machinery/goduration.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import type { Status } from '../../machinery/status.ts';
import { decodeProtobuf, unwrapUnknown } from '../../schema/protobuf.ts';
import type { User } from '../../serving/identity.ts';
import { json, protobuf, yaml } from '../../serving/negotiation.ts';
import type { Layer, ServingRequest, Trail } from '../../serving/request.ts';
import { isLongRunning, type RequestInfo } from '../../serving/requestinfo.ts';
import { parseApiVersion } from '../objects.ts';
import type { Schema } from '../registry/engines.ts';
import type { Arrival } from './audit.ts';
import type { Outcome } from './backends.ts';
import { auditUser, objectRef, type AuditEvent, type ResponseStatus } from './event.ts';
import type { AuditRule, Stage } from './policy.ts';

export interface RecordOptions {
  readonly clock: Clock;
  readonly registry: Schema;
  /** Somebody waits until events are stored. */
  readonly waits: boolean;
  readonly sink: (event: AuditEvent) => Outcome;
}

interface Meta {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const longestAgent = 1024;
const slowMs = 500;
/** What happens side by side is as long as the longest of it. */
const longestCounts: ReadonlySet<Layer> = new Set(['validating-webhook', 'authorization', 'apf-queue-wait']);

export class Record implements Trail {
  readonly #options: RecordOptions;
  readonly #rule: AuditRule;
  readonly #request: ServingRequest;
  readonly #info: RequestInfo;
  readonly #arrival: Arrival;
  readonly #user: User | undefined;
  readonly #long: boolean;
  #over = false;
  #began = false;
  #layers: Map<Layer, number> | undefined;
  #impersonated: User | undefined;
  #meta: Meta = {};
  #annotations: { [key: string]: string } | undefined;
  #status: ResponseStatus | undefined;
  #requestObject: unknown;
  #responseObject: unknown;

  constructor(options: RecordOptions, rule: AuditRule, request: ServingRequest, info: RequestInfo, user: User | undefined, arrival: Arrival) {
    this.#options = options;
    this.#rule = rule;
    this.#request = request;
    this.#info = info;
    this.#user = user;
    this.#arrival = arrival;
    this.#long = isLongRunning(info);
  }

  /** False: the request is not to be served. */
  received(): Outcome {
    return this.#emit('RequestReceived', this.#arrival.now);
  }

  impersonated(user: User): void {
    this.#impersonated = user;
  }

  annotate(key: string, value: string, level?: 'Request'): void {
    if (level && !this.#deep) return;
    const annotations = (this.#annotations ??= {});
    // The first word stands: later ones may come of a second round of admission.
    if (!(key in annotations)) annotations[key] = value;
  }

  spent(layer: Layer, milliseconds: number): void {
    const layers = (this.#layers ??= new Map());
    const before = layers.get(layer) ?? 0;
    layers.set(layer, longestCounts.has(layer) ? Math.max(before, milliseconds) : before + milliseconds);
  }

  requestObject(object: { readonly metadata?: Meta } & object): void {
    // Copied: what is created later goes on from this very object.
    const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
    this.#meta = { name, namespace, uid, resourceVersion };
    if (this.#deep) this.#requestObject = this.#without(structuredClone(object));
  }

  requestPatch(value: unknown): void {
    if (this.#deep) this.#requestObject = this.#without(value);
  }

  get #deep(): boolean {
    return this.#rule.level === 'Request' || this.#rule.level === 'RequestResponse';
  }

  /** An answer with its whole body, before it is compressed. */
  answered(code: number, type: string, bytes: string | Uint8Array): Promise<unknown> | undefined {
    if (this.#status) return undefined;
    const full = this.#rule.level === 'RequestResponse';
    const object = full || code >= 400 || mayBeStatus(bytes) ? this.#parse(type, bytes) : undefined;
    const status = object?.['kind'] === 'Status' && object['apiVersion'] === 'v1' ? (object as unknown as Status) : undefined;
    this.#status = status ? statusOf(status, code) : { metadata: {}, code };
    if (full && object) this.#responseObject = this.#without(object);
    return this.#begun();
  }

  /** An answer whose body comes in pieces, or which is no HTTP any more. */
  started(code: number): Promise<unknown> | undefined {
    if (this.#status) return undefined;
    this.#status = { metadata: {}, code };
    return this.#begun();
  }

  #begun(): Promise<unknown> | undefined {
    if (!this.#long || this.#began) return undefined;
    this.#began = true;
    const outcome = this.#emit('ResponseStarted');
    return typeof outcome === 'boolean' ? undefined : outcome;
  }

  /** The answer is made: it ends when the last event is stored, where somebody waits for that. */
  finished(): Promise<unknown> | undefined {
    return this.#options.waits ? this.complete() : undefined;
  }

  complete(): Promise<unknown> | undefined {
    if (this.#over) return undefined;
    this.#over = true;
    if (!this.#status) {
      this.#status = { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
      void this.#begun();
    }
    this.#noteLatency();
    const outcome = this.#emit('ResponseComplete');
    return typeof outcome === 'boolean' ? undefined : outcome;
  }

  /** Of slow requests: where the time went. */
  #noteLatency(): void {
    const total = this.#options.clock.monotonic() - this.#arrival.monotonic;
    if (total <= slowMs || !this.#layers) return;
    for (const [layer, milliseconds] of this.#layers) if (milliseconds > 0) this.annotate(`apiserver.latency.k8s.io/${layer}`, formatGoDuration(milliseconds));
    this.annotate('apiserver.latency.k8s.io/total', formatGoDuration(total));
  }

  /** The server itself went wrong. */
  panic(message: string): void {
    this.#status = { metadata: {}, status: 'Failure', message: `APIServer panic'd: ${message}`, reason: 'InternalError', code: 500 };
    this.#over = true;
    void this.#emit('Panic');
  }

  unauthenticated(): void {
    this.#status = { metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 };
    void this.#emit('ResponseStarted');
  }

  #parse(type: string, bytes: string | Uint8Array): JsonObject | undefined {
    try {
      if (type.startsWith(protobuf)) {
        const unknown = unwrapUnknown(Buffer.from(bytes as Uint8Array));
        const { group, version } = parseApiVersion(unknown.apiVersion ?? '');
        const name = this.#options.registry.typeOf(group, version, unknown.kind ?? '');
        return name === undefined ? undefined : ({ kind: unknown.kind, apiVersion: unknown.apiVersion, ...decodeProtobuf(this.#options.registry, name, unknown.raw) } as unknown as JsonObject);
      }
      if (type.startsWith(json)) return parseJson(bytes).value as JsonObject;
      if (type.startsWith(yaml)) return parseYaml(bytes.toString()).value as JsonObject;
    } catch {
      // An answer that is no object is not shown; the event is written all the same.
    }
    return undefined;
  }

  #without(object: unknown): unknown {
    if (this.#rule.omitManagedFields) dropManagedFields(object);
    return object;
  }

  #emit(stage: Stage, at = this.#options.clock.now()): Outcome {
    if (this.#rule.omitStages.has(stage)) return true;
    const request = this.#request;
    const info = this.#info;
    const agent = request.headers['user-agent'];
    return this.#options.sink({
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: this.#rule.level, auditID: request.auditId, stage, requestURI: request.url, verb: info.verb, user: auditUser(this.#user),
      ...(this.#impersonated ? { impersonatedUser: auditUser(this.#impersonated) } : {}),
      sourceIPs: sourceAddresses(request),
      ...(agent ? { userAgent: agent.length > longestAgent ? `${agent.slice(0, longestAgent)}...TRUNCATED` : agent } : {}),
      ...(info.isResource ? { objectRef: objectRef(info, this.#meta) } : {}),
      ...(this.#status ? { responseStatus: this.#status } : {}),
      ...(this.#requestObject === undefined ? {} : { requestObject: this.#requestObject }),
      ...(this.#responseObject === undefined ? {} : { responseObject: this.#responseObject }),
      requestReceivedTimestamp: microTimestamp(this.#arrival.now), stageTimestamp: microTimestamp(at),
      ...(this.#annotations ? { annotations: sorted(this.#annotations) } : {}),
    });
  }
}

function sorted(annotations: { [key: string]: string }): { [key: string]: string } {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mayBeStatus(bytes: string | Uint8Array): boolean {
  const head = typeof bytes === 'string' ? bytes.slice(0, 64) : Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(64, bytes.length)).toString('latin1');
  return head.includes('Status');
}

function statusOf({ status, message, reason, details }: Status, code: number): ResponseStatus {
  return { metadata: {}, ...(status ? { status } : {}), ...(message ? { message } : {}), ...(reason ? { reason } : {}), ...(details && Object.keys(details).length > 0 ? { details } : {}), code };
}

function dropManagedFields(object: unknown): void {
  if (typeof object !== 'object' || object === null) return;
  const { metadata, items, rows } = object as { metadata?: { managedFields?: unknown }; items?: unknown[]; rows?: { object?: unknown }[] };
  if (metadata) delete metadata.managedFields;
  if (Array.isArray(items)) items.forEach(dropManagedFields);
  if (Array.isArray(rows)) for (const row of rows) dropManagedFields(row.object);
}

/** Those that proxies on the way name, and the peer. */
function sourceAddresses(request: ServingRequest): string[] {
  const peer = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const forwarded = request.headers['x-forwarded-for'];
  const named = (typeof forwarded === 'string' ? forwarded : (request.headers['x-real-ip'] as string | undefined) ?? '').split(',').map((one) => one.trim()).filter(Boolean);
  return [...named, ...(peer && named.at(-1) !== peer ? [peer] : [])];
}
