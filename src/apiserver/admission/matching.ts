/** Whether a webhook or policy is for a request, and in which of the equivalent versions. */
import type { NamedRuleWithOperations } from '../../api/admissionregistration/v1/types.ts';
import { thaw, type DeepReadonly, type JsonValue } from '../../machinery/json.ts';
import { selectorFromObject, Selector } from '../../machinery/selectors.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseApiVersion, type ApiObject, type ReadonlyObject } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import type { View } from '../registry/views.ts';
import type { ResourceTable } from '../resources.ts';
import type { AdmissionRequest } from './chain.ts';

type Rule = DeepReadonly<NamedRuleWithOperations>;

/** What a webhook or policy says of the requests that it is for. */
export interface Criteria {
  /** Absent: all resources. */
  readonly rules: readonly Rule[] | undefined;
  readonly excluded: readonly Rule[];
  /** Only the version of the request counts. */
  readonly exact: boolean;
  readonly namespaces: Selector;
  readonly objects: Selector;
}

/** Here, unlike elsewhere, no selector and an empty one are the same. */
export function selectorOf(selector: Parameters<typeof selectorFromObject>[0] | undefined): Selector {
  return selector ? selectorFromObject(selector) : Selector.everything;
}

/** One way in which the resource of a request is served. */
export interface Place {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** How the object looks there. */
  readonly view: View;
}

/** The place of the request first, then the others under which the same objects are served. */
export function placesOf(table: ResourceTable, request: AdmissionRequest): Place[] {
  const { group, version, resource, view } = request;
  const storage = table.find(group, version, resource)?.storage ?? [...table.all()].find((s) => s.group === group && s.resource === resource)?.storage;
  // What is not stored is served in one place only.
  if (!storage) return view ? [{ group, version, resource, view }] : [];
  const places: Place[] = [];
  for (const served of table.all()) {
    if (served.storage !== storage) continue;
    // A subresource that is a kind of its own looks the same wherever its resource is served.
    const own = view && view.kind !== served.view.kind ? view : served.view;
    const place = { ...parseApiVersion(served.view.apiVersion), resource: served.resource, view: own };
    if (view ? served.view.apiVersion === view.apiVersion : place.version === version && place.group === group) places.unshift(place);
    else places.push(place);
  }
  return places;
}

/** The object as it is now, in this view: what others have once made of it may be of an earlier round. */
export async function seen(view: View, object: ReadonlyObject | undefined): Promise<JsonValue> {
  if (!object) return null;
  if (!view.prepare) return view.read(object) as unknown as JsonValue;
  const copy = thaw<ApiObject>(object);
  await view.prepare([copy]);
  return view.read(copy) as unknown as JsonValue;
}

const named = (items: readonly string[] | undefined, value: string): boolean => items?.some((item) => item === '*' || item === value) === true;

function ruleMatches(rule: Rule, request: AdmissionRequest, place: Place): boolean {
  const { scope = '*' } = rule;
  const clusterWide = request.namespace === '';
  if (scope !== '*' && (scope === 'Cluster') !== clusterWide) return false;
  if (!named(rule.operations, request.operation) || !named(rule.apiGroups, place.group) || !named(rule.apiVersions, place.version)) return false;
  if (rule.resourceNames?.length && !rule.resourceNames.includes(request.name)) return false;
  return rule.resources?.some((text) => {
    const slash = text.indexOf('/');
    const [resource, subresource] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
    return (resource === '*' || resource === place.resource) && (subresource === '*' || subresource === request.subresource);
  }) === true;
}

/** The place in which whoever has these criteria is to see the request; undefined: it need not. */
export function placeFor({ rules, excluded, exact }: Criteria, request: AdmissionRequest, places: readonly Place[]): Place | undefined {
  const candidates = exact ? places.slice(0, 1) : places;
  const among = (list: readonly Rule[]): Place | undefined => candidates.find((place) => list.some((rule) => ruleMatches(rule, request, place)));
  if (excluded.length > 0 && among(excluded)) return undefined;
  return rules ? among(rules) : places[0];
}

/** Labels of object and old object, of which either may be meant. */
function objectMatches({ objects }: Criteria, { object, old }: AdmissionRequest): boolean {
  if (objects.isEverything) return true;
  return (object !== undefined && objects.matches(object.metadata?.labels)) || (old !== undefined && objects.matches(old.metadata.labels));
}

async function namespaceMatches({ namespaces: selector }: Criteria, request: AdmissionRequest, namespaces: Storage): Promise<boolean> {
  if (selector.isEverything) return true;
  const isNamespace = request.group === '' && request.resource === 'namespaces';
  if (isNamespace && request.subresource === '' && request.object) return selector.matches(request.object.metadata.labels);
  const name = isNamespace ? request.name : request.namespace;
  if (name === '') return true;
  const found = await namespaces.find('', name, 0);
  if (!found) throw StatusError.notFound(namespaces.resource, name);
  return selector.matches(found.object.metadata.labels);
}

export async function selected(criteria: Criteria, request: AdmissionRequest, namespaces: Storage): Promise<boolean> {
  return objectMatches(criteria, request) && namespaceMatches(criteria, request, namespaces);
}

const configurations = /^(Mutating|Validating)(WebhookConfiguration|AdmissionPolicy|AdmissionPolicyBinding)$/;

/** Nobody can lock the cluster by a webhook that guards webhooks. */
export function isExempt({ group, kind }: AdmissionRequest): boolean {
  return group === 'admissionregistration.k8s.io' && configurations.test(kind);
}
