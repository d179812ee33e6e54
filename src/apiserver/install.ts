/** Fills the table of resources from the catalog: one storage for each stored kind, one entry for each served version. */
import type { Surroundings } from '../base/surroundings.ts';
import type { Schema } from './registry/engines.ts';
import { returnedWhenDeleted } from '../schema/deletion.ts';
import { emptiesOf } from '../schema/empties.ts';
import { normalise } from '../schema/json.ts';
import type { KindRules, ResourceDefinition } from '../schema/vocabulary.ts';
import type { AdmissionChain } from './admission/chain.ts';
import type { Feed } from './cacher/feed.ts';
import { apiVersionOf, type ApiObject } from './objects.ts';
import { objectCodec } from './registry/codec.ts';
import { convertingView, rulesOf, validateObject } from './registry/engines.ts';
import { scaleView } from './registry/scale.ts';
import { Storage } from './registry/storage.ts';
import { jsonGroups, ownForm, upstreamForm, type StoredKind } from './registry/stored.ts';
import { identityView, type CatalogView, type View } from './registry/views.ts';
import { ResourceTable, type Served, type ServedSubresource } from './resources.ts';

/** PUT creates what is not there. */
const createdOnUpdate = new Set([
  'endpoints', 'events', 'limitranges', 'podtemplates', 'services', 'events.events.k8s.io', 'leases.coordination.k8s.io', 'runtimeclasses.node.k8s.io',
  'roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io', 'clusterroles.rbac.authorization.k8s.io', 'clusterrolebindings.rbac.authorization.k8s.io',
]);

/** An update without a resourceVersion is refused. */
const strictlyVersioned = new Set([
  'leases.coordination.k8s.io', 'poddisruptionbudgets.policy', 'customresourcedefinitions.apiextensions.k8s.io', 'apiservices.apiregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io', 'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io', 'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'runtimeclasses.node.k8s.io', 'csidrivers.storage.k8s.io', 'csinodes.storage.k8s.io', 'volumeattachments.storage.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
]);

/** Dependents stay when a delete does not say otherwise. */
const orphaning = new Set(['replicationcontrollers', 'jobs.batch']);

export interface InstallOptions {
  readonly registry: Schema;
  readonly feed: Feed;
  /** Of resources that are kept elsewhere, by the prefix of their keys. */
  readonly feeds?: ReadonlyMap<string, Feed>;
  /** In a store that upstream's servers may use: JSON for all kinds. */
  readonly storesJson?: boolean;
  readonly admission: AdmissionChain;
  readonly surroundings: Surroundings;
  readonly definitions: readonly ResourceDefinition[];
  readonly packages: ReadonlyMap<string, { readonly group: string; readonly version: string }>;
}

export interface Installed {
  readonly table: ResourceTable;
  /** The storage of a resource by its qualified name, e.g. `deployments.apps`. */
  storage(name: string): Storage;
}

export function qualifiedName(group: string, resource: string): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/** Where kinds are described: what their values mean depends on nothing else. */
type Described = Pick<InstallOptions, 'registry' | 'definitions' | 'packages'>;

function viewOf(options: Described, definition: ResourceDefinition): CatalogView | undefined {
  const { group, version, kind } = definition;
  const facts = { type: `${definition.package}.${kind}`, version: definition.package, group, apiVersion: apiVersionOf(group, version), kind };
  const { storage } = definition;
  if (!storage || (storage.package === definition.package && storage.kind === kind)) return identityView(facts);
  return convertingView(options.registry, storedView(options, storage), facts);
}

function storedView(options: Described, place: NonNullable<ResourceDefinition['storage']>): CatalogView {
  const pkg = options.packages.get(place.package);
  if (!pkg) throw new Error(`no package ${place.package}`);
  return identityView({ type: `${place.package}.${place.kind}`, version: place.package, group: pkg.group, apiVersion: apiVersionOf(pkg.group, pkg.version), kind: place.kind });
}

/** The kinds of the catalog as they stand in a store, by the prefix of their keys. */
export function storedKinds(options: Described): Map<string, StoredKind> {
  const kinds = new Map<string, StoredKind & { readonly views: Map<string, CatalogView> }>();
  for (const definition of options.definitions) {
    const { storage } = definition;
    const view = storage && viewOf(options, definition);
    if (!view) continue;
    let kind = kinds.get(storage.prefix);
    if (!kind) {
      const stored = storedView(options, storage);
      kinds.set(storage.prefix, (kind = { registry: options.registry, stored, views: new Map([[storage.package, stored]]) }));
    }
    kind.views.set(view.version, view);
  }
  return kinds;
}

export function install(options: InstallOptions): Installed {
  const table = new ResourceTable();
  const storages = new Map<string, Storage>();
  const byPrefix = new Map<string, { storage: Storage; views: Map<string, CatalogView> }>();
  for (const definition of options.definitions) {
    const { group, resource, storage: place } = definition;
    const view = viewOf(options, definition);
    if (!view) continue;
    let storage: Storage | undefined;
    let rules: KindRules<ApiObject> = rulesOf(group, definition.kind);
    if (place) {
      let made = byPrefix.get(place.prefix);
      if (!made) byPrefix.set(place.prefix, (made = makeStorage(options, definition)));
      made.views.set(view.version, view);
      storage = made.storage;
      rules = storage.options.rules;
      storages.set(qualifiedName(group, resource), storage);
    }
    table.add(serve(definition, view, rules, storage));
  }
  return {
    table,
    storage(name) {
      const found = storages.get(name);
      if (!found) throw new Error(`${name} is not stored`);
      return found;
    },
  };
}

export function serve(definition: ResourceDefinition, view: View, rules: KindRules<ApiObject>, storage: Storage | undefined): Served {
  const subresources = new Map<string, ServedSubresource>();
  for (const sub of definition.subresources ?? []) {
    const own = sub.kind === definition.kind;
    const group = sub.group ?? definition.group;
    const version = sub.version ?? definition.version;
    const subview = own ? view : sub.name === 'scale' ? scaleView(view.apiVersion) : identityView({ type: `${group === '' ? 'core' : group.split('.')[0]}.${version}.${sub.kind}`, version: '', group, apiVersion: apiVersionOf(group, version), kind: sub.kind, ...(sub.accepts ? { accepts: sub.accepts } : {}) });
    subresources.set(sub.name, { definition: sub, view: subview });
  }
  return {
    definition, view, rules, subresources,
    group: definition.group, apiVersion: view.apiVersion, resource: definition.resource, namespaced: definition.namespaced,
    fields: new Set(Object.keys(rules.selectable ?? {}).filter((field) => rules.selectableIn?.(field, view.apiVersion) ?? true)),
    ...(definition.deprecation === undefined ? {} : { deprecation: definition.deprecation }),
    ...(storage ? { storage } : {}),
  };
}

function makeStorage(options: InstallOptions, definition: ResourceDefinition): { storage: Storage; views: Map<string, CatalogView> } {
  const { registry, admission, surroundings } = options;
  const place = definition.storage!;
  const feed = options.feeds?.get(place.prefix) ?? options.feed;
  const stored = storedView(options, place);
  const pkg = options.packages.get(place.package)!;
  const rules = rulesOf(pkg.group, place.kind);
  const views = new Map([[place.package, stored]]);
  const kind = { registry, stored, views };
  const codec = objectCodec({ ...kind, rules, form: feed.store.shared ? upstreamForm(kind, options.storesJson) : ownForm(kind) });
  const name = qualifiedName(definition.group, definition.resource);
  const dropEmpty = jsonGroups.has(pkg.group) ? undefined : (emptiesOf(registry.struct(stored.type)) as ((object: ApiObject) => void) | undefined);
  const storage = new Storage({
    group: pkg.group, version: pkg.version, kind: place.kind, resource: definition.resource, namespaced: definition.namespaced,
    rules, codec, admission, surroundings,
    validate: (object, old, scope) => validateObject(rules, definition.namespaced, object, old, scope),
    canonical: (object) => normalise(registry, stored.type, object) as unknown as ApiObject,
    canonicalMetadata: (metadata) => normalise(registry, 'meta.v1.ObjectMeta', metadata) as unknown as ApiObject['metadata'],
    ...(dropEmpty ? { dropEmpty } : {}),
    versions: (apiVersion) => views.values().find((v) => v.apiVersion === apiVersion),
    createOnUpdate: createdOnUpdate.has(name), unconditionalUpdate: !strictlyVersioned.has(name), returnsDeleted: returnedWhenDeleted.has(name),
    orphanByDefault: orphaning.has(name), cacher: feed.cacher(place.prefix, codec),
  });
  return { storage, views };
}
