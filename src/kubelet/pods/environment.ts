/** The environment of a container: services, ConfigMaps, Secrets, fields of the pod, and references among variables. */
import { parseQuantity } from '../../machinery/quantity.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { requested } from './resources.ts';
import type { Container, Pod } from './model.ts';

/** Fails the container with CreateContainerConfigError. */
export class ConfigError extends Error {}

export interface Lookup {
  configMap(namespace: string, name: string): Promise<DeepReadonly<core.ConfigMap> | undefined>;
  secret(namespace: string, name: string): Promise<DeepReadonly<core.Secret> | undefined>;
}

export interface NodeFacts {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** Of the node, for limits that a container does not state. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** `$(NAME)` becomes its value where one is known, `$$` is a dollar sign. */
export function expand(text: string, value: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return value(name ?? '') ?? whole;
  });
}

type Service = DeepReadonly<core.Service>;

/** Upstream's variables for a service: host, port, and one group for each port in the form of Docker's links. */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const out = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const ip = spec.clusterIP;
    const first = spec.ports?.[0];
    if (!ip || ip === 'None' || !first) continue;
    const prefix = metadata.name.toUpperCase().replaceAll('-', '_');
    const host = ip.includes(':') ? `[${ip}]` : ip;
    out.set(`${prefix}_SERVICE_HOST`, ip);
    out.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const port of spec.ports ?? []) {
      if (port.name) out.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    }
    out.set(`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`);
    for (const port of spec.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      const stem = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
      out.set(stem, `${protocol.toLowerCase()}://${host}:${port.port}`);
      out.set(`${stem}_PROTO`, protocol.toLowerCase());
      out.set(`${stem}_PORT`, String(port.port));
      out.set(`${stem}_ADDR`, ip);
    }
  }
  return out;
}

function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}=${JSON.stringify(v)}`)
    .join('\n');
}

/** The value of a field of the pod; throws ConfigError for one that cannot be referred to. */
export function podField(pod: Pod, path: string, facts: NodeFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return (subscript[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[subscript[2]!] ?? '';
  switch (path) {
    case 'metadata.name': return pod.metadata.name;
    case 'metadata.namespace': return pod.metadata.namespace ?? '';
    case 'metadata.uid': return pod.metadata.uid;
    case 'metadata.labels': return mapText(pod.metadata.labels);
    case 'metadata.annotations': return mapText(pod.metadata.annotations);
    case 'spec.nodeName': return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName': return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP': return facts.hostIPs[0] ?? '';
    case 'status.hostIPs': return facts.hostIPs.join(',');
    case 'status.podIP': return facts.podIPs[0] ?? '';
    case 'status.podIPs': return facts.podIPs.join(',');
    default: throw new ConfigError(`unsupported fieldPath: ${path}`);
  }
}

/** A request or limit in units of its divisor, rounded up. */
export function resourceField(container: Container, resource: string, divisor: string | undefined, facts: NodeFacts): string {
  const dot = resource.indexOf('.');
  const [kind, name] = [resource.slice(0, dot), resource.slice(dot + 1)];
  const own = kind === 'limits' ? container.resources.limits?.[name] : requested(container, name);
  const quantity = own ?? (kind === 'limits' ? facts.allocatable[name] : undefined) ?? '0';
  const unit = divisor === undefined || divisor === '0' || divisor === '' ? '1' : divisor;
  if (name === 'cpu') return String(Math.ceil(Number(parseQuantity(quantity).milli()) / Math.max(1, Number(parseQuantity(unit).milli()))));
  return String(Math.ceil(Number(parseQuantity(quantity).value()) / Math.max(1, Number(parseQuantity(unit).value()))));
}

async function fromSources(pod: Pod, container: Container, lookup: Lookup, into: Map<string, string>): Promise<void> {
  const namespace = pod.metadata.namespace ?? '';
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    if (source.configMapRef) {
      const { name = '', optional } = source.configMapRef;
      const map = await lookup.configMap(namespace, name);
      if (!map && !optional) throw new ConfigError(`configmap ${JSON.stringify(name)} not found`);
      for (const [k, v] of Object.entries(map?.data ?? {})) into.set(prefix + k, v);
    }
    if (source.secretRef) {
      const { name = '', optional } = source.secretRef;
      const secret = await lookup.secret(namespace, name);
      if (!secret && !optional) throw new ConfigError(`secret ${JSON.stringify(name)} not found`);
      for (const [k, v] of Object.entries(secret?.data ?? {})) into.set(prefix + k, Buffer.from(v, 'base64').toString());
    }
  }
}

async function fromReference(
  pod: Pod, container: Container, from: DeepReadonly<core.EnvVarSource>, lookup: Lookup, facts: NodeFacts,
): Promise<string | undefined> {
  const namespace = pod.metadata.namespace ?? '';
  if (from.fieldRef) return podField(pod, from.fieldRef.fieldPath, facts);
  if (from.resourceFieldRef) {
    const { containerName, resource, divisor } = from.resourceFieldRef;
    const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
    return resourceField(all.find((c) => c.name === containerName) ?? container, resource, divisor, facts);
  }
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const map = await lookup.configMap(namespace, name);
    if (!map && !optional) throw new ConfigError(`configmap ${JSON.stringify(name)} not found`);
    const value = map?.data?.[key];
    if (value === undefined && !optional) throw new ConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return value;
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    const secret = await lookup.secret(namespace, name);
    if (!secret && !optional) throw new ConfigError(`secret ${JSON.stringify(name)} not found`);
    const value = secret?.data?.[key];
    if (value === undefined && !optional) throw new ConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
  }
  throw new ConfigError('this source of an environment variable is not supported');
}

export async function environment(
  pod: Pod, container: Container, services: readonly Service[], lookup: Lookup, facts: NodeFacts,
): Promise<Map<string, string>> {
  const linked = serviceVariables(services);
  const out = new Map<string, string>();
  await fromSources(pod, container, lookup, out);
  const known = (name: string): string | undefined => out.get(name) ?? linked.get(name);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const text = valueFrom ? await fromReference(pod, container, valueFrom, lookup, facts) : expand(value ?? '', known);
    if (text !== undefined) out.set(name, text);
  }
  for (const [name, value] of linked) if (!out.has(name)) out.set(name, value);
  return out;
}

