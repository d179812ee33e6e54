// The data of authentication.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const BoundObjectReference: Struct<T.BoundObjectReference> = {
  fields: {
    kind: { n: 1, type: 'string' },
    apiVersion: { n: 2, type: 'string' },
    name: { n: 3, type: 'string' },
    uid: { n: 4, type: 'string' },
  },
};

export const SelfSubjectReview: Struct<T.SelfSubjectReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    status: { n: 2, type: 'SelfSubjectReviewStatus' },
  },
};

export const SelfSubjectReviewStatus: Struct<T.SelfSubjectReviewStatus> = {
  fields: {
    userInfo: { n: 1, type: 'UserInfo' },
  },
};

export const TokenRequest: Struct<T.TokenRequest> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'TokenRequestSpec', always: true, required: true },
    status: { n: 3, type: 'TokenRequestStatus' },
  },
};

export const TokenRequestSpec: Struct<T.TokenRequestSpec> = {
  fields: {
    audiences: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    expirationSeconds: { n: 4, type: 'int64', ptr: true, always: true, default: 3600 },
    boundObjectRef: { n: 3, type: 'BoundObjectReference', ptr: true, always: true },
  },
};

export const TokenRequestStatus: Struct<T.TokenRequestStatus> = {
  fields: {
    token: { n: 1, type: 'string', always: true, required: true },
    expirationTimestamp: { n: 2, type: 'Time', always: true, required: true },
  },
};

export const TokenReview: Struct<T.TokenReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'TokenReviewSpec', always: true, required: true },
    status: { n: 3, type: 'TokenReviewStatus' },
  },
};

export const TokenReviewSpec: Struct<T.TokenReviewSpec> = {
  fields: {
    token: { n: 1, type: 'string' },
    audiences: { n: 2, type: '[]string', listType: 'atomic' },
  },
};

export const TokenReviewStatus: Struct<T.TokenReviewStatus> = {
  fields: {
    authenticated: { n: 1, type: 'bool' },
    user: { n: 2, type: 'UserInfo' },
    audiences: { n: 4, type: '[]string', listType: 'atomic' },
    error: { n: 3, type: 'string' },
  },
};

export const UserInfo: Struct<T.UserInfo> = {
  fields: {
    username: { n: 1, type: 'string' },
    uid: { n: 2, type: 'string' },
    groups: { n: 3, type: '[]string', listType: 'atomic' },
    extra: { n: 4, type: 'map:[]string' },
  },
};
