/** Query parameters of reads and writes, checked in upstream's words. */
import { flagOf, integerOf } from '../../serving/parameters.ts';
import { forbidden, invalid, notSupported } from '../../machinery/fieldpath.ts';
import { unprintable } from '../../machinery/names.ts';
import { StatusError, type FieldError } from '../../machinery/status.ts';

export interface ListParameters {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly watch?: boolean;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export const noParameters: ListParameters = {};

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null ? undefined : integerOf(text);
}

function boolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null ? undefined : flagOf(text);
}

function text(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

export function listParameters(query: URLSearchParams): ListParameters {
  const out: Record<string, unknown> = {
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    resourceVersion: text(query, 'resourceVersion'),
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
    limit: integer(query, 'limit'),
    continue: text(query, 'continue'),
    watch: boolean(query, 'watch'),
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks'),
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
    timeoutSeconds: integer(query, 'timeoutSeconds'),
  };
  return out as ListParameters;
}

function listOptionsInvalid(errors: FieldError[]): void {
  if (errors.length > 0) throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

export function checkList(p: ListParameters): void {
  if (p.resourceVersionMatch === undefined && p.sendInitialEvents === undefined) return;
  const errors: FieldError[] = [];
  const match = p.resourceVersionMatch;
  if (match !== undefined) {
    if (p.resourceVersion === undefined) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (p.continue !== undefined) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && p.resourceVersion === '0') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (p.sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  listOptionsInvalid(errors);
}

export function checkWatch(p: ListParameters): void {
  const errors: FieldError[] = [];
  const match = p.resourceVersionMatch;
  if (p.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== undefined) {
    if (p.sendInitialEvents === undefined) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  }
  // A watch from no revision is one with initial events, in which this is said implicitly.
  const implied = match !== undefined || p.resourceVersion === undefined || p.resourceVersion === '0';
  if (p.continue !== undefined && implied) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  listOptionsInvalid(errors);
}

/** A resourceVersion as a number; 0 for "whatever is cached". Lists take the blame to the client, reads of one object and watches do not. */
export function revisionOf(text: string, list = false): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    const why = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw list ? StatusError.badRequest(`invalid resource version: ${why}`) : new StatusError({ status: 'Failure', message: why, code: 500 });
  }
  return Number(text);
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteParameters {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force?: boolean;
}

const validations: readonly string[] = ['', 'Ignore', 'Strict', 'Warn'];

/** `kind`: of the options, for messages: CreateOptions, UpdateOptions, PatchOptions. */
export function writeParameters(query: URLSearchParams, kind: string, userAgent: string | undefined): WriteParameters {
  const errors: FieldError[] = [];
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((d) => d !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']));
  const validation = query.get('fieldValidation') || 'Warn';
  if (!validations.includes(validation)) errors.push(notSupported('fieldValidation', validation, validations));
  const manager = query.get('fieldManager') ?? '';
  if (Buffer.byteLength(manager) > 128) errors.push({ type: 'FieldValueTooLong', field: 'fieldManager', detail: 'Too long: may not be more than 128 bytes' });
  const odd = unprintable(manager);
  if (odd !== undefined) errors.push(invalid('fieldManager', manager, odd));
  const force = boolean(query, 'force');
  if (errors.length > 0) throw StatusError.invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager || managerOf(userAgent),
    fieldValidation: validation as FieldValidation,
    ...(force !== undefined ? { force } : {}),
  };
}

/** Who does not name itself is called by the start of its User-Agent: as many characters that can be printed as fit into 128 bytes. */
export function managerOf(userAgent: string | undefined): string {
  if (!userAgent) return 'unknown';
  let name = '';
  let bytes = 0;
  // Headers are bytes, here as characters.
  for (const c of Buffer.from(userAgent.split('/', 1)[0]!, 'latin1').toString('utf8')) {
    if (unprintable(c) !== undefined) continue;
    bytes += Buffer.byteLength(c);
    if (bytes > 128) break;
    name += c;
  }
  return name || 'unknown';
}
