// The data of apiextensions.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { reasons } from './enums.ts';
import type * as T from './types.ts';

export const CustomResourceColumnDefinition: Struct<T.CustomResourceColumnDefinition> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    type: { n: 2, type: 'string', always: true, required: true },
    format: { n: 3, type: 'string' },
    description: { n: 4, type: 'string' },
    priority: { n: 5, type: 'int32' },
    jsonPath: { n: 6, type: 'string', always: true, required: true },
  },
};

export const CustomResourceConversion: Struct<T.CustomResourceConversion> = {
  fields: {
    strategy: { n: 1, type: 'string', always: true, required: true },
    webhook: { n: 2, type: 'WebhookConversion', ptr: true },
  },
};

export const CustomResourceDefinition: Struct<T.CustomResourceDefinition> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'CustomResourceDefinitionSpec', always: true, required: true },
    status: { n: 3, type: 'CustomResourceDefinitionStatus' },
  },
};

export const CustomResourceDefinitionCondition: Struct<T.CustomResourceDefinitionCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const CustomResourceDefinitionNames: Struct<T.CustomResourceDefinitionNames> = {
  fields: {
    plural: { n: 1, type: 'string', always: true, required: true },
    singular: { n: 2, type: 'string' },
    shortNames: { n: 3, type: '[]string', listType: 'atomic' },
    kind: { n: 4, type: 'string', always: true, required: true },
    listKind: { n: 5, type: 'string' },
    categories: { n: 6, type: '[]string', listType: 'atomic' },
  },
};

export const CustomResourceDefinitionSpec: Struct<T.CustomResourceDefinitionSpec> = {
  fields: {
    group: { n: 1, type: 'string', always: true, required: true },
    names: { n: 3, type: 'CustomResourceDefinitionNames', always: true, required: true },
    scope: { n: 4, type: 'string', always: true, required: true },
    versions: { n: 7, type: '[]CustomResourceDefinitionVersion', always: true, required: true, listType: 'atomic' },
    conversion: { n: 9, type: 'CustomResourceConversion', ptr: true },
    preserveUnknownFields: { n: 10, type: 'bool' },
  },
};

export const CustomResourceDefinitionStatus: Struct<T.CustomResourceDefinitionStatus> = {
  fields: {
    conditions: { n: 1, type: '[]CustomResourceDefinitionCondition', always: true, listType: 'map', listMapKeys: ['type'] },
    acceptedNames: { n: 2, type: 'CustomResourceDefinitionNames', always: true },
    storedVersions: { n: 3, type: '[]string', always: true, listType: 'atomic' },
  },
};

export const CustomResourceDefinitionVersion: Struct<T.CustomResourceDefinitionVersion> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    served: { n: 2, type: 'bool', always: true, required: true },
    storage: { n: 3, type: 'bool', always: true, required: true },
    deprecated: { n: 7, type: 'bool' },
    deprecationWarning: { n: 8, type: 'string', ptr: true },
    schema: { n: 4, type: 'CustomResourceValidation', ptr: true },
    subresources: { n: 5, type: 'CustomResourceSubresources', ptr: true },
    additionalPrinterColumns: { n: 6, type: '[]CustomResourceColumnDefinition', listType: 'atomic' },
    selectableFields: { n: 9, type: '[]SelectableField', listType: 'atomic' },
  },
};

export const CustomResourceSubresourceScale: Struct<T.CustomResourceSubresourceScale> = {
  fields: {
    specReplicasPath: { n: 1, type: 'string', always: true, required: true },
    statusReplicasPath: { n: 2, type: 'string', always: true, required: true },
    labelSelectorPath: { n: 3, type: 'string', ptr: true },
  },
};

export const CustomResourceSubresourceStatus: Struct<T.CustomResourceSubresourceStatus> = {
  fields: {},
};

export const CustomResourceSubresources: Struct<T.CustomResourceSubresources> = {
  fields: {
    status: { n: 1, type: 'CustomResourceSubresourceStatus', ptr: true },
    scale: { n: 2, type: 'CustomResourceSubresourceScale', ptr: true },
  },
};

export const CustomResourceValidation: Struct<T.CustomResourceValidation> = {
  fields: {
    openAPIV3Schema: { n: 1, type: 'JSONSchemaProps', ptr: true },
  },
};

export const ExternalDocumentation: Struct<T.ExternalDocumentation> = {
  fields: {
    description: { n: 1, type: 'string' },
    url: { n: 2, type: 'string' },
  },
};

export const JSONSchemaProps: Struct<T.JSONSchemaProps> = {
  fields: {
    id: { n: 1, type: 'string' },
    $schema: { n: 2, type: 'string' },
    $ref: { n: 3, type: 'string', ptr: true },
    description: { n: 4, type: 'string' },
    type: { n: 5, type: 'string' },
    format: { n: 6, type: 'string' },
    title: { n: 7, type: 'string' },
    default: { n: 8, type: 'JSON', ptr: true },
    maximum: { n: 9, type: 'double', ptr: true },
    exclusiveMaximum: { n: 10, type: 'bool' },
    minimum: { n: 11, type: 'double', ptr: true },
    exclusiveMinimum: { n: 12, type: 'bool' },
    maxLength: { n: 13, type: 'int64', ptr: true },
    minLength: { n: 14, type: 'int64', ptr: true },
    pattern: { n: 15, type: 'string' },
    maxItems: { n: 16, type: 'int64', ptr: true },
    minItems: { n: 17, type: 'int64', ptr: true },
    uniqueItems: { n: 18, type: 'bool' },
    multipleOf: { n: 19, type: 'double', ptr: true },
    enum: { n: 20, type: '[]JSON', listType: 'atomic' },
    maxProperties: { n: 21, type: 'int64', ptr: true },
    minProperties: { n: 22, type: 'int64', ptr: true },
    required: { n: 23, type: '[]string', listType: 'atomic' },
    items: { n: 24, type: 'JSONSchemaPropsOrArray', ptr: true, undescribed: true },
    allOf: { n: 25, type: '[]JSONSchemaProps', listType: 'atomic' },
    oneOf: { n: 26, type: '[]JSONSchemaProps', listType: 'atomic' },
    anyOf: { n: 27, type: '[]JSONSchemaProps', listType: 'atomic' },
    not: { n: 28, type: 'JSONSchemaProps', ptr: true, undescribed: true },
    properties: { n: 29, type: 'map:JSONSchemaProps' },
    additionalProperties: { n: 30, type: 'JSONSchemaPropsOrBool', ptr: true, undescribed: true },
    patternProperties: { n: 31, type: 'map:JSONSchemaProps' },
    dependencies: { n: 32, type: 'map:JSONSchemaPropsOrStringArray' },
    additionalItems: { n: 33, type: 'JSONSchemaPropsOrBool', ptr: true, undescribed: true },
    definitions: { n: 34, type: 'map:JSONSchemaProps' },
    externalDocs: { n: 35, type: 'ExternalDocumentation', ptr: true, undescribed: true },
    example: { n: 36, type: 'JSON', ptr: true, undescribed: true },
    nullable: { n: 37, type: 'bool' },
    'x-kubernetes-preserve-unknown-fields': { n: 38, type: 'bool', ptr: true },
    'x-kubernetes-embedded-resource': { n: 39, type: 'bool' },
    'x-kubernetes-int-or-string': { n: 40, type: 'bool' },
    'x-kubernetes-list-map-keys': { n: 41, type: '[]string', listType: 'atomic' },
    'x-kubernetes-list-type': { n: 42, type: 'string', ptr: true },
    'x-kubernetes-map-type': { n: 43, type: 'string', ptr: true },
    'x-kubernetes-validations': { n: 44, type: '[]ValidationRule', listType: 'map', listMapKeys: ['rule'], patchStrategy: 'merge', patchMergeKey: 'rule' },
  },
};

export const SelectableField: Struct<T.SelectableField> = {
  fields: {
    jsonPath: { n: 1, type: 'string', always: true, required: true },
  },
};

export const ServiceReference: Struct<T.ServiceReference> = {
  fields: {
    namespace: { n: 1, type: 'string', always: true, required: true },
    name: { n: 2, type: 'string', always: true, required: true },
    path: { n: 3, type: 'string', ptr: true },
    port: { n: 4, type: 'int32', ptr: true, default: 443 },
  },
};

export const ValidationRule: Struct<T.ValidationRule> = {
  fields: {
    rule: { n: 1, type: 'string', always: true, required: true },
    message: { n: 2, type: 'string' },
    messageExpression: { n: 3, type: 'string' },
    reason: { n: 4, type: 'string', enum: reasons, ptr: true },
    fieldPath: { n: 5, type: 'string' },
    optionalOldSelf: { n: 6, type: 'bool', ptr: true },
  },
};

export const WebhookClientConfig: Struct<T.WebhookClientConfig> = {
  fields: {
    url: { n: 3, type: 'string', ptr: true },
    service: { n: 1, type: 'ServiceReference', ptr: true },
    caBundle: { n: 2, type: 'bytes' },
  },
};

export const WebhookConversion: Struct<T.WebhookConversion> = {
  fields: {
    clientConfig: { n: 2, type: 'WebhookClientConfig', ptr: true },
    conversionReviewVersions: { n: 3, type: '[]string', always: true, required: true, listType: 'atomic' },
  },
};
