/** One version of a custom kind as the registry's engines want it: canonical form, defaults, fields and their owners. */
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../api/apiextensions/v1/types.ts';
import { quoted } from '../../machinery/fieldpath.ts';
import { compareBytes } from '../../machinery/jsontext.ts';
import { thaw, type DeepReadonly, type JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ManagedType } from '../../schema/apply/track.ts';
import { decode, setMember, type Decoded, type Source } from '../../schema/json.ts';
import { duplicatesIn } from '../../schema/problems.ts';
import type { Registry } from '../../schema/registry.ts';
import { applyStructuralDefaults, dropForeignNulls } from '../../schema/structural/defaults.ts';
import { pruneResource } from '../../schema/structural/prune.ts';
import { eachEmbedded } from '../../schema/structural/embedded.ts';
import { asResource, isMembers, type JsonSchema } from '../../schema/structural/schema.ts';
import { shapeOfResource } from '../../schema/structural/shape.ts';
import { apiVersionOf, type ApiObject, type ReadonlyObject } from '../objects.ts';
import type { Model } from '../registry/views.ts';

export type Definition = DeepReadonly<CustomResourceDefinition>;
export type Version = DeepReadonly<CustomResourceDefinitionVersion>;

export function schemaOf(version: Version): JsonSchema | undefined {
  return version.schema?.openAPIV3Schema as JsonSchema | undefined;
}

export function customModel(registry: Registry, crd: Definition, version: Version): Model {
  const { group, names } = crd.spec;
  const kind = crd.status.acceptedNames?.kind || names.kind;
  const apiVersion = apiVersionOf(group, version.name);
  const schema = schemaOf(version);
  const managed = (subresource: string): ManagedType => {
    const reset = subresource === 'status' ? { 'f:spec': {} } : version.subresources?.status ? { 'f:status': {} } : undefined;
    const empty = decodeResource(registry, { kind, version: version.name }, { apiVersion, kind }, undefined).object;
    return { apiVersion, kind, shape: shapeOfResource(schema, registry.struct('meta.v1.ObjectMeta')), empty, ...(reset ? { reset } : {}) };
  };
  const types = new Map<string, ManagedType>();
  return {
    listKind: crd.status.acceptedNames?.listKind || names.listKind || `${kind}List`,
    decode: (value, source) => decodeResource(registry, { kind, version: version.name }, value, schema, source),
    applyDefaults: (object) => applyStructuralDefaults(object, schema),
    managedType(subresource) {
      const key = subresource === 'status' ? 'status' : '';
      const made = types.get(key) ?? managed(key);
      types.set(key, made);
      return made;
    },
  };
}

interface Names {
  readonly kind: string;
  readonly version: string;
}

/** What is not in the schema goes, nulls that may not be go, metadata becomes that of every object. Copies `value`. */
function decodeResource(registry: Registry, names: Names, value: unknown, schema: JsonSchema | undefined, source?: Source): Decoded {
  if (!isMembers(value)) throw unfit(names, `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type map[string]interface {}`);
  const { kind, apiVersion, metadata, ...rest } = thaw(value) as Record<string, unknown>;
  const head = metadataOf(registry, names, metadata ?? {});
  const object: JsonObject = { ...(kind === undefined ? {} : { kind: kind as string }), ...(apiVersion === undefined ? {} : { apiVersion: apiVersion as string }), metadata: head.object, ...(rest as JsonObject) };
  const unknown = pruneResource(object, schema).map((path) => `unknown field ${quoted(path)}`);
  dropForeignNulls(object, asResource(schema));
  const embedded: string[] = [];
  eachEmbedded(object, schema, (resource, path) => {
    const inner = metadataOf(registry, names, resource['metadata'] ?? {});
    resource['metadata'] = inner.object;
    embedded.push(...inner.strict.map((text) => text.replace('"', `"${path}.`)));
  });
  return { object, strict: [...(source?.odd ? duplicatesIn(source.tree()) : []), ...head.strict, ...embedded, ...unknown] };
}

/** Upstream decodes it apart from the rest, so that its messages know nothing of where it stands. */
function metadataOf(registry: Registry, names: Names, value: unknown): Decoded {
  try {
    const { object, strict } = decode(registry, 'meta.v1.ObjectMeta', value);
    return { object, strict: strict.map((text) => text.replace('"', '"metadata.')) };
  } catch (error) {
    if (!(error instanceof StatusError) || typeof error.cause !== 'string') throw error;
    throw unfit(names, error.cause);
  }
}

function unfit({ kind, version }: Names, why: string): StatusError {
  const error = StatusError.badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
  error.cause = why;
  return error;
}

/** The same object in another version; only its name changes, and what that version does not know goes. */
export function inVersion(object: ReadonlyObject, apiVersion: string, schema: JsonSchema | undefined): ApiObject {
  const out = thaw<ApiObject>(object);
  out.apiVersion = apiVersion;
  pruneResource(out, schema);
  return out;
}

/** All keys in order, at every depth: how custom resources are written. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMembers(value)) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value).sort(compareBytes)) if (value[key] !== undefined) setMember(out, key, sorted(value[key]) as JsonObject);
  return out;
}
