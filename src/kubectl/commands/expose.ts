/** `kubectl expose`: a service for what something selects. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { dryRunOf, resultPrinter } from '../changes.ts';
import { createGenerated, generatorFlags } from '../generated.ts';
import { filenameFlags, metadataOf } from '../resources.ts';
import type { Session } from '../session.ts';
import { chosenObjects } from './scale.ts';

const exposable: readonly string[] = ['/ReplicationController', '/Service', '/Pod', 'apps/Deployment', 'apps/ReplicaSet'];

interface Exposed {
  spec: { selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] } & Record<string, unknown>; template?: { spec: PodLike }; ports?: { port: number; protocol?: string }[] } & Partial<PodLike>;
}
interface PodLike {
  containers: { ports?: { containerPort: number; protocol?: string }[] }[];
}

export const expose: Command = {
  name: 'expose',
  use: 'expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]',
  short: 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
  flags: {
    ...generatorFlags,
    ...filenameFlags,
    'cluster-ip': { type: 'string', help: "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service." },
    'external-ip': { type: 'string', help: 'Additional external IP address (not managed by Kubernetes) to accept for the service.' },
    labels: { type: 'string', short: 'l', help: 'Labels to apply to the service created by this call.' },
    'load-balancer-ip': { type: 'string', help: 'IP to assign to the LoadBalancer.' },
    name: { type: 'string', help: 'The name for the newly created object.' },
    port: { type: 'string', help: 'The port that the service should serve on.' },
    protocol: { type: 'string', help: "The network protocol for the service to be created. Default is 'TCP'." },
    selector: { type: 'string', help: 'A label selector to use for this service. Only equality-based selector requirements are supported.' },
    'session-affinity': { type: 'string', help: "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'" },
    'target-port': { type: 'string', help: 'Name or number for the port on the container that the service should direct traffic to.' },
    type: { type: 'string', help: 'Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName.' },
    all: { type: 'bool' },
  },
  run: async (session, args) => {
    if (args.length === 0 && session.flags.list('filename').length === 0) throw new CommandError("You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
    const selector = session.flags.text('selector');
    const chosen = await chosenObjects(session, args, '');
    for (const { mapping, object } of chosen) {
      if (!exposable.includes(`${mapping.group}/${mapping.kind}`)) throw new CommandError(`cannot expose a ${mapping.kind}${mapping.group ? `.${mapping.group}` : ''}`);
      const service = serviceFor(session, object, mapping.kind, selector);
      const created = await createGenerated(session, service, 'kubectl-expose');
      resultPrinter(session, 'exposed', dryRunOf(session.flags) === 'client' ? 'typed' : 'sorted')(created);
    }
  },
};

function equalities(text: string): Record<string, string> {
  return Object.fromEntries(text.split(',').map((part) => {
    const m = /^([^=]+)==?([^=]*)$/.exec(part);
    if (!m) throw new CommandError(`unexpected label spec: ${part}`);
    return [m[1]!, m[2]!];
  }));
}

function selectorFor(object: JsonObject, kind: string): Record<string, string> {
  const { selector } = (object as unknown as Exposed).spec;
  const say = (why: string): CommandError => new CommandError(`couldn't retrieve selectors via --selector flag or introspection: ${why}`);
  if (kind === 'Pod') {
    const { labels } = metadataOf(object);
    if (!labels || Object.keys(labels).length === 0) throw say('the pod has no labels and cannot be exposed');
    return labels;
  }
  if (kind === 'Service' || kind === 'ReplicationController') {
    if (!selector || Object.keys(selector).length === 0) throw say('the service has no pod selector set');
    return selector as Record<string, string>;
  }
  if (selector?.matchExpressions?.length) throw say(`couldn't convert expressions - "${JSON.stringify(selector.matchExpressions)}" to map-based selector format`);
  return selector?.matchLabels ?? {};
}

function serviceFor(session: Session, object: JsonObject, kind: string, selectorText: string): JsonObject {
  const { flags } = session;
  const { name = '', labels } = metadataOf(object);
  const selector = selectorText ? equalities(selectorText) : selectorFor(object, kind);
  const { spec } = object as unknown as Exposed;
  const pod = spec.template?.spec ?? (kind === 'Pod' ? (spec as unknown as PodLike) : undefined);
  const known = pod ? pod.containers.flatMap((c) => c.ports ?? []).map((p) => ({ port: p.containerPort, protocol: p.protocol ?? 'TCP' })) : (spec.ports ?? []).map((p) => ({ port: p.port, protocol: p.protocol ?? 'TCP' }));
  const wanted = flags.text('port') ? flags.text('port').split(',') : [...new Set(known.map((p) => String(p.port)))];
  if (wanted.length === 0 && flags.text('cluster-ip') !== 'None') throw new CommandError("couldn't find port via --port flag or introspection");
  const target = flags.text('target-port');
  const ports = wanted.flatMap((text, i): JsonValue[] => {
    const port = Number(text);
    const protocols = flags.text('protocol') ? [flags.text('protocol')] : [...new Set(known.filter((p) => p.port === port).map((p) => p.protocol))];
    return (protocols.length ? protocols : ['TCP']).map((protocol, j, all) => ({
      ...(wanted.length > 1 || all.length > 1 ? { name: `port-${i + 1}${all.length > 1 ? `-${protocol.toLowerCase()}` : ''}` } : {}),
      protocol, port, targetPort: target ? (/^\d+$/.test(target) ? Number(target) : target) : port,
    }));
  });
  const own = flags.text('labels') ? equalities(flags.text('labels')) : labels;
  const optional: [string, JsonValue | undefined][] = [
    ['type', flags.text('type')], ['clusterIP', flags.text('cluster-ip')], ['sessionAffinity', flags.text('session-affinity')], ['externalIPs', flags.text('external-ip') ? [flags.text('external-ip')] : undefined],
    ['loadBalancerIP', flags.text('type') === 'LoadBalancer' ? flags.text('load-balancer-ip') : undefined],
  ];
  return {
    kind: 'Service', apiVersion: 'v1', metadata: { name: flags.text('name') || name, ...(own && Object.keys(own).length ? { labels: own } : {}) },
    spec: { ...(ports.length ? { ports } : {}), selector, ...Object.fromEntries(optional.filter(([, value]) => value)) } as JsonObject,
  };
}
