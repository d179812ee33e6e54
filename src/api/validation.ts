/** Validation as the server runs it: metadata first, then the kind's own rules. */
import type { DeepReadonly } from '../machinery/json.ts';
import { nameIsSubdomain } from '../machinery/names.ts';
import type { FieldError } from '../machinery/status.ts';
import { validateMetadata, validateMetadataUpdate } from '../schema/metadata.ts';
import type { AnyKindRules, RuleContext } from '../schema/vocabulary.ts';

interface Meta {
  readonly metadata: DeepReadonly<Parameters<typeof validateMetadata>[0]>;
}

export function validateCreate(rules: AnyKindRules | undefined, namespaced: boolean, object: object, context: RuleContext): FieldError[] {
  const { metadata } = object as Meta;
  return [...validateMetadata(metadata, { namespaced, nameRule: rules?.nameRule ?? nameIsSubdomain }), ...(rules?.validate?.(object, context) ?? [])];
}

export function validateUpdate(rules: AnyKindRules | undefined, object: object, old: object, context: RuleContext): FieldError[] {
  const out = validateMetadataUpdate((object as Meta).metadata, (old as Meta).metadata);
  const own = rules?.validateUpdate ? rules.validateUpdate(object, old, context) : context.subresource === '' ? (rules?.validate?.(object, context) ?? []) : [];
  return [...out, ...own];
}
