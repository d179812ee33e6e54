/** Beyond upstream: storage, network, pressure and throttling, as each kubelet measures them, read through the API server. */
import { StatusError } from '../../machinery/status.ts';
import { CommandError, errorLine } from '../errors.ts';
import type { Session } from '../session.ts';
import { podsOf, type Columns, type ColumnSource, type Scene, type Subject } from './scene.ts';
import { bytesText } from './usage.ts';

interface Disk {
  readonly usedBytes?: number;
  readonly capacityBytes?: number;
}
interface Psi {
  readonly psi?: { readonly some?: { readonly avg10: number; readonly avg60: number; readonly avg300: number; readonly total: number }; readonly full?: object };
}
interface Measured {
  readonly cpu?: Psi;
  readonly memory?: Psi;
  readonly io?: Psi;
}
interface Network {
  readonly time: string;
  readonly rxBytes?: number;
  readonly txBytes?: number;
}
interface Summary {
  readonly node: Measured & { readonly nodeName: string; readonly fs?: Disk; readonly network?: Network };
  readonly pods?: readonly (Measured & {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers?: readonly (Measured & { readonly name: string; readonly rootfs?: Disk; readonly logs?: Disk })[];
    readonly network?: Network;
    readonly 'ephemeral-storage'?: Disk;
    readonly volume?: readonly (Disk & { readonly name: string; readonly pvcRef?: object })[];
  })[];
}

/** So many nodes are asked at a time. */
const atOnce = 16;
const absent = '-';

/** What every node of the scene answers at a path of its kubelet. A node that does not answer is told of and left out. */
async function askNodes<T>(session: Session, of: 'pod' | 'node', scene: Scene, path: string, parse: (text: string) => T): Promise<T[]> {
  const names = of === 'node' ? scene.nodes.map((n) => n.metadata.name) : (await podsOf(session, scene)).map((p) => p.spec.nodeName ?? '');
  const queue = [...new Set(names)].filter(Boolean);
  const out: T[] = [];
  const worker = async (): Promise<void> => {
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      try {
        out.push(parse(await session.text(`/api/v1/nodes/${node}/proxy/${path}`)));
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        if (error.code === 403) throw forbidden(error);
        session.errorLine(`Warning: node ${node} is left out: ${errorLine(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, worker));
  return out;
}

function forbidden(error: StatusError): CommandError {
  return new CommandError(`${error.message}\n--storage, --network, --pressure and --throttling ask each node's kubelet through the API server. That takes the right to "get" "nodes/proxy":\na ClusterRole with the rule {apiGroups: [""], resources: ["nodes/proxy"], verbs: ["get"]}, bound to you. The other columns need no more than metrics.k8s.io.`);
}

function readSummaries(session: Session, of: 'pod' | 'node', scene: Scene): Promise<Summary[]> {
  return scene.once('summaries', () => askNodes(session, of, scene, 'stats/summary', (text) => JSON.parse(text) as Summary));
}

interface Found {
  readonly node?: Summary['node'];
  readonly pod?: NonNullable<Summary['pods']>[number];
  readonly container?: NonNullable<NonNullable<Summary['pods']>[number]['containers']>[number];
}

async function finder(session: Session, of: 'pod' | 'node', scene: Scene): Promise<(subject: Subject) => Found> {
  const all = await readSummaries(session, of, scene);
  const nodes = new Map(all.map((s) => [s.node.nodeName, s.node]));
  const pods = new Map(all.flatMap((s) => s.pods ?? []).map((p) => [`${p.podRef.namespace}/${p.podRef.name}`, p]));
  return (subject) => {
    if (of === 'node') return { ...present('node', nodes.get(subject.name)) };
    const pod = pods.get(`${subject.namespace}/${subject.name}`);
    return { ...present('pod', pod), ...present('container', pod?.containers?.find((c) => c.name === subject.container)) };
  };
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;
}

function total(disks: readonly (Disk | undefined)[]): number | undefined {
  const used = disks.map((d) => d?.usedBytes).filter((n) => n !== undefined);
  return used.length ? used.reduce((sum, n) => sum + n, 0) : undefined;
}

export function storageColumns(session: Session, of: 'pod' | 'node'): ColumnSource {
  return async (scene) => {
    const find = await finder(session, of, scene);
    if (of === 'node') {
      return {
        headers: ['DISK(bytes)', 'DISK(%)'],
        cells: (subject) => {
          const { usedBytes, capacityBytes } = find(subject).node?.fs ?? {};
          return [bytesText(usedBytes), usedBytes !== undefined && capacityBytes ? `${Math.trunc((usedBytes / capacityBytes) * 100)}%` : absent];
        },
        data: (subject) => present('storage', find(subject).node?.fs),
      } satisfies Columns;
    }
    const figures = (subject: Subject): { ephemeralBytes?: number; volumeBytes?: number } => {
      const { pod, container } = find(subject);
      if (subject.container !== undefined) return present('ephemeralBytes', total([container?.rootfs, container?.logs]));
      return { ...present('ephemeralBytes', pod?.['ephemeral-storage']?.usedBytes), ...present('volumeBytes', total((pod?.volume ?? []).filter((v) => v.pvcRef))) };
    };
    return {
      headers: ['EPHEMERAL(bytes)', 'VOLUMES(bytes)'],
      cells: (subject) => [bytesText(figures(subject).ephemeralBytes), bytesText(figures(subject).volumeBytes)],
      data: (subject) => (Object.keys(figures(subject)).length ? { storage: figures(subject) } : {}),
    } satisfies Columns;
  };
}

/** Bytes since the network was made; with --watch also how many a second, from one print to the next. */
export function networkColumns(session: Session, of: 'pod' | 'node'): ColumnSource {
  const watching = session.flags.flag('watch');
  let before = new Map<string, Network>();
  return async (scene) => {
    const find = await finder(session, of, scene);
    const earlier = before;
    before = new Map();
    const figures = (subject: Subject): { rxBytes?: number; txBytes?: number; rxBytesPerSecond?: number; txBytesPerSecond?: number } => {
      // The network is the pod's: containers share it.
      if (subject.container !== undefined) return {};
      const { node, pod } = find(subject);
      const now = (node ?? pod)?.network;
      if (!now) return {};
      const key = `${subject.namespace ?? ''}/${subject.name}`;
      before.set(key, now);
      const rate = (part: 'rxBytes' | 'txBytes'): number | undefined => perSecond(earlier.get(key)?.[part], now[part], (Date.parse(now.time) - Date.parse(earlier.get(key)?.time ?? '')) / 1000);
      return { ...present('rxBytes', now.rxBytes), ...present('txBytes', now.txBytes), ...present('rxBytesPerSecond', rate('rxBytes')), ...present('txBytesPerSecond', rate('txBytes')) };
    };
    return {
      headers: ['RX(bytes)', 'TX(bytes)', ...(watching ? ['RX(/s)', 'TX(/s)'] : [])],
      cells: (subject) => {
        const f = figures(subject);
        return [bytesText(f.rxBytes), bytesText(f.txBytes), ...(watching ? [bytesText(f.rxBytesPerSecond), bytesText(f.txBytesPerSecond)] : [])];
      },
      data: (subject) => (Object.keys(figures(subject)).length ? { network: figures(subject) } : {}),
    } satisfies Columns;
  };
}

/** Undefined for the first reading, and for a counter that began anew. */
function perSecond(before: number | undefined, now: number | undefined, seconds: number): number | undefined {
  return before === undefined || now === undefined || now < before || !(seconds > 0) ? undefined : Math.round((now - before) / seconds);
}

export function pressureColumns(session: Session, of: 'pod' | 'node'): ColumnSource {
  return async (scene) => {
    const find = await finder(session, of, scene);
    const measured = (subject: Subject): Measured | undefined => {
      const { node, pod, container } = find(subject);
      return node ?? (subject.container === undefined ? pod : container);
    };
    const parts = ['cpu', 'memory', 'io'] as const;
    return {
      headers: parts.map((part) => `${part.toUpperCase()}(wait%)`),
      cells: (subject) => parts.map((part) => {
        const waited = measured(subject)?.[part]?.psi?.some?.avg10;
        return waited === undefined ? absent : `${waited.toFixed(1)}%`;
      }),
      data: (subject) => {
        const found = parts.flatMap((part) => (measured(subject)?.[part]?.psi ? [[part, measured(subject)![part]!.psi]] : []));
        return found.length ? { pressure: Object.fromEntries(found) as object } : {};
      },
    } satisfies Columns;
  };
}

interface Throttle {
  periods: number;
  throttled: number;
  seconds: number;
}

const throttleFamilies: Readonly<Record<string, keyof Throttle>> = {
  container_cpu_cfs_periods_total: 'periods', container_cpu_cfs_throttled_periods_total: 'throttled', container_cpu_cfs_throttled_seconds_total: 'seconds',
};

/** By `namespace/pod/container`; what has no CPU limit is not there. */
export function parseThrottling(text: string): Map<string, Throttle> {
  const out = new Map<string, Throttle>();
  for (const match of text.matchAll(/^(container_cpu_cfs_\w+)\{([^\n]*)\} (\S+)/gm)) {
    const family = throttleFamilies[match[1]!];
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(match[2]!)?.[1] ?? '';
    if (!family || !label('container')) continue;
    const key = `${label('namespace')}/${label('pod')}/${label('container')}`;
    const found = out.get(key) ?? { periods: 0, throttled: 0, seconds: 0 };
    found[family] = Number(match[3]);
    out.set(key, found);
  }
  return out;
}

/** The share of the scheduler's periods in which a CPU limit held the container back, and for how long in all. */
export function throttlingColumns(session: Session): ColumnSource {
  let before = new Map<string, Throttle>();
  return async (scene) => {
    const earlier = before;
    const now = new Map((await askNodes(session, 'pod', scene, 'metrics/cadvisor', parseThrottling)).flatMap((m) => [...m]));
    before = now;
    const figures = (subject: Subject): { throttledPercent: number; throttledSeconds: number } | undefined => {
      const names = subject.pod?.containers?.map((c) => c.name).filter((name) => subject.container === undefined || name === subject.container) ?? [];
      const sum: Throttle = { periods: 0, throttled: 0, seconds: 0 };
      let known = false;
      for (const name of names) {
        const key = `${subject.namespace}/${subject.name}/${name}`;
        const [last, first] = [now.get(key), earlier.get(key)];
        if (!last) continue;
        known = true;
        // After a restart the counters begin anew: then all of it is since the last print.
        const from = first && first.periods <= last.periods ? first : undefined;
        for (const part of ['periods', 'throttled', 'seconds'] as const) sum[part] += last[part] - (from?.[part] ?? 0);
      }
      return known ? { throttledPercent: sum.periods > 0 ? Math.round((sum.throttled / sum.periods) * 1000) / 10 : 0, throttledSeconds: Math.round(sum.seconds * 1000) / 1000 } : undefined;
    };
    return {
      headers: ['THROTTLED(%)', 'THROTTLED(time)'],
      cells: (subject) => {
        const f = figures(subject);
        return f ? [`${f.throttledPercent.toFixed(1)}%`, `${f.throttledSeconds.toFixed(1)}s`] : [absent, absent];
      },
      data: (subject) => present('throttling', figures(subject)),
    } satisfies Columns;
  };
}
