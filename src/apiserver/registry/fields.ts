/** Who answers for which field: the engine of src/schema/apply at the places where the registry needs it. */
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { applyConfiguration as applyTo } from '../../schema/apply/apply.ts';
import { managedTypeOf, updateManagedFields, type ManagedType } from '../../schema/apply/track.ts';
import type { Shape } from '../../schema/apply/shape.ts';
import type { Registry } from '../../schema/registry.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { complete, decodeAs } from './engines.ts';
import type { WriteRequest } from './write.ts';
import type { View } from './views.ts';

function typeOf(registry: Registry, view: View, subresource: string): ManagedType {
  return view.model ? view.model.managedType(subresource) : managedTypeOf(registry.struct(view.type), subresource);
}

/** Sets metadata.managedFields of an object that is about to be written over `live`. */
export function trackFields(registry: Registry, view: View, live: ReadonlyObject | undefined, object: ApiObject, options: { manager: string; subresource: string; time: string }): void {
  const type = typeOf(registry, view, options.subresource);
  const author = { manager: options.manager, subresource: options.subresource, time: options.time };
  setManagedFields(object, updateManagedFields(type, live as JsonObject | undefined, object as unknown as JsonObject, author));
}

/** The live object (or nothing) with the client's configuration applied to it, complete and with its managers noted. */
export function applyConfiguration(write: WriteRequest, live: ReadonlyObject | undefined, patch: { readonly body: unknown; readonly force: boolean }): ApiObject {
  const { registry, view, scope } = write;
  const { body } = patch;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw StatusError.badRequest('error decoding YAML: the configuration must be an object');
  const type = typeOf(registry, view, scope.subresource);
  const author = { manager: write.fieldManager, subresource: scope.subresource, time: scope.now };
  const { object, managedFields } = applyTo(type, live as JsonObject | undefined, body as JsonObject, author, patch.force);
  const out = complete(registry, view, decodeAs(registry, view, object).object as unknown as ApiObject);
  setManagedFields(out, managedFields);
  return out;
}

/** How fields of an object are told apart when a configuration is merged into it. */
export function shapeOf(registry: Registry, view: View): Shape {
  return typeOf(registry, view, '').shape;
}

function setManagedFields(object: ApiObject, entries: ReturnType<typeof updateManagedFields>): void {
  if (entries) object.metadata.managedFields = entries as unknown as NonNullable<ApiObject['metadata']['managedFields']>;
  else delete object.metadata.managedFields;
}
