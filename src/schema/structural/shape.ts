/** How server-side apply looks into a custom resource. */
import { anyShape, scalarShape, shapeOfStruct, type ListKey, type Scalar, type Shape } from '../apply/shape.ts';
import type { StructType } from '../registry.ts';
import type { JsonValue } from '../../machinery/json.ts';
import { additionalOf, itemsOf, propertyOf, type JsonSchema } from './schema.ts';

const leaf: Shape = { kind: 'leaf' };

export function shapeOfSchema(schema: JsonSchema | undefined): Shape {
  if (schema === undefined) return anyShape;
  if (schema['x-kubernetes-int-or-string']) return leaf;
  if (schema.type === 'array') return listShape(schema);
  if (schema.type !== 'object' && schema.type !== undefined) return scalarShape(scalarOf(schema));
  const shape = mapShape(schema);
  return schema['x-kubernetes-map-type'] === 'atomic' ? { kind: 'leaf', map: () => shape } : shape;
}

/** Of a text with a format nobody says that it is one. */
function scalarOf({ type, format }: JsonSchema): Scalar {
  if (type === 'integer' || type === 'number') return 'numeric';
  if (type === 'boolean') return 'boolean';
  return type === 'string' && (!format || format === 'byte') ? 'string' : 'untyped';
}

function mapShape(schema: JsonSchema): Shape {
  const additional = additionalOf(schema);
  if (!schema.properties && !additional.schema) return schema.type === 'object' ? { kind: 'map', field: () => undefined, element: anyShape } : anyShape;
  const known = new Map<string, Shape>();
  return {
    kind: 'map',
    field(key) {
      const made = known.get(key);
      if (made) return made;
      const property = propertyOf(schema, key);
      if (!property) return undefined;
      const shape = shapeOfSchema(property);
      known.set(key, shape);
      return shape;
    },
    element: additional.schema ? shapeOfSchema(additional.schema) : schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-embedded-resource'] || additional.allowed ? anyShape : undefined,
  };
}

function listShape(schema: JsonSchema): Shape {
  const items = itemsOf(schema);
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return { kind: 'list', keys: undefined, item: shapeOfSchema(items) };
  if (type !== 'map') return { kind: 'leaf', items: () => shapeOfSchema(items) };
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).toSorted().map((name): ListKey => ({ name, default: propertyOf(items, name)?.default as JsonValue | undefined }));
  return { kind: 'list', keys, item: shapeOfSchema(items) };
}

/** Of a whole resource: its metadata is that of every object. */
export function shapeOfResource(schema: JsonSchema | undefined, metadata: StructType): Shape {
  const shape = shapeOfSchema(schema);
  const metadataShape = shapeOfStruct(metadata);
  return {
    kind: 'map',
    field(key) {
      if (key === 'metadata') return metadataShape;
      if (key === 'apiVersion' || key === 'kind') return scalarShape('string');
      return shape.kind === 'map' ? shape.field(key) : shape.kind === 'any' ? anyShape : undefined;
    },
    element: shape.kind === 'map' ? shape.element : anyShape,
  };
}
