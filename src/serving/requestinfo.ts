/** What a path of the API names: group, version, namespace, resource, name, subresource, and the verb that authorization sees. */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows resource and name, split at `/` and decoded: `['log']`, `['proxy', 'some', 'path']`. */
  readonly rest: readonly string[];
  /** The path has `/watch/` before the resource. */
  readonly legacyWatch?: true;
  /** The selectors of a list, watch or deletecollection, as they were sent. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

const verbs: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const none: readonly string[] = [];

function nonResource(method: string, path: string): RequestInfo {
  return { isResource: false, path, verb: method.toLowerCase(), group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: none };
}

/** A path as it is meant: slashes that were written as `%2F` divide it, too. */
export function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `path` without the query. `watching`: the query says watch=true; `namedByField`: the name in a metadata.name field selector. */
export function requestInfo(method: string, path: string, watching = false, namedByField = ''): RequestInfo {
  const parts = decoded(path).split('/');
  // parts[0] is empty: the path starts with a slash.
  let at: number;
  let group = '';
  if (parts[1] === 'api' && parts.length > 3) {
    at = 2;
  } else if (parts[1] === 'apis' && parts.length > 4) {
    group = parts[2]!;
    at = 3;
  } else {
    return nonResource(method, path);
  }
  const version = parts[at++]!;
  let verb = verbs[method] ?? method.toLowerCase();
  let legacyWatch: true | undefined;
  if (parts[at] === 'watch' && parts.length > at + 1) {
    legacyWatch = true;
    at++;
  }
  let namespace = '';
  let resource = parts[at]!;
  if (resource === '') return nonResource(method, path);
  if (resource === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1]!;
    // `namespaces/x/finalize` and `/status` are of the namespace itself.
    const third = parts[at + 2];
    if (third !== undefined && third !== '' && third !== 'finalize' && third !== 'status') {
      at += 2;
      resource = third;
    }
  }
  const name = parts.length > at + 1 ? parts[at + 1]! : '';
  // Slashes at the end mean something to what is behind a proxy alone.
  if (parts[at + 2] !== 'proxy') while (parts.length > at + 2 && parts.at(-1) === '') parts.pop();
  const rest = parts.length > at + 2 ? parts.slice(at + 2) : none;
  if (name === '') {
    if (verb === 'get') verb = watching || legacyWatch ? 'watch' : 'list';
    else if (verb === 'delete') verb = 'deletecollection';
  } else if (legacyWatch) verb = 'watch';
  return {
    isResource: true, path, verb, group, version, namespace, resource, subresource: rest[0] ?? '',
    name: name !== '' ? name : verb === 'list' || verb === 'watch' ? namedByField : '', rest, ...(legacyWatch ? { legacyWatch } : {}),
  };
}

const longRunningSubresources = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

/** Those that are meant to stay: nobody waits for their end, and nothing that counts what is in flight counts them. */
export function isLongRunning(info: RequestInfo): boolean {
  if (info.verb === 'watch') return true;
  return info.isResource ? info.subresource !== '' && longRunningSubresources.has(info.subresource) : info.path.startsWith('/debug/pprof/');
}

export function isReadOnly({ verb }: RequestInfo): boolean {
  return verb === 'get' || verb === 'list' || verb === 'watch';
}
