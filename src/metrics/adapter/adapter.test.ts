import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/ids.ts';
import { silent } from '../../base/log.ts';
import { systemClock } from '../../base/clock.ts';
import type { Discovered } from '../../client/discovery.ts';
import { parseLabelSelector, Selector } from '../../machinery/selectors.ts';
import { parseConfig, type DiscoveryRule } from './config.ts';
import { prometheusAdapterManifests } from './manifests.ts';
import { ResourceMapper } from './mapper.ts';
import { PrometheusError, type Prometheus } from './prometheus.ts';
import { MetricsRegistry } from './registry.ts';
import { compileRule } from './rules.ts';

const surroundings = { clock: systemClock, random: systemRandom, log: silent };
const never = new AbortController().signal;
const kind = (group: string, version: string, resource: string, name: string, namespaced = true): Discovered => ({ ref: { group, version, resource, kind: name, namespaced }, singular: name.toLowerCase(), verbs: new Set(['list']) });
const mapper = new ResourceMapper([
  kind('', 'v1', 'pods', 'Pod'), kind('', 'v1', 'services', 'Service'), kind('', 'v1', 'nodes', 'Node', false), kind('', 'v1', 'namespaces', 'Namespace', false), kind('apps', 'v1', 'deployments', 'Deployment'),
  kind('networking.k8s.io', 'v1', 'ingresses', 'Ingress'), kind('custom.metrics.k8s.io', 'v1beta1', 'pods', 'MetricValueList'),
]);
const pods = mapper.require('', 'pod');
const rule = (more: Partial<DiscoveryRule> = {}): DiscoveryRule => ({
  seriesQuery: '{pod!=""}', resources: { overrides: { namespace: { resource: 'namespace' }, pod: { resource: 'pod' } } }, metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)', ...more,
});

test('a configuration that is wrong is refused, with line and field', () => {
  const head = "rules:\n- seriesQuery: 'up'\n";
  const cases: readonly (readonly [string, RegExp])[] = [
    ['rules: [', /^yaml: line 1: /],
    [`${head}  metricQuery: x\n`, /^line 3: rules\[0\]\.metricQuery: unknown field "metricQuery"$/],
    [`${head}  seriesFilters:\n  - is: a\n    isNot: b\n`, /^line 4: rules\[0\]\.seriesFilters\[0\]: .*cannot have both an `is` \("a"\) and `isNot` \("b"\) expression in a single filter$/],
    [`${head}  seriesFilters:\n  - {}\n`, /^line 4: .*must have either an `is` or `isNot` expression in a filter$/],
    [`${head}  name: {matches: '^(a)(b)$'}\n`, /^line 3: rules\[0\]\.name\.matches: must specify an 'as' value for name matcher "\^\(a\)\(b\)\$" associated with series query "up"$/],
    [`${head}  name:\n    matches: '(?=x)'\n`, /^line 4: rules\[0\]\.name\.matches: unable to compile series name match expression "\(\?=x\)" associated with series query "up": /],
    [`${head}  metricsQuery: 'sum(<<.Series>>{<<.Labels>>})'\n`, /^line 3: rules\[0\]\.metricsQuery: .*can't evaluate field Labels/],
    [`${head}  metricsQuery: 'sum(<<.Series'\n`, /^line 3: rules\[0\]\.metricsQuery: unable to construct metrics query associated with series query "up": unable to parse metrics query template .*unclosed action$/],
    [`${head}  resources:\n    template: 'kube_<<.Group>>'\n`, /^line 4: rules\[0\]\.resources\.template: .*must include at least `\{\{\.Resource\}\}` in the label template$/],
    [`${head}  resources: {overrides: {pod: {group: x}}}\n`, /^line 3: rules\[0\]\.resources\.overrides\.pod: resource is required$/],
    ['rules:\n- metricsQuery: x\n', /^line 2: rules\[0\]: seriesQuery is required$/],
    ['externalRules:\n  seriesQuery: up\n', /^line 1: externalRules: must be a list$/],
    ['rules: []\nrules: []\n', /^line 2: key "rules" already set in map$/],
    ['resourceRules: {window: 5 minutes}\n', /^line 1: resourceRules\.window: not a valid duration string: "5 minutes"$/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseConfig(text), { message }, text);
  assert.equal(parseConfig('resourceRules: {window: 1m30s}\n').resourceRules?.windowMs, 90_000);
  assert.deepEqual(parseConfig(''), { rules: [], externalRules: [] });
});

test('names are what the pattern makes of them, and filters leave series out', () => {
  const perSecond = compileRule(rule({ name: { matches: '^(.*)_total$', as: '${1}_per_second' } }), mapper);
  assert.equal(perSecond.nameOf('http_requests_total'), 'http_requests_per_second');
  assert.equal(perSecond.nameOf('http_requests'), undefined);
  assert.equal(compileRule(rule({ name: { matches: '^container_(.*)_seconds_total$' } }), mapper).nameOf('container_cpu_usage_seconds_total'), 'cpu_usage');
  assert.equal(compileRule(rule({ name: { matches: '(?P<what>.+)_x', as: '$what' } }), mapper).nameOf('a_x'), 'a');
  const filtered = compileRule(rule({ seriesFilters: [{ is: '^a' }, { isNot: '_total$' }] }), mapper);
  assert.deepEqual(['a_b', 'a_total', 'b'].map((name) => filtered.nameOf(name)), ['a_b', undefined, undefined]);
});

test('the rules that the add-on brings', () => {
  const manifests = prometheusAdapterManifests({ image: 'i', command: ['k7s'], mounts: [] }) as { kind: string; data?: Record<string, string> }[];
  const { rules, externalRules } = parseConfig(manifests.find((m) => m.kind === 'ConfigMap')!.data!['config.yaml']!);
  const [counters, gauges] = rules.map((r) => compileRule(r, mapper));
  assert.equal(counters!.nameOf('http_requests_total'), 'http_requests_per_second');
  assert.equal(counters!.nameOf('container_cpu_usage_seconds_total'), undefined);
  assert.equal(counters!.query.of('http_requests_total', pods, 'ns', ['a', 'b'], Selector.everything), 'sum(rate(http_requests_total{namespace="ns",pod=~"a|b"}[2m])) by (pod)');
  assert.equal(gauges!.query.of('queue', pods, 'ns', ['a'], Selector.everything), 'sum(queue{namespace="ns",pod="a"}) by (pod)');
  assert.equal(compileRule(externalRules[0]!, mapper).query.external('queue', 'ns', Selector.everything), 'sum(queue{namespace="ns"})');
});

test('queries carry the objects, their namespace and the selector of the metric', () => {
  const { query } = compileRule(rule(), mapper);
  assert.equal(query.of('x_total', pods, 'ns', ['a'], Selector.everything), 'sum(rate(x_total{namespace="ns",pod="a"}[2m])) by (pod)');
  assert.equal(query.of('x_total', pods, 'ns', ['a', 'b'], parseLabelSelector('verb=GET,code!=500,path in (x,y),host,!old')),
    'sum(rate(x_total{code!="500",host!="",old="",path=~"x|y",verb="GET",namespace="ns",pod=~"a|b"}[2m])) by (pod)');
  assert.throws(() => query.of('x', pods, 'ns', ['a'], parseLabelSelector('n>1')), { message: 'operator not supported by prometheus' });
  assert.throws(() => query.of('x', mapper.require('apps', 'deployments'), 'ns', ['a'], Selector.everything), { message: 'unable to convert resource deployments.apps into label: no generic resource label form specified for this metric' });
  const fields = compileRule(rule({ metricsQuery: 'f(<<index .LabelValuesByName "pod">>,<<.LabelValuesByName.none>>)<<range .GroupBySlice>> <<.>><<end>>' }), mapper).query;
  assert.equal(fields.of('x', pods, 'ns', ['a', 'b'], Selector.everything, ['container']), 'f(a|b,) pod container');
  const external = (namespaced?: boolean) => compileRule(rule({ resources: { overrides: { ns: { resource: 'namespace' } }, ...(namespaced === undefined ? {} : { namespaced }) }, metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>})' }), mapper).query;
  assert.equal(external().external('q', 'default', parseLabelSelector('a=b')), 'sum(q{a="b",ns="default"})');
  assert.equal(external(false).external('q', 'default', parseLabelSelector('a=b')), 'sum(q{a="b"})');
});

test('labels name resources by template and by override, in both directions', () => {
  const { labels } = compileRule(rule({ resources: { template: 'kube_<<.Group>>_<<.Resource>>', overrides: { micro: { group: 'apps', resource: 'deployment' } } } }), mapper);
  assert.equal(labels.resourceOf('kube_networking_k8s_io_ingress')?.resource, 'ingresses');
  assert.equal(labels.resourceOf('micro')?.resource, 'deployments');
  assert.equal(labels.resourceOf('pod'), undefined);
  assert.equal(labels.labelOf(mapper.require('networking.k8s.io', 'ingresses')), 'kube_networking_k8s_io_ingress');
  assert.equal(labels.labelOf(mapper.require('apps', 'deployments')), 'micro');
  assert.equal(compileRule(rule({ resources: { template: '<<.Resource>>' } }), mapper).labels.resourceOf('deployment')?.group, 'apps', 'the group is guessed');
  assert.throws(() => compileRule(rule({ resources: { overrides: { x: { resource: 'things' } } } }), mapper), { message: 'unable to normalize group-resource { things}: no matches for /, Resource=things' });
});

test('what Prometheus has is listed by rule; a rule that cannot be asked keeps its last answer', async () => {
  let away = false;
  const prometheus: Prometheus = {
    url: 'http://p',
    series: async (selector) => {
      if (away && selector === '{pod!=""}') throw new PrometheusError('http://p', 'gone', true);
      return selector === '{pod!=""}'
        ? [{ __name__: 'a_total', namespace: 'n', pod: 'p', code: '1' }, { __name__: 'a_total', namespace: 'n', pod: 'q', code: '2' }, { __name__: 'b', pod: 'p' }]
        : [{ __name__: 'queue' }, ...(away ? [{ __name__: 'more' }] : [])];
    },
    query: async () => ({ type: 'vector', samples: [] }),
  };
  const registry = new MetricsRegistry({ custom: [compileRule(rule(), mapper)], external: [compileRule(rule({ seriesQuery: 'queue' }), mapper)] }, prometheus, 60_000, surroundings);
  await registry.relist(never);
  const names = (): string[] => [...registry.customMetrics()].map(([key]) => key).sort();
  assert.deepEqual(names(), ['namespaces/a_total', 'pods/a_total', 'pods/b']);
  assert.deepEqual([...registry.externalMetrics()], ['queue']);
  assert.equal(registry.failure, undefined);
  away = true;
  await registry.relist(never);
  assert.deepEqual(names(), ['namespaces/a_total', 'pods/a_total', 'pods/b']);
  assert.deepEqual([...registry.externalMetrics()], ['queue', 'more']);
  assert.match(String(registry.failure), /Prometheus at http:\/\/p: gone$/);
});
