/**
 * The OpenAPI v2 document as protobuf: the `openapi.v2.Document` that clients ask /openapi/v2 for. Each message is a table of its
 * keys; what a message has no field for is left out. The writer works backwards, so everything is written last to first.
 */
import { ProtobufWriter, WireType } from '../wire/protobuf.ts';
import type { Json } from './openapi-operations.ts';

/** Writes one value as field `n`. */
type Put = (writer: ProtobufWriter, n: number, value: unknown) => void;

interface Message {
  readonly fields: Readonly<Record<string, readonly [n: number, put: Put]>>;
  /** Where keys that begin with x- go. */
  readonly extensions?: number;
  /** Where all other keys go, each with its name: paths, status codes, properties. */
  readonly entries?: readonly [n: number, put: Put];
}

const string: Put = (writer, n, value) => {
  if (value === '') return;
  writer.string(String(value));
  writer.tag(n, WireType.bytes);
};

const bool: Put = (writer, n, value) => {
  if (value === true) oneofBool(writer, n, value);
};

const oneofBool: Put = (writer, n, value) => {
  writer.bool(value === true);
  writer.tag(n, WireType.varint);
};

const double: Put = (writer, n, value) => {
  if (value === 0) return;
  writer.double(Number(value));
  writer.tag(n, WireType.fixed64);
};

const int64: Put = (writer, n, value) => {
  if (value === 0) return;
  writer.int64(value as number | bigint);
  writer.tag(n, WireType.varint);
};

/** A value of any shape is carried as YAML text, which JSON is too. */
const any: Put = (writer, n, value) => nested(writer, n, () => string(writer, 2, `${JSON.stringify(value)}\n`));

function nested(writer: ProtobufWriter, n: number, body: () => void): void {
  const mark = writer.mark;
  body();
  writer.uint32(writer.mark - mark);
  writer.tag(n, WireType.bytes);
}

const repeated = (put: Put): Put => (writer, n, value) => {
  for (const item of (value as readonly unknown[]).toReversed()) put(writer, n, item);
};

/** A message around one field: how alternatives are told apart. */
const within = (n: number, put: Put): Put => (writer, outer, value) => nested(writer, outer, () => put(writer, n, value));

/** The message is named lazily because schemas nest. */
const message = (shape: () => Message): Put => (writer, n, value) => nested(writer, n, () => writeMessage(writer, shape(), value as Json));

function writeMessage(writer: ProtobufWriter, { fields, extensions, entries }: Message, value: Json): void {
  const known: (readonly [n: number, put: () => void])[] = [];
  const named = (n: number, name: string, put: Put, item: unknown): void => nested(writer, n, () => {
    put(writer, 2, item);
    string(writer, 1, name);
  });
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field) known.push([field[0], () => field[1](writer, field[0], item)]);
    else if (extensions !== undefined && key.startsWith('x-')) known.push([extensions, () => named(extensions, key, any, item)]);
    else if (entries) known.push([entries[0], () => named(entries[0], key, entries[1], item)]);
  }
  for (const [, put] of known.sort((a, b) => a[0] - b[0]).reverse()) put();
}

const strings = repeated(string);
const ref = [1, string] as const;

const schema = message(() => schemaMessage);
const properties = message(() => ({ fields: {}, entries: [1, schema] }));
const typeItem: Put = (writer, n, value) => within(1, strings)(writer, n, Array.isArray(value) ? value : [value]);
const itemsItem: Put = (writer, n, value) => within(1, repeated(schema))(writer, n, Array.isArray(value) ? value : [value]);
const additional: Put = (writer, n, value) => (typeof value === 'boolean' ? within(2, oneofBool) : within(1, schema))(writer, n, value);
const externalDocs = message(() => ({ fields: { description: [1, string], url: [2, string] }, extensions: 3 }));

const schemaMessage: Message = {
  fields: {
    $ref: ref, format: [2, string], title: [3, string], description: [4, string], default: [5, any], multipleOf: [6, double], maximum: [7, double],
    exclusiveMaximum: [8, bool], minimum: [9, double], exclusiveMinimum: [10, bool], maxLength: [11, int64], minLength: [12, int64],
    pattern: [13, string], maxItems: [14, int64], minItems: [15, int64], uniqueItems: [16, bool], maxProperties: [17, int64],
    minProperties: [18, int64], required: [19, strings], enum: [20, repeated(any)], additionalProperties: [21, additional], type: [22, typeItem],
    items: [23, itemsItem], allOf: [24, repeated(schema)], properties: [25, properties], discriminator: [26, string], readOnly: [27, bool],
    externalDocs: [29, externalDocs], example: [30, any],
  },
  extensions: 31,
};

/** Parameters in queries and forms have one key more than those in paths and headers, which moves the numbers of what follows. */
function parameterMessage(allowsEmpty: boolean): Message {
  const keys: readonly (readonly [string, Put])[] = [
    ['required', bool], ['in', string], ['description', string], ['name', string], ...(allowsEmpty ? [['allowEmptyValue', bool] as const] : []),
    ['type', string], ['format', string], ['items', primitiveItems], ['collectionFormat', string], ['default', any], ['maximum', double],
    ['exclusiveMaximum', bool], ['minimum', double], ['exclusiveMinimum', bool], ['maxLength', int64], ['minLength', int64], ['pattern', string],
    ['maxItems', int64], ['minItems', int64], ['uniqueItems', bool], ['enum', repeated(any)], ['multipleOf', double],
  ];
  return { fields: Object.fromEntries(keys.map(([key, put], i) => [key, [i + 1, put] as const])), extensions: keys.length + 1 };
}

const primitiveItems = message(() => ({ fields: { type: [1, string], format: [2, string], items: [3, primitiveItems], collectionFormat: [4, string] }, extensions: 18 }));
const [closed, open] = [parameterMessage(false), parameterMessage(true)];
const bodyParameter = message(() => ({ fields: { description: [1, string], name: [2, string], in: [3, string], required: [4, bool], schema: [5, schema] }, extensions: 6 }));
const otherParameters: Readonly<Record<string, Put>> = {
  header: within(1, message(() => closed)),
  formData: within(2, message(() => open)),
  query: within(3, message(() => open)),
  path: within(4, message(() => closed)),
};
const reference = message(() => ({ fields: { $ref: ref, description: [2, string] } }));

const parameter: Put = (writer, n, value) => {
  const place = (value as { readonly in: string }).in;
  if (place === 'body') within(1, bodyParameter)(writer, n, value);
  else within(2, otherParameters[place]!)(writer, n, value);
};
const parameters = repeated((writer, n, value) => ('$ref' in (value as Json) ? within(2, reference) : within(1, parameter))(writer, n, value));

const response = message(() => ({ fields: { description: [1, string], schema: [2, within(1, schema)] }, extensions: 5 }));
const responses = message(() => ({ fields: {}, extensions: 2, entries: [1, within(1, response)] }));
const securityRequirement = message(() => ({ fields: {}, entries: [1, message(() => ({ fields: {} }))] }));
const operation = message(() => ({
  fields: {
    tags: [1, strings], summary: [2, string], description: [3, string], externalDocs: [4, externalDocs], operationId: [5, string], produces: [6, strings],
    consumes: [7, strings], parameters: [8, parameters], responses: [9, responses], schemes: [10, strings], deprecated: [11, bool], security: [12, repeated(securityRequirement)],
  },
  extensions: 13,
}));
const pathItem = message(() => ({
  fields: {
    $ref: ref, get: [2, operation], put: [3, operation], post: [4, operation], delete: [5, operation], options: [6, operation], head: [7, operation],
    patch: [8, operation], parameters: [9, parameters],
  },
  extensions: 10,
}));
const info = message(() => ({ fields: { title: [1, string], version: [2, string], description: [3, string], termsOfService: [4, string] }, extensions: 7 }));
const apiKey = message(() => ({ fields: { type: [1, string], name: [2, string], in: [3, string], description: [4, string] }, extensions: 5 }));

const documentMessage: Message = {
  fields: {
    swagger: [1, string], info: [2, info], host: [3, string], basePath: [4, string], schemes: [5, strings], consumes: [6, strings], produces: [7, strings],
    paths: [8, message(() => ({ fields: {}, extensions: 1, entries: [2, pathItem] }))], definitions: [9, properties],
    parameters: [10, message(() => ({ fields: {}, entries: [1, parameter] }))], security: [12, repeated(securityRequirement)],
    securityDefinitions: [13, message(() => ({ fields: {}, entries: [1, within(2, apiKey)] }))],
  },
  extensions: 16,
};

/** The bytes of a document as `openapiV2` makes it. */
export function encodeOpenapiV2(document: Json): Buffer {
  const writer = new ProtobufWriter(1 << 20);
  writeMessage(writer, documentMessage, document);
  return Buffer.from(writer.finish());
}
