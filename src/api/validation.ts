/** Validation as the server runs it: metadata first, then the kind's own rules. */
import type { DeepReadonly } from '../machinery/json.ts';
import { invalid } from '../machinery/fieldpath.ts';
import { nameIsSubdomain } from '../machinery/names.ts';
import type { FieldError } from '../machinery/status.ts';
import { validateMetadata, validateMetadataUpdate } from '../schema/metadata.ts';
import type { AnyKindRules, RuleContext } from '../schema/vocabulary.ts';

interface Meta {
  readonly metadata: DeepReadonly<Parameters<typeof validateMetadata>[0]>;
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Finalizers of built-in kinds are well known or carry a domain. */
function finalizerFindings(finalizers: readonly string[] | undefined): FieldError[] {
  return (finalizers ?? []).flatMap((f, i) => (f.includes('/') || standardFinalizers.includes(f) ? [] : [invalid(`metadata.finalizers[${i}]`, f, 'name is neither a standard finalizer name nor is it fully qualified')]));
}

function createMetadata(rules: AnyKindRules | undefined, namespaced: boolean, { metadata }: Meta): FieldError[] {
  return [...validateMetadata(metadata, { namespaced, nameRule: rules?.nameRule ?? nameIsSubdomain }), ...(rules?.anyFinalizers ? [] : finalizerFindings(metadata.finalizers))];
}

/** How often upstream looks at the metadata of an update, by kind; each finding is among the causes as often. */
const usualChecks = [3, 3] as const;

function updateMetadata({ metadata }: Meta, old: Meta, times: number, anyFinalizers: boolean): FieldError[] {
  const updated = validateMetadataUpdate(metadata, old.metadata);
  if (updated.length === 0 && !metadata.finalizers?.length) return updated;
  const created = validateMetadata(metadata, { namespaced: metadata.namespace !== undefined, nameRule: () => [] });
  const wellKnown = anyFinalizers ? [] : finalizerFindings(metadata.finalizers);
  const own = [[...updated, ...wellKnown], [...created, ...wellKnown]];
  if (times > 4) own.unshift(own[1]!);
  return [...created, ...updated, ...own.slice(0, times - 2).flat()];
}

export function validateCreate(rules: AnyKindRules | undefined, namespaced: boolean, object: object, context: RuleContext): FieldError[] {
  return [...createMetadata(rules, namespaced, object as Meta), ...(rules?.validate?.(object, context) ?? [])];
}

/** A kind that says nothing of updates is judged as if it were new, but for its status. */
export function validateUpdate(rules: AnyKindRules | undefined, object: object, old: object, context: RuleContext): FieldError[] {
  const own = rules?.validateUpdate ? rules.validateUpdate(object, old, context) : context.subresource === '' ? (rules?.validate?.(object, context) ?? []) : [];
  const times = (rules?.metadataChecks ?? usualChecks)[context.subresource === 'status' ? 1 : 0];
  return [...updateMetadata(object as Meta, old as Meta, times, rules?.anyFinalizers === true), ...own];
}
