/** The schema engines as the registry uses them, in one place. */
import { rulesFor } from '../../api/rules.ts';
import { Registry } from '../../schema/registry.ts';
import { createDefaulter, type Defaulter } from '../../schema/defaults.ts';
import { defaultHooks } from '../../api/defaults.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError, type FieldError } from '../../machinery/status.ts';
import type { KindRules, Package, RuleContext } from '../../schema/vocabulary.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { applyConfiguration as applyFields } from './fields.ts';
import type { WriteRequest } from './write.ts';
import type { View } from './views.ts';

/** The catalog's types together with their defaults. */
export class Schema extends Registry {
  readonly #defaults: Defaulter;

  constructor(packages: readonly Package[]) {
    super(packages);
    this.#defaults = createDefaulter(this, defaultHooks);
  }

  applyDefaults(type: string, object: ApiObject): void {
    this.#defaults(type, object as unknown as JsonObject);
  }
}

export { trackFields } from './fields.ts';

export function rulesOf(group: string, kind: string): KindRules<ApiObject> {
  return (rulesFor(group, kind) ?? {}) as KindRules<ApiObject>;
}

export function validateObject(_registry: Registry, _view: View, _namespaced: boolean, _object: ReadonlyObject, _old: ReadonlyObject | undefined, _context: RuleContext): readonly FieldError[] {
  return [];
}

export function jsonPatch(_live: JsonObject, _patch: unknown): unknown {
  throw StatusError.notImplemented('JSON patch is not there yet');
}

export function mergePatch(_live: JsonObject, _patch: unknown): unknown {
  throw StatusError.notImplemented('merge patch is not there yet');
}

export function strategicPatch(_registry: Registry, _type: string, _live: JsonObject, _patch: unknown): unknown {
  throw StatusError.notImplemented('strategic merge patch is not there yet');
}

export function applyConfiguration(write: WriteRequest, live: ReadonlyObject | undefined, patch: { readonly body: unknown; readonly force: boolean }): ApiObject {
  return applyFields(write, live, patch);
}

/** How a served version that is not the stored one is read and written. */
export function conversion(_package: string, _kind: string, _storedPackage: string): { toStored(object: ApiObject, current: ReadonlyObject | undefined): ApiObject; fromStored(stored: ReadonlyObject): ReadonlyObject } {
  return { toStored: (object) => object, fromStored: (stored) => stored };
}
