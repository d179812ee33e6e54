/** Admission of what is not stored: bindings, evictions, tokens, reviews, and connections. */
import type { Clock } from '../../base/clock.ts';
import { timestamp } from '../../base/clock.ts';
import { thaw } from '../../machinery/json.ts';
import { anonymous } from '../../serving/identity.ts';
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

/** Connects when the chain agrees, with what it made of the options. */
export function admittedConnector(chain: AdmissionChain, endpoint: Endpoint, clock: Clock, connect: Connector): Connector {
  const { group, version, resource, subresource, view } = endpoint;
  return async (request, info, given) => {
    const object = thaw<ApiObject>(given);
    await admit(chain, {
      now: timestamp(clock.now()), user: request.user ?? anonymous, dryRun: false, warnings: request.warnings, ...(request.trail ? { notes: request.trail } : {}),
      operation: 'CONNECT', group, version, resource, subresource, kind: view.kind, view, object, namespace: info.namespace, name: info.name,
    });
    return connect(request, info, object);
  };
}
