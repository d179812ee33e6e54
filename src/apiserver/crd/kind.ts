/** A custom kind as it is served: one storage, and an entry of the table for each served version. */
import type { Surroundings } from '../../base/surroundings.ts';
import { thaw } from '../../machinery/json.ts';
import { StatusError, type FieldError } from '../../machinery/status.ts';
import { normalise } from '../../schema/json.ts';
import { validateMetadata, validateMetadataUpdate } from '../../schema/metadata.ts';
import { validateEmbedded } from '../../schema/structural/embedded.ts';
import { validateListTypes } from '../../schema/structural/listtypes.ts';
import { ruleTree, rulesBlocked, validateRules, type RuleNode } from '../../schema/structural/rules.ts';
import { Patterns } from '../../schema/structural/pattern.ts';
import { propertyOf } from '../../schema/structural/schema.ts';
import { validateStructural } from '../../schema/structural/validate.ts';
import type { KindRules, ResourceDefinition, RuleContext, Subresource } from '../../schema/vocabulary.ts';
import { nameIsSubdomain } from '../../machinery/names.ts';
import type { AdmissionChain } from '../admission/chain.ts';
import type { Feed } from '../cacher/feed.ts';
import { compareVersions } from '../discovery/documents.ts';
import { apiVersionOf, type ApiObject, type ReadonlyObject } from '../objects.ts';
import type { Schema } from '../registry/engines.ts';
import { Storage, type WriteScope } from '../registry/storage.ts';
import type { View } from '../registry/views.ts';
import type { Served, ServedSubresource } from '../resources.ts';
import type { ConversionMeter } from './metrics.ts';
import type { Resolver } from '../proxy/resolve.ts';
import { customCodec } from './codec.ts';
import { customColumns, customFields } from './columns.ts';
import { converterOf, type Converter } from './conversion.ts';
import { customModel, schemaOf, type Definition, type Version } from './model.ts';
import { customScaleView, validateScalePaths } from './scale.ts';

export interface CustomKindOptions {
  readonly registry: Schema;
  readonly feed: Feed;
  readonly admission: AdmissionChain;
  readonly surroundings: Surroundings;
  readonly resolver: Resolver;
  readonly conversions: ConversionMeter;
}

export interface CustomKind {
  readonly served: readonly Served[];
  readonly storage: Storage;
}

interface CustomVersion {
  readonly version: Version;
  readonly view: View;
  /** Judges what a writer wrote before a webhook has made something else of it. */
  readonly judgesEarly: boolean;
  /** Its expressions; undefined where there are none. */
  readonly rules: RuleNode | undefined;
  readonly patterns: Patterns;
}

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const partVerbs = ['get', 'patch', 'update'];

export function isTerminating(crd: Definition): boolean {
  return crd.metadata.deletionTimestamp !== undefined || (crd.status.conditions ?? []).some((c) => c.type === 'Terminating' && c.status === 'True');
}

/** `current` answers the definition as it is now, for what changes while the kind stays. */
export function customKind(options: CustomKindOptions, crd: Definition, current: () => Definition | undefined): CustomKind {
  const { registry, feed, admission, surroundings } = options;
  const { group } = crd.spec;
  const names = crd.status.acceptedNames;
  const namespaced = crd.spec.scope === 'Namespaced';
  const versions = versionsOf(options, crd);
  const stored = versions.find((v) => v.version.storage)!;
  const byApiVersion = new Map(versions.map((v) => [v.view.apiVersion, v]));
  const asks = converts(crd);
  // What a webhook makes of an object only the view can tell (`fieldsOf`).
  const selectable = asks ? {} : (Object.assign({}, ...versions.map((v) => customFields(v.version, (o) => v.view.read(o)))) as Record<string, (o: ReadonlyObject) => string>);
  const rules = rulesOf(byApiVersion, stored);
  const codec = customCodec({
    registry, stored: stored.view, views: new Map(versions.map((v) => [v.view.version, v.view])), selectable,
    modernise(object) {
      const { version, view } = byApiVersion.get(object.apiVersion ?? '') ?? stored;
      const decoded = view.model!.decode(object).object as unknown as ApiObject;
      view.model!.applyDefaults(decoded);
      // What needs a webhook stays in its version until somebody wants to read it in another.
      return version === stored.version || asks ? decoded : (stored.view.read(decoded) as ApiObject);
    },
  });
  const canonicalMetadata = (metadata: ApiObject['metadata']): ApiObject['metadata'] => normalise(registry, 'meta.v1.ObjectMeta', metadata) as unknown as ApiObject['metadata'];
  const storage = new Storage({
    group, version: stored.version.name, kind: names.kind, resource: names.plural, namespaced, rules, codec, admission, surroundings,
    validate: (object, old, scope) => {
      const written = byApiVersion.get(scope.apiVersion ?? '') ?? stored;
      return validateCustom(written.judgesEarly ? stored : written, namespaced, object, old, scope);
    },
    canonical: (object) => ({ ...object, metadata: canonicalMetadata(object.metadata) }),
    canonicalMetadata,
    ...(asks ? {} : { versions: (apiVersion: string) => byApiVersion.get(apiVersion)?.view }),
    createOnUpdate: false, unconditionalUpdate: false, returnsDeleted: false, orphanByDefault: false,
    cacher: feed.cacher(`/registry/${group}/${names.plural}/`, codec),
  });
  storage.hooks = {
    async beforeCreate() {
      const now = current();
      if (!now || isTerminating(now)) {
        throw new StatusError({ status: 'Failure', code: 405, reason: 'MethodNotAllowed', message: 'create not allowed while custom resource definition is terminating', details: { group, kind: names.plural } });
      }
    },
  };
  const served = versions.filter((v) => v.version.served).map(({ version, view }): Served => ({
    definition: definitionOf(crd, version, view), view, group, apiVersion: view.apiVersion, resource: names.plural, namespaced, storage,
    rules: { ...rules, columns: customColumns(version, (o) => view.read(o)) },
    fields: new Set((version.selectableFields ?? []).map((f) => f.jsonPath.replace(/^\./, ''))),
    subresources: subresourcesOf(version, view, new Map(versions.map((v) => [v.view.apiVersion, v.version.subresources?.scale]))),
    ...(version.deprecated ? { deprecation: version.deprecationWarning ?? deprecationOf(crd, version) } : {}),
  }));
  return { served, storage };
}

function deprecationOf(crd: Definition, version: Version): string {
  const { group, names } = crd.spec;
  const better = crd.spec.versions.filter((v) => v.served && !v.deprecated && compareVersions(v.name, version.name) < 0).map((v) => v.name).sort(compareVersions)[0];
  return `${group}/${version.name} ${names.kind} is deprecated${better === undefined ? '' : `; use ${group}/${better} ${names.kind}`}`;
}

function converts(crd: Definition): boolean {
  return crd.spec.conversion?.strategy === 'Webhook';
}

function versionsOf(options: CustomKindOptions, crd: Definition): CustomVersion[] {
  const { group } = crd.spec;
  const stored = crd.spec.versions.find((v) => v.storage)!;
  const converter = converterOf(options, crd);
  return crd.spec.versions.map((version): CustomVersion => ({
    version,
    judgesEarly: converter.asks && version !== stored,
    rules: ruleTree(schemaOf(version), true),
    patterns: new Patterns(),
    view: {
      type: definitionName(crd, version), version: apiVersionOf(group, version.name), group, apiVersion: apiVersionOf(group, version.name),
      kind: crd.status.acceptedNames.kind, model: customModel(options.registry, crd, version), identity: version === stored,
      ...(converter.asks ? { prepare: (objects: Iterable<ReadonlyObject>) => converter.prepare(objects, version) } : {}),
      ...(converter.asks && version.selectableFields?.length ? { fieldsOf: fieldReader(version, converter) } : {}),
      read: (object) => converter.read(object, version),
      write: async (object, current) => {
        // Rules compare with what was there, in the stored version.
        if (current) await converter.prepare([current], stored);
        if (version === stored) return object;
        if (converter.asks) judge(crd, version, object);
        await converter.prepare([object], stored);
        return converter.read(object, stored) as ApiObject;
      },
    },
  }));
}

function fieldReader(version: Version, converter: Converter): NonNullable<View['fieldsOf']> {
  const fields = Object.entries(customFields(version, (o) => converter.read(o, version)));
  return (object) => Object.fromEntries(fields.map(([path, valueOf]) => [path, valueOf(object)]));
}

/** The webhook sees only what fits the schema of the version that was written. The status is judged with what is stored. */
function judge(crd: Definition, version: Version, object: ApiObject): void {
  const { status, ...rest } = object;
  const seen = version.subresources?.status || status === undefined ? rest : object;
  const schema = schemaOf(version);
  const errors = [...validateStructural(seen, schema), ...validateListTypes(seen, schema)];
  if (errors.length > 0) throw StatusError.invalid({ group: crd.spec.group, kind: crd.spec.names.kind }, object.metadata.name ?? '', errors);
}

/** Names of the group come backwards, as in `com.example.stable.v1.CronTab`. */
export function definitionName(crd: Definition, version: Version): string {
  return [...crd.spec.group.split('.').reverse(), version.name, crd.status.acceptedNames.kind].join('.');
}

function definitionOf(crd: Definition, version: Version, view: View): ResourceDefinition {
  const names = crd.status.acceptedNames;
  const { status, scale } = version.subresources ?? {};
  const subresources: Subresource[] = [
    ...(status ? [{ name: 'status', kind: names.kind, verbs: partVerbs }] : []),
    ...(scale ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: partVerbs }] : []),
  ];
  return {
    package: view.version, group: crd.spec.group, version: version.name, resource: names.plural, kind: names.kind, singular: names.singular ?? names.kind.toLowerCase(),
    ...(names.shortNames?.length ? { shortNames: names.shortNames } : {}), ...(names.categories?.length ? { categories: names.categories } : {}),
    namespaced: crd.spec.scope === 'Namespaced', verbs, ...(subresources.length > 0 ? { subresources } : {}),
    custom: { definition: view.type, listKind: view.model!.listKind, schema: schemaOf(version) },
  };
}

function subresourcesOf(version: Version, view: View, scales: Parameters<typeof customScaleView>[2]): Map<string, ServedSubresource> {
  const { status, scale } = version.subresources ?? {};
  const out = new Map<string, ServedSubresource>();
  if (status) out.set('status', { definition: { name: 'status', kind: view.kind, verbs: partVerbs }, view });
  if (scale) out.set('scale', { definition: { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: partVerbs }, view: customScaleView(scale, view, scales) });
  return out;
}

/** Which parts of an object a request may change follows the subresources of its own version. */
function rulesOf(byApiVersion: ReadonlyMap<string, CustomVersion>, stored: CustomVersion): KindRules<ApiObject> {
  const hasStatus = (context: RuleContext): boolean => (byApiVersion.get(context.apiVersion ?? '') ?? stored).version.subresources?.status !== undefined;
  return {
    nameRule: nameIsSubdomain,
    warnings: (object, old) => finalizerWarnings(object, old),
    generation: stored.version.subresources?.status ? 'all-but-metadata-and-status' : 'all-but-metadata',
    prepareCreate(object, context) {
      if (hasStatus(context)) delete object['status'];
    },
    prepareUpdate(object, present, context) {
      const old = stored.view.read(present);
      if (context.subresource === 'status') keepAllButStatus(object, old);
      else if (hasStatus(context)) {
        if (old['status'] === undefined) delete object['status'];
        else object['status'] = thaw(old['status']);
      }
    },
  };
}

const standardFinalizers = ['orphan', 'foregroundDeletion', 'kubernetes'];

function finalizerWarnings({ metadata }: ReadonlyObject, old: ReadonlyObject | undefined): string[] {
  const prefer = 'prefer a domain-qualified finalizer name';
  return (metadata.finalizers ?? []).filter((f) => !f.includes('/') && !standardFinalizers.includes(f) && !old?.metadata.finalizers?.includes(f)).map((f) =>
    `metadata.finalizers: ${JSON.stringify(f)}: ${prefer}${f.includes('.') ? ' including a path (/)' : ''} to avoid accidental conflicts with other finalizer writers`);
}

/** A writer of the status changes nothing else, not even metadata. */
function keepAllButStatus(object: ApiObject, old: ReadonlyObject): void {
  const { status } = object;
  const { managedFields, resourceVersion } = object.metadata;
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, thaw<ApiObject>(old));
  if (status === undefined) delete object['status'];
  else object['status'] = status;
  if (managedFields) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
  object.metadata.resourceVersion = resourceVersion ?? '';
}

/** Judged in the version in which it was written. */
function validateCustom(custom: CustomVersion, namespaced: boolean, object: ReadonlyObject, old: ReadonlyObject | undefined, scope: WriteScope): FieldError[] {
  const { view, rules } = custom;
  const seen = view.read(object);
  const before = old && view.read(old);
  const errors = old && before ? updateErrors(custom, object, old, seen, before, scope) : createErrors(custom, namespaced, object, seen);
  if (!rules) return errors;
  const blocked = rulesBlocked(errors);
  if (blocked) return [...errors, blocked];
  const findings = validateRules(rules, seen, before);
  scope.warnings.push(...findings.warnings);
  return [...errors, ...findings.errors];
}

function createErrors({ version, patterns }: CustomVersion, namespaced: boolean, object: ReadonlyObject, seen: ReadonlyObject): FieldError[] {
  const schema = schemaOf(version);
  return [
    ...validateMetadata(object.metadata as never, { namespaced, nameRule: nameIsSubdomain }), ...validateStructural(seen, schema, { patterns }),
    ...validateScalePaths(seen, version.subresources?.scale, true), ...validateEmbedded(seen, schema), ...validateListTypes(seen, schema),
  ];
}

function updateErrors({ version, patterns }: CustomVersion, object: ReadonlyObject, old: ReadonlyObject, seen: ReadonlyObject, before: ReadonlyObject, context: RuleContext): FieldError[] {
  const schema = schemaOf(version);
  const scale = version.subresources?.scale;
  // Once with what all resources have in common, and once with this one.
  const once = validateMetadataUpdate(object.metadata as never, old.metadata as never);
  const metadata = [...once, ...once];
  if (context.subresource === 'status') {
    const { status } = seen;
    if (status === undefined) return metadata;
    return [...metadata, ...validateStructural(status, propertyOf(schema, 'status'), { root: 'status', old: before['status'], patterns }), ...validateScalePaths(seen, scale, false)];
  }
  const lists = validateListTypes(before, schema).length > 0 ? [] : validateListTypes(seen, schema);
  return [...metadata, ...validateStructural(seen, schema, { old: before, patterns }), ...validateScalePaths(seen, scale, true), ...validateEmbedded(seen, schema), ...lists];
}
