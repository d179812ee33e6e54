/** Rules of CustomResourceDefinitions; their schemas are judged by whoever compiles them. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, immutable, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { label1035Complaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { both, specAndStatus } from '../strategy.ts';
import type { CustomResourceDefinition } from './v1/types.ts';

type Definition = DeepReadonly<CustomResourceDefinition>;

function checkNames(d: Definition, out: FieldError[]): void {
  const { names } = d.spec;
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names[key] ?? '';
    if (value === '') {
      if (key === 'plural' || key === 'kind') out.push(required(`spec.names.${key}`));
      continue;
    }
    const text = key === 'kind' || key === 'listKind' ? value.toLowerCase() : value;
    for (const c of label1035Complaints(text)) out.push(invalid(`spec.names.${key}`, value, c));
  }
  for (const [i, s] of (names.shortNames ?? []).entries()) for (const c of label1035Complaints(s)) out.push(invalid(`spec.names.shortNames[${i}]`, s, c));
  if (names.kind !== '' && names.kind === names.listKind) out.push(invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
}

function checkVersions(d: Definition, out: FieldError[]): void {
  const versions = d.spec.versions ?? [];
  const seen = new Set<string>();
  for (const [i, v] of versions.entries()) {
    const path = `spec.versions[${i}]`;
    for (const c of label1035Complaints(v.name)) out.push(invalid(`${path}.name`, v.name, c));
    if (seen.has(v.name)) out.push(duplicate(`${path}.name`, v.name));
    seen.add(v.name);
    if (!v.schema?.openAPIV3Schema) out.push(required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
    else if (v.schema.openAPIV3Schema.type === undefined) out.push(required(`${path}.schema.openAPIV3Schema.type`, 'must not be empty at the root'));
    else if (v.schema.openAPIV3Schema.type !== 'object') out.push(invalid(`${path}.schema.openAPIV3Schema.type`, v.schema.openAPIV3Schema.type, 'must be object at the root'));
  }
  if (versions.filter((v) => v.storage).length !== 1) out.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
}

function validate(d: Definition): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = d;
  const name = `${spec.names.plural}.${spec.group}`;
  if (d.metadata.name !== name) out.push(invalid('metadata.name', d.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  if (!spec.group) out.push(required('spec.group'));
  else {
    for (const c of subdomainComplaints(spec.group)) out.push(invalid('spec.group', spec.group, c));
    if (!spec.group.includes('.')) out.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  }
  if (!spec.scope) out.push(required('spec.scope'));
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') out.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  checkVersions(d, out);
  checkNames(d, out);
  const strategy = spec.conversion?.strategy;
  if (strategy && strategy !== 'None' && strategy !== 'Webhook') out.push(notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']));
  if (strategy === 'Webhook' && !spec.conversion?.webhook?.clientConfig) out.push(required('spec.conversion.webhook.clientConfig', 'required when strategy is set to Webhook'));
  if (spec.preserveUnknownFields) out.push(invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'));
  return out;
}

/** What names a kind, or says where it lives, stays once the definition is established. */
function validateUpdate(d: Definition, old: Definition, context: RuleContext): FieldError[] {
  if (context.subresource === 'status') return [];
  const out = [...validate(d), ...immutable('spec.group', d.spec.group, old.spec.group), ...immutable('spec.names.plural', d.spec.names.plural, old.spec.names.plural)];
  const established = old.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') ?? false;
  if (established) out.push(...immutable('spec.scope', d.spec.scope, old.spec.scope), ...immutable('spec.names.kind', d.spec.names.kind, old.spec.names.kind));
  const names = new Set((d.spec.versions ?? []).map((v) => v.name));
  for (const [i, v] of (d.status?.storedVersions ?? []).entries()) {
    if (!names.has(v)) out.push(invalid(`status.storedVersions[${i}]`, v, `missing from spec.versions; ${v} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${v} and removes ${v} from status.storedVersions`));
  }
  return out;
}

/** A version that objects are stored in is remembered until it is migrated away. */
function rememberStored(d: CustomResourceDefinition): void {
  const stored = d.spec.versions?.find((v) => v.storage)?.name;
  if (stored !== undefined && !d.status.storedVersions?.includes(stored)) d.status.storedVersions = [...(d.status.storedVersions ?? []), stored];
}

const parts = specAndStatus<CustomResourceDefinition>({ initial: () => ({ conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] }) });

/** What is accepted and has no effect is said aloud. */
function warnings(d: Definition): string[] {
  const hasRules = (value: unknown): boolean => typeof value === 'object' && value !== null && (('x-kubernetes-validations' in value && Array.isArray(value['x-kubernetes-validations'])) || Object.values(value).some(hasRules));
  return [
    ...(d.spec.versions ?? []).flatMap((v, i) => (hasRules(v.schema?.openAPIV3Schema) ? [`spec.versions[${i}].schema.openAPIV3Schema: x-kubernetes-validations are stored but not yet enforced by this server`] : [])),
    ...(d.spec.conversion?.strategy === 'Webhook' ? ['spec.conversion.strategy: conversion webhooks are not yet called by this server; only the storage version can be read and written'] : []),
  ];
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  CustomResourceDefinition: {
    prepareCreate: both<CustomResourceDefinition>(parts.prepareCreate, rememberStored),
    prepareUpdate: (d: CustomResourceDefinition, old: Definition, context: RuleContext) => {
      parts.prepareUpdate(d, old, context);
      if (context.subresource === '') rememberStored(d);
    },
    validate,
    validateUpdate,
    warnings,
    generation: 'spec',
  },
};
