/** Rules of CustomResourceDefinitions; those of their schemas are beside it. */
import { isDeepStrictEqual } from 'node:util';
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, immutable, invalid, notSupported, quoted, required, tooMany } from '../../machinery/fieldpath.ts';
import { parseTemplate } from '../../machinery/jsonpath.ts';
import { label1035Complaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { additionalOf, itemsOf, propertyOf, type JsonSchema } from '../../schema/structural/schema.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { both, specAndStatus } from '../strategy.ts';
import { checkConversion } from './conversion.ts';
import { validateSchema } from './schemas.ts';
import type { CustomResourceDefinition } from './v1/types.ts';

type Definition = DeepReadonly<CustomResourceDefinition>;
type Version = Definition['spec']['versions'][number];

function checkNames(d: Definition, out: FieldError[]): void {
  const { names } = d.spec;
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names[key] ?? '';
    if (value === '') {
      out.push(required(`spec.names.${key}`));
      continue;
    }
    const mixed = key === 'kind' || key === 'listKind';
    const complaints = label1035Complaints(mixed ? value.toLowerCase() : value);
    if (complaints.length > 0) out.push(invalid(`spec.names.${key}`, value, `${mixed ? 'may have mixed case, but should otherwise match: ' : ''}${complaints.join(',')}`));
  }
  for (const key of ['shortNames', 'categories'] as const) {
    for (const [i, s] of (names[key] ?? []).entries()) for (const c of label1035Complaints(s)) out.push(invalid(`spec.names.${key}[${i}]`, s, c));
  }
  if (names.kind !== '' && names.kind === names.listKind) out.push(invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
}

/** Upstream judges what all versions state alike as if it stood once, at the top of the spec. */
function placeOf(d: Definition, index: number, key: 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'): string {
  const versions = d.spec.versions ?? [];
  const alike = versions.every((v) => v[key] !== undefined && isDeepStrictEqual(v[key], versions[0]![key]));
  return alike ? `spec.${key === 'schema' ? 'validation' : key}` : `spec.versions[${index}].${key}`;
}

function checkVersions(d: Definition, out: FieldError[]): void {
  const versions = d.spec.versions ?? [];
  const judged = new Set<string>();
  const once = (path: string): boolean => !judged.has(path) && judged.add(path) !== undefined;
  for (const [i, v] of versions.entries()) {
    const path = `spec.versions[${i}]`;
    const complaints = label1035Complaints(v.name);
    if (complaints.length > 0) out.push(invalid(`${path}.name`, v.name, complaints.join(',')));
    if (v.deprecationWarning !== undefined && !v.deprecated) out.push(invalid(`${path}.deprecationWarning`, v.deprecationWarning, 'can only be set for deprecated versions'));
    if (v.deprecationWarning === '') out.push(invalid(`${path}.deprecationWarning`, '', 'must not be an empty string'));
    const odd = [...(v.deprecationWarning ?? '')].findIndex((c) => !/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c));
    if (odd >= 0) out.push(invalid(`${path}.deprecationWarning`, v.deprecationWarning, `must only contain printable UTF-8 characters; non-printable character found at index ${odd}`));
    if ((v.deprecationWarning ?? '').length > 256) out.push(invalid(`${path}.deprecationWarning`, v.deprecationWarning, 'must be <= 256 characters long'));
    const schema = v.schema?.openAPIV3Schema as JsonSchema | undefined;
    if (!schema) out.push(required(`${path}.schema.openAPIV3Schema`, ''));
    const schemaPlace = placeOf(d, i, 'schema');
    if (schema && once(schemaPlace)) out.push(...validateSchema(schema, `${schemaPlace}.openAPIV3Schema`, v.subresources?.status !== undefined));
    const subresources = placeOf(d, i, 'subresources');
    if (once(subresources)) checkScale(v, subresources, out);
    const columns = placeOf(d, i, 'additionalPrinterColumns');
    if (once(columns)) for (const [j, column] of (v.additionalPrinterColumns ?? []).entries()) checkColumn(column, `${columns}[${j}]`, out);
    const selectable = placeOf(d, i, 'selectableFields');
    if (once(selectable)) checkSelectable(v, schema, selectable, out);
  }
  if (new Set(versions.map((v) => v.name)).size < versions.length) out.push(invalid('spec.versions', versions, 'must contain unique version names'));
  if (versions.filter((v) => v.storage).length !== 1) out.push(invalid('spec.versions', d.spec.versions ?? null, 'must have exactly one version marked as storage version'));
  // Where there was one version only, upstream knew its name by another field, and judges it there too.
  const first = versions[0]?.name ?? '';
  const complaints = first === '' ? [] : label1035Complaints(first);
  if (complaints.length > 0) out.push(invalid('spec.version', first, complaints.join(',')));
}

function checkScale(v: Version, path: string, out: FieldError[]): void {
  const { scale } = v.subresources ?? {};
  if (!scale) return;
  const check = (key: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', prefixes: readonly string[], words: string): void => {
    const value = scale[key] ?? '';
    const at = `${path}.scale.${key}`;
    if (value === '') {
      if (key !== 'labelSelectorPath') out.push(required(at));
    } else if (!value.startsWith('.')) out.push(invalid(at, value, 'must be a simple json path starting with .'));
    else if (!prefixes.some((p) => value.startsWith(p))) out.push(invalid(at, value, words));
  };
  check('specReplicasPath', ['.spec.'], 'should be a json path under .spec');
  check('statusReplicasPath', ['.status.'], 'should be a json path under .status');
  check('labelSelectorPath', ['.spec.', '.status.'], 'should be a json path under either .spec or .status');
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function checkColumn(column: NonNullable<Version['additionalPrinterColumns']>[number], path: string, out: FieldError[]): void {
  if (!column.name) out.push(required(`${path}.name`));
  if (!column.type) out.push(required(`${path}.type`, `must be one of ${columnTypes.join(',')}`));
  else if (!columnTypes.includes(column.type)) out.push(invalid(`${path}.type`, column.type, `must be one of ${columnTypes.join(',')}`));
  if (column.format && !columnFormats.includes(column.format)) out.push(invalid(`${path}.format`, column.format, `must be one of ${columnFormats.join(',')}`));
  const at = `${path}.JSONPath`;
  if (!column.jsonPath) out.push(required(at));
  else if (!column.jsonPath.startsWith('.')) out.push(invalid(at, column.jsonPath, 'must be a simple json path starting with .'));
  else {
    try {
      parseTemplate(`{${column.jsonPath}}`);
    } catch (error) {
      out.push(invalid(at, column.jsonPath, `unrecognized column definition ${JSON.stringify(column.jsonPath)}: ${(error as Error).message}`));
    }
  }
}

const mostSelectableFields = 8;

/** Why a text is no path to a member. */
function pathProblem(path: string): string | undefined {
  if (!path.startsWith('.') && !path.startsWith('[')) return `expected [ or . but got: ${/^[^.[]+/.exec(path)![0]}`;
  if (path === '.') return 'unexpected end of JSON path';
  return path.includes('[') ? 'array notation is not allowed' : undefined;
}

function checkSelectable(v: Version, schema: JsonSchema | undefined, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  const fields = v.selectableFields ?? [];
  if (fields.length > 0 && !schema) {
    return void out.push(invalid(path, '', path === 'spec.selectableFields' ? 'may only be set when validations.schema is included' : 'may only be set when `version.schema.openAPIV3Schema` is not included'));
  }
  for (const [i, { jsonPath }] of fields.entries()) {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) {
      out.push(required(at));
      continue;
    }
    const parts = jsonPath.split('.').slice(1);
    let found = schema;
    for (const part of parts) found = propertyOf(found, part);
    const problem = pathProblem(jsonPath) ?? (found ? undefined : 'does not refer to a valid field');
    if (problem !== undefined || !found) {
      out.push(invalid(at, jsonPath, `is an invalid path: ${problem}`));
      continue;
    }
    if (parts[0] === 'metadata') out.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) out.push(invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
    if (seen.has(jsonPath)) out.push(duplicate(at, jsonPath));
    seen.add(jsonPath);
  }
  if (seen.size > mostSelectableFields) out.push(tooMany(path, seen.size, mostSelectableFields));
}

const approval = 'api-approved.kubernetes.io';

/** Groups of the Kubernetes community carry proof that they have been agreed on. */
function approvalOf(d: Definition): { state: string; problem?: FieldError } {
  const { group } = d.spec;
  if (group !== 'k8s.io' && group !== 'kubernetes.io' && !group.endsWith('.k8s.io') && !group.endsWith('.kubernetes.io')) return { state: 'free' };
  const value = d.metadata.annotations?.[approval] ?? '';
  const at = `metadata.annotations[${approval}]`;
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (value === '') return { state: 'missing', problem: required(at, `protected groups must have approval annotation "${approval}", ${see}`) };
  if (value.startsWith('unapproved')) return { state: 'bypassed' };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/]/.test(value)) return { state: 'approved' };
  return { state: 'invalid', problem: invalid(at, value, `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", ${see}`) };
}

const formats = new Set([
  'bsonobjectid', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'cidr', 'mac', 'uuid', 'uuid3', 'uuid4', 'uuid5', 'isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn', 'hexcolor', 'rgbcolor', 'byte', 'password', 'date',
  'duration', 'datetime', 'k8sshortname', 'k8slongname',
]);

/** Formats of texts that nobody knows: they are kept, and judge nothing. */
function strangeFormats(d: Definition | undefined): Set<string> {
  const out = new Set<string>();
  const visit = (schema: JsonSchema): void => {
    if (schema.type === 'string' && schema.format && !formats.has(schema.format.replaceAll('-', ''))) out.add(schema.format);
    const items = itemsOf(schema);
    const additional = additionalOf(schema).schema;
    for (const inner of [...Object.values(schema.properties ?? {}), ...(items ? [items] : []), ...(additional ? [additional] : [])]) visit(inner);
  };
  for (const v of d?.spec.versions ?? []) if (v.schema?.openAPIV3Schema) visit(v.schema.openAPIV3Schema as JsonSchema);
  return out;
}

function warnings(d: Definition, old?: Definition): string[] {
  const known = strangeFormats(old);
  return [...strangeFormats(d)].filter((format) => !known.has(format)).map((format) => `unrecognized format ${quoted(format)}`);
}

function checkSpec(d: Definition): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = d;
  if (!spec.group) out.push(required('spec.group'));
  else {
    const complaints = subdomainComplaints(spec.group);
    if (complaints.length > 0) out.push(invalid('spec.group', spec.group, complaints.join(',')));
    else if (!spec.group.includes('.')) out.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  }
  if (!spec.scope) out.push(required('spec.scope'));
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') out.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  checkVersions(d, out);
  checkNames(d, out);
  checkConversion(d, out);
  if (spec.preserveUnknownFields) out.push(invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'));
  return out;
}

function checkStored(d: Definition): FieldError[] {
  const stored = d.status?.storedVersions ?? [];
  if (stored.length === 0) return [invalid('status.storedVersions', null, 'must have at least one stored version')];
  return (d.spec.versions ?? []).filter((v) => v.storage && !stored.includes(v.name)).map((v) => invalid('status.storedVersions', stored, `must have the storage version ${v.name}`));
}

function validate(d: Definition): FieldError[] {
  const named = d.metadata.name === `${d.spec.names.plural}.${d.spec.group}`;
  const { problem } = approvalOf(d);
  const name = named ? [] : [invalid('metadata.name', d.metadata.name, 'must be spec.names.plural+"."+spec.group')];
  return [...name, ...checkSpec(d), ...checkStored(d), ...(problem ? [problem] : [])];
}

/** What names a kind, or says where it lives, stays once the definition is established. */
function validateUpdate(d: Definition, old: Definition, context: RuleContext): FieldError[] {
  if (context.subresource === 'status') return [];
  const { state, problem } = approvalOf(d);
  const out = [...checkSpec(d), ...(problem && state !== approvalOf(old as Definition).state ? [problem] : []), ...immutable('spec.group', d.spec.group, old.spec.group), ...immutable('spec.names.plural', d.spec.names.plural, old.spec.names.plural)];
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

const parts = specAndStatus<CustomResourceDefinition>({ initial: () => ({ acceptedNames: { plural: '', kind: '' }, storedVersions: [] }) });

export const rules: Readonly<Record<string, AnyKindRules>> = {
  CustomResourceDefinition: {
    prepareCreate: both<CustomResourceDefinition>(parts.prepareCreate, rememberStored),
    prepareUpdate: (d: CustomResourceDefinition, old: Definition, context: RuleContext) => {
      parts.prepareUpdate(d, old, context);
      if (context.subresource === '' || !d.status?.storedVersions?.length) rememberStored(d);
    },
    validate,
    validateUpdate,
    warnings: (d: Definition, old: Definition | undefined, context: RuleContext) => (context.subresource === '' ? warnings(d, old) : []),
    generation: 'spec',
  },
};
