/** Admission of what is not stored: bindings, evictions, tokens, reviews, and connections. */
import type { Clock } from '../../base/clock.ts';
import { timestamp } from '../../base/clock.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { anonymous } from '../../serving/identity.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ApiObject } from '../objects.ts';
import type { View } from '../registry/views.ts';
import type { Connector, Creator } from '../resources.ts';
import type { AdmissionChain, AdmissionRequest } from './chain.ts';

/** Where the thing is served. */
export interface Endpoint {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Of what is written there. */
  readonly view: View;
}

async function admit(chain: AdmissionChain, request: AdmissionRequest): Promise<void> {
  await chain.mutate(request);
  await chain.validate(request);
}

/** Creates when the chain agrees; what the creator writes on the way is not judged again. */
export function admittedCreator(chain: AdmissionChain, endpoint: Endpoint, create: Creator): Creator {
  const { group, version, resource, subresource, view } = endpoint;
  return async (object, target, scope) => {
    await admit(chain, {
      now: scope.now, user: scope.user, dryRun: scope.dryRun, warnings: scope.warnings, ...(scope.options ? { options: scope.options } : {}), ...(scope.notes ? { notes: scope.notes } : {}),
      operation: 'CREATE', group, version, resource, subresource, kind: view.kind, view, object, namespace: target.namespace, name: target.name || (object.metadata?.name ?? ''),
    });
    return create(object, target, { ...scope, admitted: true });
  };
}

type Option = 'flag' | 'text' | 'texts' | 'numbers';

/** What the query may say, by the kind that it stands for. */
const optionsByKind: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  PodExecOptions: { stdin: 'flag', stdout: 'flag', stderr: 'flag', tty: 'flag', container: 'text', command: 'texts' },
  PodAttachOptions: { stdin: 'flag', stdout: 'flag', stderr: 'flag', tty: 'flag', container: 'text' },
  PodPortForwardOptions: { ports: 'numbers' },
  PodProxyOptions: { path: 'text' },
  ServiceProxyOptions: { path: 'text' },
  NodeProxyOptions: { path: 'text' },
};

function readOptions(view: View, query: URLSearchParams, info: RequestInfo): ApiObject {
  const out: JsonObject = { kind: view.kind, apiVersion: view.apiVersion };
  const proxies = view.kind.endsWith('ProxyOptions');
  for (const [name, type] of Object.entries(optionsByKind[view.kind] ?? {})) {
    if (name === 'path' && proxies) {
      const path = info.rest.slice(1).join('/');
      out['path'] = `${path === '' ? '' : '/'}${path}${info.path.endsWith('/') && !path.endsWith('/') ? '/' : ''}`;
      if (out['path'] === '') delete out['path'];
      continue;
    }
    const given = query.getAll(name);
    if (given.length === 0) continue;
    if (type === 'flag') {
      if (isTrue(given[0]!)) out[name] = true;
    } else if (type === 'text') out[name] = given[0]!;
    else out[name] = type === 'texts' ? given : given.flatMap((list) => list.split(',')).map((text) => port(text));
  }
  return out as unknown as ApiObject;
}

const isTrue = (text: string): boolean => text !== 'false' && text !== '0';

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number)) throw StatusError.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return number;
}

/** Connects when the chain agrees. */
export function admittedConnector(chain: AdmissionChain, endpoint: Endpoint, clock: Clock, connect: Connector): Connector {
  const { group, version, resource, subresource, view } = endpoint;
  return async (request, info) => {
    await admit(chain, {
      now: timestamp(clock.now()), user: request.user ?? anonymous, dryRun: false, warnings: request.warnings, ...(request.trail ? { notes: request.trail } : {}),
      operation: 'CONNECT', group, version, resource, subresource, kind: view.kind, view, object: readOptions(view, request.query, info), namespace: info.namespace, name: info.name,
    });
    return connect(request, info);
  };
}
