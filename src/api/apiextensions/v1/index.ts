// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const customresourcedefinitions: ResourceRef<T.CustomResourceDefinition> = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false };
