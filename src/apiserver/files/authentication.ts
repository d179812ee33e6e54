/** AuthenticationConfiguration: whose JSON web tokens count, and where nobody may ask. */
import type { Package, Struct } from '../../schema/vocabulary.ts';

export interface Issuer {
  url?: string;
  discoveryURL?: string;
  /** PEM. */
  certificateAuthority?: string;
  audiences?: string[];
  audienceMatchPolicy?: string;
  egressSelectorType?: string;
}

export interface ClaimValidationRule {
  claim?: string;
  requiredValue?: string;
  expression?: string;
  message?: string;
}

export interface PrefixedClaimOrExpression {
  claim?: string;
  prefix?: string;
  expression?: string;
}

export interface ClaimOrExpression {
  claim?: string;
  expression?: string;
}

export interface ExtraMapping {
  key?: string;
  valueExpression?: string;
}

export interface ClaimMappings {
  username?: PrefixedClaimOrExpression;
  groups?: PrefixedClaimOrExpression;
  uid?: ClaimOrExpression;
  extra?: ExtraMapping[];
}

export interface UserValidationRule {
  expression?: string;
  message?: string;
}

export interface JWTAuthenticator {
  issuer?: Issuer;
  claimValidationRules?: ClaimValidationRule[];
  claimMappings?: ClaimMappings;
  userValidationRules?: UserValidationRule[];
}

export interface AnonymousAuthCondition {
  path?: string;
}

export interface AnonymousAuthConfig {
  enabled?: boolean;
  conditions?: AnonymousAuthCondition[];
}

export interface AuthenticationConfiguration {
  kind?: string;
  apiVersion?: string;
  jwt?: JWTAuthenticator[];
  anonymous?: AnonymousAuthConfig;
}

const text = { type: 'string' } as const;
const Issuer: Struct<Issuer> = { fields: { url: text, discoveryURL: text, certificateAuthority: text, audiences: { type: '[]string' }, audienceMatchPolicy: text, egressSelectorType: text } };
const ClaimValidationRule: Struct<ClaimValidationRule> = { fields: { claim: text, requiredValue: text, expression: text, message: text } };
const PrefixedClaimOrExpression: Struct<PrefixedClaimOrExpression> = { fields: { claim: text, prefix: { type: 'string', ptr: true }, expression: text } };
const ClaimOrExpression: Struct<ClaimOrExpression> = { fields: { claim: text, expression: text } };
const ExtraMapping: Struct<ExtraMapping> = { fields: { key: text, valueExpression: text } };
const ClaimMappings: Struct<ClaimMappings> = {
  fields: { username: { type: 'PrefixedClaimOrExpression', ptr: true }, groups: { type: 'PrefixedClaimOrExpression', ptr: true }, uid: { type: 'ClaimOrExpression', ptr: true }, extra: { type: '[]ExtraMapping' } },
};
const UserValidationRule: Struct<UserValidationRule> = { fields: { expression: text, message: text } };
const JWTAuthenticator: Struct<JWTAuthenticator> = {
  fields: {
    issuer: { type: 'Issuer', ptr: true }, claimValidationRules: { type: '[]ClaimValidationRule' }, claimMappings: { type: 'ClaimMappings', ptr: true }, userValidationRules: { type: '[]UserValidationRule' },
  },
};
const AnonymousAuthCondition: Struct<AnonymousAuthCondition> = { fields: { path: text } };
const AnonymousAuthConfig: Struct<AnonymousAuthConfig> = { fields: { enabled: { type: 'bool' }, conditions: { type: '[]AnonymousAuthCondition' } } };
const AuthenticationConfiguration: Struct<AuthenticationConfiguration> = {
  fields: { kind: text, apiVersion: text, jwt: { type: '[]JWTAuthenticator' }, anonymous: { type: 'AnonymousAuthConfig', ptr: true } },
};

/** All its versions look the same. */
export const authenticationPackages: readonly Package[] = ['v1', 'v1beta1', 'v1alpha1'].map((version) => ({
  name: `apiserverconfig.${version}`, group: 'apiserver.config.k8s.io', version, openapi: '', proto: '', lists: [],
  types: {
    Issuer, ClaimValidationRule, PrefixedClaimOrExpression, ClaimOrExpression, ExtraMapping, ClaimMappings, UserValidationRule, JWTAuthenticator, AnonymousAuthCondition, AnonymousAuthConfig,
    AuthenticationConfiguration,
  },
}));
