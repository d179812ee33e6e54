/** One request from its head to its handler: who, as whom, may they, and whose business it is. */
import { anonymous, type Attributes, type Authorizer, type User } from '../serving/identity.ts';
import { forbidden } from '../serving/delegated.ts';
import type { Layer, ServingRequest, Trail } from '../serving/request.ts';
import { requestInfo, type RequestInfo } from '../serving/requestinfo.ts';
import { sendText, toStatus } from '../serving/respond.ts';
import { flagOf } from '../serving/parameters.ts';
import { SentSelectors } from '../serving/selectors.ts';
import { isAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { parseFieldSelector } from '../machinery/selectors.ts';
import { StatusError } from '../machinery/status.ts';
import type { Arrival, Auditing } from './audit/audit.ts';
import type { Record as AuditRecord } from './audit/record.ts';
import { impersonated, impersonates } from './authn/impersonation.ts';
import type { Deadlines } from './deadlines.ts';
import type { Gate, Seat } from './gate.ts';
import { sendFailure, type Presenter } from './http/present.ts';
import type { RequestMetrics } from './metrics.ts';

export interface Pipeline extends Presenter {
  readonly authenticate: (request: ServingRequest) => Promise<User>;
  readonly authorize: Authorizer;
  /** The same for what is asked for itself, counted. */
  readonly authorizeRequest: Authorizer;
  readonly metrics: RequestMetrics;
  readonly gate: Gate;
  readonly deadlines: Deadlines;
  readonly goawayChance: number;
  readonly audit: Auditing | undefined;
  readonly clock: Clock;
  /** False: the server is not ready yet, and the request has been told so. */
  readonly begun: (request: ServingRequest, user: User) => boolean;
  readonly random: Random;
  readonly log: Logger;
  /** Serves a request that is allowed; throws 404 when nobody does. */
  readonly route: (request: ServingRequest, info: RequestInfo) => Promise<void>;
}

/** What a request holds while it is served. */
interface Held {
  seat?: Seat | undefined;
  record?: AuditRecord | undefined;
  /** Where it is audited. */
  readonly arrival: Arrival | undefined;
  /** It came as far as a handler. */
  routed?: boolean;
}

/** `known`: who asks, where that needs no proof. */
export async function handle(pipeline: Pipeline, request: ServingRequest, known?: User): Promise<void> {
  const info = infoOf(request);
  const { 'audit-id': given } = request.headers;
  request.auditId = typeof given === 'string' && given !== '' ? given : pipeline.random.uuid();
  const done = pipeline.metrics.begin(request, info);
  if (known?.name === itself) pipeline.metrics.own(request, info);
  const held: Held = { arrival: pipeline.audit?.arrival() };
  let inTime: (() => void) | undefined;
  if (pipeline.goawayChance > 0 && pipeline.random.next() < pipeline.goawayChance) request.leaveConnection();
  try {
    inTime = pipeline.deadlines.watch(request, info);
    const admitted = await serve(pipeline, request, info, held, known);
    if (!admitted) pipeline.metrics.terminated(request, info, 429);
    done(request.statusCode, admitted);
  } catch (error) {
    await fail(pipeline, request, held, error, done);
  } finally {
    inTime?.();
    held.seat?.leave();
    void held.record?.complete();
  }
}

async function serve(pipeline: Pipeline, request: ServingRequest, info: RequestInfo, held: Held, known?: User): Promise<boolean> {
  let user = known ?? (await pipeline.authenticate(request));
  const { arrival } = held;
  const record = arrival && pipeline.audit?.begin(request, info, user, arrival);
  if (record && arrival) {
    record.spent('authentication', pipeline.clock.monotonic() - arrival.monotonic);
    const began = pipeline.clock.monotonic();
    const received = record.received();
    if (!(typeof received === 'boolean' ? received : await received)) return refuseUnaudited(pipeline, request);
    pipeline.metrics.filter('audit', pipeline.clock.monotonic() - began);
    request.trail = held.record = record;
  }
  if (impersonates(request)) {
    const began = pipeline.clock.monotonic();
    const other = await impersonated(request, user, pipeline.authorize);
    pipeline.metrics.filter('impersonation', pipeline.clock.monotonic() - began);
    if (!other) return true;
    user = other;
    record?.impersonated(user);
  }
  request.user = user;
  if (!pipeline.begun(request, user)) return true;
  const queued = pipeline.clock.monotonic();
  const admitted = pipeline.gate.admit(request, user, info);
  const seat = (held.seat = admitted instanceof Promise ? await timed(pipeline.clock, record, 'apf-queue-wait', admitted) : admitted);
  pipeline.metrics.filter('priorityandfairness', pipeline.clock.monotonic() - queued);
  if (!seat) return false;
  await timed(pipeline.clock, record, 'authorization', authorize(pipeline.authorizeRequest, user, info, record));
  held.routed = true;
  await pipeline.route(request, info);
  return true;
}

/** True: it has its answer. */
function refuseUnaudited(pipeline: Pipeline, request: ServingRequest): true {
  pipeline.audit?.rejected();
  sendText(request, 500, `Internal Server Error: ${JSON.stringify(request.url)}: failed to store audit event\n`);
  return true;
}

async function timed<T>(clock: Clock, record: AuditRecord | undefined, layer: Layer, work: Promise<T>): Promise<T> {
  if (!record) return work;
  const since = clock.monotonic();
  try {
    return await work;
  } finally {
    record.spent(layer, clock.monotonic() - since);
  }
}

async function fail(pipeline: Pipeline, request: ServingRequest, held: Held, error: unknown, done: (code: number, routed: boolean) => void): Promise<void> {
  const expected = error instanceof StatusError;
  done(request.expired ? 504 : (toStatus(error).code ?? 500), held.routed === true);
  // It has its answer; that its handler stumbles over that is no news.
  if (request.expired) return;
  if (expected && error.code === 401 && !held.record) pipeline.audit?.unauthenticated(request, infoOf(request), held.arrival ?? pipeline.audit.arrival());
  if (!expected && !isAbort(error) && !request.gone) held.record?.panic(error instanceof Error ? error.message : String(error));
  if (request.answered || isAbort(error)) throw error;
  if (!expected) {
    pipeline.log.error('Request failed', error, { method: request.method, path: request.path, stack: error instanceof Error ? error.stack : undefined });
  }
  await sendFailure(pipeline, request, expected ? error : StatusError.internal(error instanceof Error ? error.message : String(error)));
}

const itself = 'system:apiserver';
const noName = '';
const selecting: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

function infoOf(request: ServingRequest): RequestInfo {
  if (!request.hasQuery) return requestInfo(request.method, request.path);
  const { query } = request;
  const watch = query.get('watch');
  const fields = query.get('fieldSelector');
  const info = requestInfo(request.method, request.path, watch !== null && flagOf(watch), fields ? nameIn(fields) : noName);
  const labels = query.get('labelSelector');
  if ((!fields && !labels) || !selecting.has(info.verb)) return info;
  return { ...info, ...(fields ? { fieldSelector: fields } : {}), ...(labels ? { labelSelector: labels } : {}) };
}

/** The one name that a field selector asks for; authorization by name then applies to lists and watches too. */
function nameIn(fields: string): string {
  if (!fields.includes('metadata.name')) return noName;
  try {
    return parseFieldSelector(fields).exact('metadata.name') ?? noName;
  } catch {
    return noName;
  }
}

export async function authorize(authorizer: Authorizer, user: User, info: RequestInfo, trail?: Trail): Promise<void> {
  const attributes: Attributes = {
    user, verb: info.verb, isResource: info.isResource, group: info.group, version: info.version, resource: info.resource,
    subresource: info.subresource, namespace: info.namespace, name: info.name, path: info.path,
    ...(info.fieldSelector ?? info.labelSelector ? { selectors: new SentSelectors(info) } : {}),
  };
  const { decision, reason } = await authorizer(attributes);
  if (trail) {
    trail.annotate('authorization.k8s.io/decision', decision === 'allow' ? 'allow' : 'forbid');
    trail.annotate('authorization.k8s.io/reason', reason);
  }
  if (decision !== 'allow') throw user === anonymous && reason === '' ? forbidden(attributes, '') : forbidden(attributes, reason);
}
