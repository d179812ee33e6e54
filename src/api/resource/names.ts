/** How the things of dynamic resource allocation are named and listed. */
import { duplicate, invalid, required, tooLong, tooMany } from '../../machinery/fieldpath.ts';
import { labelComplaints, labelValueComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelName } from '../../schema/metadata.ts';
import { checkDriverName } from '../core/validation/sources.ts';

const maxId = 32;
/** The longest key of attributes and capacities that is shown whole: a domain, a slash, a name. */
const longestKey = 63 + 1 + maxId;

export function checkDns(complaints: (value: string) => readonly string[], value: string, path: string, out: FieldError[]): void {
  for (const c of complaints(value)) out.push(invalid(path, value, c));
}

export function checkPoolName(name: string, path: string, out: FieldError[]): void {
  if (!name) return void out.push(required(path));
  if (name.length > 253) out.push(tooLong(path, 253));
  for (const part of name.split('/')) checkDns(subdomainComplaints, part, path, out);
}

export function checkDeviceName(name: string, path: string, out: FieldError[]): void {
  checkDns(labelComplaints, name, path, out);
}

function checkIdentifier(id: string, path: string, out: FieldError[]): void {
  if (id.length > maxId) out.push(tooLong(path, maxId));
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(id)) {
    out.push(invalid(path, id, "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"));
  }
}

/** `name` or `domain/name`; nobody looks at what has more parts. */
export function checkAttributeName(name: string, path: string, out: FieldError[]): void {
  if (!name) return void out.push(required(path, 'name required'));
  const parts = name.split('/');
  if (parts.length === 1) return checkIdentifier(name, path, out);
  if (parts.length > 2) return;
  const [domain = '', id = ''] = parts;
  if (!domain) out.push(required(path, 'the domain must not be empty'));
  else checkDriverName(domain, path, out);
  if (!id) out.push(required(path, 'the name must not be empty'));
  else checkIdentifier(id, path, out);
}

export function checkFullAttributeName(name: string, path: string, out: FieldError[]): void {
  checkAttributeName(name, path, out);
  if (name && !name.includes('/')) out.push(invalid(path, name, 'must include a domain'));
}

/** Upstream's parser of uuids takes more forms; of those only the plain one may be written. */
export function checkShareId(id: string | undefined, path: string, out: FieldError[]): void {
  if (id === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return;
  const hex = '[0-9a-fA-F]';
  const plain = new RegExp(`^(urn:uuid:)?\\{?${hex}{8}(-?${hex}{4}){3}-?${hex}{12}\\}?$`);
  if (plain.test(id)) out.push(invalid(path, id, 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'));
  else out.push(invalid(path, id, `error validating uid: ${[32, 36, 38, 45].includes(id.length) ? 'invalid UUID format' : `invalid UUID length: ${id.length}`}`));
}

export function checkList<I>(list: readonly I[] | undefined, max: number, path: string, out: FieldError[], item: (item: I, at: string) => void): void {
  for (const [i, one] of (list ?? []).entries()) item(one, `${path}[${i}]`);
  if (list && list.length > max) out.push(tooMany(path, list.length, max));
}

/** The same, where no two may have one key; `child` is the field that holds the key, `shown` what stands for it in the finding. */
export function checkSet<I>(list: readonly I[] | undefined, max: number, path: string, out: FieldError[], item: (item: I, at: string) => void, keyOf: (item: I) => unknown, child = '', shown?: unknown): void {
  checkList(list, max, path, out, item);
  const seen = new Set<string>();
  for (const [i, one] of (list ?? []).entries()) {
    const key = keyOf(one);
    const text = JSON.stringify(key);
    if (seen.has(text)) out.push(duplicate(`${path}[${i}]${child}`, shown ?? key));
    seen.add(text);
  }
}

function shortened(key: string, max: number): string {
  if (key.length <= max) return key;
  const left = max - 3;
  return `${key.slice(0, Math.ceil(left / 2))}...${key.slice(key.length - Math.floor(left / 2))}`;
}

export function checkMap<I>(map: Readonly<Record<string, I>> | undefined, path: string, out: FieldError[], checkKey: (key: string, at: string, out: FieldError[]) => void, item?: (item: I, at: string) => void, longest = longestKey): void {
  for (const [key, one] of Object.entries(map ?? {})) {
    const at = `${path}[${shortened(key, longest)}]`;
    checkKey(key, at, out);
    item?.(one, at);
  }
}

export function checkLabelValue(value: string, path: string, out: FieldError[]): void {
  checkDns(labelValueComplaints, value, path, out);
}

/** Conditions that a device waits for, and those with which it fails: both or none. */
export function checkBindingConditions(holder: { readonly bindingConditions?: readonly string[]; readonly bindingFailureConditions?: readonly string[] }, path: string, out: FieldError[]): void {
  const { bindingConditions: ready = [], bindingFailureConditions: failed = [] } = holder;
  const at = { ready: `${path}.bindingConditions`, failed: `${path}.bindingFailureConditions` };
  checkList(ready, 4, at.ready, out, (c, p) => checkLabelName(c, p, out));
  checkList(failed, 4, at.failed, out, (c, p) => checkLabelName(c, p, out));
  for (const [i, c] of ready.entries()) if (ready.indexOf(c) < i) out.push(duplicate(`${at.ready}[${i}]`, c));
  for (const [i, c] of failed.entries()) {
    if (failed.indexOf(c) < i) out.push(duplicate(`${at.failed}[${i}]`, c));
    if (ready.includes(c)) out.push(invalid(`${at.failed}[${i}]`, c, 'bindingFailureConditions must not overlap with bindingConditions'));
  }
  if (ready.length === 0 && failed.length > 0) out.push(invalid(at.ready, holder.bindingConditions, 'bindingConditions are required to use bindingFailureConditions'));
  if (failed.length === 0 && ready.length > 0) out.push(invalid(at.failed, holder.bindingFailureConditions, 'bindingFailureConditions are required to use bindingConditions'));
}
