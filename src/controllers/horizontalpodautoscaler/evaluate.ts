/** One metric of an autoscaler: what it is now, and how many replicas it asks for. */
import type { Client } from '../../client/client.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity, Quantity } from '../../machinery/quantity.ts';
import { selectorFromObject, type Selector } from '../../machinery/selectors.ts';
import type { CrossVersionObjectReference, MetricIdentifier, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../api/autoscaling/v2/index.ts';
import type { Pod } from '../../api/core/v1/index.ts';
import { replicasForAverage, replicasForShare, replicasForUtilization, replicasForValue, type Proposal, type Rules } from './calculate.ts';
import { externalMetric, objectMetric, podsMetric, resourceMetrics } from './metrics.ts';

export interface Target {
  readonly client: Client;
  readonly namespace: string;
  readonly selector: Selector;
  /** Those that the selector matches. */
  readonly pods: readonly DeepReadonly<Pod>[];
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly rules: Rules;
  /** `ingresses.networking.k8s.io` for the reference to one. */
  readonly resourceOf: (reference: DeepReadonly<CrossVersionObjectReference>) => Promise<string>;
}

export interface Evaluated {
  readonly replicas: number;
  /** As reasons name it: `cpu resource utilization (percentage of request)`. */
  readonly name: string;
  readonly status: MetricStatus;
}

export interface Failed {
  readonly reason: string;
  /** Of the event and the condition. */
  readonly message: string;
  /** As part of a longer sentence. */
  readonly summary: string;
}

type Metric = DeepReadonly<MetricSpec>;
type Identifier = DeepReadonly<MetricIdentifier>;

/** One kind of metric source. `during` and `about` are what the failure is put behind, inside out. */
interface Source {
  readonly reason: string;
  readonly during?: string;
  readonly about: string;
  evaluate(): Promise<Evaluated>;
}

export async function evaluate(metric: Metric, target: Target): Promise<Evaluated | Failed> {
  const source = sourceOf(metric, target);
  if (!source) {
    const message = `unknown metric source type ${JSON.stringify(metric.type)}`;
    return { reason: 'InvalidMetricSourceType', message, summary: message };
  }
  try {
    return await source.evaluate();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { reason: source.reason, message, summary: [source.about, ...(source.during ? [source.during] : []), message].join(': ') };
  }
}

function sourceOf({ resource, containerResource, pods, object, external }: Metric, target: Target): Source | undefined {
  if (resource) {
    const { name } = resource;
    return {
      reason: 'FailedGetResourceMetric', about: `failed to get ${name} resource metric value`,
      evaluate: async () => {
        const { value, ...rest } = await resourceValue(name, '', resource.target, target);
        return { ...rest, status: { type: 'Resource', resource: { name, current: value } } };
      },
    };
  }
  if (containerResource) {
    const { name, container } = containerResource;
    return {
      reason: 'FailedGetContainerResourceMetric', about: `failed to get ${container} container metric value`,
      evaluate: async () => {
        const { value, ...rest } = await resourceValue(name, container, containerResource.target, target);
        return { ...rest, status: { type: 'ContainerResource', containerResource: { name, current: value, container } } };
      },
    };
  }
  if (pods) return { reason: 'FailedGetPodsMetric', about: 'failed to get pods metric value', evaluate: () => podsValue(pods.metric, pods.target, target) };
  if (object) {
    return {
      reason: 'FailedGetObjectMetric', about: 'failed to get object metric value',
      ...(object.target.type === 'AverageValue' ? { during: `failed to get ${object.metric.name} object metric` } : {}),
      evaluate: () => objectValue(object.metric, object.target, object.describedObject, target),
    };
  }
  if (external) {
    const { name } = external.metric;
    return {
      reason: 'FailedGetExternalMetric', about: `failed to get ${name} external metric value`,
      during: external.target.averageValue === undefined ? `failed to get external metric ${name}` : `failed to get ${name} external metric`,
      evaluate: () => externalValue(external.metric, external.target, target),
    };
  }
  return undefined;
}

async function prefixed<T>(prefix: string, task: () => Promise<T> | T): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw new Error(`${prefix}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const milli = (text: string): number => parseQuantity(text).milli();
const written = (amount: number, resource = ''): string => Quantity.ofMilli(amount, resource === 'memory' ? 'BinarySI' : 'DecimalSI').toString();

async function resourceValue(resource: string, container: string, wanted: DeepReadonly<MetricTarget>, target: Target): Promise<{ replicas: number; name: string; value: MetricValueStatus }> {
  const { client, namespace, selector, pods, specReplicas, rules } = target;
  const { averageValue, averageUtilization } = wanted;
  if (averageValue === undefined && averageUtilization === undefined) {
    throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  }
  const propose = async (task: (metrics: Awaited<ReturnType<typeof resourceMetrics>>) => Proposal): Promise<Proposal> => {
    const metrics = await prefixed(`unable to get metrics for resource ${resource}`, () => resourceMetrics(client, namespace, selector, resource, container));
    return task(metrics);
  };
  if (averageValue !== undefined) {
    const { replicas, usage } = await prefixed(`failed to get ${resource} usage`, () =>
      propose((metrics) => replicasForAverage(specReplicas, milli(averageValue), pods, metrics, resource, rules)));
    return { replicas, name: `${resource} resource`, value: { averageValue: written(usage, resource) } };
  }
  const { replicas, usage, utilization = 0 } = await prefixed(`failed to get ${resource} utilization`, () =>
    propose((metrics) => replicasForUtilization(specReplicas, averageUtilization!, pods, metrics, resource, container, rules)));
  return {
    replicas, name: `${resource} ${container ? 'container ' : ''}resource utilization (percentage of request)`,
    value: { averageValue: written(usage, resource), averageUtilization: utilization },
  };
}

function identifier({ name, selector }: Identifier): MetricIdentifier {
  return { name, ...(selector ? { selector: selector as NonNullable<MetricIdentifier['selector']> } : {}) };
}

async function podsValue(metric: Identifier, wanted: DeepReadonly<MetricTarget>, { client, namespace, selector, pods, specReplicas, rules }: Target): Promise<Evaluated> {
  const metrics = await prefixed(`unable to get metric ${metric.name}`, () => podsMetric(client, namespace, metric.name, selector, selectorFromObject(metric.selector)));
  const { replicas, usage } = replicasForAverage(specReplicas, milli(wanted.averageValue ?? '0'), pods, metrics, '', rules);
  return { replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric: identifier(metric), current: { averageValue: written(usage) } } } };
}

async function objectValue(metric: Identifier, wanted: DeepReadonly<MetricTarget>, described: DeepReadonly<CrossVersionObjectReference>, target: Target): Promise<Evaluated> {
  const { client, namespace, pods, specReplicas, statusReplicas, rules, resourceOf } = target;
  const { type, value, averageValue } = wanted;
  const byValue = type === 'Value' && value !== undefined;
  if (!byValue && !(type === 'AverageValue' && averageValue !== undefined)) throw new Error('invalid object metric source: neither a value target nor an average value target was set');
  let usage: number;
  try {
    usage = await objectMetric(client, namespace, await resourceOf(described), described.name, metric.name, selectorFromObject(metric.selector));
  } catch (error) {
    throw new Error(`unable to get metric ${metric.name}: ${described.kind} on ${namespace} ${described.name}/${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const status = (current: MetricValueStatus): MetricStatus => ({ type: 'Object', object: { metric: identifier(metric), current, describedObject: { ...described } } });
  if (byValue) {
    const proposal = replicasForValue(specReplicas, usage, milli(value), pods, rules);
    return { replicas: proposal.replicas, name: `${described.kind} metric ${metric.name}`, status: status({ value: written(usage) }) };
  }
  const proposal = replicasForShare(statusReplicas, usage, milli(averageValue!), rules);
  return { replicas: proposal.replicas, name: `external metric ${metric.name}(${selectorText(metric)})`, status: status({ averageValue: written(proposal.usage) }) };
}

async function externalValue(metric: Identifier, wanted: DeepReadonly<MetricTarget>, { client, namespace, pods, specReplicas, statusReplicas, rules }: Target): Promise<Evaluated> {
  const { value, averageValue } = wanted;
  if (value === undefined && averageValue === undefined) throw new Error('invalid external metric source: neither a value target nor an average value target was set');
  const usage = await prefixed(`unable to get external metric ${namespace}/${metric.name}/${selectorText(metric)}`, () => externalMetric(client, namespace, metric.name, selectorFromObject(metric.selector)));
  const name = `external metric ${metric.name}(${selectorText(metric)})`;
  const status = (current: MetricValueStatus): MetricStatus => ({ type: 'External', external: { metric: identifier(metric), current } });
  if (averageValue !== undefined) {
    const proposal = replicasForShare(statusReplicas, usage, milli(averageValue), rules);
    return { replicas: proposal.replicas, name, status: status({ averageValue: written(proposal.usage) }) };
  }
  const proposal = replicasForValue(specReplicas, usage, milli(value!), pods, rules);
  return { replicas: proposal.replicas, name, status: status({ value: written(usage) }) };
}

/** As upstream prints a selector within a sentence. */
function selectorText({ selector }: Identifier): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value},`).join('');
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`).join('');
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
