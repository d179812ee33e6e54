/** AuthorizationConfiguration: who is asked whether something may be done, in which order. */
import type { Package, Struct } from '../../schema/vocabulary.ts';

export interface WebhookMatchCondition {
  expression?: string;
}

export interface WebhookConnectionInfo {
  type?: string;
  kubeConfigFile?: string;
}

export interface WebhookConfiguration {
  authorizedTTL?: string;
  cacheAuthorizedRequests?: boolean;
  unauthorizedTTL?: string;
  cacheUnauthorizedRequests?: boolean;
  timeout?: string;
  subjectAccessReviewVersion?: string;
  matchConditionSubjectAccessReviewVersion?: string;
  failurePolicy?: string;
  connectionInfo?: WebhookConnectionInfo;
  matchConditions?: WebhookMatchCondition[];
}

export interface AuthorizerConfiguration {
  type?: string;
  name?: string;
  webhook?: WebhookConfiguration;
}

export interface AuthorizationConfiguration {
  kind?: string;
  apiVersion?: string;
  authorizers?: AuthorizerConfiguration[];
}

const text = { type: 'string' } as const;
const span = { type: 'Duration', ptr: true } as const;
const flag = { type: 'bool', ptr: true } as const;
const WebhookMatchCondition: Struct<WebhookMatchCondition> = { fields: { expression: text } };
const WebhookConnectionInfo: Struct<WebhookConnectionInfo> = { fields: { type: text, kubeConfigFile: { type: 'string', ptr: true } } };
const WebhookConfiguration: Struct<WebhookConfiguration> = {
  fields: {
    authorizedTTL: span, cacheAuthorizedRequests: flag, unauthorizedTTL: span, cacheUnauthorizedRequests: flag, timeout: span, subjectAccessReviewVersion: text,
    matchConditionSubjectAccessReviewVersion: text, failurePolicy: text, connectionInfo: { type: 'WebhookConnectionInfo', ptr: true }, matchConditions: { type: '[]WebhookMatchCondition' },
  },
};
const AuthorizerConfiguration: Struct<AuthorizerConfiguration> = { fields: { type: text, name: text, webhook: { type: 'WebhookConfiguration', ptr: true } } };
const AuthorizationConfiguration: Struct<AuthorizationConfiguration> = { fields: { kind: text, apiVersion: text, authorizers: { type: '[]AuthorizerConfiguration' } } };

/** All its versions look the same. */
export const authorizationPackages: readonly Package[] = ['v1', 'v1beta1', 'v1alpha1'].map((version) => ({
  name: `apiserverconfig.${version}`, group: 'apiserver.config.k8s.io', version, openapi: '', proto: '', lists: [],
  types: { WebhookMatchCondition, WebhookConnectionInfo, WebhookConfiguration, AuthorizerConfiguration, AuthorizationConfiguration },
}));
