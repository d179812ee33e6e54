/** `-o`: json, yaml, name, jsonpath, custom-columns, go-template, from a file or not. */
import { readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { compareBytes } from '../../machinery/jsontext.ts';
import { parseTemplate, relaxedPath } from '../../machinery/jsonpath.ts';
import { dumpYaml } from '../../machinery/yaml.ts';
import { CommandError } from '../errors.ts';
import type { Flags, FlagSet } from '../flags.ts';
import { parseGoTemplate, print } from '../../machinery/gotemplate.ts';
import { TabWriter } from './tabwriter.ts';

export const outputFlags: FlagSet = {
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).' },
  template: { type: 'string', help: 'Template string or path to template file to use when -o=go-template, -o=go-template-file.' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  'allow-missing-template-keys': { type: 'bool', default: true, help: 'If true, ignore any errors in templates when a field or map key is missing in the template.' },
};

/** Prints one object after the other. */
export type ObjectPrinter = (object: JsonObject) => string;

const formats = ['custom-columns', 'custom-columns-file', 'go-template', 'go-template-file', 'json', 'jsonpath', 'jsonpath-as-json', 'jsonpath-file', 'name', 'template', 'templatefile', 'wide', 'yaml'];

/** The printer for `-o`, undefined where tables or messages are wanted. */
export function objectPrinter(flags: Flags, order: 'sorted' | 'typed' = 'sorted'): ObjectPrinter | undefined {
  const output = flags.text('output') || (flags.text('template') ? 'go-template' : '');
  if (output === '' || output === 'wide') return undefined;
  const equals = output.indexOf('=');
  const format = equals < 0 ? output : output.slice(0, equals);
  const argument = equals < 0 ? flags.text('template') : output.slice(equals + 1);
  const keep = flags.flag('show-managed-fields');
  const strict = !flags.flag('allow-missing-template-keys');
  const file = (): string => {
    if (!argument) throw new CommandError(`template format specified but no template given`);
    try {
      return readFileSync(argument, 'utf8');
    } catch (error) {
      throw new CommandError(`error reading --template ${argument}, ${(error as Error).message}`);
    }
  };
  const text = (): string => {
    if (!argument) throw new CommandError('template format specified but no template given');
    return argument;
  };
  switch (format) {
    case 'json':
      return (object) => `${prettyJson(cleaned(object, keep), order)}\n`;
    case 'yaml':
      return yamlPrinter(keep);
    case 'name':
      return namePrinter('');
    case 'jsonpath':
      return jsonPathPrinter(text(), strict);
    case 'jsonpath-file':
      return jsonPathPrinter(file(), strict);
    case 'jsonpath-as-json':
      return (object) => `${JSON.stringify(parseTemplate(text()).find(object, strict).flat(), null, 4)}\n`;
    case 'go-template':
    case 'template':
      return goTemplatePrinter(text(), strict);
    case 'go-template-file':
    case 'templatefile':
      return goTemplatePrinter(file(), strict);
    case 'custom-columns':
      return customColumns(columnSpec(argument), flags.has('no-headers') && flags.flag('no-headers'));
    case 'custom-columns-file':
      return customColumns(columnFile(file()), flags.has('no-headers') && flags.flag('no-headers'));
    default:
      throw new CommandError(`unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: ${formats.join(',')}`);
  }
}

/** managedFields are noise to people. */
function cleaned(object: JsonObject, keepManagedFields: boolean): JsonObject {
  if (keepManagedFields) return object;
  const without = (o: JsonObject): JsonObject => {
    const metadata = o['metadata'];
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata) || metadata['managedFields'] === undefined) return o;
    const { managedFields: _, ...rest } = metadata;
    return { ...o, metadata: rest };
  };
  const items = object['items'];
  return Array.isArray(items) ? { ...object, items: items.map((item) => without(item as JsonObject)) } : without(object);
}

export function sortedKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort(compareBytes).map((key) => [key, sortedKeys(value[key]!)]));
}

/** Indented by four; keys sorted, or in the order of their type where the object was made here. */
export function prettyJson(value: JsonValue, order: 'sorted' | 'typed' = 'sorted'): string {
  const text = JSON.stringify(order === 'sorted' ? sortedKeys(value) : value, (_key, item: unknown) => (typeof item === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(item.toString()) : item), 4);
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function yamlPrinter(keep: boolean): ObjectPrinter {
  let count = 0;
  return (object) => `${count++ > 0 ? '---\n' : ''}${dumpYaml(cleaned(object, keep))}`;
}

export function objectName(object: JsonObject): string {
  const { kind = '', apiVersion = '', metadata } = object as { kind?: string; apiVersion?: string; metadata?: { name?: string } };
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${kind.toLowerCase()}${group ? `.${group}` : ''}/${metadata?.name ?? ''}`;
}

/** `pod/a created`, or only `pod/a` where no operation is given. */
export function namePrinter(operation: string): ObjectPrinter {
  return (object) => {
    const items = object['kind'] === 'List' || (String(object['kind']).endsWith('List') && Array.isArray(object['items'])) ? (object['items'] as JsonObject[]) : [object];
    return items.map((item) => `${objectName(item)}${operation ? ` ${operation}` : ''}\n`).join('');
  };
}

function jsonPathPrinter(template: string, strict: boolean): ObjectPrinter {
  const parsed = guard(() => parseTemplate(template), `error parsing jsonpath ${template}`);
  return (object) => guard(() => parsed.render(object, strict), 'error executing jsonpath');
}

function goTemplatePrinter(template: string, strict: boolean): ObjectPrinter {
  const parsed = guard(() => parseGoTemplate(template), `error parsing template ${template}`);
  return (object) => guard(() => parsed(object, strict), 'error executing template');
}

function guard<T>(run: () => T, words: string): T {
  try {
    return run();
  } catch (error) {
    throw new CommandError(`${words}, ${(error as Error).message}`);
  }
}

interface CustomColumn {
  readonly header: string;
  readonly path: string;
}

function columnSpec(spec: string): CustomColumn[] {
  if (!spec) throw new CommandError('custom-columns format specified but no custom columns given');
  return spec.split(',').map((part) => {
    const colon = part.indexOf(':');
    if (colon < 0) throw new CommandError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { header: part.slice(0, colon), path: part.slice(colon + 1) };
  });
}

function columnFile(text: string): CustomColumn[] {
  const [headers = '', paths = ''] = text.split('\n');
  const names = headers.trim().split(/\s+/);
  const specs = paths.trim().split(/\s+/);
  if (names.length !== specs.length) throw new CommandError(`number of headers (${names.length}) and field specifications (${specs.length}) don't match`);
  return names.map((header, i) => ({ header, path: specs[i]! }));
}

function customColumns(columns: readonly CustomColumn[], noHeaders: boolean): ObjectPrinter {
  const parsed = columns.map((c) => parseTemplate(relaxedPath(c.path)));
  return (object) => {
    let out = '';
    const writer = new TabWriter((text) => (out += text));
    if (!noHeaders) writer.row(columns.map((c) => c.header));
    const items = Array.isArray(object['items']) ? (object['items'] as JsonObject[]) : [object];
    for (const item of items) writer.row(parsed.map((template) => template.find(item).flat().map((value) => (value === null ? '<nil>' : print(value))).join(',') || '<none>'));
    writer.flush();
    return out;
  };
}
