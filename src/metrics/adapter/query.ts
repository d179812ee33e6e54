/** From the objects that a request is about to a question in Prometheus' language. */
import { parseGoTemplate } from '../../machinery/gotemplate.ts';
import type { JsonObject } from '../../machinery/json.ts';
import type { Requirement, Selector } from '../../machinery/selectors.ts';
import type { LabelMapping } from './labels.ts';
import type { MappedResource, ResourceMapper } from './mapper.ts';

export interface MetricsQuery {
  /** Of named objects; `namespace` is empty for those that are in none. */
  of(series: string, resource: MappedResource, namespace: string, names: readonly string[], selector: Selector, extraGroupBy?: readonly string[]): string;
  /** Of no object. */
  external(series: string, namespace: string, selector: Selector): string;
}

const quoted = (text: string): string => JSON.stringify(text);

/** One label matcher; throws where Prometheus has nothing that means the same. */
function matcher({ key, operator, values }: Requirement): string {
  const text = quoted(values.join('|'));
  const several = values.length > 1;
  switch (operator) {
    case 'exists':
      return `${key}!=""`;
    case '!':
      return `${key}=""`;
    case '=': case '==':
      return several ? `${key}=~${text}` : `${key}=${text}`;
    case '!=':
      return several ? `${key}!~${text}` : `${key}!=${text}`;
    case 'in':
      return `${key}=~${text}`;
    case 'notin':
      return `${key}!~${text}`;
    case 'gt': case 'lt':
      throw new Error('operator not supported by prometheus');
  }
}

export function metricsQuery(template: string, labels: LabelMapping, mapper: ResourceMapper, namespaced = true): MetricsQuery {
  const render = parseGoTemplate(template, ['<<', '>>']);
  const ask = (series: string, parts: readonly Requirement[], groupBy: readonly string[]): string => {
    const values = Object.fromEntries(parts.map((part) => [part.key, part.values.join('|')]));
    return filled(render, { Series: series, LabelMatchers: parts.map(matcher).join(','), LabelValuesByName: values, GroupBy: groupBy.join(','), GroupBySlice: [...groupBy] });
  };
  const within = (namespace: string): Requirement[] => (namespace === '' ? [] : [{ key: labels.labelOf(mapper.require('', 'namespaces')), operator: '=', values: [namespace] }]);
  return {
    of: (series, resource, namespace, names, selector, extraGroupBy = []) => {
      const parts = [...selector.requirements, ...within(namespace)];
      const label = labels.labelOf(resource);
      const own: Requirement = { key: label, operator: '=', values: names };
      return ask(series, [...parts, own], [label, ...extraGroupBy]);
    },
    external: (series, namespace, selector) => ask(series, [...selector.requirements, ...(namespaced ? within(namespace) : [])], []),
  };
}

function filled(render: (value: JsonObject) => string, fields: JsonObject): string {
  // A label that is not among those asked for stands for nothing, as in a map of Go's.
  const query = render(fields).replaceAll('<no value>', '');
  if (query === '') throw new Error('empty query produced by metrics query template');
  return query;
}
