/** Who answers for which field: the engine of src/schema/apply at the places where the registry needs it. */
import { resetFields } from '../../api/resetfields.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { applyConfiguration as applyTo, gvkText, subjectOf } from '../../schema/apply/apply.ts';
import { converted, ConversionError } from '../../schema/patch/conversion.ts';
import { managedTypeOf, updateManagedFields, type ManagedType } from '../../schema/apply/track.ts';
import type { Shape } from '../../schema/apply/shape.ts';
import type { Registry } from '../../schema/registry.ts';
import { thaw } from '../../machinery/json.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { Storage } from './storage.ts';
import { complete, decodeAs } from './engines.ts';
import { YamlSyntaxError } from '../../machinery/yaml.ts';
import type { FieldValidation } from '../http/options.ts';
import { warn, type WriteRequest } from './write.ts';
import type { CatalogView, View } from './views.ts';

function plainTypeOf(registry: Registry, view: View, subresource: string): ManagedType {
  return view.model ? view.model.managedType(subresource) : managedTypeOf(registry.struct(view.type), subresource, resetFields(view.kind, subresource));
}

/** With the other versions in which the object is served. */
function typeOf(registry: Registry, view: View, subresource: string, storage?: Storage): ManagedType {
  const type = plainTypeOf(registry, view, subresource);
  const versions = storage?.options.versions;
  // What is seen as another thing than it is, is so in one version only.
  if (!versions || view.managers) return type;
  return {
    ...type,
    inVersion(apiVersion) {
      const other = versions(apiVersion);
      if (!other) return undefined;
      return {
        type: plainTypeOf(registry, other, subresource),
        convert: (object) => (other === view ? object : (other.read(stored(view, object)) as unknown as JsonObject)),
      };
    },
  };
}

/** Versions of custom resources that need nobody else differ in their name. */
function stored(view: View, object: JsonObject): ReadonlyObject {
  const given = object as unknown as ReadonlyObject;
  return view.model ? given : (view as CatalogView).write(thaw<ApiObject>(given), undefined);
}

/** Sets metadata.managedFields of an object that is about to be written over `live`. */
export function trackFields(registry: Registry, storage: Storage, view: View, live: ReadonlyObject | undefined, object: ApiObject, options: { manager: string; subresource: string; time: string }): void {
  const type = typeOf(registry, view, options.subresource, storage);
  const author = { manager: options.manager, subresource: options.subresource, time: options.time };
  setManagedFields(object, updateManagedFields(type, live as JsonObject | undefined, object as unknown as JsonObject, author));
}

/** The live object (or nothing) with the client's configuration applied to it, complete and with its managers noted. */
export function applyConfiguration(write: WriteRequest, live: ReadonlyObject | undefined, patch: ApplyRequest): ApiObject {
  const { registry, view, scope } = write;
  const { value, found } = configurationOf(patch);
  const type = typeOf(registry, view, scope.subresource, write.storage);
  const author = { manager: write.fieldManager, subresource: scope.subresource, time: scope.now };
  const { object, managedFields } = applyTo(type, live as JsonObject | undefined, value, author, patch.force);
  if (found.length > 0 && patch.fieldValidation === 'Strict') throw StatusError.badRequest(`error strict decoding YAML: error converting YAML to JSON: ${found.join(', ')}`);
  if (patch.fieldValidation === 'Warn') warn(scope.warnings, found);
  const out = complete(registry, view, decodeApplied(write, type, value, object));
  setManagedFields(out, managedFields);
  return out;
}

/** What fits the types of fields, and still does not make an object, is said to be nobody's fault. */
function decodeApplied({ registry, view }: WriteRequest, type: ManagedType, config: JsonObject, object: JsonObject): ApiObject {
  const refuse = (why: string): StatusError => new StatusError({ status: 'Failure', message: `failed to convert new object (${subjectOf(type, config)}) to proper version: unable to convert unstructured object to ${gvkText(type.kind, type.apiVersion)}: ${why}`, code: 500 });
  try {
    return decodeAs(registry, view, object).object as unknown as ApiObject;
  } catch (error) {
    if (view.model || !(error instanceof StatusError) || typeof error.cause !== 'string') throw error;
    try {
      return decodeAs(registry, view, converted(registry.struct(view.type), object)).object as unknown as ApiObject;
    } catch (second) {
      throw second instanceof ConversionError ? refuse(second.message) : second;
    }
  }
}

export interface ApplyRequest {
  readonly document: () => { readonly value: unknown; readonly found: readonly string[] };
  readonly force: boolean;
  readonly fieldValidation: FieldValidation;
}

function configurationOf({ document }: ApplyRequest): { readonly value: JsonObject; readonly found: readonly string[] } {
  try {
    const { value, found } = document();
    if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
      const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
      throw StatusError.badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
    }
    return { value: (value ?? {}) as JsonObject, found };
  } catch (error) {
    if (!(error instanceof YamlSyntaxError)) throw error;
    throw StatusError.badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
  }
}

/** How fields of an object are told apart when a configuration is merged into it. */
export function shapeOf(registry: Registry, view: View): Shape {
  return typeOf(registry, view, '').shape;
}

function setManagedFields(object: ApiObject, entries: ReturnType<typeof updateManagedFields>): void {
  if (entries) object.metadata.managedFields = entries as unknown as NonNullable<ApiObject['metadata']['managedFields']>;
  else delete object.metadata.managedFields;
}
