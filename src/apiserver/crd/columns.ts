/** Columns of tables, and selectable fields, as a definition states them by paths. */
import { age } from '../../machinery/duration.ts';
import { parseTemplate, valueText, type Template } from '../../machinery/jsonpath.ts';
import type { JsonValue } from '../../machinery/json.ts';
import { columnsOf } from '../../schema/table.ts';
import type { Column } from '../../schema/vocabulary.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import type { Version } from './model.ts';

type Cell = string | number | boolean | null;
type Read = (stored: ReadonlyObject) => ReadonlyObject;

/** `read`: the stored object in the version of the columns. */
export function customColumns(version: Version, read: Read): readonly Column<ApiObject>[] {
  const { nameColumn, ageColumn } = columnsOf<ApiObject>();
  const defined = version.additionalPrinterColumns ?? [];
  if (defined.length === 0) return [nameColumn, { ...ageColumn, type: 'date' }];
  return [nameColumn, ...defined.map((column): Column<ApiObject> => {
    const path = parseTemplate(`{${column.jsonPath}}`);
    return {
      name: column.name, type: column.type as Column['type'], ...(column.format ? { format: column.format } : {}), priority: column.priority ?? 0,
      description: column.description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
      cell: (object, now) => cellOf(column.type, first(path, read(object as ReadonlyObject)), now),
    };
  })];
}

function first(path: Template, object: ReadonlyObject): JsonValue | undefined {
  return path.find(object as unknown as JsonValue)[0]?.[0];
}

function cellOf(type: string, value: JsonValue | undefined, now: number): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return valueText(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : age(value, now);
    default:
      return null;
  }
}

export function customFields(version: Version, read: Read): Record<string, (object: ReadonlyObject) => string> {
  return Object.fromEntries((version.selectableFields ?? []).map(({ jsonPath }) => {
    const path = parseTemplate(`{${jsonPath}}`);
    return [jsonPath.replace(/^\./, ''), (object: ReadonlyObject) => {
      const value = first(path, read(object));
      return value === undefined || value === null ? '' : String(value);
    }];
  }));
}
