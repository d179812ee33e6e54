/** Defaults of the core types that depend on other fields; constants stand in the schema. */
import { parseQuantity } from '../../machinery/quantity.ts';
import type { DefaultHooks } from '../../schema/defaults.ts';
import { containerAmounts } from './aggregate.ts';
import type * as T from './v1/types.ts';

/** The tag of an image name; `latest` when it names neither tag nor digest. */
export function imageTag(image: string): string {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(':');
  const tag = colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
  return tag !== '' ? tag : at < 0 ? 'latest' : '';
}

/** What a registry would understand. */
const reference = /^((localhost|[A-Za-z0-9][A-Za-z0-9-]*([.][A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:[0-9]+\/)|\[[0-9a-fA-F:]+\])(:[0-9]+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*([+.-_][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

function pullPolicy(image: string): string {
  if (!reference.test(image)) return 'IfNotPresent';
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

function container(c: T.Container | T.EphemeralContainer): void {
  if (!c.imagePullPolicy) c.imagePullPolicy = pullPolicy(c.image ?? '');
}

/** Nothing finer than a thousandth is kept. */
function roundUp(list: Record<string, string> | undefined): void {
  for (const [name, amount] of Object.entries(list ?? {})) {
    if (amount.endsWith('n') || amount.endsWith('u')) list![name] = parseQuantity(amount).roundUp(-3).toString();
  }
}

/** What is limited but not requested is requested as it is limited. */
function requestsFromLimits(c: T.Container): void {
  if (!c.resources?.limits) return;
  const requests = (c.resources.requests ??= {});
  for (const [name, amount] of Object.entries(c.resources.limits)) requests[name] ??= amount;
}

function pod(p: T.Pod): void {
  const { spec } = p;
  for (const c of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestsFromLimits(c);
    if (spec.hostNetwork) for (const port of c.ports ?? []) port.hostPort ||= port.containerPort;
  }
  // Older clients meant `at once` by less than nothing.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  spec.enableServiceLinks ??= true;
  podResources(spec);
}

function isPodResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** Amounts of the pod as a whole, where the writer gave some: what the containers ask for together, or the limit. */
function podResources(spec: T.PodSpec): void {
  const own = spec.resources;
  if (!own || Object.keys(own.limits ?? {}).length + Object.keys(own.requests ?? {}).length === 0) return;
  const limits = { ...own.limits };
  for (const [name, amount] of containerAmounts(spec, 'limits')) {
    if (name.startsWith('hugepages-') && own.requests?.[name] === undefined) limits[name] ??= amount.toString();
  }
  if (Object.keys(limits).length > 0) own.limits = limits;
  if (Object.keys(limits).length === 0) return;
  const requests = { ...own.requests };
  for (const [name, amount] of containerAmounts(spec, 'requests')) if (name === 'cpu' || name === 'memory') requests[name] ??= amount.toString();
  for (const [name, amount] of Object.entries(limits)) if (isPodResource(name)) requests[name] ??= amount;
  if (Object.keys(requests).length > 0) own.requests = requests;
}

function podSpec(spec: T.PodSpec): void {
  spec.securityContext ??= {};
  // The older name of the same field always says the same.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (!account) return;
  spec.serviceAccountName = account;
  spec.serviceAccount = account;
}

/** One address is the first of several; where they differ the one counts, since old writers know only that. */
function podStatus(s: T.PodStatus): void {
  if (s.podIP && s.podIPs?.[0]?.ip !== s.podIP) s.podIPs = [{ ip: s.podIP }];
  else if (s.podIPs?.[0]?.ip) s.podIP = s.podIPs[0].ip;
}

function nodeSpec(s: T.NodeSpec): void {
  if (s.podCIDR && s.podCIDRs?.[0] !== s.podCIDR) s.podCIDRs = [s.podCIDR];
  else if (s.podCIDRs?.[0]) s.podCIDR = s.podCIDRs[0];
}

function volume(v: T.Volume): void {
  if (Object.keys(v).every((key) => key === 'name')) v.emptyDir = {};
  if (v.image && !v.image.pullPolicy) v.image.pullPolicy = pullPolicy(v.image.reference ?? '');
}

function service(s: T.Service): void {
  const { spec } = s;
  spec.sessionAffinity ||= 'None';
  spec.type ||= 'ClusterIP';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10800 } };
  }
  for (const port of spec.ports ?? []) if (!port.targetPort) port.targetPort = port.port;
  const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  if (outside) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const point of s.status?.loadBalancer?.ingress ?? []) if (point.ip) point.ipMode ??= 'VIP';
}

function replicationController(r: T.ReplicationController): void {
  const labels = r.spec.template?.metadata.labels;
  if (!labels) return;
  if (Object.keys(r.spec.selector ?? {}).length === 0) r.spec.selector = { ...labels };
  if (Object.keys(r.metadata.labels ?? {}).length === 0) r.metadata.labels = { ...labels };
}

function namespace(n: T.Namespace): void {
  if (n.metadata.name) (n.metadata.labels ??= {})['kubernetes.io/metadata.name'] = n.metadata.name;
}

function nodeStatus(s: T.NodeStatus): void {
  if (!s.allocatable && s.capacity) s.allocatable = { ...s.capacity };
}

function limitRangeItem(item: T.LimitRangeItem): void {
  if (item.type !== 'Container') return;
  const limit = (item.default ??= {});
  const request = (item.defaultRequest ??= {});
  for (const [name, amount] of Object.entries(item.max ?? {})) limit[name] ??= amount;
  for (const [name, amount] of Object.entries(limit)) request[name] ??= amount;
  for (const [name, amount] of Object.entries(item.min ?? {})) request[name] ??= amount;
}

/** Texts are for writers only; what is kept, and read, is data. */
function secret(s: T.Secret): void {
  if (!s.stringData) return;
  const data = (s.data ??= {});
  for (const [key, text] of Object.entries(s.stringData)) data[key] = Buffer.from(text).toString('base64');
  delete s.stringData;
}

export const hooks: DefaultHooks = {
  'core.v1.Pod': pod,
  'core.v1.PodSpec': podSpec,
  'core.v1.PodStatus': podStatus,
  'core.v1.Container': container,
  'core.v1.EphemeralContainer': container,
  'core.v1.Volume': volume,
  'core.v1.Service': service,
  'core.v1.ReplicationController': replicationController,
  'core.v1.Namespace': namespace,
  'core.v1.NodeSpec': nodeSpec,
  'core.v1.NodeStatus': nodeStatus,
  'core.v1.Secret': secret,
  'core.v1.LimitRangeItem': limitRangeItem,
  'core.v1.ResourceRequirements': (r: T.ResourceRequirements) => {
    roundUp(r.limits);
    roundUp(r.requests);
  },
};
