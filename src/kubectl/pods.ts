/** Finding the pod, and the container in it, that a command means. */
import type { Pod } from '../api/core/v1/types.ts';
import type { JsonObject } from '../machinery/json.ts';
import { parseGoDuration } from '../machinery/goduration.ts';
import { CommandError } from './errors.ts';
import { pathOf } from './discovery.ts';
import { targetsOf } from './resources.ts';
import type { Session } from './session.ts';
import { waitFor } from './waiting.ts';

export const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

/** `NAME`, `pod/NAME`, `deploy/NAME`: for the latter the pod of it that is most alive. Says which where there are several. */
export async function podOf(session: Session, argument: string, timeoutFlag?: string): Promise<Pod> {
  const [target] = argument.includes('/') ? await targetsOf(session, [argument], { allowCollections: false }) : [undefined];
  if (target === undefined || target.mapping.kind === 'Pod') return getPod(session, target?.name ?? argument);
  const object = await session.json(pathOf(target.mapping, session.namespace, target.name));
  const selector = selectorOf(object, target.mapping.kind);
  if (selector === undefined) throw new CommandError(`cannot attach to *unstructured.Unstructured: cannot extract pod selector from ${target.mapping.resource}/${target.name}`);
  const timeout = timeoutFlag ? parseGoDuration(timeoutFlag) : 0;
  const { clock } = session.surroundings;
  const deadline = clock.monotonic() + timeout;
  for (;;) {
    const pods = await podsBySelector(session, selector);
    if (pods.length > 0) {
      if (pods.length > 1) session.errorLine(`Found ${pods.length} pods, using pod/${pods[0]!.metadata.name}`);
      return pods[0]!;
    }
    if (clock.monotonic() >= deadline) throw new CommandError('timed out waiting for the condition');
    await clock.sleep(250, session.signal);
  }
}

export async function getPod(session: Session, name: string): Promise<Pod> {
  return (await session.json(`/api/v1/namespaces/${session.namespace}/pods/${encodeURIComponent(name)}`)) as unknown as Pod;
}

/** Pods of a selector, the most useful first: scheduled, running, ready, ready for longer, fewer restarts, older. */
export async function podsBySelector(session: Session, labelSelector: string): Promise<Pod[]> {
  const list = await session.json(`/api/v1/namespaces/${session.namespace}/pods`, { query: { labelSelector } });
  return ((list['items'] ?? []) as unknown as Pod[]).sort(byReadiness);
}

function readySince(pod: Pod): string | undefined {
  const condition = pod.status.conditions?.find((c) => c.type === 'Ready' && c.status === 'True');
  return condition ? (condition.lastTransitionTime ?? '') : undefined;
}

const phaseOrder: Readonly<Record<string, number>> = { Running: 0, Unknown: 1, Pending: 2 };

function byReadiness(a: Pod, b: Pod): number {
  const scheduled = Number(!a.spec.nodeName) - Number(!b.spec.nodeName);
  const phase = (phaseOrder[a.status.phase ?? ''] ?? 3) - (phaseOrder[b.status.phase ?? ''] ?? 3);
  const [x, y] = [readySince(a), readySince(b)];
  const ready = Number(x === undefined) - Number(y === undefined);
  const restarts = (pod: Pod): number => Math.max(0, ...(pod.status.containerStatuses ?? []).map((s) => s.restartCount));
  return scheduled || phase || ready || (x && y && x !== y ? (x < y ? -1 : 1) : 0) || restarts(a) - restarts(b) || (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1);
}

/** The label selector of an object that owns pods, as text. */
export function selectorOf(object: JsonObject, kind: string): string | undefined {
  const spec = (object['spec'] ?? {}) as { selector?: Record<string, unknown> };
  const { selector } = spec;
  if (!selector) return undefined;
  if (kind === 'Service' || kind === 'ReplicationController') return Object.entries(selector).map(([k, v]) => `${k}=${String(v)}`).join(',');
  const { matchLabels = {}, matchExpressions = [] } = selector as { matchLabels?: Record<string, string>; matchExpressions?: { key: string; operator: string; values?: string[] }[] };
  const expression = (e: { key: string; operator: string; values?: string[] }): string => (e.operator === 'Exists' ? e.key : e.operator === 'DoesNotExist' ? `!${e.key}` : `${e.key} ${e.operator.toLowerCase()} (${(e.values ?? []).join(',')})`);
  return [...Object.entries(matchLabels).map(([k, v]) => `${k}=${v}`), ...matchExpressions.map(expression)].join(',');
}

function namesOf(pod: Pod): string[] {
  return [...pod.spec.containers.map((c) => c.name), ...(pod.spec.initContainers ?? []).map((c) => `${c.name} (init)`), ...(pod.spec.ephemeralContainers ?? []).map((c) => `${c.name} (ephem)`)];
}

/** The container that a flag names, an annotation prefers, or the first, which is said where there are several. */
export function containerOf(session: Session, pod: Pod, wanted: string, quiet = false): string {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])];
  if (wanted) {
    if (!all.some((c) => c.name === wanted)) throw new CommandError(`container ${wanted} not found in pod ${pod.metadata.name}`);
    return wanted;
  }
  const preferred = pod.metadata.annotations?.[defaultContainerAnnotation];
  if (preferred && all.some((c) => c.name === preferred)) return preferred;
  if (all.length > 1 && !quiet) session.errorLine(`Defaulted container ${JSON.stringify(pod.spec.containers[0]!.name)} out of: ${namesOf(pod).join(', ')}`);
  return pod.spec.containers[0]!.name;
}

/** Until the pod runs, or is over. */
export async function waitUntilRunning(session: Session, name: string, timeoutMs: number): Promise<Pod> {
  const mapping = (await session.discovery).resolve('pods');
  let found: Pod | undefined;
  await waitFor(session, mapping, session.namespace, name, session.surroundings.clock.monotonic() + timeoutMs, (object) => {
    if (object === undefined) throw new CommandError(`pods ${JSON.stringify(name)} not found`);
    found = object as unknown as Pod;
    const { phase, conditions } = found.status;
    return phase === 'Succeeded' || phase === 'Failed' || (phase === 'Running' && conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true);
  });
  return found!;
}

export async function waitUntilCompleted(session: Session, name: string, succeededOnly: boolean): Promise<Pod> {
  const mapping = (await session.discovery).resolve('pods');
  let found: Pod | undefined;
  await waitFor(session, mapping, session.namespace, name, session.surroundings.clock.monotonic() + 60_000, (object) => {
    if (object === undefined) throw new CommandError('pods "" not found');
    found = object as unknown as Pod;
    return found.status.phase === 'Succeeded' || (!succeededOnly && found.status.phase === 'Failed');
  });
  return found!;
}
