/** A rule of the configuration, ready for use. */
import type { Selector } from '../../machinery/selectors.ts';
import type { DiscoveryRule } from './config.ts';
import { LabelMapping } from './labels.ts';
import type { MappedResource, ResourceMapper } from './mapper.ts';
import { metricsQuery, type MetricsQuery } from './query.ts';
import { expandGroups, goRegex } from './regex.ts';

export interface Rule {
  readonly seriesQuery: string;
  readonly labels: LabelMapping;
  readonly query: MetricsQuery;
  /** The name of the metric; undefined for a series that the rule leaves out. */
  nameOf(series: string): string | undefined;
}

/** A metric as it can be asked for. */
export interface Metric {
  readonly series: string;
  readonly rule: Rule;
}

export interface CustomMetric extends Metric {
  readonly name: string;
  readonly resource: MappedResource;
}

export type NamedQuery = (metric: CustomMetric, namespace: string, names: readonly string[], selector: Selector) => string;

/** Throws when the cluster does not have what an override names. */
export function compileRule(rule: DiscoveryRule, mapper: ResourceMapper): Rule {
  const labels = new LabelMapping(rule.resources, mapper);
  const filters = (rule.seriesFilters ?? []).map(({ is, isNot }) => ({ regex: goRegex((is || isNot)!), wanted: Boolean(is) }));
  const { matches = '', as = '' } = rule.name ?? {};
  const pattern = goRegex(matches || '.*');
  const groups = new RegExp(`${pattern.source}|`, pattern.flags).exec('')!.length - 1;
  const form = as || (groups === 0 ? '$0' : '$1');
  return {
    seriesQuery: rule.seriesQuery, labels, query: metricsQuery(rule.metricsQuery ?? '', labels, mapper, rule.resources?.namespaced ?? true),
    nameOf: (series) => {
      if (filters.some(({ regex, wanted }) => regex.test(series) !== wanted)) return undefined;
      const match = pattern.exec(series);
      return match ? expandGroups(form, match) || undefined : undefined;
    },
  };
}
