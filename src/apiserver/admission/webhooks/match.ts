/** Whether a webhook wants to hear of a request, and in which of the equivalent versions. */
import { StatusError } from '../../../machinery/status.ts';
import { parseApiVersion } from '../../objects.ts';
import type { Storage } from '../../registry/storage.ts';
import type { View } from '../../registry/views.ts';
import type { ResourceTable } from '../../resources.ts';
import type { AdmissionRequest } from '../chain.ts';
import type { Hook, Rule } from './hooks.ts';

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
  const places: Place[] = [];
  for (const served of table.all()) {
    if (!storage || served.storage !== storage) continue;
    // A subresource that is a kind of its own looks the same wherever its resource is served.
    const own = view && view.kind !== served.view.kind ? view : served.view;
    const place = { ...parseApiVersion(served.view.apiVersion), resource: served.resource, view: own };
    if (view ? served.view.apiVersion === view.apiVersion : place.version === version && place.group === group) places.unshift(place);
    else places.push(place);
  }
  return places;
}

const named = (items: readonly string[] | undefined, value: string): boolean => items?.some((item) => item === '*' || item === value) === true;

function ruleMatches(rule: Rule, request: AdmissionRequest, place: Place): boolean {
  const { scope = '*' } = rule;
  const clusterWide = request.namespace === '';
  if (scope !== '*' && (scope === 'Cluster') !== clusterWide) return false;
  if (!named(rule.operations, request.operation) || !named(rule.apiGroups, place.group) || !named(rule.apiVersions, place.version)) return false;
  return rule.resources?.some((text) => {
    const slash = text.indexOf('/');
    const [resource, subresource] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
    return (resource === '*' || resource === place.resource) && (subresource === '*' || subresource === request.subresource);
  }) === true;
}

/** The place in which the webhook is to see the request; undefined: it need not. */
export function placeFor({ webhook }: Hook, request: AdmissionRequest, places: readonly Place[]): Place | undefined {
  const rules = webhook.rules ?? [];
  const candidates = webhook.matchPolicy === 'Exact' ? places.slice(0, 1) : places;
  return candidates.find((place) => rules.some((rule) => ruleMatches(rule, request, place)));
}

/** Labels of object and old object, of which either may be meant. */
function objectMatches(hook: Hook, { object, old }: AdmissionRequest): boolean {
  if (hook.objects.isEverything) return true;
  return (object !== undefined && hook.objects.matches(object.metadata.labels)) || (old !== undefined && hook.objects.matches(old.metadata.labels));
}

async function namespaceMatches(hook: Hook, request: AdmissionRequest, namespaces: Storage): Promise<boolean> {
  if (hook.namespaces.isEverything) return true;
  const isNamespace = request.group === '' && request.resource === 'namespaces';
  if (isNamespace && request.subresource === '' && request.object) return hook.namespaces.matches(request.object.metadata.labels);
  const name = isNamespace ? request.name : request.namespace;
  if (name === '') return true;
  const found = await namespaces.find('', name, 0);
  if (!found) throw StatusError.notFound(namespaces.resource, name);
  return hook.namespaces.matches(found.object.metadata.labels);
}

export async function selected(hook: Hook, request: AdmissionRequest, namespaces: Storage): Promise<boolean> {
  return objectMatches(hook, request) && namespaceMatches(hook, request, namespaces);
}

const configurations = /^(Mutating|Validating)(WebhookConfiguration|AdmissionPolicy|AdmissionPolicyBinding)$/;

/** Nobody can lock the cluster by a webhook that guards webhooks. That a binding becomes an update of its pod is nobody's business. */
export function isExempt({ group, kind, operation, subresource }: AdmissionRequest): boolean {
  if (subresource === 'binding' && operation === 'UPDATE') return true;
  return group === 'admissionregistration.k8s.io' && configurations.test(kind);
}
