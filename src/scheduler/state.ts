/**
 * What the scheduler knows of the cluster: nodes with the sums of what runs on them, kept up to date event by event. One pod is
 * placed at a time and synchronously, so this is at once the cache and the snapshot: nothing is copied for a scheduling cycle.
 */
import { parseTime } from '../base/clock.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { Selector, selectorFromObject } from '../machinery/selectors.ts';
import { addAmounts, amounts, isFinished, podAmounts, type Amounts, type ReadonlyAmounts } from '../api/core/podresources.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '../api/core/v1/index.ts';
import type { StorageClass } from '../api/storage/v1/index.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface AffinityTerm {
  readonly selector: Selector;
  readonly topologyKey: string;
  readonly weight: number;
  /** Whether pods of this namespace are meant. */
  inNamespace(namespace: string, namespaces: NamespaceLabels): boolean;
}

export type NamespaceLabels = (name: string) => Readonly<Record<string, string>> | undefined;

/** A pod with what scheduling works out of it once. */
export interface PodInfo {
  readonly pod: DeepReadonly<Pod>;
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The same for pods of one namespace with the same labels. */
  readonly group: string;
  readonly priority: number;
  readonly startTime: number;
  readonly requests: ReadonlyAmounts;
  /** As ranking sees it: a container that asks for nothing still weighs something. */
  readonly weights: ReadonlyAmounts;
  readonly ports: readonly HostPort[];
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
}

const assumedRequests = { cpu: 100, memory: 200 * 1024 * 1024 };

export function podInfo(pod: DeepReadonly<Pod>): PodInfo {
  const { name, namespace = '', uid, labels = {} } = pod.metadata;
  const affinity = pod.spec?.affinity;
  const required = (list: readonly DeepReadonly<PodAffinityTerm>[] | undefined): AffinityTerm[] => (list ?? []).map((t) => affinityTerm(t, namespace, 1));
  const preferred = (list: readonly DeepReadonly<WeightedPodAffinityTerm>[] | undefined): AffinityTerm[] =>
    (list ?? []).map((t) => affinityTerm(t.podAffinityTerm, namespace, t.weight));
  return {
    pod, uid, namespace, labels, group: JSON.stringify([namespace, ...Object.entries(labels).flat()]), key: `${namespace}/${name}`,
    priority: pod.spec?.priority ?? 0,
    startTime: parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp) || 0,
    requests: podAmounts(pod, 'requests'),
    weights: podAmounts(pod, 'requests', { missing: assumedRequests }),
    ports: hostPorts(pod),
    affinity: required(affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: required(affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

function affinityTerm(term: DeepReadonly<PodAffinityTerm>, own: string, weight: number): AffinityTerm {
  const namespaces = new Set(term.namespaces ?? []);
  const byLabels = term.namespaceSelector ? selectorFromObject(term.namespaceSelector) : undefined;
  if (namespaces.size === 0 && !byLabels) namespaces.add(own);
  return {
    selector: selectorFromObject(term.labelSelector), topologyKey: term.topologyKey, weight,
    inNamespace: (name, labelsOf) => namespaces.has(name) || (byLabels !== undefined && (byLabels.isEverything || byLabels.matches(labelsOf(name)))),
  };
}

function hostPorts(pod: DeepReadonly<Pod>): HostPort[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  return containers.flatMap((c) => (c.ports ?? []).filter((p) => p.hostPort).map((p) => ({ ip: p.hostIP || '0.0.0.0', protocol: p.protocol || 'TCP', port: p.hostPort! })));
}

function sameToScheduler(a: DeepReadonly<Pod>, b: DeepReadonly<Pod>): boolean {
  const sameSpec = a.spec === b.spec || (a.metadata.generation !== undefined && a.metadata.generation === b.metadata.generation);
  return sameSpec && !a.metadata.deletionTimestamp === !b.metadata.deletionTimestamp && sameLabels(a.metadata.labels, b.metadata.labels);
}

function sameLabels(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export class NodeInfo {
  readonly name: string;
  readonly pods = new Map<string, PodInfo>();
  /** Those of `pods` with any affinity or anti-affinity to others. */
  readonly attached = new Set<PodInfo>();
  readonly requested: Amounts = new Map();
  readonly weighed: Amounts = new Map();
  readonly ports = new Map<string, number>();
  allocatable: ReadonlyAmounts = new Map();
  images: ReadonlyMap<string, number> = new Map();
  /** Absent while pods of a node are known and the node itself is not. */
  node: DeepReadonly<Node> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node?.metadata.labels ?? {};
  }

  setNode(node: DeepReadonly<Node> | undefined): void {
    const before = this.node;
    this.node = node;
    if (!node) return;
    if (before?.status?.allocatable !== node.status?.allocatable) this.allocatable = amounts(node.status?.allocatable ?? node.status?.capacity);
    if (before?.status?.images === node.status?.images) return;
    this.images = new Map((node.status?.images ?? []).flatMap((image) => (image.names ?? []).map((name) => [name, image.sizeBytes ?? 0] as const)));
  }

  add(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    if (pod.affinity.length + pod.antiAffinity.length + pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0) this.attached.add(pod);
    this.#count(pod, 1);
  }

  remove(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid);
    if (!pod) return undefined;
    this.pods.delete(uid);
    this.attached.delete(pod);
    this.#count(pod, -1);
    return pod;
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    addAmounts(this.requested, pod.requests, sign);
    addAmounts(this.weighed, pod.weights, sign);
    for (const { ip, protocol, port } of pod.ports) {
      const key = `${protocol}/${port}/${ip}`;
      const count = (this.ports.get(key) ?? 0) + sign;
      if (count > 0) this.ports.set(key, count);
      else this.ports.delete(key);
    }
  }

  /** To try things out on. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.node = this.node;
    copy.allocatable = this.allocatable;
    copy.images = this.images;
    for (const pod of this.pods.values()) copy.add(pod);
    return copy;
  }
}

/** Claims, volumes and classes as the scheduler last saw them. */
export interface VolumeLookup {
  claim(namespace: string, name: string): DeepReadonly<PersistentVolumeClaim> | undefined;
  volume(name: string): DeepReadonly<PersistentVolume> | undefined;
  volumes(): Iterable<DeepReadonly<PersistentVolume>>;
  storageClass(name: string): DeepReadonly<StorageClass> | undefined;
}

export class ClusterState {
  readonly #byName = new Map<string, NodeInfo>();
  /** Nodes that exist, in a steady order. */
  #nodes: NodeInfo[] = [];
  readonly #placed = new Map<string, NodeInfo>();
  readonly #assumed = new Set<string>();
  readonly #imageNodes = new Map<string, number>();
  /** Nodes with pods whose affinity or anti-affinity others must respect. */
  readonly attachedNodes = new Set<NodeInfo>();
  /** Placed pods by namespace and labels, and how many of each are on which node; those on their way out do not count. */
  readonly #groups = new Map<string, { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly nodes: Map<NodeInfo, number> }>();
  /** Pods that wait for victims to leave a node, by that node's name. */
  readonly #nominated = new Map<string, Map<string, PodInfo>>();
  readonly namespaceLabels: NamespaceLabels;
  /** The selector of the services and controllers a pod belongs to, for spreading by default. */
  readonly siblings: (pod: PodInfo) => Selector;

  readonly volumes: VolumeLookup | undefined;

  constructor(surrounding: { namespaceLabels?: NamespaceLabels; siblings?: (pod: PodInfo) => Selector; volumes?: VolumeLookup } = {}) {
    this.volumes = surrounding.volumes;
    this.namespaceLabels = surrounding.namespaceLabels ?? (() => undefined);
    this.siblings = surrounding.siblings ?? (() => Selector.nothing);
  }

  get nodes(): readonly NodeInfo[] {
    return this.#nodes;
  }

  node(name: string): NodeInfo | undefined {
    return this.#byName.get(name);
  }

  setNode(node: DeepReadonly<Node>): void {
    const info = this.#info(node.metadata.name);
    if (!info.node) this.#nodes.push(info);
    const before = info.images;
    info.setNode(node);
    if (before !== info.images) this.#countImages(before, info.images);
  }

  removeNode(name: string): void {
    const info = this.#byName.get(name);
    if (!info?.node) return;
    this.#countImages(info.images, new Map());
    info.setNode(undefined);
    info.images = new Map();
    this.#nodes = this.#nodes.filter((n) => n !== info);
    this.#forgetIfEmpty(info);
  }

  /** On how many nodes the image is. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  /** A pod as the API shows it; it replaces what was assumed of it. */
  setPod(pod: DeepReadonly<Pod>): void {
    const { uid } = pod.metadata;
    const nodeName = pod.spec?.nodeName;
    if (isFinished(pod)) return this.removePod(uid);
    if (!nodeName) return;
    const at = this.#placed.get(uid);
    const known = at?.pods.get(uid);
    this.#assumed.delete(uid);
    // A status that changes nothing here is the most frequent event of all.
    if (at?.name === nodeName && known && sameToScheduler(known.pod, pod)) return;
    this.removePod(uid);
    this.#place(podInfo(pod), nodeName);
  }

  removePod(uid: string): void {
    this.#assumed.delete(uid);
    this.denominate(uid);
    const info = this.#placed.get(uid);
    if (!info) return;
    this.#placed.delete(uid);
    const pod = info.remove(uid);
    if (pod) this.#group(pod, info, -1);
    if (info.attached.size === 0) this.attachedNodes.delete(info);
    this.#forgetIfEmpty(info);
  }

  /** Counts the pod as placed before the API says so. */
  assume(pod: PodInfo, nodeName: string): void {
    this.removePod(pod.uid);
    this.#place(pod, nodeName);
    this.#assumed.add(pod.uid);
  }

  /** The binding failed. */
  forget(uid: string): void {
    if (this.#assumed.has(uid)) this.removePod(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  nominate(pod: PodInfo, nodeName: string): void {
    this.denominate(pod.uid);
    const pods = this.#nominated.get(nodeName);
    if (pods) pods.set(pod.uid, pod);
    else this.#nominated.set(nodeName, new Map([[pod.uid, pod]]));
  }

  denominate(uid: string): void {
    for (const [name, pods] of this.#nominated) if (pods.delete(uid) && pods.size === 0) this.#nominated.delete(name);
  }

  /** Those that go first on this node: no less important than `pod`, and not itself. */
  nominatedBefore(pod: PodInfo, nodeName: string): PodInfo[] {
    const pods = this.#nominated.get(nodeName);
    return pods ? [...pods.values()].filter((p) => p.priority >= pod.priority && p.uid !== pod.uid) : [];
  }

  /** How many pods of the namespace that the selector matches are on each node that has any. */
  matching(namespace: string, selector: Selector): Map<NodeInfo, number> {
    const found = new Map<NodeInfo, number>();
    for (const group of this.#groups.values()) {
      if (group.namespace !== namespace || !selector.matches(group.labels)) continue;
      for (const [node, count] of group.nodes) found.set(node, (found.get(node) ?? 0) + count);
    }
    return found;
  }

  #group(pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (pod.pod.metadata.deletionTimestamp) return;
    let group = this.#groups.get(pod.group);
    if (!group) this.#groups.set(pod.group, (group = { namespace: pod.namespace, labels: pod.labels, nodes: new Map() }));
    const count = (group.nodes.get(node) ?? 0) + by;
    if (count > 0) group.nodes.set(node, count);
    else group.nodes.delete(node);
    if (group.nodes.size === 0) this.#groups.delete(pod.group);
  }

  #place(pod: PodInfo, nodeName: string): void {
    const info = this.#info(nodeName);
    info.add(pod);
    this.#group(pod, info, 1);
    this.#placed.set(pod.uid, info);
    if (info.attached.size > 0) this.attachedNodes.add(info);
  }

  #info(name: string): NodeInfo {
    let info = this.#byName.get(name);
    if (!info) this.#byName.set(name, (info = new NodeInfo(name)));
    return info;
  }

  #forgetIfEmpty(info: NodeInfo): void {
    if (!info.node && info.pods.size === 0) this.#byName.delete(info.name);
  }

  #countImages(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): void {
    for (const name of before.keys()) this.#imageNodes.set(name, (this.#imageNodes.get(name) ?? 1) - 1);
    for (const name of after.keys()) this.#imageNodes.set(name, (this.#imageNodes.get(name) ?? 0) + 1);
  }
}
