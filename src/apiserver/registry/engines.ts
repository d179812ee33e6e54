/** The schema engines as the registry uses them, in one place. */
import { conversionOf } from '../../api/conversions.ts';
import { rulesFor } from '../../api/rules.ts';
import { validateCreate, validateUpdate } from '../../api/validation.ts';
import { decode, normalise, type Decoded, type Source } from '../../schema/json.ts';
import { Registry } from '../../schema/registry.ts';
import { createDefaulter, type Defaulter } from '../../schema/defaults.ts';
import { defaultHooks } from '../../api/defaults.ts';
import type { JsonObject } from '../../machinery/json.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { KindRules, Package, RuleContext } from '../../schema/vocabulary.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { CatalogView, View } from './views.ts';

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

/** Canonical form in the view's version, not yet defaulted. */
export function decodeAs(registry: Schema, view: View, value: unknown, source?: Source): Decoded {
  return view.model ? view.model.decode(value, source) : decode(registry, view.type, value, source);
}

function identified(view: View, object: ApiObject): ApiObject {
  let out = object;
  if (out.kind !== view.kind || out.apiVersion !== view.apiVersion) {
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = out;
    out = { kind: view.kind, apiVersion: view.apiVersion, ...rest };
  }
  out.metadata ??= {};
  return out;
}

/** Kind, version, metadata and defaults of an object that is already in canonical form. */
export function complete(schema: Schema, view: View, object: ApiObject): ApiObject {
  const out = identified(view, object);
  if (view.model) view.model.applyDefaults(out);
  else schema.applyDefaults(view.type, out);
  return out;
}

export function rulesOf(group: string, kind: string): KindRules<ApiObject> {
  return (rulesFor(group, kind) ?? {}) as KindRules<ApiObject>;
}

/** Metadata first, then the kind's own rules; `old` is there for an update. */
export function validateObject(rules: KindRules<ApiObject>, namespaced: boolean, object: ReadonlyObject, old: ReadonlyObject | undefined, context: RuleContext): readonly FieldError[] {
  return old ? validateUpdate(rules, object, old, context) : validateCreate(rules, namespaced, object, context);
}

/** The view of a served version that is not the stored one; undefined when nobody has written the conversion. */
export function convertingView(schema: Schema, stored: View, facts: Omit<View, 'identity' | 'read' | 'write'>): CatalogView | undefined {
  const conversion = conversionOf(facts.version, facts.kind, stored.version);
  if (!conversion) return undefined;
  const plain = (object: ApiObject | ReadonlyObject): JsonObject => object as unknown as JsonObject;
  return {
    ...facts,
    identity: false,
    read: (object) => normalise(schema, facts.type, conversion.fromStored(plain(object))) as unknown as ReadonlyObject,
    // Defaults are those of the version that was written.
    write: (object) => identified(stored, normalise(schema, stored.type, conversion.toStored(plain(object))) as unknown as ApiObject),
  };
}
