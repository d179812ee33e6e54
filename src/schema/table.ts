/** meta.k8s.io/v1 Table: what `kubectl get` prints. */
import { parseTime } from '../base/clock.ts';
import { age, humanDuration } from '../machinery/duration.ts';
import { jsonText } from '../machinery/jsontext.ts';
import type { DeepReadonly, JsonObject, JsonValue } from '../machinery/json.ts';
import type { Column, KindRules } from './vocabulary.ts';

interface Meta {
  readonly name?: string;
  readonly creationTimestamp?: string | null;
}
interface WithMeta {
  readonly metadata?: Meta;
}

type Cell = string | number | boolean | null;

interface ColumnOptions {
  readonly type?: Column['type'];
  readonly format?: string;
  /** 1: only with -o wide. */
  readonly priority?: 0 | 1;
}

type Later<T> = (object: DeepReadonly<T>) => (now: number) => Cell;

export interface ColumnMakers<T> {
  column(name: string, description: string, cell: (object: DeepReadonly<T>, now: number) => Cell, options?: ColumnOptions): Column<T>;
  /** A cell that changes with time; see Column.later. */
  timed(name: string, description: string, later: Later<T>): Column<T>;
  integer(name: string, description: string, cell: (object: DeepReadonly<T>) => number): Column<T>;
  /** Only with -o wide. */
  wide(name: string, description: string, cell: (object: DeepReadonly<T>, now: number) => Cell): Column<T>;
  readonly nameColumn: Column<T>;
  readonly ageColumn: Column<T>;
}

/** The makers of columns of one kind; naming the kind once spares the type checker to infer it from each cell. */
export function columnsOf<T>(): ColumnMakers<T> {
  const column: ColumnMakers<T>['column'] = (name, description, cell, options = {}) => ({
    name, description, cell, type: options.type ?? 'string', priority: options.priority ?? 0,
    ...(options.format ? { format: options.format } : {}),
  });
  const timed: ColumnMakers<T>['timed'] = (name, description, later) => ({ ...column(name, description, (object, now) => later(object)(now)), later });
  return {
    column,
    timed,
    integer: (name, description, cell) => column(name, description, cell, { type: 'integer' }),
    wide: (name, description, cell) => column(name, description, cell, { priority: 1 }),
    nameColumn: column('Name', 'Name of the object, unique among its kind in its namespace.', (o) => metaOf(o).name ?? '', { format: 'name' }),
    ageColumn: timed('Age', 'Time since the object was created.', (o) => {
      const created = metaOf(o).creationTimestamp;
      const at = created ? parseTime(created) : Number.NaN;
      return (now) => (Number.isNaN(at) ? age(created, now) : humanDuration(now - at));
    }),
  };
}

export function columnList<T>(make: (makers: ColumnMakers<T>) => Column<T>[]): readonly Column<T>[] {
  return make(columnsOf<T>());
}

function metaOf(object: unknown): Meta {
  return (object as WithMeta).metadata ?? {};
}

/** For kinds that say nothing of their columns. */
export const defaultColumns: readonly Column<unknown>[] = [
  columnsOf<unknown>().nameColumn,
  columnsOf<unknown>().column('Created At', 'When the object was created.', (o) => metaOf(o).creationTimestamp ?? null, { type: 'date' }),
];

export interface TableOptions {
  /** Milliseconds. */
  readonly now: number;
  /** What each row carries of its object. */
  readonly includeObject?: 'Metadata' | 'Object' | 'None';
  /** resourceVersion, continue and remainingItemCount of the list, or the object's resourceVersion. */
  readonly metadata?: JsonObject;
  /** Later events of a watch leave the definitions out. */
  readonly withoutDefinitions?: boolean;
  readonly version?: 'v1' | 'v1beta1';
}

/** The text of a table up to its first row. */
export function tableHead(rules: KindRules | undefined, options: TableOptions): string {
  const { rows: _, ...head } = tableOf(rules, [], options);
  return `${jsonText(head).slice(0, -1)},"rows":[`;
}

/** A row's cells and conditions as JSON, from after the `[` of its cells; only what time changes is made each time. */
export interface RowText {
  /** In parts, one behind the other: joined they would have to be taken apart again. */
  texts(now: number, source: { glance(): DeepReadonly<unknown> }): string[];
  /** Bytes, about. */
  readonly weight: number;
}

/** Text that is JSON when quotes are put around it. */
const harmless = /^[\w ().-]*$/;

export function rowText(rules: KindRules | undefined, object: DeepReadonly<unknown>): RowText {
  const columns = rules?.columns ?? defaultColumns;
  const parts: string[] = [];
  const gaps: ((now: number, source: { glance(): DeepReadonly<unknown> }) => Cell)[] = [];
  let text = '';
  columns.forEach((column, i) => {
    if (i > 0) text += ',';
    if (column.cell.length < 2) {
      text += jsonText(column.cell(object, 0));
      return;
    }
    parts.push(text);
    text = '';
    gaps.push(column.later?.(object) ?? ((now, source) => column.cell(source.glance(), now)));
  });
  const conditions = rules?.rowConditions?.(object) ?? [];
  text += conditions.length > 0 ? `],"conditions":${jsonText(conditions)}` : ']';
  return {
    texts(now, source) {
      const out: string[] = [];
      let seen: DeepReadonly<unknown>;
      const once = { glance: () => (seen ??= source.glance()) };
      for (let i = 0; i < gaps.length; i++) {
        const cell = gaps[i]!(now, once);
        out.push(parts[i]!, typeof cell === 'string' && harmless.test(cell) ? `"${cell}"` : jsonText(cell));
      }
      out.push(text);
      return out;
    },
    weight: 300 + parts.reduce((sum, part) => sum + part.length + 100, text.length),
  };
}

export function tableOf(rules: KindRules | undefined, objects: Iterable<DeepReadonly<unknown>>, options: TableOptions): JsonObject {
  const columns = rules?.columns ?? defaultColumns;
  const apiVersion = `meta.k8s.io/${options.version ?? 'v1'}`;
  const rows: JsonObject[] = [];
  for (const object of objects) rows.push(rowOf(rules, columns, object, options, apiVersion));
  return {
    kind: 'Table',
    apiVersion,
    metadata: options.metadata ?? {},
    columnDefinitions: options.withoutDefinitions ? null : columns.filter((c) => !c.undefinedInTable).map(definitionOf),
    rows,
  };
}

function definitionOf(c: Column<unknown>): JsonObject {
  return { name: c.name, type: c.type, format: c.format ?? '', description: c.description, priority: c.priority };
}

function rowOf(rules: KindRules | undefined, columns: readonly Column<unknown>[], object: unknown, options: TableOptions, apiVersion: string): JsonObject {
  const row: JsonObject = { cells: columns.map((c) => c.cell(object as DeepReadonly<unknown>, options.now)) };
  const conditions = rules?.rowConditions?.(object as DeepReadonly<unknown>) ?? [];
  if (conditions.length > 0) row['conditions'] = conditions.map((c) => ({ ...c }));
  switch (options.includeObject ?? 'Metadata') {
    case 'Object':
      row['object'] = object as JsonObject;
      break;
    case 'None':
      row['object'] = null;
      break;
    default:
      row['object'] = { kind: 'PartialObjectMetadata', apiVersion, metadata: metaOf(object) as JsonValue };
  }
  return row;
}
