/** Validation of metadata, labels and label selectors: the same for every kind. */
import { forbidden, immutable, invalid, nonNegative, notSupported, required, tooLong } from '../machinery/fieldpath.ts';
import { conditionReasonComplaints, labelComplaints, labelValueComplaints, nameIsLabel, qualifiedNameComplaints, type NameRule, unprintable } from '../machinery/names.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import type { FieldError } from '../machinery/status.ts';

interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

/** What the checks need to know of ObjectMeta. */
interface Metadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: { manager?: string; operation?: string; fieldsType?: string; subresource?: string }[];
}

type Meta = DeepReadonly<Metadata>;
type Labels = Readonly<Record<string, string>> | undefined;

const annotationLimit = 256 * 1024;

export function checkLabelName(name: string, path: string, out: FieldError[]): void {
  for (const c of qualifiedNameComplaints(name)) out.push(invalid(path, name, c));
}

export function checkLabels(labels: Labels, path: string, out: FieldError[]): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkLabelName(key, path, out);
    for (const c of labelValueComplaints(value)) out.push(invalid(path, value, c));
  }
}

export function checkAnnotations(annotations: Labels, path: string, out: FieldError[]): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const c of qualifiedNameComplaints(key.toLowerCase())) out.push(invalid(path, key, c));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > annotationLimit) out.push(tooLong(path, annotationLimit));
}

function checkOwners(owners: readonly DeepReadonly<OwnerReference>[] | undefined, path: string, out: FieldError[]): void {
  let controller = '';
  for (const o of owners ?? []) {
    const slash = o.apiVersion.indexOf('/');
    const version = o.apiVersion.slice(slash + 1);
    if (version === '') out.push(invalid(`${path}.apiVersion`, o.apiVersion, 'version must not be empty'));
    for (const key of ['kind', 'name', 'uid'] as const) if (!o[key]) out.push(invalid(`${path}.${key}`, o[key] ?? '', 'must not be empty'));
    if (o.apiVersion === 'v1' && o.kind === 'Event') out.push(invalid(path, o, '/v1, Kind=Event is disallowed from being an owner'));
    if (!o.controller) continue;
    const name = `${o.kind}/${o.name}`;
    if (controller !== '') out.push(invalid(path, owners, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`));
    else controller = name;
  }
}

function checkFinalizers(finalizers: readonly string[] | undefined, path: string, out: FieldError[]): void {
  const list = finalizers ?? [];
  for (const f of list) for (const c of qualifiedNameComplaints(f)) out.push(invalid(path, f, c));
  if (list.includes('orphan') && list.includes('foregroundDeletion')) out.push(invalid(path, list, 'finalizer orphan and foregroundDeletion cannot be both set'));
}

function checkManagedFields(entries: Meta['managedFields'], path: string, out: FieldError[]): void {
  for (const [i, e] of (entries ?? []).entries()) {
    if (e.operation !== 'Apply' && e.operation !== 'Update') out.push(invalid(`${path}[${i}].operation`, e.operation ?? '', 'must be `Apply` or `Update`'));
    if (e.fieldsType && e.fieldsType !== 'FieldsV1') out.push(invalid(`${path}[${i}].fieldsType`, e.fieldsType, 'must be `FieldsV1`'));
    if ((e.manager ?? '').length > 128) out.push(tooLong(`${path}[${i}].manager`, 128));
    const odd = unprintable(e.manager ?? '');
    if (odd !== undefined) out.push(invalid(`${path}[${i}].manager`, e.manager, odd));
    if ((e.subresource ?? '').length > 256) out.push(tooLong(`${path}[${i}].subresource`, 256));
  }
}

export interface MetadataRules {
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
}

/** Of a new object; its name has been generated. */
export function validateMetadata(meta: Meta, rules: MetadataRules, path = 'metadata'): FieldError[] {
  const out: FieldError[] = [];
  if (meta.generateName) for (const c of rules.nameRule(meta.generateName, true)) out.push(invalid(`${path}.generateName`, meta.generateName, c));
  if (!meta.name) out.push(required(`${path}.name`, 'name or generateName is required'));
  else for (const c of rules.nameRule(meta.name, false)) out.push(invalid(`${path}.name`, meta.name, c));
  if (rules.namespaced) {
    if (!meta.namespace) out.push(required(`${path}.namespace`));
    else for (const c of nameIsLabel(meta.namespace, false)) out.push(invalid(`${path}.namespace`, meta.namespace, c));
  } else if (meta.namespace) {
    out.push(forbidden(`${path}.namespace`, 'not allowed on this type'));
  }
  out.push(...nonNegative(`${path}.generation`, meta.generation));
  checkLabels(meta.labels, `${path}.labels`, out);
  checkAnnotations(meta.annotations, `${path}.annotations`, out);
  checkOwners(meta.ownerReferences, `${path}.ownerReferences`, out);
  checkFinalizers(meta.finalizers, `${path}.finalizers`, out);
  checkManagedFields(meta.managedFields, `${path}.managedFields`, out);
  return out;
}

const fixed = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** Of an update; `resourceVersion` has been filled in where the request may leave it out. */
export function validateMetadataUpdate(meta: Meta, old: Meta, path = 'metadata'): FieldError[] {
  const out: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter((f) => !old.finalizers?.includes(f)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map((f) => JSON.stringify(f)).join(', ')}}`;
      out.push(forbidden(`${path}.finalizers`, `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`));
    }
  }
  if (!meta.resourceVersion) out.push(invalid(`${path}.resourceVersion`, '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0)) out.push(invalid(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'));
  for (const key of fixed) out.push(...immutable(`${path}.${key}`, meta[key], old[key]));
  checkLabels(meta.labels, `${path}.labels`, out);
  checkAnnotations(meta.annotations, `${path}.annotations`, out);
  checkOwners(meta.ownerReferences, `${path}.ownerReferences`, out);
  checkManagedFields(meta.managedFields, `${path}.managedFields`, out);
  return out;
}

interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export function checkLabelSelector(selector: LabelSelector | undefined, path: string, out: FieldError[]): void {
  if (!selector) return;
  checkLabels(selector.matchLabels, `${path}.matchLabels`, out);
  for (const [i, e] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    const values = e.values ?? [];
    switch (e.operator) {
      case 'In': case 'NotIn':
        if (values.length === 0) out.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case 'Exists': case 'DoesNotExist':
        if (values.length > 0) out.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        break;
      default:
        out.push(invalid(`${at}.operator`, e.operator ?? '', 'not a valid selector operator'));
    }
    checkLabelName(e.key, `${at}.key`, out);
    for (const [j, v] of values.entries()) for (const c of labelValueComplaints(v)) out.push(invalid(`${at}.values[${j}]`, v, c));
  }
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/** metav1.Condition lists. */
export function checkConditions(conditions: readonly Condition[] | undefined, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, c] of (conditions ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (seen.has(c.type)) out.push({ type: 'FieldValueDuplicate', field: `${at}.type`, detail: `Duplicate value: ${JSON.stringify(c.type)}` });
    seen.add(c.type);
    checkLabelName(c.type, `${at}.type`, out);
    if (!['True', 'False', 'Unknown'].includes(c.status)) out.push(notSupported(`${at}.status`, c.status, ['False', 'True', 'Unknown']));
    if ((c.observedGeneration ?? 0) < 0) out.push(invalid(`${at}.observedGeneration`, c.observedGeneration, 'must be greater than or equal to zero'));
    if (!c.lastTransitionTime) out.push(required(`${at}.lastTransitionTime`));
    if (!c.reason) out.push(required(`${at}.reason`));
    else for (const complaint of conditionReasonComplaints(c.reason)) out.push(invalid(`${at}.reason`, c.reason, complaint));
    if ((c.reason ?? '').length > 1024) out.push(tooLong(`${at}.reason`, 1024));
    if ((c.message ?? '').length > 32 * 1024) out.push(tooLong(`${at}.message`, 32 * 1024));
  }
}

export function checkLabel(value: string, path: string, out: FieldError[]): void {
  for (const c of labelComplaints(value)) out.push(invalid(path, value, c));
}
