import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const apiextensionsV1: Package = {
  name: 'apiextensions.v1',
  group: 'apiextensions.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  proto: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
  types: { ...schema },
  goTypes: {
    'v1.ConditionStatus': 'CustomResourceDefinitionCondition.status',
    'v1.ConversionStrategyType': 'CustomResourceConversion.strategy',
    'v1.CustomResourceDefinitionConditionType': 'CustomResourceDefinitionCondition.type',
    'v1.FieldValueErrorReason': 'ValidationRule.reason',
    'v1.JSONSchemaDefinitions': 'JSONSchemaProps.definitions',
    'v1.JSONSchemaDependencies': 'JSONSchemaProps.dependencies',
    'v1.JSONSchemaURL': 'JSONSchemaProps.$schema',
    'v1.ResourceScope': 'CustomResourceDefinitionSpec.scope',
    'v1.ValidationRules': 'JSONSchemaProps.x-kubernetes-validations',
  },
  lists: ['CustomResourceDefinition'],
};
