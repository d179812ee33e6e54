/** The rules that tell which series are metrics, of what, by which name, and how they are asked for: upstream's configuration file. */
import { parseGoTemplate } from '../../machinery/gotemplate.ts';
import type { JsonValue } from '../../machinery/json.ts';
import { parseYaml, YamlSyntaxError } from '../../machinery/yaml.ts';
import { yamlLines } from '../../machinery/yamllines.ts';
import { goRegex } from './regex.ts';

export interface RegexFilter {
  readonly is?: string;
  readonly isNot?: string;
}

export interface GroupResource {
  readonly group?: string;
  readonly resource: string;
}

export interface ResourceMapping {
  readonly template?: string;
  readonly overrides?: Readonly<Record<string, GroupResource>>;
  /** Of external rules: false leaves the namespace of the request out of the query. */
  readonly namespaced?: boolean;
}

export interface DiscoveryRule {
  readonly seriesQuery: string;
  readonly seriesFilters?: readonly RegexFilter[];
  readonly resources?: ResourceMapping;
  readonly name?: { readonly matches?: string; readonly as?: string };
  readonly metricsQuery: string;
}

export interface ResourceRule {
  readonly containerQuery: string;
  readonly nodeQuery: string;
  readonly resources?: ResourceMapping;
  readonly containerLabel: string;
}

export interface AdapterConfig {
  readonly rules: readonly DiscoveryRule[];
  readonly externalRules: readonly DiscoveryRule[];
  readonly resourceRules?: { readonly cpu: ResourceRule; readonly memory: ResourceRule; readonly windowMs: number };
}

/** The configuration is wrong: where, and how. */
export class ConfigError extends Error {}

type Reader<T> = (value: JsonValue, path: string) => T;

/** Reads values by their paths, and names line and path of what does not fit. */
class Reading {
  readonly #lines: ReadonlyMap<string, number>;

  constructor(lines: ReadonlyMap<string, number>) {
    this.#lines = lines;
  }

  fail(path: string, why: string): never {
    const line = this.#lines.get(path);
    throw new ConfigError(`${line === undefined ? '' : `line ${line}: `}${path}: ${why}`);
  }

  readonly text: Reader<string> = (value, path) => {
    if (value === null) return '';
    // YAML takes unquoted numbers and booleans for what they look like; a field of text takes them for text.
    return typeof value === 'object' ? this.fail(path, 'must be a text') : String(value);
  };

  readonly bool: Reader<boolean> = (value, path) => (typeof value === 'boolean' ? value : this.fail(path, 'must be true or false'));

  list<T>(read: Reader<T>): Reader<T[]> {
    return (value, path) => {
      if (value === null) return [];
      if (!Array.isArray(value)) this.fail(path, 'must be a list');
      return value.map((item, i) => read(item, `${path}[${i}]`));
    };
  }

  map<T>(read: Reader<T>): Reader<Record<string, T>> {
    return (value, path) => {
      if (value === null) return {};
      if (typeof value !== 'object' || Array.isArray(value)) this.fail(path, 'must be a mapping');
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item, `${path}.${key}`)]));
    };
  }

  /** Fields that are there; another one is a mistake. */
  fields<T extends object>(readers: { readonly [K in keyof T]-?: Reader<Exclude<T[K], undefined>> }): Reader<T> {
    return (value, path) => {
      if (value === null) return {} as T;
      if (typeof value !== 'object' || Array.isArray(value)) this.fail(path || 'the document', 'must be a mapping');
      const out: Record<string, unknown> = {};
      for (const [name, item] of Object.entries(value)) {
        const at = path === '' ? name : `${path}.${name}`;
        const read = Object.hasOwn(readers, name) ? readers[name as keyof T] : undefined;
        if (!read) this.fail(at, `unknown field ${JSON.stringify(name)}`);
        out[name] = read(item, at);
      }
      return out as T;
    };
  }
}

interface Written {
  rules?: DiscoveryRule[];
  externalRules?: DiscoveryRule[];
  resourceRules?: { cpu?: ResourceRule; memory?: ResourceRule; window?: string };
}

/** Throws ConfigError. */
export function parseConfig(text: string): AdapterConfig {
  let value: JsonValue;
  let duplicates: readonly string[];
  try {
    ({ value, duplicates } = parseYaml(text, { duplicates: true }));
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
  if (duplicates[0]) throw new ConfigError(duplicates[0]);
  const reading = new Reading(value === null ? new Map() : yamlLines(text));
  const { text: string, bool } = reading;
  const mapping = reading.fields<ResourceMapping>({ template: string, namespaced: bool, overrides: reading.map(reading.fields<GroupResource>({ group: string, resource: string })) });
  const rules = reading.list(reading.fields<DiscoveryRule>({
    seriesQuery: string, metricsQuery: string, resources: mapping, name: reading.fields({ matches: string, as: string }),
    seriesFilters: reading.list(reading.fields<RegexFilter>({ is: string, isNot: string })),
  }));
  const resource = reading.fields<ResourceRule>({ containerQuery: string, nodeQuery: string, containerLabel: string, resources: mapping });
  const written = reading.fields<Written>({ rules, externalRules: rules, resourceRules: reading.fields({ cpu: resource, memory: resource, window: string }) })(value, '');
  (written.rules ?? []).forEach((rule, i) => checkRule(rule, `rules[${i}]`, reading));
  (written.externalRules ?? []).forEach((rule, i) => checkRule(rule, `externalRules[${i}]`, reading));
  return { rules: written.rules ?? [], externalRules: written.externalRules ?? [], ...(written.resourceRules ? { resourceRules: resourceRules(written.resourceRules, reading) } : {}) };
}

function checkRule(rule: DiscoveryRule, path: string, reading: Reading): void {
  const about = `associated with series query ${JSON.stringify(rule.seriesQuery ?? '')}`;
  const regex = (pattern: string, at: string, what: string): RegExp => {
    try {
      return goRegex(pattern);
    } catch (error) {
      return reading.fail(at, `unable to compile ${what} ${JSON.stringify(pattern)} ${about}: ${(error as Error).message}`);
    }
  };
  if (!rule.seriesQuery) reading.fail(path, 'seriesQuery is required');
  checkMapping(rule.resources, `${path}.resources`, reading);
  checkTemplate(rule.metricsQuery ?? '', `${path}.metricsQuery`, `unable to construct metrics query ${about}`, reading);
  (rule.seriesFilters ?? []).forEach(({ is, isNot }, i) => {
    const at = `${path}.seriesFilters[${i}]`;
    const why = `unable to generate series name filter ${about}`;
    if (is && isNot) reading.fail(at, `${why}: cannot have both an \`is\` (${JSON.stringify(is)}) and \`isNot\` (${JSON.stringify(isNot)}) expression in a single filter`);
    if (!is && !isNot) reading.fail(at, `${why}: must have either an \`is\` or \`isNot\` expression in a filter`);
    regex((is || isNot)!, at, 'series filter');
  });
  const { matches = '', as = '' } = rule.name ?? {};
  const groups = matches === '' ? 0 : new RegExp(`${regex(matches, `${path}.name.matches`, 'series name match expression').source}|`).exec('')!.length - 1;
  if (as === '' && groups > 1) reading.fail(`${path}.name.matches`, `must specify an 'as' value for name matcher ${JSON.stringify(matches)} ${about}`);
}

function checkMapping(mapping: ResourceMapping | undefined, path: string, reading: Reading): void {
  for (const [label, { resource }] of Object.entries(mapping?.overrides ?? {})) if (!resource) reading.fail(`${path}.overrides.${label}`, 'resource is required');
  if (!mapping?.template) return;
  const at = `${path}.template`;
  const why = `unable to parse label template ${JSON.stringify(mapping.template)}`;
  checkFields(mapping.template, ['Group', 'Resource'], at, why, reading);
  if (!/<<[^>]*\.Resource/.test(mapping.template)) reading.fail(at, `unable to generate label format from template ${JSON.stringify(mapping.template)}: must include at least \`{{.Resource}}\` in the label template`);
}

const queryFields = ['Series', 'LabelMatchers', 'LabelValuesByName', 'GroupBy', 'GroupBySlice'];

function checkTemplate(template: string, path: string, why: string, reading: Reading): void {
  checkFields(template, queryFields, path, `${why}: unable to parse metrics query template ${JSON.stringify(template)}`, reading);
}

function checkFields(template: string, known: readonly string[], path: string, why: string, reading: Reading): void {
  try {
    parseGoTemplate(template, ['<<', '>>']);
  } catch (error) {
    reading.fail(path, `${why}: ${(error as Error).message}`);
  }
  for (const [action] of template.matchAll(/<<[\s\S]*?>>/g)) {
    for (const [, field] of action.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '').matchAll(/(?:^|[\s(|<])\$?\.([A-Za-z_]\w*)/g)) {
      if (!known.includes(field!)) reading.fail(path, `${why}: can't evaluate field ${field}; there are ${known.map((name) => `.${name}`).join(', ')}`);
    }
  }
}

function resourceRules({ cpu, memory, window = '' }: NonNullable<Written['resourceRules']>, reading: Reading): NonNullable<AdapterConfig['resourceRules']> {
  const rule = (name: 'cpu' | 'memory', given: Partial<ResourceRule> = {}): ResourceRule => {
    const path = `resourceRules.${name}`;
    checkMapping(given.resources, `${path}.resources`, reading);
    checkTemplate(given.containerQuery ?? '', `${path}.containerQuery`, 'unable to construct container metrics query', reading);
    checkTemplate(given.nodeQuery ?? '', `${path}.nodeQuery`, 'unable to construct node metrics query', reading);
    return { containerQuery: '', nodeQuery: '', containerLabel: '', ...given };
  };
  const windowMs = parsePrometheusDuration(window);
  if (windowMs === undefined) reading.fail('resourceRules.window', `not a valid duration string: ${JSON.stringify(window)}`);
  return { cpu: rule('cpu', cpu), memory: rule('memory', memory), windowMs };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

/** `1h30m`, `5m`, `0`: units in falling order, each once. */
function parsePrometheusDuration(text: string): number | undefined {
  if (text === '' || text === '0') return 0;
  if (!/^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);
}
