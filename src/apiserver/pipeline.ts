/** One request from its head to its handler: who, as whom, may they, and whose business it is. */
import { anonymous, type Attributes, type Authorizer, type User } from '../serving/identity.ts';
import { forbidden } from '../serving/delegated.ts';
import type { ServingRequest } from '../serving/request.ts';
import { requestInfo, type RequestInfo } from '../serving/requestinfo.ts';
import { toStatus } from '../serving/respond.ts';
import { isAbort } from '../base/abort.ts';
import type { Logger } from '../base/log.ts';
import { parseFieldSelector } from '../machinery/selectors.ts';
import { StatusError } from '../machinery/status.ts';
import { impersonated, impersonates } from './authn/impersonation.ts';
import type { Gate, Seat } from './gate.ts';
import { sendFailure, type Presenter } from './http/present.ts';
import type { RequestMetrics } from './metrics.ts';

export interface Pipeline extends Presenter {
  readonly authenticate: (request: ServingRequest) => Promise<User>;
  readonly authorize: Authorizer;
  readonly metrics: RequestMetrics;
  readonly gate: Gate;
  readonly log: Logger;
  /** Serves a request that is allowed; throws 404 when nobody does. */
  readonly route: (request: ServingRequest, info: RequestInfo) => Promise<void>;
}

/** `known`: who asks, where that needs no proof. */
export async function handle(pipeline: Pipeline, request: ServingRequest, known?: User): Promise<void> {
  const info = infoOf(request);
  const done = pipeline.metrics.begin(info);
  let seat: Seat | undefined;
  try {
    let user = known ?? (await pipeline.authenticate(request));
    if (impersonates(request)) {
      const other = await impersonated(request, user, pipeline.authorize);
      if (!other) return done(request.statusCode);
      user = other;
    }
    request.user = user;
    const admitted = pipeline.gate.admit(request, user, info);
    seat = admitted instanceof Promise ? await admitted : admitted;
    if (!seat) return done(429);
    await authorize(pipeline.authorize, user, info);
    await pipeline.route(request, info);
    done(request.statusCode);
  } catch (error) {
    done(toStatus(error).code ?? 500);
    if (request.answered || isAbort(error)) throw error;
    if (!(error instanceof StatusError)) {
      pipeline.log.error('Request failed', error, { method: request.method, path: request.path, stack: error instanceof Error ? error.stack : undefined });
    }
    await sendFailure(pipeline, request, error instanceof StatusError ? error : StatusError.internal(error instanceof Error ? error.message : String(error)));
  } finally {
    seat?.leave();
  }
}

const noName = '';

function infoOf(request: ServingRequest): RequestInfo {
  if (!request.hasQuery) return requestInfo(request.method, request.path);
  const { query } = request;
  const watch = query.get('watch');
  const fields = query.get('fieldSelector');
  return requestInfo(request.method, request.path, watch !== null && watch !== 'false' && watch !== '0', fields ? nameIn(fields) : noName);
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

export async function authorize(authorizer: Authorizer, user: User, info: RequestInfo): Promise<void> {
  const attributes: Attributes = {
    user, verb: info.verb, isResource: info.isResource, group: info.group, version: info.version, resource: info.resource,
    subresource: info.subresource, namespace: info.namespace, name: info.name, path: info.path,
  };
  const { decision, reason } = await authorizer(attributes);
  if (decision !== 'allow') throw user === anonymous && reason === '' ? forbidden(attributes, '') : forbidden(attributes, reason);
}
