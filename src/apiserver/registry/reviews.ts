/** The questions that clients may put to authentication and authorization. Nothing of them is stored. */
import type { SelfSubjectReview, TokenReview, UserInfo } from '../../api/authentication/v1/types.ts';
import type { SubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview } from '../../api/authorization/v1/types.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Attributes, Authorizer, User } from '../../serving/identity.ts';
import type { RulingAuthorizer } from '../authz/chain.ts';
import type { ApiObject } from '../objects.ts';
import type { Creator } from '../resources.ts';
import { attributesOf, demandReview, ignoredSelectors } from './reviewvalidation.ts';

export interface ReviewOptions {
  /** The user behind a token for any of these audiences; the audiences that fit. Throws for a bad one. */
  readonly authenticate: (token: string, audiences: readonly string[]) => Promise<{ user: User; audiences: readonly string[] }>;
  readonly authorize: Authorizer;
  readonly rulesOf: RulingAuthorizer['rulesOf'];
}

function userInfo(user: User): UserInfo {
  const extra = Object.fromEntries(Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]));
  return { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: [...user.groups], ...(user.extra ? { extra } : {}) };
}

export function reviewCreators(options: ReviewOptions): Readonly<Record<string, Creator>> {
  return {
    'tokenreviews.authentication.k8s.io': (object) => tokenReview(options, object),
    'selfsubjectreviews.authentication.k8s.io': async (object, _target, scope) => {
      const review = object as unknown as SelfSubjectReview;
      review.status = { userInfo: userInfo(scope.user) };
      return { ...object, metadata: { creationTimestamp: scope.now } };
    },
    'subjectaccessreviews.authorization.k8s.io': (object) => {
      demandReview('SubjectAccessReview', object);
      return accessReview(options, object);
    },
    'localsubjectaccessreviews.authorization.k8s.io': async (object, { namespace }) => {
      demandReview('LocalSubjectAccessReview', object);
      if (object.metadata.namespace !== namespace) throw StatusError.badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
      return accessReview(options, object);
    },
    'selfsubjectaccessreviews.authorization.k8s.io': async (object, _target, scope) => {
      demandReview('SelfSubjectAccessReview', object);
      const review = object as unknown as SelfSubjectAccessReview;
      review.status = await decide(options.authorize, attributesOf(scope.user, review.spec), ignoredSelectors(review.spec.resourceAttributes));
      return object;
    },
    'selfsubjectrulesreviews.authorization.k8s.io': async (object, _target, scope) => rulesReview(options, object, scope.user),
  };
}

async function tokenReview(options: ReviewOptions, object: ApiObject): Promise<ApiObject> {
  const review = object as unknown as TokenReview;
  const { token, audiences } = review.spec;
  delete object.metadata.namespace;
  if (!token) throw StatusError.badRequest('token is required for TokenReview in authentication');
  try {
    const { user, audiences: fitting } = await options.authenticate(token, audiences ?? []);
    review.status = { authenticated: true, user: userInfo(user), ...(fitting.length > 0 ? { audiences: [...fitting] } : {}) };
  } catch (error) {
    review.status = { user: {}, error: error instanceof Error ? error.message : String(error) };
  }
  return object;
}

async function decide(authorize: Authorizer, attributes: Attributes, ignored: string | undefined): Promise<SubjectAccessReview['status']> {
  const { decision, reason } = await authorize(attributes);
  return { allowed: decision === 'allow', ...(decision === 'deny' ? { denied: true } : {}), ...(reason ? { reason } : {}), ...(ignored === undefined ? {} : { evaluationError: ignored }) };
}

async function accessReview(options: ReviewOptions, object: ApiObject): Promise<ApiObject> {
  const review = object as unknown as SubjectAccessReview;
  const { spec } = review;
  const user: User = { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid ? { uid: spec.uid } : {}), ...(spec.extra ? { extra: spec.extra } : {}) };
  review.status = await decide(options.authorize, attributesOf(user, spec), ignoredSelectors(spec.resourceAttributes));
  return object;
}

function rulesReview(options: ReviewOptions, object: ApiObject, user: User): ApiObject {
  const review = object as unknown as SelfSubjectRulesReview;
  const { namespace } = review.spec;
  if (!namespace) throw StatusError.badRequest('no namespace on request');
  const { rules, incomplete = false, error } = options.rulesOf(user, namespace);
  const status: SelfSubjectRulesReview['status'] = { resourceRules: [], nonResourceRules: [], incomplete, ...(error === undefined ? {} : { evaluationError: error }) };
  for (const rule of rules) {
    const verbs = [...rule.verbs];
    if (rule.resources?.length) {
      status.resourceRules.push({ verbs, apiGroups: [...(rule.apiGroups ?? [])], resources: [...rule.resources], ...(rule.resourceNames?.length ? { resourceNames: [...rule.resourceNames] } : {}) });
    }
    if (rule.nonResourceURLs?.length) status.nonResourceRules.push({ verbs, nonResourceURLs: [...rule.nonResourceURLs] });
  }
  return { ...object, metadata: {}, spec: {}, status } as unknown as ApiObject;
}
