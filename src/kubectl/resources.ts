/** From arguments and files to the resources they mean. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import { parseJson } from '../machinery/jsontext.ts';
import { parseYamlDocuments } from '../machinery/yaml.ts';
import { CommandError } from './errors.ts';
import { NoKindMatch, type Mapping } from './discovery.ts';
import type { FlagSet } from './flags.ts';
import { readAll, type Session } from './session.ts';

export const filenameFlags: FlagSet = {
  filename: { type: 'strings', short: 'f', help: 'Filename, directory, or URL to files to use.' },
  recursive: { type: 'bool', short: 'R', help: 'Process the directory used in -f, --filename recursively.' },
  kustomize: { type: 'string', short: 'k', help: 'Process a kustomization directory.' },
};

export const selectorFlags: FlagSet = {
  selector: { type: 'string', short: 'l', help: "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'." },
};

export interface Target {
  readonly mapping: Mapping;
  /** Absent: the whole collection. */
  readonly name?: string;
}

/** `pods`, `pods a b`, `pod/a svc/b`, `pods,services`, `all`. */
export async function targetsOf(session: Session, args: readonly string[], options: { readonly allowCollections: boolean }): Promise<Target[]> {
  const discovery = await session.discovery;
  const withSlash = args.filter((arg) => arg.includes('/'));
  if (withSlash.length > 0) {
    if (withSlash.length < args.length) {
      const plain = args.find((arg) => !arg.includes('/'))!;
      throw new CommandError(
        args.indexOf(plain) === 0
          ? `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'`
          : `arguments in resource/name form may not have more than one slash`,
      );
    }
    return withSlash.map((arg) => {
      const parts = arg.split('/');
      if (parts.length !== 2 || !parts[0] || !parts[1]) throw new CommandError(parts.length > 2 ? 'arguments in resource/name form may not have more than one slash' : `arguments in resource/name form must have a single resource and name`);
      return { mapping: discovery.resolve(parts[0]), name: parts[1] };
    });
  }
  const [types, ...names] = args;
  if (!types) return [];
  const mappings = types.split(',').filter(Boolean).flatMap((type) => {
    const category = discovery.find(type) === undefined ? discovery.inCategory(type) : [];
    return category.length ? category : [discovery.resolve(type)];
  });
  if (names.length === 0) {
    if (!options.allowCollections) throw new CommandError('resource(s) were provided, but no name was specified');
    return mappings.map((mapping) => ({ mapping }));
  }
  return mappings.flatMap((mapping) => names.map((name) => ({ mapping, name })));
}

export interface FileObject {
  readonly object: JsonObject;
  readonly source: string;
}

/** The objects in files, folders, addresses and stdin, lists taken apart. */
export async function readObjects(session: Session): Promise<FileObject[]> {
  if (session.flags.text('kustomize')) throw new CommandError('kustomizations are not supported by this kubectl; build them first and pass the result with -f');
  const out: FileObject[] = [];
  for (const name of session.flags.list('filename').flatMap((list) => list.split(','))) {
    for (const { source, text } of await sources(session, name)) {
      let values: JsonValue[];
      try {
        values = /^\s*\{/.test(text) ? parseJsonDocuments(text) : parseYamlDocuments(text);
      } catch (error) {
        throw new CommandError(`error parsing ${source}: error converting YAML to JSON: ${(error as Error).message}`);
      }
      for (const value of values) out.push(...flattened(value, source));
    }
  }
  return out;
}

function parseJsonDocuments(text: string): JsonValue[] {
  try {
    return [parseJson(text).value];
  } catch {
    // Several in a row, as YAML documents or one after the other.
    return parseYamlDocuments(text.replace(/\}\s*\n\s*\{/g, '}\n---\n{'));
  }
}

function flattened(value: JsonValue, source: string): FileObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CommandError(`error validating ${JSON.stringify(source)}: error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false`);
  if (typeof value['kind'] !== 'string' || value['kind'] === '' || typeof value['apiVersion'] !== 'string' || value['apiVersion'] === '') {
    const missing = [...(value['apiVersion'] ? [] : ['apiVersion not set']), ...(value['kind'] ? [] : ['kind not set'])];
    throw new CommandError(`error validating ${JSON.stringify(source)}: error validating data: ${missing.length > 1 ? `[${missing.join(', ')}]` : missing[0]}; if you choose to ignore these errors, turn validation off with --validate=false`);
  }
  if (String(value['kind']).endsWith('List') && Array.isArray(value['items'])) return value['items'].flatMap((item) => flattened(item, source));
  return [{ object: value, source }];
}

async function sources(session: Session, name: string): Promise<{ source: string; text: string }[]> {
  if (name === '-') return [{ source: 'STDIN', text: await session.readStdin() }];
  if (/^https?:\/\//.test(name)) {
    const response = await fetch(name, { signal: session.signal });
    if (!response.ok) throw new CommandError(`unable to read URL ${JSON.stringify(name)}, server reported ${response.status} ${response.statusText}, status code=${response.status}`);
    return [{ source: name, text: response.body ? await readAll(response.body) : '' }];
  }
  const stat = statSync(name, { throwIfNoEntry: false });
  if (!stat) throw new CommandError(`the path ${JSON.stringify(name)} does not exist`);
  if (!stat.isDirectory()) return [{ source: name, text: readFileSync(name, 'utf8') }];
  const entries = readdirSync(name, { withFileTypes: true, recursive: session.flags.flag('recursive') })
    .filter((e) => e.isFile() && /\.(json|ya?ml)$/.test(e.name))
    .map((e) => join(e.parentPath, e.name))
    .sort();
  if (entries.length === 0) throw new CommandError(`error reading [${name}]: recognized file extensions are [.json .yaml .yml]`);
  return entries.map((source) => ({ source, text: readFileSync(source, 'utf8') }));
}

export interface Info {
  readonly mapping: Mapping;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: JsonObject;
  readonly source: string;
}

export interface Metadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  ownerReferences?: { kind: string; name: string; controller?: boolean; uid: string }[];
  [key: string]: unknown;
}

export function metadataOf(object: JsonObject): Metadata {
  return (object['metadata'] ?? {}) as Metadata;
}

/** Objects of files with their mapping and namespace. */
export async function infosOfFiles(session: Session): Promise<Info[]> {
  const objects = await readObjects(session);
  if (objects.length === 0) throw new CommandError('no objects passed to ' + (session.flags.list('filename').length ? 'apply' : 'command'));
  const discovery = await session.discovery;
  return objects.map(({ object, source }) => {
    const { apiVersion, kind } = object as { apiVersion: string; kind: string };
    const metadata = metadataOf(object);
    let mapping: Mapping;
    try {
      mapping = discovery.forKind(apiVersion, kind);
    } catch (error) {
      if (!(error instanceof NoKindMatch)) throw error;
      const name = metadata.name ? `resource mapping not found for name: ${JSON.stringify(metadata.name)} namespace: ${JSON.stringify(metadata.namespace ?? '')} from ${JSON.stringify(source)}: ` : `unable to recognize ${JSON.stringify(source)}: `;
      throw new CommandError(`${name}${error.message}\nensure CRDs are installed first`);
    }
    const { namespace, explicitNamespace } = session.connection;
    if (mapping.namespaced && explicitNamespace && metadata.namespace && metadata.namespace !== namespace) {
      throw new CommandError(`the namespace from the provided object ${JSON.stringify(metadata.namespace)} does not match the namespace ${JSON.stringify(namespace)}. You must pass '--namespace=${metadata.namespace}' to perform this operation.`);
    }
    const scope = mapping.namespaced ? (metadata.namespace ?? namespace) : undefined;
    return { mapping, namespace: scope, name: metadata.name ?? '', object: scope === undefined ? object : { ...object, metadata: { ...(object['metadata'] as JsonObject), namespace: scope } }, source };
  });
}
