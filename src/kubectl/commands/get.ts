/** `kubectl get`: tables as the server makes them, objects in every other form, and watching both. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { age } from '../../machinery/duration.ts';
import { parseTemplate, relaxedPath } from '../../machinery/jsonpath.ts';
import { hasReason, StatusError, type Status } from '../../machinery/status.ts';
import { lines } from '../../client/http.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { apiVersionOf, pathOf, type Mapping } from '../discovery.ts';
import { objectPrinter, outputFlags, type ObjectPrinter } from '../printers/output.ts';
import { isTable, plainTable, printHeader, printRows, type Table, type TableLayout } from '../printers/table.ts';
import { TabWriter } from '../printers/tabwriter.ts';
import { filenameFlags, infosOfFiles, metadataOf, selectorFlags, targetsOf, type Target } from '../resources.ts';
import type { Session } from '../session.ts';

const tableTypes = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

/** What one request gave: a table, a list or one object. */
interface Result {
  readonly mapping: Mapping;
  readonly name: string | undefined;
  readonly object: JsonObject;
}

export const get: Command = {
  name: 'get',
  use: 'get [(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]',
  short: 'Display one or many resources',
  flags: {
    ...outputFlags,
    ...filenameFlags,
    ...selectorFlags,
    'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
    'field-selector': { type: 'string', help: "Selector (field query) to filter on, supports '=', '==', and '!='." },
    'sort-by': { type: 'string', help: 'If non-empty, sort list types using this field specification, a JSONPath expression.' },
    'show-labels': { type: 'bool', help: 'When printing, show all labels as the last column' },
    'label-columns': { type: 'strings', short: 'L', help: 'Labels that are going to be presented as columns.' },
    'show-kind': { type: 'bool', help: 'If present, list the resource type for the requested object(s).' },
    'no-headers': { type: 'bool', help: "When using the default or custom-column output format, don't print headers" },
    'ignore-not-found': { type: 'bool', help: 'If set to true, suppresses NotFound error for specific objects that do not exist.' },
    watch: { type: 'bool', short: 'w', help: 'After listing/getting the requested object, watch for changes.' },
    'watch-only': { type: 'bool', help: 'Watch for changes to the requested object(s), without listing/getting first.' },
    'output-watch-events': { type: 'bool', help: 'Output watch event objects when --watch or --watch-only is used.' },
    'chunk-size': { type: 'int', default: 500, help: 'Return large lists in chunks rather than all at once.' },
    'server-print': { type: 'bool', default: true, help: 'If true, have the server return the appropriate table output.' },
    subresource: { type: 'string', help: 'If specified, gets the subresource of the requested object.' },
    raw: { type: 'string', help: 'Raw URI to request from the server.' },
  },
  run: async (session, args) => {
    const { flags } = session;
    if (flags.text('raw')) return getRaw(session, args);
    const printer = objectPrinter(flags);
    if (flags.flag('show-labels') && printer) throw new CommandError(`--show-labels option cannot be used with ${flags.text('output')} printer`);
    if (flags.flag('output-watch-events') && !flags.flag('watch') && !flags.flag('watch-only')) throw new CommandError('--output-watch-events option can only be used with --watch or --watch-only');
    if (args.length === 0 && flags.list('filename').length === 0) {
      session.errorLine('You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n');
      usageError('Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).', 'get');
    }
    const targets = await requestedTargets(session, args);
    if (flags.flag('watch') || flags.flag('watch-only')) return watch(session, targets, printer);
    const { results, errors } = await fetchAll(session, targets, printer === undefined);
    if (printer) printObjects(session, results, targets, printer);
    else await printTables(session, results, errors.length > 0);
    throwAll(errors);
  },
};

async function getRaw(session: Session, args: readonly string[]): Promise<void> {
  if (args.length > 0) throw new CommandError('arguments may not be passed when --raw is specified');
  const { body } = await session.send(session.flags.text('raw'), { accept: '*/*' });
  for await (const chunk of body) session.io.stdout.write(chunk);
}

interface NamedTarget extends Target {
  readonly namespace?: string | undefined;
}

async function requestedTargets(session: Session, args: readonly string[]): Promise<NamedTarget[]> {
  if (session.flags.list('filename').length) return (await infosOfFiles(session)).map(({ mapping, name, namespace }) => ({ mapping, name, namespace }));
  const targets = await targetsOf(session, args, { allowCollections: true });
  if (targets.some((t) => t.name !== undefined) && (session.flags.flag('all-namespaces') || session.flags.text('selector') || session.flags.text('field-selector'))) {
    if (session.flags.text('selector') || session.flags.text('field-selector')) throw new CommandError('name cannot be provided when a selector is specified');
    throw new CommandError('a resource cannot be retrieved by name across all namespaces');
  }
  return targets;
}

function scopeOf(session: Session, target: NamedTarget): string | undefined {
  return session.flags.flag('all-namespaces') ? undefined : (target.namespace ?? session.namespace);
}

/** One request after the other; what is missing does not keep the rest from being shown. */
async function fetchAll(session: Session, targets: readonly NamedTarget[], asTable: boolean): Promise<{ results: Result[]; errors: unknown[] }> {
  const results: Result[] = [];
  const errors: unknown[] = [];
  for (const target of targets) {
    try {
      results.push({ mapping: target.mapping, name: target.name, object: await fetchOne(session, target, asTable) });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (!(session.flags.flag('ignore-not-found') && hasReason(error, 'NotFound'))) errors.push(error);
    }
  }
  return { results, errors };
}

async function fetchOne(session: Session, target: NamedTarget, asTable: boolean): Promise<JsonObject> {
  const { flags } = session;
  const accept = asTable && flags.flag('server-print') ? tableTypes : 'application/json';
  const sorted = flags.text('sort-by') !== '';
  const include = asTable && sorted ? { includeObject: 'Object' } : {};
  if (target.name !== undefined) return session.json(pathOf(target.mapping, scopeOf(session, target), target.name, flags.text('subresource')), { accept, query: include });
  const query = { labelSelector: flags.text('selector'), fieldSelector: flags.text('field-selector'), ...include };
  const path = pathOf(target.mapping, scopeOf(session, target));
  const limit = sorted ? 0 : flags.number('chunk-size');
  const first = await session.json(path, { accept, query: { ...query, ...(limit ? { limit } : {}) } });
  const key = isTable(first) ? 'rows' : 'items';
  let next = (first['metadata'] as { continue?: string } | undefined)?.continue;
  while (next) {
    const page = await session.json(path, { accept, query: { ...query, limit, continue: next } });
    first[key] = [...((first[key] ?? []) as JsonValue[]), ...((page[key] ?? []) as JsonValue[])];
    next = (page['metadata'] as { continue?: string } | undefined)?.continue;
  }
  return first;
}

function itemsOf(result: Result): JsonObject[] {
  if (result.name !== undefined || !Array.isArray(result.object['items'])) return result.object['items'] === null ? [] : [result.object];
  return (result.object['items'] as JsonObject[]).map((item) => ({ apiVersion: apiVersionOf(result.mapping), kind: result.mapping.kind, ...item }));
}

function printObjects(session: Session, results: readonly Result[], targets: readonly NamedTarget[], printer: ObjectPrinter): void {
  const items = results.flatMap(itemsOf);
  if (targets.length === 1 && targets[0]!.name !== undefined) {
    if (items.length) session.out(printer(items[0]!));
    return;
  }
  const sortBy = session.flags.text('sort-by');
  if (sortBy) sortByField(items, (item) => item, sortBy);
  session.out(printer({ apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }));
}

function tableOfResult(session: Session, result: Result): Table {
  if (isTable(result.object)) return result.object as unknown as Table;
  return plainTable(itemsOf(result), (created) => age(created, session.now));
}

function layoutOf(session: Session, mapping: Mapping | undefined, withKind: boolean, event?: string): TableLayout {
  const { flags } = session;
  return {
    wide: flags.text('output') === 'wide', noHeaders: flags.flag('no-headers'), withNamespace: flags.flag('all-namespaces') && mapping?.namespaced !== false, withKind: withKind || flags.flag('show-kind'),
    showLabels: flags.flag('show-labels'), columnLabels: flags.list('label-columns').flatMap((l) => l.split(',')), mapping, ...(event === undefined ? {} : { event }),
  };
}

async function printTables(session: Session, results: readonly Result[], failed: boolean): Promise<void> {
  const { flags } = session;
  const kinds = new Set(results.map((r) => `${r.mapping.group}/${r.mapping.kind}`));
  let written = false;
  let last: Mapping | undefined;
  const out = new TabWriter((text) => session.out(text));
  for (const result of results) {
    const table = tableOfResult(session, result);
    if (!table.rows?.length) continue;
    const layout = layoutOf(session, result.mapping, kinds.size > 1);
    const sortBy = flags.text('sort-by');
    if (sortBy) sortByField(table.rows, (row) => row.object ?? {}, sortBy);
    if (last !== result.mapping) {
      out.flush();
      out.reset();
      if (written && !flags.flag('no-headers')) session.line('');
      printHeader(out, table, layout);
      last = result.mapping;
    }
    printRows(out, table, layout);
    written = true;
  }
  out.flush();
  if (written || failed || flags.flag('ignore-not-found')) return;
  const namespaced = !flags.flag('all-namespaces') && results.every((r) => r.mapping.namespaced);
  session.errorLine(namespaced ? `No resources found in ${session.namespace} namespace.` : 'No resources found');
}

/** Sorts in place by a field: numbers as numbers, texts in natural order. */
function sortByField<T>(list: T[], objectOf: (item: T) => JsonObject, field: string): void {
  const template = parseTemplate(relaxedPath(field));
  const keys = new Map(list.map((item) => [item, template.find(objectOf(item)).flat()[0]]));
  if (list.length > 0 && [...keys.values()].every((key) => key === undefined)) throw new CommandError(`couldn't find any field with path ${JSON.stringify(relaxedPath(field))} in the list of objects`);
  const collator = new Intl.Collator('en', { numeric: true });
  list.sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
    if (typeof x === 'number' && typeof y === 'number') return x - y;
    return collator.compare(String(x), String(y));
  });
}

async function watch(session: Session, targets: readonly NamedTarget[], printer: ObjectPrinter | undefined): Promise<void> {
  const { flags } = session;
  const [target] = targets;
  if (targets.length !== 1) throw new CommandError('watch is only supported on individual resources and resource collections - more than 1 resource was found');
  const withEvents = flags.flag('output-watch-events');
  const out = new TabWriter((text) => session.out(text));
  let headed = false;
  let lastTable: Table | undefined;
  const show = (object: JsonObject, event: string): void => {
    if (printer) {
      const items = Array.isArray(object['items']) ? itemsOf({ mapping: target!.mapping, name: undefined, object }) : [object];
      for (const item of items) session.out(printer(withEvents ? { type: event, object: item } : item));
      return;
    }
    let table = tableOfResult(session, { mapping: target!.mapping, name: target!.name, object });
    // Later events leave the columns out.
    if (!table.columnDefinitions?.length && lastTable) table = { ...table, columnDefinitions: lastTable.columnDefinitions };
    lastTable = table;
    const layout = layoutOf(session, target!.mapping, false, withEvents ? event : undefined);
    if (!headed && table.rows?.length) {
      printHeader(out, table, layout);
      headed = true;
    }
    printRows(out, table, layout);
    out.flush();
  };
  let object: JsonObject;
  try {
    object = await fetchOne(session, target!, printer === undefined);
  } catch (error) {
    if (flags.flag('ignore-not-found') && hasReason(error, 'NotFound')) return;
    throw error;
  }
  if (!flags.flag('watch-only')) show(object, 'ADDED');
  const single = target!.name !== undefined;
  const resourceVersion = single ? versionOfSingle(object) : metadataOf(object).resourceVersion;
  await follow(session, target!, resourceVersion, printer === undefined, show);
}

function versionOfSingle(object: JsonObject): string | undefined {
  const held = isTable(object) ? ((object as unknown as Table).rows[0]?.object ?? {}) : object;
  return metadataOf(held).resourceVersion ?? metadataOf(object).resourceVersion;
}

async function follow(session: Session, target: NamedTarget, resourceVersion: string | undefined, asTable: boolean, show: (object: JsonObject, event: string) => void): Promise<void> {
  const { flags } = session;
  const selectors = [target.name === undefined ? '' : `metadata.name=${target.name}`, flags.text('field-selector')].filter(Boolean).join(',');
  const { body } = await session.send(pathOf(target.mapping, scopeOf(session, target)), {
    accept: asTable && flags.flag('server-print') ? tableTypes : 'application/json',
    query: { watch: true, resourceVersion, labelSelector: flags.text('selector'), fieldSelector: selectors },
  });
  for await (const line of lines(body)) {
    const { type, object } = JSON.parse(line) as { type: string; object: JsonObject };
    if (type === 'ERROR') throw new StatusError(object as unknown as Status);
    if (type !== 'BOOKMARK') show(object, type);
  }
}
