/** Tables as the server sends them, one line an object. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import type { Mapping } from '../discovery.ts';
import type { TabWriter } from './tabwriter.ts';

export interface Table {
  columnDefinitions: { name: string; type: string; format?: string; priority?: number }[];
  rows: { cells: JsonValue[]; object?: JsonObject; conditions?: { type: string; status: string }[] }[];
  metadata?: { resourceVersion?: string; continue?: string };
}

export interface TableLayout {
  readonly wide: boolean;
  readonly noHeaders: boolean;
  readonly withNamespace: boolean;
  /** `pod/a` instead of `a`, where several kinds are listed. */
  readonly withKind: boolean;
  readonly showLabels: boolean;
  readonly columnLabels: readonly string[];
  readonly mapping: Mapping | undefined;
  /** DELETED and the like before each line. */
  readonly event?: string;
}

export function isTable(object: JsonObject): boolean {
  return object['kind'] === 'Table' && String(object['apiVersion']).startsWith('meta.k8s.io/');
}

export function printHeader(out: TabWriter, table: Table, layout: TableLayout): void {
  if (layout.noHeaders) return;
  const names = visible(table, layout).map((i) => table.columnDefinitions[i]!.name.toUpperCase());
  out.row([
    ...(layout.event === undefined ? [] : ['EVENT']),
    ...(layout.withNamespace ? ['NAMESPACE'] : []),
    ...names,
    ...layout.columnLabels.map((label) => label.slice(label.lastIndexOf('/') + 1).toUpperCase()),
    ...(layout.showLabels ? ['LABELS'] : []),
  ]);
}

export function printRows(out: TabWriter, table: Table, layout: TableLayout): void {
  const columns = visible(table, layout);
  for (const row of table.rows) {
    const { namespace = '', labels } = (row.object?.['metadata'] ?? {}) as { namespace?: string; labels?: Record<string, string> };
    const cells = columns.map((i) => cellText(row.cells[i]));
    if (layout.withKind && layout.mapping && cells.length) cells[0] = `${kindPrefix(layout.mapping)}/${cells[0]}`;
    out.row([
      ...(layout.event === undefined ? [] : [layout.event.padEnd(8)]),
      ...(layout.withNamespace ? [namespace] : []),
      ...cells,
      ...layout.columnLabels.map((label) => labels?.[label] ?? ''),
      ...(layout.showLabels ? [labelsText(labels)] : []),
    ]);
  }
}

function visible(table: Table, layout: TableLayout): number[] {
  return table.columnDefinitions.flatMap((c, i) => (layout.wide || (c.priority ?? 0) === 0 ? [i] : []));
}

/** `pod`, `deployment.apps` */
export function kindPrefix(mapping: Mapping): string {
  const kind = mapping.kind.toLowerCase();
  return mapping.group ? `${kind}.${mapping.group}` : kind;
}

/** One line; what follows a line break is left out. */
function cellText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  const end = text.search(/[\f\n\r]/);
  return printable(end < 0 ? text : `${text.slice(0, end)}...`);
}

/** Escape sequences of terminals must not get through. */
function printable(text: string): string {
  return text.replaceAll('\x1b', '^[').replace(/[\x00-\x08\x0b-\x1a\x1c-\x1f]/g, (c) => `^${String.fromCharCode(c.charCodeAt(0) + 64)}`).replaceAll('\t', '    ');
}

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length ? entries.map(([k, v]) => `${k}=${v}`).join(',') : '<none>';
}

/** Columns for objects of servers that give no tables. */
export function plainTable(objects: readonly JsonObject[], age: (creation: string | undefined) => string): Table {
  return {
    columnDefinitions: [{ name: 'Name', type: 'string' }, { name: 'Age', type: 'string' }],
    rows: objects.map((object) => {
      const { name = '', creationTimestamp } = (object['metadata'] ?? {}) as { name?: string; creationTimestamp?: string };
      return { cells: [name, age(creationTimestamp)], object };
    }),
  };
}
