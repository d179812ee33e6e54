/** Bodies of another kind or version than a path has: how upstream's decoder refuses them. */
import { internalPackage, isRegistered, schemeOf } from '../../api/registered.ts';
import { invalid } from '../../machinery/fieldpath.ts';
import { StatusError } from '../../machinery/status.ts';
import { decode, type Source } from '../../schema/json.ts';
import type { Schema } from './engines.ts';
import type { View } from './views.ts';

export interface Head {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
}

/** It is decoded as what it says it is before anybody minds what that is. */
export interface ForeignBody {
  readonly value: unknown;
  readonly source?: Source;
  readonly text: () => string;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Whether kind and version are the view's own, or are left out. */
export function isOwn({ kind, apiVersion }: Head, view: View): boolean {
  return (!isText(apiVersion) || apiVersion === view.apiVersion || view.accepts?.includes(apiVersion) === true) && (!isText(kind) || kind === view.kind);
}

/** Throws 400 for a body of another kind or version. */
export function checkOwn(registry: Schema, view: View, head: Head, body?: ForeignBody): void {
  if (view.model || isOwn(head, view)) return;
  const given = namedBy(head, view);
  const why = undecodable(registry, view, given, body);
  if (why !== undefined) throw refusal(view, given.kind, given.version, why);
  if (given.apiVersion !== view.apiVersion) throw StatusError.badRequest(`the API version in the data (${given.apiVersion}) does not match the expected API version (${view.apiVersion})`);
}

/** Custom resources are decoded as whatever they are. Nobody supplies the version of one that is written whole. */
export function checkCustomVersion({ apiVersion }: Head, view: View): void {
  if (apiVersion === view.apiVersion) return;
  throw StatusError.badRequest(`the API version in the data (${isText(apiVersion) ? apiVersion : ''}) does not match the expected API version (${view.apiVersion})`);
}

/** Throws 422 for a custom resource that says it is another kind. */
export function checkCustomType({ kind, apiVersion }: Head, view: View, name = ''): void {
  const errors = [
    ...(kind === view.kind ? [] : [invalid('kind', isText(kind) ? kind : '', `must be ${view.kind}`)]),
    ...(apiVersion === view.apiVersion ? [] : [invalid('apiVersion', isText(apiVersion) ? apiVersion : '', `must be ${view.apiVersion}`)]),
  ];
  const group = isText(apiVersion) && apiVersion.includes('/') ? apiVersion.split('/', 1)[0]! : '';
  if (errors.length > 0) throw StatusError.invalid({ group, kind: isText(kind) ? kind : '' }, name, errors);
}

export function refusal(view: View, kind: string, version: string, why: string): StatusError {
  const error = StatusError.badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${view.kind}: ${why}`);
  error.cause = why;
  return error;
}

interface Named {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly apiVersion: string;
}

/** What stands in the body, with what the path says where it is silent. */
function namedBy(head: Head, view: View): Named {
  const kind = isText(head.kind) ? head.kind : view.kind;
  const said = isText(head.apiVersion) ? head.apiVersion : '';
  const slash = said.indexOf('/');
  const [group, version] = [slash < 0 ? '' : said.slice(0, slash), said.slice(slash + 1)];
  if (version === '' && (group === '' || group === view.group)) {
    return { group: view.group, version: view.apiVersion.slice(view.apiVersion.indexOf('/') + 1), kind, apiVersion: view.apiVersion };
  }
  return { group, version, kind, apiVersion: group === '' ? version : said };
}

/** In the decoder's words; undefined where it could make the wanted kind of it, if perhaps from another version. */
function undecodable(registry: Schema, view: View, { group, version, kind, apiVersion }: Named, body: ForeignBody | undefined): string | undefined {
  if (version === '') return `Object 'apiVersion' is missing in '${body?.text() ?? ''}'`;
  if (!isRegistered(registry, view.group, group, version, kind)) return `no kind "${kind}" is registered for version "${apiVersion}" in scheme "${schemeOf(view.group)}"`;
  const type = registry.typeOf(group, version, kind);
  const misfit = type !== undefined && body ? misfitOf(registry, type, body) : undefined;
  if (misfit !== undefined) return misfit;
  const ours = internalPackage(view.group, view.kind);
  return internalPackage(group, kind) === ours && kind === view.kind ? undefined : `converting (${version}.${kind}) to (${ours}.${view.kind}): unknown conversion`;
}

function misfitOf(registry: Schema, type: string, { value, source }: ForeignBody): string | undefined {
  try {
    decode(registry, type, value, source);
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError) || typeof error.cause !== 'string') throw error;
    return error.cause;
  }
}

/** Before its type is known a body must be an object, with words for its kind and version. Says what is wrong. */
export function headless(value: unknown): string | undefined {
  const where = "couldn't get version/kind; json parse error: json: cannot unmarshal";
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) return `${where} ${named(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  const head = value as Record<string, unknown>;
  const wrong = Object.keys(head).find((key) => (key === 'kind' || key === 'apiVersion') && head[key] !== null && typeof head[key] !== 'string');
  if (wrong !== undefined) return `${where} ${named(head[wrong])} into Go struct field .${wrong} of type string`;
  const { apiVersion } = head;
  return typeof apiVersion === 'string' && apiVersion.split('/').length > 2 ? `unexpected GroupVersion string: ${apiVersion}` : undefined;
}

function named(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;
}
