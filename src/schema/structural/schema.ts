/** The schema of a custom resource as its definition states it: OpenAPI v3 with Kubernetes' extensions. */

export interface JsonSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly default?: unknown;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly multipleOf?: number;
  readonly enum?: readonly unknown[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly items?: unknown;
  readonly allOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: unknown;
  readonly nullable?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

export type Members = Record<string, unknown>;

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema of a declared member. */
export function propertyOf(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const { properties } = schema ?? {};
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** The schema of list items; a list of schemas, one for each position, is no structural schema. */
export function itemsOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  return isMembers(schema?.items) ? (schema.items as JsonSchema) : undefined;
}

/** The schema of members that are not declared; `allowed` without a schema: they may be anything. */
export function additionalOf(schema: JsonSchema | undefined): { readonly allowed: boolean; readonly schema: JsonSchema | undefined } {
  const additional = schema?.additionalProperties;
  if (isMembers(additional)) return { allowed: true, schema: additional as JsonSchema };
  return { allowed: additional === true, schema: undefined };
}

/** apiVersion, kind and metadata, which every resource has, whether its schema names them or not. */
export const resourceFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** The same schema for an object that is a resource, at the root or embedded. */
export function asResource(schema: JsonSchema | undefined): JsonSchema {
  return schema?.['x-kubernetes-embedded-resource'] ? schema : { ...schema, 'x-kubernetes-embedded-resource': true };
}
