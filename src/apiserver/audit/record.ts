/** What is gathered of one request, and the events that come of it. */
import { microTimestamp, type Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { parseJson } from '../../machinery/jsontext.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import type { Status } from '../../machinery/status.ts';
import { decodeProtobuf, unwrapUnknown } from '../../schema/protobuf.ts';
import type { User } from '../../serving/identity.ts';
import { json, protobuf, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest, Trail } from '../../serving/request.ts';
import { isLongRunning, type RequestInfo } from '../../serving/requestinfo.ts';
import { parseApiVersion } from '../objects.ts';
import type { Schema } from '../registry/engines.ts';
import { auditUser, objectRef, type AuditEvent, type ResponseStatus } from './event.ts';
import type { AuditRule, Stage } from './policy.ts';

export interface RecordOptions {
  readonly clock: Clock;
  readonly registry: Schema;
  readonly sink: (event: AuditEvent) => void;
}

interface Meta {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const longestAgent = 1024;

export class Record implements Trail {
  readonly #options: RecordOptions;
  readonly #rule: AuditRule;
  readonly #request: ServingRequest;
  readonly #info: RequestInfo;
  readonly #received: number;
  readonly #user: User | undefined;
  readonly #long: boolean;
  #over = false;
  #impersonated: User | undefined;
  #meta: Meta = {};
  #annotations: { [key: string]: string } | undefined;
  #status: ResponseStatus | undefined;
  #requestObject: unknown;
  #responseObject: unknown;

  constructor(options: RecordOptions, rule: AuditRule, request: ServingRequest, info: RequestInfo, user: User | undefined) {
    this.#options = options;
    this.#rule = rule;
    this.#request = request;
    this.#info = info;
    this.#user = user;
    this.#received = options.clock.now();
    this.#long = isLongRunning(info);
  }

  received(): void {
    this.#emit('RequestReceived', this.#received);
  }

  impersonated(user: User): void {
    this.#impersonated = user;
  }

  annotate(key: string, value: string): void {
    const annotations = (this.#annotations ??= {});
    // The first word stands: later ones may come of a second round of admission.
    if (!(key in annotations)) annotations[key] = value;
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
  answered(code: number, type: string, bytes: string | Uint8Array): void {
    if (this.#status) return;
    const full = this.#rule.level === 'RequestResponse';
    const object = full || code >= 400 || mayBeStatus(bytes) ? this.#parse(type, bytes) : undefined;
    const status = object?.['kind'] === 'Status' && object['apiVersion'] === 'v1' ? (object as unknown as Status) : undefined;
    this.#status = status ? statusOf(status, code) : { metadata: {}, code };
    if (full && object) this.#responseObject = this.#without(object);
    if (this.#long) this.#emit('ResponseStarted');
  }

  /** An answer whose body comes in pieces, or which is no HTTP any more. */
  started(code: number): void {
    if (this.#status) return;
    this.#status = { metadata: {}, code };
    if (this.#long) this.#emit('ResponseStarted');
  }

  complete(): void {
    if (this.#over) return;
    if (!this.#status) {
      this.#status = { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
      if (this.#long) this.#emit('ResponseStarted');
    }
    this.#emit('ResponseComplete');
  }

  /** The server itself went wrong. */
  panic(message: string): void {
    this.#status = { metadata: {}, status: 'Failure', message: `APIServer panic'd: ${message}`, reason: 'InternalError', code: 500 };
    this.#over = true;
    this.#emit('Panic');
  }

  unauthenticated(): void {
    this.#status = { metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 };
    this.#emit('ResponseStarted');
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

  #emit(stage: Stage, at = this.#options.clock.now()): void {
    if (this.#rule.omitStages.has(stage)) return;
    const request = this.#request;
    const info = this.#info;
    const agent = request.headers['user-agent'];
    this.#options.sink({
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: this.#rule.level, auditID: request.auditId, stage, requestURI: request.url, verb: info.verb, user: auditUser(this.#user),
      ...(this.#impersonated ? { impersonatedUser: auditUser(this.#impersonated) } : {}),
      sourceIPs: sourceAddresses(request),
      ...(agent ? { userAgent: agent.length > longestAgent ? `${agent.slice(0, longestAgent)}...TRUNCATED` : agent } : {}),
      ...(info.isResource ? { objectRef: objectRef(info, this.#meta) } : {}),
      ...(this.#status ? { responseStatus: this.#status } : {}),
      ...(this.#requestObject === undefined ? {} : { requestObject: this.#requestObject }),
      ...(this.#responseObject === undefined ? {} : { responseObject: this.#responseObject }),
      requestReceivedTimestamp: microTimestamp(this.#received), stageTimestamp: microTimestamp(at),
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
