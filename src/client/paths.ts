/** URLs of resources, the same for every transport. */
import type { ResourceRef } from '../api/reference.ts';
import type { DeleteOptions, ListOptions, ReadOptions, WatchOptions, WriteOptions } from './client.ts';

/** `/api/v1/namespaces/x/pods/y/log`; without namespace the collection over all of them. */
export function resourcePath(ref: ResourceRef<unknown>, namespace?: string, name?: string, subresource?: string): string {
  let path = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  if (ref.namespaced && namespace) path += `/namespaces/${encodeURIComponent(namespace)}`;
  path += `/${ref.resource}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource) path += `/${subresource}`;
  return path;
}

export function apiVersion(ref: { readonly group: string; readonly version: string }): string {
  return ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;
}

type Options = Partial<ReadOptions & WatchOptions & WriteOptions & Pick<DeleteOptions, 'dryRun'>> & { readonly watch?: boolean; readonly force?: boolean };

const parameters = [
  'watch', 'labelSelector', 'fieldSelector', 'resourceVersion', 'resourceVersionMatch', 'limit', 'continue',
  'sendInitialEvents', 'timeoutSeconds', 'fieldManager', 'fieldValidation', 'force',
] as const satisfies readonly (keyof Options)[];

/** The query string with its `?`, empty when no option asks for one. */
export function queryString(options: Options | ListOptions = {}): string {
  const query: string[] = [];
  for (const name of parameters) {
    const value = (options as Options)[name];
    if (value !== undefined && value !== '' && value !== false) query.push(`${name}=${encodeURIComponent(value)}`);
  }
  if ((options as Options).allowBookmarks) query.push('allowWatchBookmarks=true');
  if ((options as Options).sendInitialEvents === false) query.push('sendInitialEvents=false');
  if ((options as Options).dryRun) query.push('dryRun=All');
  return query.length ? `?${query.join('&')}` : '';
}
