/** One pod of a kind on every node that it suits. */
import { parseTime } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import { controllerrevisions, daemonsets, type ControllerRevision, type DaemonSet, type DaemonSetStatus } from '../../api/apps/v1/index.ts';
import { podSelectsNode, untolerated } from '../../api/core/placement.ts';
import { nodes, pods, type Node, type Pod, type PodSpec, type Toleration } from '../../api/core/v1/index.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import { claim, controllerOf } from '../../client/owner.ts';
import { resolve } from '../deployment/replicasets.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { byController, byOrphanNamespace, canonicalJson, indexed, isAvailable, isReady, podFromTemplate, type NewPod } from '../pods/pods.ts';
import { createPods, deletePods, type Replicator } from '../pods/replicas.ts';
import { syncHistory, trimHistory, type History } from '../pods/revisions.ts';

type Set = DeepReadonly<DaemonSet>;
type Daemon = DeepReadonly<Pod>;

const hashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';
const burst = 250;

/** Daemons stay where others would be evicted from. */
function standardTolerations(spec: DeepReadonly<PodSpec> | undefined): Toleration[] {
  const always: [string, string][] = [
    ['not-ready', 'NoExecute'], ['unreachable', 'NoExecute'], ['disk-pressure', 'NoSchedule'], ['memory-pressure', 'NoSchedule'], ['pid-pressure', 'NoSchedule'], ['unschedulable', 'NoSchedule'],
  ];
  if (spec?.hostNetwork) always.push(['network-unavailable', 'NoSchedule']);
  return always.map(([key, effect]) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect }));
}

function tolerationsOf(set: Set): Toleration[] {
  const own = (set.spec?.template.spec?.tolerations ?? []) as Toleration[];
  const extra = standardTolerations(set.spec?.template.spec).filter((t) => !own.some((o) => o.key === t.key && o.effect === t.effect && (o.operator ?? 'Equal') === t.operator));
  return [...own, ...extra];
}

/** Whether a daemon should come to the node, and whether one that is there may stay. */
function fate(set: Set, node: DeepReadonly<Node>): { run: boolean; stay: boolean } {
  const template = { spec: set.spec?.template.spec } as Daemon;
  const wantedName = template.spec?.nodeName;
  if ((wantedName && wantedName !== node.metadata.name) || !podSelectsNode(template, node)) return { run: false, stay: false };
  const tolerations = tolerationsOf(set);
  const taints = node.spec?.taints;
  return { run: !untolerated(taints, tolerations, ['NoSchedule', 'NoExecute']), stay: !untolerated(taints, tolerations, ['NoExecute']) };
}

/** The node a daemon is on, or is meant for. */
function nodeOf(pod: Daemon): string {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const term of terms) for (const f of term.matchFields ?? []) if (f.key === 'metadata.name') return f.values?.[0] ?? '';
  return '';
}

function daemonFor(set: Set, nodeName: string, hash: string): NewPod {
  const pod = podFromTemplate(set.spec!.template, daemonsets, set);
  const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation'];
  pod.metadata.labels = { ...pod.metadata.labels, [hashLabel]: hash, ...(generation ? { [generationLabel]: generation } : {}) };
  const spec = pod.spec as PodSpec;
  spec.tolerations = tolerationsOf(set);
  const affinity = (spec.affinity ??= {});
  const nodeAffinity = (affinity.nodeAffinity ??= {});
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  const terms = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: terms.map((term) => ({ ...term, matchFields })) };
  return pod;
}

export const daemonSetController: Controller = {
  name: 'daemonset-controller',
  account: 'daemon-set-controller',
  setup: (context) => {
    const sets = context.informer(daemonsets);
    const podInformer = indexed(context.informer(pods));
    const nodeInformer = context.informer(nodes);
    const revisions = indexed(context.informer(controllerrevisions));
    const queue = context.queue((key) => reconcile(key, { context, sets, pods: podInformer, nodes: nodeInformer, revisions }), 2);
    sets.on({ added: (s) => queue.add(keyOf(s)), updated: (s) => queue.add(keyOf(s)) });
    const touched = (pod: Daemon): void => {
      const owner = controllerOf(pod);
      if (owner?.kind === 'DaemonSet') queue.add(`${pod.metadata.namespace}/${owner.name}`);
      else if (!owner) for (const set of sets.list(pod.metadata.namespace ?? '')) if (selectorFromObject(set.spec?.selector).matches(pod.metadata.labels)) queue.add(keyOf(set));
    };
    podInformer.on({ added: touched, updated: touched, deleted: touched });
    const facts = (node: DeepReadonly<Node>): string => JSON.stringify([node.metadata.labels, node.spec?.taints]);
    nodeInformer.on({
      added: () => sets.list().forEach((s) => queue.add(keyOf(s))),
      updated: (node, old) => (facts(node) === facts(old) ? undefined : sets.list().forEach((s) => queue.add(keyOf(s)))),
      deleted: () => sets.list().forEach((s) => queue.add(keyOf(s))),
    });
  },
};

interface World {
  readonly context: ControllerContext;
  readonly sets: Informer<DaemonSet>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly revisions: Informer<ControllerRevision>;
}

async function reconcile(key: string, world: World): Promise<Reconciled> {
  const set = world.sets.getByKey(key);
  if (!set) return;
  const { context } = world;
  const selector = selectorFromObject(set.spec?.selector);
  if (selector.isEverything) {
    context.events.event(daemonsets, set, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
    return;
  }
  const claimed = await claim({
    client: context.client, ownerRef: daemonsets, owner: set, childRef: pods,
    candidates: [...world.pods.by(byController, set.metadata.uid), ...world.pods.by(byOrphanNamespace, set.metadata.namespace ?? '')],
    matches: (pod: Daemon) => selector.matches(pod.metadata.labels),
  });
  if (set.metadata.deletionTimestamp) return;
  const history = await syncHistory(context, world.revisions, daemonsets, set, set.spec!.template, set.spec?.selector?.matchLabels ?? {}, hashLabel);
  const hash = history.current.metadata.labels?.[hashLabel] ?? '';
  const byNode = new Map<string, Daemon[]>();
  for (const pod of claimed) byNode.set(nodeOf(pod), [...(byNode.get(nodeOf(pod)) ?? []), pod]);
  const replicator: Replicator<DaemonSet> = { context, informer: world.pods, ownerRef: daemonsets };
  const { create, remove } = plan(set, byNode, hash, world);
  await createPods(replicator, set, create.slice(0, burst).map((name) => daemonFor(set, name, hash)));
  await deletePods(replicator, set, remove.slice(0, burst));
  // What was just written shows in the next turn, which its own events bring.
  if (create.length + remove.length === 0) await finish(set, claimed, history, context);
  return writeStatus(set, byNode, hash, world);
}

async function finish(set: Set, claimed: readonly Daemon[], history: History, context: ControllerContext): Promise<void> {
  const used = new globalThis.Set(claimed.map((p) => p.metadata.labels?.[hashLabel]));
  await trimHistory(context, history, (r) => used.has(r.metadata.labels?.[hashLabel]), set.spec?.revisionHistoryLimit ?? 10);
}

function plan(set: Set, byNode: ReadonlyMap<string, readonly Daemon[]>, hash: string, world: World): { create: string[]; remove: Daemon[] } {
  const create: string[] = [];
  const remove: Daemon[] = [];
  const { context } = world;
  const kept = new Map<string, Daemon[]>();
  for (const node of world.nodes.values()) {
    const name = node.metadata.name;
    const daemons = byNode.get(name) ?? [];
    const { run, stay } = fate(set, node);
    if (!stay && !run) {
      remove.push(...daemons.filter((p) => !p.metadata.deletionTimestamp));
      continue;
    }
    const alive: Daemon[] = [];
    for (const pod of daemons) {
      if (pod.metadata.deletionTimestamp) alive.push(pod);
      else if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') {
        const [type, reason] = pod.status.phase === 'Failed' ? (['Warning', 'FailedDaemonPod'] as const) : (['Normal', 'SucceededDaemonPod'] as const);
        context.events.event(daemonsets, set, type, reason, `Found ${pod.status.phase.toLowerCase()} daemon pod ${keyOf(pod)} on node ${name}, will try to ${reason === 'FailedDaemonPod' ? 'kill' : 'delete'} it`);
        remove.push(pod);
      } else alive.push(pod);
    }
    if (run && daemons.length === 0) create.push(name);
    kept.set(name, alive);
  }
  for (const [name, daemons] of byNode) if (!world.nodes.get(name)) remove.push(...daemons.filter((p) => !p.spec?.nodeName && !p.metadata.deletionTimestamp));
  roll(set, kept, hash, create, remove, world);
  return { create, remove };
}

/** Replaces daemons of earlier templates, a few at a time. Without an update strategy of its own, extra daemons go. */
function roll(set: Set, kept: ReadonlyMap<string, readonly Daemon[]>, hash: string, create: string[], remove: Daemon[], { context }: World): void {
  const rolling = set.spec?.updateStrategy?.type !== 'OnDelete';
  const total = kept.size;
  const surge = rolling ? resolve(set.spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, total, true) : 0;
  const maxUnavailable = resolve(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, total, true);
  const now = context.surroundings.clock.now();
  const isUp = (pod: Daemon): boolean => !pod.metadata.deletionTimestamp && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  const isNew = (pod: Daemon): boolean => pod.metadata.labels?.[hashLabel] === hash;
  let unavailable = 0;
  let surging = 0;
  const candidates: { name: string; old: Daemon; fresh: Daemon | undefined }[] = [];
  for (const [name, daemons] of kept) {
    const alive = daemons.filter((p) => !p.metadata.deletionTimestamp);
    const fresh = oldest(alive.filter(isNew));
    const old = oldest(alive.filter((p) => !isNew(p)));
    for (const extra of alive) if (extra !== fresh && extra !== old) remove.push(extra);
    if (!daemons.some(isUp)) unavailable++;
    if (fresh && old && surge === 0) {
      remove.push(rolling ? old : (oldest(alive) === old ? fresh : old));
      continue;
    }
    if (fresh && old) surging++;
    if (old && rolling) candidates.push({ name, old, fresh });
  }
  if (!rolling) return;
  if (surge === 0) {
    // Those that serve nobody go first: replacing them makes nothing worse.
    for (const { old } of candidates) if (!isUp(old)) remove.push(old);
    let room = maxUnavailable - unavailable;
    for (const { old } of candidates) if (isUp(old) && room-- > 0) remove.push(old);
    return;
  }
  let room = surge - surging;
  for (const { name, old, fresh } of candidates) {
    if (fresh ? isUp(fresh) : !isUp(old)) remove.push(old);
    if (!fresh && (!isUp(old) || room-- > 0)) create.push(name);
  }
}

function oldest(daemons: readonly Daemon[]): Daemon | undefined {
  const time = (pod: Daemon): number => parseTime(pod.metadata.creationTimestamp) || 0;
  return [...daemons].sort((a, b) => Number(!!b.spec?.nodeName) - Number(!!a.spec?.nodeName) || time(a) - time(b))[0];
}

async function writeStatus(set: Set, byNode: ReadonlyMap<string, readonly Daemon[]>, hash: string, { context, nodes: nodeInformer }: World): Promise<Reconciled> {
  const now = context.surroundings.clock.now();
  const wait = set.spec?.minReadySeconds ?? 0;
  const status: DaemonSetStatus = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
  let updated = 0;
  let available = 0;
  for (const node of nodeInformer.values()) {
    const daemons = (byNode.get(node.metadata.name) ?? []).filter((p) => !p.metadata.deletionTimestamp);
    const { run } = fate(set, node);
    if (!run) {
      if (daemons.length > 0) status.numberMisscheduled++;
      continue;
    }
    status.desiredNumberScheduled++;
    const first = daemons.sort((a, b) => Number(isReady(b)) - Number(isReady(a)))[0];
    if (!first) continue;
    status.currentNumberScheduled++;
    if (isReady(first)) status.numberReady++;
    if (isAvailable(first, wait, now)) available++;
    if (daemons.some((p) => p.metadata.labels?.[hashLabel] === hash)) updated++;
  }
  const unavailable = status.desiredNumberScheduled - available;
  const { collisionCount, conditions } = set.status ?? {};
  const next = {
    ...status, observedGeneration: set.metadata.generation ?? 0,
    ...(updated ? { updatedNumberScheduled: updated } : {}), ...(available ? { numberAvailable: available } : {}), ...(unavailable ? { numberUnavailable: unavailable } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }), ...(conditions ? { conditions } : {}),
  };
  if (canonicalJson(next) !== canonicalJson(set.status)) await context.client.update<DaemonSet>(daemonsets, { ...set, status: next } as Set, { subresource: 'status' });
  return wait > 0 && available < status.numberReady ? wait * 1000 : undefined;
}
