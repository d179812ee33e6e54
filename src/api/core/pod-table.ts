/** What `kubectl get pods` shows: the summary of a pod's containers in one word. */
import { age } from '../../machinery/duration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import type { Column } from '../../schema/vocabulary.ts';
import { conditionIs, none } from '../columns.ts';
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from './v1/types.ts';

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** RFC 3339; when the latest of the restarts counted happened. */
  readonly lastRestart: string | undefined;
  /** Running, Pending, CrashLoopBackOff, Init:0/1, Terminating… */
  readonly status: string;
}

type Status = DeepReadonly<ContainerStatus>;

function isSidecar(container: DeepReadonly<Container> | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function terminationWord(t: DeepReadonly<ContainerStateTerminated>): string {
  return t.reason || (t.signal ? `Signal:${t.signal}` : `ExitCode:${t.exitCode}`);
}

function later(a: string | undefined, status: Status): string | undefined {
  const finished = status.lastState?.terminated?.finishedAt;
  if (!finished) return a;
  return a === undefined || Date.parse(a) < Date.parse(finished) ? finished : a;
}

interface InitSummary {
  /** Set while init containers still have to run or failed. */
  readonly word: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestart: string | undefined;
}

function summarizeInit(pod: DeepReadonly<Pod>): InitSummary {
  const containers = new Map((pod.spec.initContainers ?? []).map((c) => [c.name, c]));
  let word: string | undefined;
  let ready = 0, restarts = 0, sidecarRestarts = 0;
  let lastRestart: string | undefined, lastSidecarRestart: string | undefined;
  for (const [i, s] of (pod.status.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(containers.get(s.name));
    restarts += s.restartCount;
    lastRestart = later(lastRestart, s);
    if (sidecar) {
      sidecarRestarts += s.restartCount;
      lastSidecarRestart = later(lastSidecarRestart, s);
    }
    const { terminated, waiting } = s.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && s.started) {
      if (s.ready) ready++;
      continue;
    }
    if (terminated) word = `Init:${terminationWord(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') word = `Init:${waiting.reason}`;
    else word = `Init:${i}/${pod.spec.initContainers?.length ?? 0}`;
    break;
  }
  return { word, ready, restarts, lastRestart, sidecarRestarts, lastSidecarRestart };
}

export function summarizePod(pod: DeepReadonly<Pod>): PodSummary {
  const { spec, status } = pod;
  const init = summarizeInit(pod);
  let word = status.reason || status.phase || '';
  if (status.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) word = 'SchedulingGated';
  let { ready, restarts, lastRestart } = init;
  if (init.word !== undefined) word = init.word;
  if (init.word === undefined || conditionIs(status.conditions, 'Initialized')) {
    restarts = init.sidecarRestarts;
    lastRestart = init.lastSidecarRestart;
    let running = false;
    for (const s of [...(status.containerStatuses ?? [])].reverse()) {
      restarts += s.restartCount;
      lastRestart = later(lastRestart, s);
      const { waiting, terminated } = s.state ?? {};
      if (waiting?.reason) {
        word = waiting.reason;
      } else if (terminated) {
        word = terminationWord(terminated);
      } else if (s.ready && s.state?.running) {
        running = true;
        ready++;
      }
    }
    if (word === 'Completed' && running) word = conditionIs(status.conditions, 'Ready') ? 'Running' : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') word = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') word = 'Terminating';
  }
  const total = (spec.containers ?? []).length + (spec.initContainers ?? []).filter(isSidecar).length;
  return { ready, total, restarts, lastRestart, status: word };
}

function restartsText(pod: DeepReadonly<Pod>): (now: number) => string {
  const { restarts, lastRestart } = summarizePod(pod);
  return (now) => restarts !== 0 && lastRestart ? `${restarts} (${age(lastRestart, now)} ago)` : `${restarts}`;
}

function gatesText(pod: DeepReadonly<Pod>): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return none;
  return `${gates.filter((g) => conditionIs(pod.status.conditions, g.conditionType)).length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = columnList<Pod>(({ column, timed, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Ready', 'Containers that are ready, of all that should be.', (p) => {
    const { ready, total } = summarizePod(p);
    return `${ready}/${total}`;
  }),
  column('Status', 'The state of the containers in one word.', (p) => summarizePod(p).status),
  timed('Restarts', 'How often containers were restarted, and when last.', restartsText),
  ageColumn,
  wide('IP', 'Address of the pod.', (p) => p.status.podIPs?.[0]?.ip || none),
  wide('Node', 'Node that the pod was bound to.', (p) => p.spec.nodeName || none),
  wide('Nominated Node', 'Node on which room is being made for the pod.', (p) => p.status.nominatedNodeName || none),
  wide('Readiness Gates', 'Extra conditions that hold, of all that must.', gatesText),
]);

export function podRowConditions(pod: DeepReadonly<Pod>): { type: string; status: string; reason: string; message: string }[] {
  switch (pod.status.phase) {
    case 'Succeeded':
      return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }];
    case 'Failed':
      return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
    default:
      return [];
  }
}
