/** Which kinds an OpenAPI definition stands for. */
import type { Json } from './openapi-operations.ts';
import { openapiName, type Registry } from './registry.ts';
import type { ResourceDefinition } from './vocabulary.ts';

/**
 * DeleteOptions and WatchEvent belong to every group and version that upstream's server knows of, served or no longer. Those of
 * `builtInOnly` are not named where only custom resources are described.
 */
const universalVersions: Readonly<Record<string, string>> = {
  '': 'v1', 'admission.k8s.io': 'v1 v1beta1', 'admissionregistration.k8s.io': 'v1 v1alpha1 v1beta1', 'apiextensions.k8s.io': 'v1 v1beta1',
  'apiregistration.k8s.io': 'v1 v1beta1', apps: 'v1 v1beta1 v1beta2', 'authentication.k8s.io': 'v1 v1alpha1 v1beta1', 'authorization.k8s.io': 'v1 v1beta1',
  autoscaling: 'v1 v2 v2beta1 v2beta2', batch: 'v1 v1beta1', 'certificates.k8s.io': 'v1 v1alpha1 v1beta1', 'coordination.k8s.io': 'v1 v1alpha2 v1beta1',
  'discovery.k8s.io': 'v1 v1beta1', 'events.k8s.io': 'v1 v1beta1', extensions: 'v1beta1', 'flowcontrol.apiserver.k8s.io': 'v1 v1beta1 v1beta2 v1beta3',
  'imagepolicy.k8s.io': 'v1alpha1', 'internal.apiserver.k8s.io': 'v1alpha1', 'networking.k8s.io': 'v1 v1beta1', 'node.k8s.io': 'v1 v1alpha1 v1beta1',
  policy: 'v1 v1beta1', 'rbac.authorization.k8s.io': 'v1 v1alpha1 v1beta1', 'resource.k8s.io': 'v1 v1alpha3 v1beta1 v1beta2',
  'scheduling.k8s.io': 'v1 v1alpha1 v1beta1', 'storage.k8s.io': 'v1 v1alpha1 v1beta1', 'storagemigration.k8s.io': 'v1alpha1',
};
const builtInOnly: ReadonlySet<string> = new Set(['admission.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io', 'imagepolicy.k8s.io']);

/** By name of definition; `resources` are those of the document. */
export function kindsByDefinition(registry: Registry, resources: readonly ResourceDefinition[]): ReadonlyMap<string, readonly Json[]> {
  const out = new Map<string, Json[]>();
  const add = (name: string, group: string, version: string, kind: string): void => {
    const key = openapiName(registry.struct(name));
    const list = out.get(key) ?? [];
    list.push({ group, kind, version });
    out.set(key, list);
  };
  for (const pkg of registry.packages) {
    for (const local of [...Object.keys(pkg.types), ...pkg.lists.map((kind) => `${kind}List`)]) {
      const { kind, apiVersion } = registry.struct(`${pkg.name}.${local}`).data.fields;
      if (pkg.name !== 'meta.v1' && kind && apiVersion && kind.n === undefined) add(`${pkg.name}.${local}`, pkg.group, pkg.version, local);
    }
  }
  for (const kind of ['Status', 'APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions']) add(`meta.v1.${kind}`, '', 'v1', kind);
  const onlyCustom = resources.length > 0 && resources.every((r) => r.custom);
  for (const [group, versions] of Object.entries(universalVersions)) {
    if (onlyCustom && builtInOnly.has(group)) continue;
    for (const version of versions.split(' ')) for (const kind of ['DeleteOptions', 'WatchEvent']) add(`meta.v1.${kind}`, group, version, kind);
  }
  return out;
}
