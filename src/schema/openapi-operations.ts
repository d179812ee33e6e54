/** Which operations a resource has, as upstream names and words them: the common ground of both OpenAPI versions. */
import { returnedWhenDeleted } from './deletion.ts';
import { openapiName, type Registry, type StructType } from './registry.ts';
import type { ResourceDefinition, Subresource } from './vocabulary.ts';

export type Json = Record<string, unknown>;
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

export interface Operation {
  readonly method: Method;
  readonly id: string;
  readonly tag: string;
  readonly description: string;
  readonly action: string;
  readonly gvk: { readonly group: string; readonly version: string; readonly kind: string };
  readonly parameters: readonly Parameter[];
  readonly body?: string;
  /** What may be sent; anything where absent, and of a list without entries nothing is said. */
  readonly bodyTypes?: readonly string[];
  /** Definition name by status code; `string` for plain text. */
  readonly answers: Readonly<Record<string, string>>;
  readonly produces: readonly string[];
}

export interface Path {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

export const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
/** Of types that have no binary form. */
const textTypes = objectTypes.slice(0, 2);
const streamTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const inPath = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description });

const pretty = query('pretty', 'string', "'true' makes the answer indented.");
const dryRun = query('dryRun', 'string', "'All' runs everything but the change itself.");
const fieldManager = query('fieldManager', 'string', 'The name under which the change is recorded in managedFields.');
const fieldValidation = query('fieldValidation', 'string', "What becomes of unknown and duplicate fields: 'Ignore', 'Warn' or 'Strict'.");
const force = query('force', 'boolean', 'Apply takes over fields that others manage.');
const listParameters: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'The watch may carry BOOKMARK events.'),
  query('continue', 'string', 'Where the last page ended.'),
  query('fieldSelector', 'string', 'Only objects with these fields.'),
  query('labelSelector', 'string', 'Only objects with these labels.'),
  query('limit', 'integer', 'The most objects of one page.'),
  query('resourceVersion', 'string', 'How fresh the answer must be, or where the watch starts.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant.'),
  query('sendInitialEvents', 'boolean', 'The watch begins with what exists.'),
  query('timeoutSeconds', 'integer', 'How long the call may last.'),
  query('watch', 'boolean', 'A stream of changes instead of a list.'),
];
const deleteParameters: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'Seconds the object has before it goes; 0 is at once.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Deletes an object that cannot be read.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', "What becomes of dependents: 'Orphan', 'Background' or 'Foreground'."),
];
const nameParameter = (kind: string): Parameter => inPath('name', `name of the ${kind}`);
const namespaceParameter = inPath('namespace', 'object name and auth scope, such as for teams and projects');

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `RbacAuthorization`, `Apps`, `Core`. */
function groupWord(group: string): string {
  return (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split('.').map(upper).join('');
}

function groupTag(group: string): string {
  const word = groupWord(group);
  return `${word.charAt(0).toLowerCase()}${word.slice(1)}`;
}

export function tagOf(group: string, version: string): string {
  return `${groupTag(group)}_${version}`;
}

/** What there is beside the versions of groups: discovery itself, the version and the issuer of tokens, by the name in the index of documents. */
export function pathsOfDiscovery(groups: Iterable<string>, isIssuer: boolean): ReadonlyMap<string, Path> {
  const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
  const at = (name: string, tag: string, id: string, description: string, answer: string, rest: Partial<Operation> = {}): [string, Path] =>
    [name, { path: `/${name}/`, parameters: [], operations: [{ method: 'get', id, tag, description, action: '', gvk: { group: '', version: '', kind: '' }, parameters: [], answers: { '200': answer }, bodyTypes: objectTypes, produces: objectTypes, ...rest }] }];
  const plain = ['application/json'];
  return new Map([
    at('apis', 'apis', 'getAPIVersions', 'get available API versions', `${meta}.APIGroupList`),
    at('version', 'version', 'getCodeVersion', 'get the version of this server', 'io.k8s.apimachinery.pkg.version.Info', { bodyTypes: plain, produces: plain }),
    ...(isIssuer
      ? [
        at('.well-known/openid-configuration', 'WellKnown', 'getServiceAccountIssuerOpenIDConfiguration', 'get what OpenID Connect asks of the issuer of service account tokens', 'string', { bodyTypes: [], produces: plain }),
        at('openid/v1/jwks', 'openid', 'getServiceAccountIssuerOpenIDKeyset', 'get the keys by which service account tokens are verified', 'string', { bodyTypes: [], produces: ['application/jwk-set+json'] }),
      ]
      : []),
    ...[...new Set(groups)].map((group) =>
      group === '' ? at('api', 'core', 'getCoreAPIVersions', 'get available API versions', `${meta}.APIVersions`) : at(`apis/${group}`, groupTag(group), `get${groupWord(group)}APIGroup`, 'get information of a group', `${meta}.APIGroup`)),
  ]);
}

export function rootOf(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

interface Context {
  readonly resource: ResourceDefinition;
  readonly registry: Registry;
  /** `CoreV1` */
  readonly place: string;
  /** `Namespaced` or nothing. */
  readonly scope: string;
  readonly type: string;
  readonly status: string;
}

function definitionOf(registry: Registry, group: string, version: string, kind: string): string | undefined {
  const name = registry.typeOf(group, version, kind);
  return name === undefined ? undefined : openapiName(registry.struct(name));
}

/** All paths of a resource, its own first. */
export function pathsOf(registry: Registry, resource: ResourceDefinition): Path[] {
  const type = resource.custom?.definition ?? definitionOf(registry, resource.group, resource.version, resource.kind);
  if (type === undefined) return [];
  const context: Context = {
    resource, registry, type,
    place: `${groupWord(resource.group)}${upper(resource.version)}`,
    scope: resource.namespaced ? 'Namespaced' : '',
    status: 'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  };
  const root = rootOf(resource.group, resource.version);
  const base = resource.namespaced ? `${root}/namespaces/{namespace}/${resource.resource}` : `${root}/${resource.resource}`;
  const scoped = resource.namespaced ? [namespaceParameter] : [];
  const named = [nameParameter(resource.kind), ...scoped, pretty];
  const paths: Path[] = [
    { path: base, parameters: [...scoped, pretty], operations: collectionOperations(context) },
    { path: `${base}/{name}`, parameters: named, operations: objectOperations(context) },
    ...(resource.subresources ?? []).flatMap((sub) => subresourcePaths(context, sub, `${base}/{name}`, named)),
  ];
  const listed = listOperation(context, 'ForAllNamespaces');
  if (resource.namespaced && listed) paths.push({ path: `${root}/${resource.resource}`, parameters: [pretty], operations: [listed] });
  return [...paths, ...watchPaths(context, root, scoped)].filter((p) => p.operations.length > 0).map(shared);
}

/** What all operations of a path take is said once, of the path. */
function shared(path: Path): Path {
  const [first, ...others] = path.operations;
  const common = first!.parameters.filter((p) => others.every((o) => o.parameters.includes(p)));
  if (common.length === 0) return path;
  return { ...path, parameters: [...common, ...path.parameters], operations: path.operations.map((o) => ({ ...o, parameters: o.parameters.filter((p) => !common.includes(p)) })) };
}

function operation(context: Context, method: Method, id: string, action: string, description: string, rest: Partial<Operation>): Operation {
  const { group, version, kind } = context.resource;
  const types = context.resource.custom ? { bodyTypes: textTypes, produces: textTypes } : { produces: objectTypes };
  return { method, id, action, description, tag: tagOf(group, version), gvk: { group, version, kind }, parameters: [], answers: {}, ...types, ...rest };
}

function listOperation(context: Context, suffix: '' | 'ForAllNamespaces'): Operation | undefined {
  const { resource, registry, place, scope } = context;
  if (!resource.verbs.includes('list')) return undefined;
  const list = resource.custom ? `${context.type}List` : (definitionOf(registry, resource.group, resource.version, `${resource.kind}List`) ?? context.type);
  const id = suffix ? `list${place}${resource.kind}${suffix}` : `list${place}${scope}${resource.kind}`;
  return operation(context, 'get', id, 'list', `list or watch objects of kind ${resource.kind}`, { parameters: listParameters, answers: { '200': list }, produces: resource.custom ? textTypes : [...objectTypes, ...streamTypes] });
}

function collectionOperations(context: Context): Operation[] {
  const { resource, place, scope, type } = context;
  const out: Operation[] = [];
  const list = listOperation(context, '');
  if (list) out.push(list);
  if (resource.verbs.includes('create')) {
    out.push(operation(context, 'post', `create${place}${scope}${resource.kind}`, 'post', `create ${article(resource.kind)}`, { parameters: [dryRun, fieldManager, fieldValidation], body: type, answers: { '200': type, '201': type, '202': type } }));
  }
  if (resource.verbs.includes('deletecollection')) {
    const selecting = listParameters.filter((p) => !['watch', 'allowWatchBookmarks'].includes(p.name));
    out.push(
      operation(context, 'delete', `delete${place}Collection${scope}${resource.kind}`, 'deletecollection', `delete collection of ${resource.kind}`, {
        ...(resource.custom ? { parameters: listParameters } : { parameters: [...deleteParameters, ...selecting], body: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' }), answers: { '200': context.status },
      }),
    );
  }
  return out;
}

function article(kind: string): string {
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function objectOperations(context: Context, sub?: { readonly name: string; readonly kind: string; readonly type: string; readonly verbs: readonly string[] }): Operation[] {
  const { resource, place, scope } = context;
  const verbs = sub?.verbs ?? resource.verbs;
  const type = sub?.type ?? context.type;
  const suffix = sub ? upper(sub.name) : '';
  const words = sub ? `${sub.name} of the specified ${resource.kind}` : `the specified ${resource.kind}`;
  const out: Operation[] = [];
  const add = (method: Method, verb: string, action: string, description: string, rest: Partial<Operation>): void => {
    out.push(operation(context, method, `${verb}${place}${scope}${resource.kind}${suffix}`, action, description, rest));
  };
  if (verbs.includes('get')) add('get', 'read', 'get', `read ${words}`, { parameters: resource.custom ? listParameters.filter((p) => p.name === 'resourceVersion') : [], answers: { '200': type } });
  if (verbs.includes('update')) add('put', 'replace', 'put', `replace ${words}`, { parameters: [dryRun, fieldManager, fieldValidation], body: type, answers: { '200': type, '201': type } });
  if (verbs.includes('patch')) {
    add('patch', 'patch', 'patch', `partially update ${words}`, { parameters: [dryRun, fieldManager, fieldValidation, force], body: 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch', bodyTypes: resource.custom ? patchTypes.filter((t) => !t.includes('strategic')) : patchTypes, answers: resource.custom ? { '200': type } : { '200': type, '201': type } });
  }
  if (verbs.includes('delete')) {
    const answer = returnedWhenDeleted.has(resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`) ? type : context.status;
    add('delete', 'delete', 'delete', `delete ${article(resource.kind)}`, { parameters: deleteParameters, body: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', answers: { '200': answer, '202': answer } });
  }
  if (verbs.includes('create') && sub) add('post', 'create', 'post', `create ${words}`, { parameters: [dryRun, fieldManager, fieldValidation], body: type, answers: { '200': type, '201': type, '202': type } });
  return out;
}

const connectVerbs: readonly (readonly [string, Method])[] = [['get', 'get'], ['create', 'post'], ['update', 'put'], ['patch', 'patch'], ['delete', 'delete']];

function subresourcePaths(context: Context, sub: Subresource, base: string, parameters: readonly Parameter[]): Path[] {
  const { resource, registry, place, scope } = context;
  const group = sub.group ?? resource.group;
  const version = sub.version ?? resource.version;
  const gvk = { group, version, kind: sub.kind };
  const own = resource.custom && sub.kind === resource.kind ? context.type : undefined;
  const name = registry.typeOf(group, version, sub.kind);
  if (sub.kind.endsWith('Options')) {
    const options = name === undefined ? [] : optionParameters(registry.struct(name));
    const connect = (path: string, suffix: string, extra: readonly Parameter[]): Path => ({
      path,
      parameters: [...parameters.filter((p) => p !== pretty), ...extra, ...options],
      operations: connectVerbs
        .filter(([verb]) => sub.verbs.includes(verb))
        .map(([, method]) => method)
        .concat(sub.name === 'proxy' ? ['head', 'options'] : [])
        .map((method) => operation(context, method, `connect${place}${upper(method)}${scope}${resource.kind}${upper(sub.name)}${suffix}`, 'connect', `connect ${method.toUpperCase()} requests to ${sub.name} of ${resource.kind}`, { gvk, answers: { '200': 'string' }, produces: ['*/*'] })),
    });
    const direct = connect(`${base}/${sub.name}`, '', []);
    return sub.name === 'proxy' ? [direct, connect(`${base}/proxy/{path}`, 'WithPath', [inPath('path', 'path to the resource')])] : [direct];
  }
  if (sub.name === 'log') {
    const options = registry.has('core.v1.PodLogOptions') ? optionParameters(registry.struct('core.v1.PodLogOptions')) : [];
    return [{ path: `${base}/log`, parameters: [...parameters, ...options], operations: [operation(context, 'get', `read${place}${scope}${resource.kind}Log`, 'get', `read log of the specified ${resource.kind}`, { answers: { '200': 'string' }, produces: ['text/plain', ...objectTypes] })] }];
  }
  const type = own ?? (name === undefined ? undefined : openapiName(registry.struct(name)));
  if (type === undefined) return [];
  // Of a custom resource the scale is said to be of the kind itself.
  const operations = objectOperations(context, { name: sub.name, kind: sub.kind, type, verbs: sub.verbs }).map((o) => (resource.custom ? o : { ...o, gvk }));
  return [{ path: `${base}/${sub.name}`, parameters, operations }];
}

function optionParameters(struct: StructType): Parameter[] {
  return struct.fields
    // A time has no form in a query.
    .filter((f) => f.n !== undefined && f.type !== 'Time')
    .map((f) => query(f.key, f.type === 'bool' ? 'boolean' : /int/.test(f.type) ? 'integer' : 'string', f.doc ?? f.key));
}

/** The paths under /watch: deprecated, but a part of the API. */
function watchPaths(context: Context, root: string, scoped: readonly Parameter[]): Path[] {
  const { resource, place, scope } = context;
  if (!resource.verbs.includes('watch') || resource.custom) return [];
  const answers = { '200': 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent' };
  const produces = [...objectTypes, ...streamTypes];
  const watch = (id: string, action: string): Operation => operation(context, 'get', id, action, `watch ${resource.kind} changes. deprecated: use the 'watch' parameter with a list operation instead.`, { answers, produces });
  const base = resource.namespaced ? `${root}/watch/namespaces/{namespace}/${resource.resource}` : `${root}/watch/${resource.resource}`;
  const parameters = [...listParameters, pretty];
  const out: Path[] = [
    { path: base, parameters: [...scoped, ...parameters], operations: [watch(`watch${place}${scope}${resource.kind}List`, 'watchlist')] },
    { path: `${base}/{name}`, parameters: [nameParameter(resource.kind), ...scoped, ...parameters], operations: [watch(`watch${place}${scope}${resource.kind}`, 'watch')] },
  ];
  if (resource.namespaced) out.push({ path: `${root}/watch/${resource.resource}`, parameters, operations: [watch(`watch${place}${resource.kind}ListForAllNamespaces`, 'watchlist')] });
  return out;
}
