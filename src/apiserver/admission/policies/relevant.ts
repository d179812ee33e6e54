/** Which policies, bindings and parameters a request is held against. */
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import type { ResourceTable, Served } from '../../resources.ts';
import type { JsonValue } from '../../../machinery/json.ts';
import type { Authorizer } from '../../../serving/identity.ts';
import type { AdmissionRequest } from '../chain.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import { describe, type Inputs, type Rights } from '../expressions.ts';
import { placeFor, placesOf, seen, selected, type Criteria, type Place } from '../matching.ts';
import { ConfigurationError, paramResource, paramsOf, type Param } from './params.ts';
import type { Hook, Policy, PolicyBinding } from './source.ts';
import { hasReason } from '../../../machinery/status.ts';

export interface PolicyOptions {
  readonly table: ResourceTable;
  readonly namespaces: Storage;
  readonly authorize: Authorizer;
  readonly timing: AdmissionMetrics;
}

/** One binding of a policy that is for this request; what was wrong with either stands in place of parameters. */
export interface Invocation<E> {
  readonly policy: Policy<E>;
  readonly binding?: PolicyBinding;
  readonly place: Place;
  readonly params: readonly Param[];
  readonly error?: string;
}

/** All places in which the request can be seen, its own first. */
export function requestPlaces({ table }: PolicyOptions, request: AdmissionRequest): readonly Place[] {
  return placesOf(table, request);
}

async function placeOf(criteria: Criteria, request: AdmissionRequest, places: readonly Place[], { namespaces }: PolicyOptions): Promise<Place | undefined> {
  const place = placeFor(criteria, request, places);
  return place && (await selected(criteria, request, namespaces)) ? place : undefined;
}

function wordOf(error: unknown): string {
  if (error instanceof ConfigurationError || hasReason(error, 'NotFound')) return (error as Error).message;
  throw error;
}

export async function* invocations<E>(hooks: readonly Hook<E>[], request: AdmissionRequest, places: readonly Place[], options: PolicyOptions): AsyncGenerator<Invocation<E>> {
  for (const { policy, bindings } of hooks) {
    let place: Place | undefined;
    let kind: Served | undefined;
    try {
      place = await placeOf(policy.match, request, places, options);
      if (!place) continue;
      if (policy.paramKind) kind = paramResource(options.table, policy.paramKind);
    } catch (error) {
      yield { policy, place: places[0]!, params: [], error: `failed to configure policy: ${wordOf(error)}` };
      continue;
    }
    for (const binding of bindings) {
      try {
        if (binding.match && !(await placeOf(binding.match, request, places, options))) continue;
        yield { policy, binding, place, params: await paramsOf(kind, binding, request.namespace) };
      } catch (error) {
        yield { policy, binding, place, params: [], error: `failed to configure binding: ${wordOf(error)}` };
      }
    }
  }
}

/** What all expressions of one policy see; `object` may be made anew where it was changed. */
export async function inputsOf(request: AdmissionRequest, places: readonly Place[], place: Place, rights: Rights, namespaceObject: ReadonlyObject | undefined): Promise<Inputs> {
  return {
    object: await seen(place.view, request.object), oldObject: await seen(place.view, request.old),
    request: describe(request, places[0] ?? place, place), namespaceObject, rights,
  };
}

export function withParams(inputs: Inputs, value: JsonValue): Inputs {
  return { ...inputs, params: value };
}

/** The namespace in which the request is; a namespace itself is in none. */
export async function namespaceOf(request: AdmissionRequest, namespaces: Storage): Promise<ReadonlyObject | undefined> {
  if (request.namespace === '' || (request.group === '' && request.kind === 'Namespace')) return undefined;
  return (await namespaces.get('', request.namespace, 0)).object;
}
