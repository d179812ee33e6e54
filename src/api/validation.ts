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
  return [...validateMetadata(metadata, { namespaced, nameRule: rules?.nameRule ?? nameIsSubdomain }), ...finalizerFindings(metadata.finalizers)];
}

function updateMetadata({ metadata }: Meta, old: Meta): FieldError[] {
  return [...validateMetadataUpdate(metadata, old.metadata), ...finalizerFindings(metadata.finalizers)];
}

export function validateCreate(rules: AnyKindRules | undefined, namespaced: boolean, object: object, context: RuleContext): FieldError[] {
  return [...createMetadata(rules, namespaced, object as Meta), ...(rules?.validate?.(object, context) ?? [])];
}

/** A kind that says nothing of updates is judged as if it were new, but for its status. */
export function validateUpdate(rules: AnyKindRules | undefined, object: object, old: object, context: RuleContext): FieldError[] {
  const own = rules?.validateUpdate ? rules.validateUpdate(object, old, context) : context.subresource === '' ? (rules?.validate?.(object, context) ?? []) : [];
  return [...updateMetadata(object as Meta, old as Meta), ...own];
}
