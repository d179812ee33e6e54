/** What is wrong with the access reviews, in upstream's words and order; and the attributes that they ask about. Pure. */
import type { ResourceAttributes, SubjectAccessReviewSpec } from '../../api/authorization/v1/types.ts';
import { isDeepStrictEqual } from 'node:util';
import { forbidden, invalid, required } from '../../machinery/fieldpath.ts';
import { labelValueComplaints, qualifiedNameComplaints } from '../../machinery/names.ts';
import { parseFieldSelector, parseLabelSelector } from '../../machinery/selectors.ts';
import { StatusError, type FieldError } from '../../machinery/status.ts';
import type { Attributes, SelectorRequirement, Selectors, User } from '../../serving/identity.ts';
import { SentSelectors } from '../../serving/selectors.ts';
import type { ApiObject } from '../objects.ts';

export type AccessReview = 'SubjectAccessReview' | 'LocalSubjectAccessReview' | 'SelfSubjectAccessReview';

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[] | null;
}

interface SelectorAttributes {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[] | null;
}

/** Throws Invalid. */
export function demandReview(kind: AccessReview, object: ApiObject): void {
  const spec = (object['spec'] ?? {}) as Partial<SubjectAccessReviewSpec>;
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  const shown = other && { Path: other.path ?? '', Verb: other.verb ?? '' };
  const errors: FieldError[] = [];
  if (resource && other) errors.push(invalid('spec.nonResourceAttributes', shown, 'cannot be specified in combination with resourceAttributes'));
  if (!resource && !other) errors.push(invalid('spec.resourceAttributes', undefined, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'));
  if (kind !== 'SelfSubjectAccessReview' && !spec.user && !spec.groups?.length) errors.push(invalid('spec.user', '', 'at least one of user or group must be specified'));
  if (resource) {
    errors.push(...selectorErrors(resource.fieldSelector as SelectorAttributes | undefined, 'spec.resourceAttributes.fieldSelector', fieldRequirementErrors));
    errors.push(...selectorErrors(resource.labelSelector as SelectorAttributes | undefined, 'spec.resourceAttributes.labelSelector', labelRequirementErrors));
  }
  errors.push(...metadataErrors(kind, object));
  if (kind === 'LocalSubjectAccessReview') {
    if (resource && (resource.namespace ?? '') !== (object.metadata.namespace ?? '')) errors.push(invalid('spec.resourceAttributes.namespace', resource.namespace ?? '', 'must match metadata.namespace'));
    if (other) errors.push(invalid('spec.nonResourceAttributes', shown, 'disallowed on this kind of request'));
  }
  // Upstream leaves the kind out here.
  if (errors.length > 0) throw StatusError.invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors);
}

function metadataErrors(kind: AccessReview, { metadata }: ApiObject): FieldError[] {
  const { managedFields: _fields, namespace, ...rest } = metadata;
  const local = kind === 'LocalSubjectAccessReview';
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  if (isDeepStrictEqual(given, {}) && (local || !namespace)) return [];
  return [invalid('metadata', metadata, local ? 'must be empty except for namespace' : 'must be empty')];
}

function selectorErrors(selector: SelectorAttributes | undefined, at: string, check: (requirement: Requirement, at: string) => FieldError[]): FieldError[] {
  if (!selector) return [];
  const { rawSelector = '' } = selector;
  const requirements = selector.requirements ?? [];
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) errors.push(invalid(`${at}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  if (rawSelector === '' && requirements.length === 0) errors.push(required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`));
  return [...errors, ...requirements.flatMap((one, i) => check(one, `${at}.requirements[${i}]`))];
}

/** Operators that are not known are for servers that are newer. */
function valueCountErrors({ operator, values }: Requirement, at: string): FieldError[] {
  if ((operator === 'In' || operator === 'NotIn') && !values?.length) return [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values?.length) return [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  return [];
}

function fieldRequirementErrors(requirement: Requirement, at: string): FieldError[] {
  return [...(requirement.key ? [] : [required(`${at}.key`, 'must be specified')]), ...valueCountErrors(requirement, at)];
}

function labelRequirementErrors(requirement: Requirement, at: string): FieldError[] {
  const { key = '', values } = requirement;
  return [
    ...valueCountErrors(requirement, at),
    ...qualifiedNameComplaints(key).map((why) => invalid(`${at}.key`, key, why)),
    ...(values ?? []).flatMap((value, i) => labelValueComplaints(value).map((why) => invalid(`${at}.values[${i}]`, value, why))),
  ];
}

const nameless = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '', path: '' };

/** Of a spec without mistakes. */
export function attributesOf(user: User, { resourceAttributes: r, nonResourceAttributes: n }: Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>): Attributes {
  if (!r) return { ...nameless, user, isResource: false, verb: n?.verb ?? '', path: n?.path ?? '' };
  return {
    user, isResource: true, verb: r.verb ?? '', group: r.group ?? '', version: r.version || '*', resource: r.resource ?? '', subresource: r.subresource ?? '', namespace: r.namespace ?? '', name: r.name ?? '', path: '',
    ...(r.fieldSelector || r.labelSelector ? { selectors: selectorsOf(r) } : {}),
  };
}

/** What of the selectors could not be read, and so does not count. */
export function ignoredSelectors(resource: ResourceAttributes | undefined): string | undefined {
  if (!resource) return undefined;
  const { fields, labels } = selectorsOf(resource);
  const parts = [['fieldSelector', fields, parseFieldSelector], ['labelSelector', labels, parseLabelSelector]] as const;
  const words = parts.flatMap(([key, read, parse]) => {
    const given = resource[key] as SelectorAttributes | undefined;
    const count = given?.requirements?.length ?? 0;
    if (count > 0 ? read.length === count : parses(given?.rawSelector ?? '', parse)) return [];
    return [`spec.resourceAttributes.${key} ${read.length > 0 ? 'partially ' : ''}ignored due to parse error`];
  });
  return words.length > 0 ? words.join('; ') : undefined;
}

function parses(text: string, parse: (text: string) => unknown): boolean {
  try {
    if (text !== '') parse(text);
    return true;
  } catch {
    return false;
  }
}

function selectorsOf({ fieldSelector, labelSelector }: ResourceAttributes): Selectors {
  const sent = new SentSelectors({
    ...(fieldSelector?.rawSelector ? { fieldSelector: fieldSelector.rawSelector } : {}),
    ...(labelSelector?.rawSelector ? { labelSelector: labelSelector.rawSelector } : {}),
  });
  const known = (list: readonly Requirement[] | null | undefined, operators: readonly string[], single: boolean): SelectorRequirement[] =>
    (list ?? []).flatMap(({ key = '', operator = '', values }) =>
      !operators.includes(operator) || (single && values?.length !== 1) ? [] : [{ key, operator: operator as SelectorRequirement['operator'], ...(values?.length ? { values } : {}) }]);
  return {
    fields: fieldSelector?.requirements?.length ? known(fieldSelector.requirements as readonly Requirement[], ['In', 'NotIn'], true) : sent.fields,
    labels: labelSelector?.requirements?.length ? known(labelSelector.requirements as readonly Requirement[], ['In', 'NotIn', 'Exists', 'DoesNotExist'], false) : sent.labels,
  };
}
