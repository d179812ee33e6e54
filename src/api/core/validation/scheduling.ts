/** Where a pod may run: affinity, tolerations, spread constraints. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/fieldpath.ts';
import { labelValueComplaints, nameIsLabel, nameIsSubdomain } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabelName, checkLabelSelector } from '../../../schema/metadata.ts';
import { inclusionPolicies, taintEffects, tolerationOperators, unsatisfiableActions } from '../v1/enums.ts';
import { internalForm } from '../../../schema/internalform.ts';
import { coreV1 } from '../v1/package.ts';
import type * as T from '../v1/types.ts';

const notPositive = 'must be greater than zero';

function checkNodeRequirement(r: DeepReadonly<T.NodeSelectorRequirement>, path: string, out: FieldError[], strictValues: boolean): void {
  const values = r.values ?? [];
  switch (r.operator) {
    case 'In': case 'NotIn':
      if (values.length === 0) out.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists': case 'DoesNotExist':
      if (values.length > 0) out.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt': case 'Lt':
      if (values.length !== 1) out.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      out.push(invalid(`${path}.operator`, r.operator ?? '', 'not a valid selector operator'));
  }
  checkLabelName(r.key ?? '', `${path}.key`, out);
  if (!strictValues) return;
  for (const [i, v] of values.entries()) for (const c of labelValueComplaints(v)) out.push(invalid(`${path}.values[${i}]`, v, c));
}

function checkNodeFieldRequirement(r: DeepReadonly<T.NodeSelectorRequirement>, path: string, out: FieldError[]): void {
  const values = r.values ?? [];
  if (r.operator !== 'In' && r.operator !== 'NotIn') out.push(invalid(`${path}.operator`, r.operator ?? '', 'not a valid selector operator'));
  else if (values.length !== 1) out.push(required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  if (r.key !== 'metadata.name') return void out.push(invalid(`${path}.key`, r.key ?? '', 'not a valid field selector key'));
  for (const [i, v] of values.entries()) for (const c of nameIsSubdomain(v, false)) out.push(invalid(`${path}.values[${i}]`, v, c));
}

function checkNodeTerm(t: DeepReadonly<T.NodeSelectorTerm>, path: string, out: FieldError[], strictValues: boolean): void {
  for (const [i, r] of (t.matchExpressions ?? []).entries()) checkNodeRequirement(r, `${path}.matchExpressions[${i}]`, out, strictValues);
  for (const [i, r] of (t.matchFields ?? []).entries()) checkNodeFieldRequirement(r, `${path}.matchFields[${i}]`, out);
}

export function checkNodeSelector(s: DeepReadonly<T.NodeSelector>, path: string, out: FieldError[]): void {
  const terms = s.nodeSelectorTerms ?? [];
  if (terms.length === 0) return void out.push(required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term'));
  for (const [i, t] of terms.entries()) checkNodeTerm(t, `${path}.nodeSelectorTerms[${i}]`, out, true);
}

function checkLabelKeys(t: DeepReadonly<{ labelSelector?: unknown; matchLabelKeys?: string[]; mismatchLabelKeys?: string[] }>, path: string, out: FieldError[]): void {
  const match = t.matchLabelKeys ?? [];
  const mismatch = t.mismatchLabelKeys ?? [];
  if (match.length + mismatch.length === 0) return;
  if (t.labelSelector === undefined) {
    if (match.length > 0) out.push(forbidden(`${path}.matchLabelKeys`, 'must not be specified when labelSelector is not set'));
    if (mismatch.length > 0) out.push(forbidden(`${path}.mismatchLabelKeys`, 'must not be specified when labelSelector is not set'));
    return;
  }
  for (const [i, k] of match.entries()) checkLabelName(k, `${path}.matchLabelKeys[${i}]`, out);
  for (const [i, k] of mismatch.entries()) {
    checkLabelName(k, `${path}.mismatchLabelKeys[${i}]`, out);
    if (match.includes(k)) out.push(invalid(`${path}.matchLabelKeys[${match.indexOf(k)}]`, k, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  }
}

function checkPodTerm(t: DeepReadonly<T.PodAffinityTerm>, path: string, out: FieldError[]): void {
  checkLabelSelector(t.labelSelector, `${path}.labelSelector`, out);
  checkLabelSelector(t.namespaceSelector, `${path}.namespaceSelector`, out);
  for (const n of t.namespaces ?? []) for (const c of nameIsLabel(n, false)) out.push(invalid(`${path}.namespace`, n, c));
  checkLabelKeys(t, path, out);
  if (!t.topologyKey) out.push(required(`${path}.topologyKey`, 'can not be empty'));
  checkLabelName(t.topologyKey ?? '', `${path}.topologyKey`, out);
}

function checkWeight(weight: number, path: string, out: FieldError[]): void {
  if (weight <= 0 || weight > 100) out.push(invalid(`${path}.weight`, weight, 'must be in the range 1-100'));
}

export function checkAffinity(a: DeepReadonly<T.Affinity> | undefined, path: string, out: FieldError[]): void {
  const required_ = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  if (a?.nodeAffinity) {
    const at = `${path}.nodeAffinity`;
    if (a.nodeAffinity[required_]) checkNodeSelector(a.nodeAffinity[required_], `${at}.${required_}`, out);
    for (const [i, t] of (a.nodeAffinity[preferred] ?? []).entries()) {
      checkWeight(t.weight, `${at}.${preferred}[${i}]`, out);
      checkNodeTerm(t.preference, `${at}.${preferred}[${i}].preference`, out, false);
    }
  }
  for (const key of ['podAffinity', 'podAntiAffinity'] as const) {
    const at = `${path}.${key}`;
    for (const [i, t] of (a?.[key]?.[required_] ?? []).entries()) checkPodTerm(t, `${at}.${required_}[${i}]`, out);
    for (const [i, t] of (a?.[key]?.[preferred] ?? []).entries()) {
      checkWeight(t.weight, `${at}.${preferred}[${i}]`, out);
      checkPodTerm(t.podAffinityTerm, `${at}.${preferred}[${i}].podAffinityTerm`, out);
    }
  }
}

export function checkTolerations(list: DeepReadonly<T.Toleration[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, t] of (list ?? []).entries()) {
    const at = `${path}[${i}]`;
    const operator = t.operator ?? '';
    if (t.key) checkLabelName(t.key, `${at}.key`, out);
    if (!t.key && operator !== 'Exists') out.push(invalid(`${at}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
    if (t.tolerationSeconds !== undefined && t.effect !== 'NoExecute') out.push(invalid(`${at}.effect`, t.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === 'Equal' || operator === '') {
      const complaints = labelValueComplaints(t.value ?? '');
      if (complaints.length > 0) out.push(invalid(`${at}.operator`, t.value, complaints.join(';')));
    } else if (operator === 'Exists') {
      if (t.value) out.push(invalid(`${at}.operator`, t.value, "value must be empty when `operator` is 'Exists'"));
    } else {
      out.push(notSupported(`${at}.operator`, operator, tolerationOperators));
    }
    if (t.effect && !taintEffects.includes(t.effect)) out.push(notSupported(`${at}.effect`, t.effect, taintEffects));
  }
}

export function checkTaints(list: DeepReadonly<T.Taint[]> | undefined, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, t] of (list ?? []).entries()) {
    const at = `${path}[${i}]`;
    checkLabelName(t.key ?? '', `${at}.key`, out);
    const complaints = labelValueComplaints(t.value ?? '');
    if (complaints.length > 0) out.push(invalid(`${at}.value`, t.value, complaints.join(';')));
    if (!t.effect) out.push(required(`${at}.effect`));
    else if (!taintEffects.includes(t.effect)) out.push(notSupported(`${at}.effect`, t.effect, taintEffects));
    const key = `${t.key}:${t.effect}`;
    if (seen.has(key)) out.push({ ...duplicate(at, t), detail: `${duplicate(at, internalForm(t, coreV1, 'Taint')).detail}: taints must be unique by key and effect pair` });
    seen.add(key);
  }
}

export function checkSpreadConstraints(list: DeepReadonly<T.TopologySpreadConstraint[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, c] of (list ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (c.maxSkew <= 0) out.push(invalid(`${at}.maxSkew`, c.maxSkew, notPositive));
    if (!c.topologyKey) out.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (!unsatisfiableActions.includes(c.whenUnsatisfiable)) out.push(notSupported(`${at}.whenUnsatisfiable`, c.whenUnsatisfiable ?? '', unsatisfiableActions));
    // Said of the one that comes first.
    const key = `{${c.topologyKey}, ${c.whenUnsatisfiable}}`;
    if (list!.slice(i + 1).some((other) => `{${other.topologyKey}, ${other.whenUnsatisfiable}}` === key)) out.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, key));
    if (c.minDomains !== undefined) {
      if (c.minDomains <= 0) out.push(invalid(`${at}.minDomains`, c.minDomains, notPositive));
      if (c.whenUnsatisfiable !== 'DoNotSchedule') out.push(invalid(`${at}.minDomains`, c.minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${c.whenUnsatisfiable}`));
    }
    for (const policy of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const value = c[policy];
      if (value !== undefined && !inclusionPolicies.includes(value)) out.push(notSupported(`${at}.${policy}`, value, inclusionPolicies));
    }
    checkLabelKeys(c, at, out);
    checkLabelSelector(c.labelSelector, `${at}.labelSelector`, out);
  }
}
