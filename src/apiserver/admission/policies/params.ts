/** The objects that a binding gives to its policy. */
import type { ParamKind } from '../../../api/admissionregistration/v1/types.ts';
import type { DeepReadonly, JsonValue } from '../../../machinery/json.ts';
import { selectorFromObject } from '../../../machinery/selectors.ts';
import { parseApiVersion } from '../../objects.ts';
import type { ResourceTable, Served } from '../../resources.ts';
import { seen } from '../matching.ts';
import type { PolicyBinding } from './source.ts';

/** The policy or the binding is not right, whatever the request. */
export class ConfigurationError extends Error {}

export interface Param {
  /** Null where the binding names none. */
  readonly value: JsonValue;
  /** Tells it from the others of its binding. */
  readonly key: string;
}

/** Throws ConfigurationError where there is no such kind. */
export function paramResource(table: ResourceTable, kind: DeepReadonly<ParamKind>): Served {
  const { group, version } = parseApiVersion(kind.apiVersion ?? '');
  const found = table.resources(group, version).find((served) => served.definition.kind === kind.kind && served.storage);
  if (!found) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`.replace(/'([^/]*),/, "'/$1,"));
  return found;
}

const none: readonly Param[] = [{ value: null, key: '' }];

/** Throws ConfigurationError. `kind`: absent where the policy has no parameters. */
export async function paramsOf(kind: Served | undefined, { paramRef }: PolicyBinding, requestNamespace: string): Promise<readonly Param[]> {
  if (!kind || !paramRef) return none;
  if (kind.namespaced && !paramRef.namespace && requestNamespace === '') {
    throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  }
  if (!kind.namespaced && paramRef.namespace) throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const namespace = kind.namespaced ? paramRef.namespace || requestNamespace : '';
  const storage = kind.storage!;
  const found = paramRef.name
    ? [await storage.find(namespace, paramRef.name, 0)].filter((stored) => stored !== undefined)
    : (await storage.cacher.list({ ...(kind.namespaced ? { selection: { namespace } } : {}), notOlderThan: 0 })).items.filter(matching(paramRef.selector));
  if (found.length === 0 && paramRef.parameterNotFoundAction === 'Deny') throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return Promise.all(found.map(async ({ object, key }) => ({ value: await seen(kind.view, object), key })));
}

function matching(selector: NonNullable<PolicyBinding['paramRef']>['selector']): (stored: { readonly object: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } } }) => boolean {
  const labels = selectorFromObject(selector ?? {});
  return ({ object }) => labels.matches(object.metadata.labels);
}
