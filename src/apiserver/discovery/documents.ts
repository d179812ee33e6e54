/** Discovery documents of what the table serves: the old lists and the aggregated form. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.ts';
import { apiVersionOf } from '../objects.ts';
import { definitionsAreStoredIn } from '../registry/definitions.ts';
import type { ResourceTable, Served } from '../resources.ts';

/** Priority of groups and versions, highest first, as clients see them listed. */
const groupPriority: Readonly<Record<string, number>> = {
  '': 18000, apps: 17800, 'events.k8s.io': 17750, 'authentication.k8s.io': 17700, 'authorization.k8s.io': 17600, autoscaling: 17500, batch: 17400,
  'certificates.k8s.io': 17300, 'networking.k8s.io': 17200, policy: 17100, 'rbac.authorization.k8s.io': 17000, 'storage.k8s.io': 16800,
  'admissionregistration.k8s.io': 16700, 'apiextensions.k8s.io': 16700, 'scheduling.k8s.io': 16600, 'coordination.k8s.io': 16500, 'node.k8s.io': 16300,
  'discovery.k8s.io': 16200, 'flowcontrol.apiserver.k8s.io': 16100, 'internal.apiserver.k8s.io': 16000, 'resource.k8s.io': 16200, 'storagemigration.k8s.io': 15800,
  // Listed before everything else: it is the aggregator's own.
  'apiregistration.k8s.io': 20000,
};

export function priorityOf(group: string): number {
  return groupPriority[group] ?? 1000;
}

/** Where a group's versions are not given the usual priorities. */
const unusualVersions: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '': { v1: 1 }, 'events.k8s.io': { v1beta1: 5 }, autoscaling: { v2: 30 }, 'admissionregistration.k8s.io': { v1beta1: 12, v1alpha1: 9 }, 'coordination.k8s.io': { v1beta1: 13, v1alpha2: 12 },
  'flowcontrol.apiserver.k8s.io': { v1: 21, v1beta3: 18 }, 'internal.apiserver.k8s.io': { v1alpha1: 9 }, 'storagemigration.k8s.io': { v1alpha1: 9 },
  'resource.k8s.io': { v1: 21, v1beta2: 15, v1beta1: 9, v1alpha3: 1 },
};

export function versionPriorityOf(group: string, version: string): number {
  return unusualVersions[group]?.[version] ?? (version.includes('alpha') ? 1 : version.includes('beta') ? 9 : 15);
}

/** `v2` before `v1`, those before `v1beta1`, those before `v1alpha1`; within a stage the higher number first. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [stage(a), stage(b)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return y[i]! - x[i]!;
  return a < b ? -1 : 1;
}

function stage(version: string): [number, number, number] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return [0, 0, 0];
  return [match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1, Number(match[1]), Number(match[3] ?? 0)];
}

export function groupsInOrder(table: ResourceTable): string[] {
  return table.groups().filter((g) => g !== '').sort((a, b) => priorityOf(b) - priorityOf(a) || (a < b ? -1 : 1));
}

export function versionsInOrder(table: ResourceTable, group: string): string[] {
  return table.versions(group).sort(compareVersions);
}

/** What clients that remember discovery compare: it changes when the stored kind does. */
export function storageVersionHash(served: Served): string | undefined {
  const { storage } = served;
  if (!storage) return undefined;
  const { group, version, kind } = storage.options;
  // Definitions are stored by upstream in a version that nobody serves any more.
  const stored = kind === 'CustomResourceDefinition' ? definitionsAreStoredIn : version;
  return createHash('sha256').update(`${group}/${stored}/${kind}`).digest().subarray(0, 8).toString('base64');
}

export function apiVersions(serverAddress: string): JsonObject {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

export function apiGroup(table: ResourceTable, group: string): JsonObject | undefined {
  const versions = versionsInOrder(table, group).map((version) => ({ groupVersion: apiVersionOf(group, version), version }));
  if (versions.length === 0) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', name: group, versions, preferredVersion: versions[0]! };
}

export function groupEntry(group: JsonObject): JsonObject {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = group;
  return rest;
}

export function resourceList(table: ResourceTable, group: string, version: string): JsonObject | undefined {
  if (!table.hasVersion(group, version)) return undefined;
  const resources: JsonObject[] = [];
  for (const served of byName(table, group, version)) {
    const { definition } = served;
    const hash = storageVersionHash(served);
    resources.push({
      name: definition.resource, singularName: definition.singular, namespaced: definition.namespaced, kind: definition.kind, verbs: [...definition.verbs],
      ...(definition.shortNames ? { shortNames: [...definition.shortNames] } : {}),
      ...(definition.categories ? { categories: [...definition.categories] } : {}),
      ...(hash ? { storageVersionHash: hash } : {}),
    });
    for (const sub of definition.subresources ?? []) {
      const foreign = sub.group !== undefined && (sub.group !== group || sub.version !== version);
      resources.push({
        name: `${definition.resource}/${sub.name}`, singularName: '', namespaced: definition.namespaced,
        ...(foreign ? { group: sub.group!, version: sub.version! } : {}),
        kind: sub.kind, verbs: [...sub.verbs],
      });
    }
  }
  return { kind: 'APIResourceList', ...(group === '' ? {} : { apiVersion: 'v1' }), groupVersion: apiVersionOf(group, version), resources };
}

function byName(table: ResourceTable, group: string, version: string): Served[] {
  return [...table.resources(group, version)].sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

function kindOf(group: string, version: string, kind: string): JsonObject {
  return { group, version, kind };
}

/** One version as the aggregated form lists it. */
export function versionDiscovery(table: ResourceTable, group: string, version: string): JsonObject {
  const resources = byName(table, group, version).map(({ definition, view }): JsonObject => {
    // Built-in resources leave out what the document around them says.
    const own = (kind: string): JsonObject => (view.model ? kindOf(group, version, kind) : kindOf('', '', kind));
    const subresources = (definition.subresources ?? []).map((sub): JsonObject => ({
      subresource: sub.name,
      responseKind: sub.group === undefined || (sub.group === group && sub.version === version) ? own(sub.kind) : kindOf(sub.group, sub.version ?? version, sub.kind),
      verbs: [...sub.verbs],
    }));
    return {
      resource: definition.resource,
      responseKind: own(definition.kind),
      scope: definition.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: definition.singular,
      verbs: [...definition.verbs],
      ...(definition.shortNames ? { shortNames: [...definition.shortNames] } : {}),
      ...(definition.categories ? { categories: [...definition.categories] } : {}),
      ...(subresources.length > 0 ? { subresources } : {}),
    };
  });
  return { version, resources, freshness: 'Current' };
}

export function groupDiscovery(table: ResourceTable, group: string): JsonObject {
  return { metadata: group === '' ? {} : { name: group }, versions: versionsInOrder(table, group).map((v) => versionDiscovery(table, group, v)) };
}
