/** Rules of storage versions: what each of several API servers can read and write. */
import { duplicate, invalid, required } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { label1035Complaints, qualifiedNameComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules, KindRules } from '../../schema/vocabulary.ts';
import { columnList } from '../../schema/table.ts';
import { firstOf, unset } from '../columns.ts';
import { specAndStatus } from '../strategy.ts';
import type * as T from './v1alpha1/types.ts';

type Version = DeepReadonly<T.StorageVersion>;
type Server = DeepReadonly<T.ServerStorageVersion>;

/** `<group>.<resource>` */
function nameComplaints(name: string): string[] {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return ['name must be in the form of <group>.<resource>'];
  return [
    ...subdomainComplaints(name.slice(0, dot)).map((c) => `the group segment ${c}`),
    ...label1035Complaints(name.slice(dot + 1)).map((c) => `the resource segment ${c}`),
  ];
}

function checkApiVersion(value: string, path: string, out: FieldError[]): void {
  const words = "an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')";
  const parts = value.split('/');
  if (parts.length > 2) return void out.push(invalid(path, value, words));
  const version = parts.at(-1)!;
  const complaints = (part: string, of: (text: string) => readonly string[]): readonly string[] => (part === '' ? ['must be non-empty'] : of(part));
  const all = [
    ...(parts.length === 2 ? complaints(parts[0]!, subdomainComplaints).map((c) => `group part: ${c}`) : []),
    ...complaints(version, label1035Complaints).map((c) => `version part: ${c}`),
  ];
  if (all.length > 0) out.push(invalid(path, value, all.join(',')));
}

function checkServer(s: Server, path: string, out: FieldError[]): void {
  const id = s.apiServerID ?? '';
  for (const c of subdomainComplaints(id)) out.push(invalid(`${path}.apiServerID`, id, c));
  const written = s.encodingVersion ?? '';
  checkApiVersion(written, `${path}.encodingVersion`, out);
  const read = s.decodableVersions ?? [];
  for (const [i, v] of read.entries()) checkApiVersion(v, `${path}.decodableVersions[${i}]`, out);
  if (!read.includes(written)) out.push(invalid(`${path}.decodableVersions`, s.decodableVersions, `decodableVersions must include encodingVersion ${written}`));
  for (const [i, v] of (s.servedVersions ?? []).entries()) {
    checkApiVersion(v, `${path}.servedVersions[${i}]`, out);
    if (!read.includes(v)) out.push(invalid(`${path}.servedVersions[${i}]`, v, `individual served version : ${v} must be included in decodableVersions : [${read.join(' ')}]`));
  }
}

function checkCommon({ commonEncodingVersion: said, storageVersions: servers = [] }: Version['status'], out: FieldError[]): void {
  const path = 'status.commonEncodingVersion';
  const first = servers[0]?.encodingVersion ?? '';
  const actual = servers.length > 0 && servers.every((s) => (s.encodingVersion ?? '') === first) ? first : undefined;
  if (actual === said) return;
  if (actual === undefined) out.push(invalid(path, said, 'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet'));
  else if (said === undefined) out.push(invalid(path, null, `the common encoding version is ${actual}`));
  else out.push(invalid(path, said, `the actual common encoding version is ${actual}`));
}

function validate({ status }: Version): FieldError[] {
  const out: FieldError[] = [];
  const servers = status.storageVersions ?? [];
  for (const [i, s] of servers.entries()) {
    const path = `status.storageVersions[${i}]`;
    if (servers.findIndex((o) => o.apiServerID === s.apiServerID) < i) out.push(duplicate(`${path}.apiServerID`, s.apiServerID ?? ''));
    checkServer(s, path, out);
  }
  checkCommon(status, out);
  const conditions = status.conditions ?? [];
  for (const [i, c] of conditions.entries()) {
    const path = `status[${i}]`;
    const before = conditions.slice(0, i).findLastIndex((o) => o.type === c.type);
    if (before >= 0) out.push(invalid(`${path}.type`, c.type, `the type of the condition is not unique, it also appears in conditions[${before}]`));
    for (const complaint of qualifiedNameComplaints(c.type)) out.push(invalid(`${path}.type`, c.type, complaint));
    for (const complaint of qualifiedNameComplaints(c.status)) out.push(invalid(`${path}.status`, c.status, complaint));
    if (!c.reason) out.push(required(`${path}.reason`));
    if (!c.message) out.push(required(`${path}.message`));
  }
  return out;
}

const versionRules: KindRules<T.StorageVersion> = {
  ...specAndStatus<T.StorageVersion>({ keepMetadata: true }),
  nameRule: nameComplaints,
  validate,
  validateUpdate: (v, _old, context) => (context.subresource === 'status' ? validate(v) : []),
  metadataChecks: [2, 2],
  columns: columnList<T.StorageVersion>(({ column, nameColumn, ageColumn }) => [
    nameColumn,
    column('CommonEncodingVersion', 'The version that all servers write.', (v) => v.status?.commonEncodingVersion ?? unset),
    column('StorageVersions', 'The version that each server writes.', (v) => firstOf((v.status?.storageVersions ?? []).map((s) => `${s.apiServerID ?? ''}=${s.encodingVersion ?? ''}`), 3, unset)),
    ageColumn,
  ]),
};

export const rules: Readonly<Record<string, AnyKindRules>> = { StorageVersion: versionRules };
