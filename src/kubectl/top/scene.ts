/** What one print of `kubectl top` is about, and what a flag beyond upstream's adds to it. */
import type { Session } from '../session.ts';
import type { Amounts, NodeMetrics, PodMetrics } from './usage.ts';

export interface PodObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string; readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts } }[] };
}

/** What a line of the table is about: a node, a pod, or one of its containers. */
export interface Subject {
  readonly namespace?: string;
  readonly name: string;
  readonly container?: string;
  readonly pod?: PodMetrics;
}

/** What one flag adds, for one print. */
export interface Columns {
  readonly headers: readonly string[];
  /** As many as there are headers; `-` where nothing is known. */
  cells(of: Subject): readonly string[];
  /** By field name; empty where nothing is known. */
  data(of: Subject): Readonly<Record<string, unknown>>;
}

/** One print. */
export interface Scene {
  /** `/namespaces/x`, or empty. */
  readonly scope: string;
  /** Set where one object was named. */
  readonly name: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly nodes: readonly NodeMetrics[];
  /** What several columns need is read once. */
  once<T>(what: string, read: () => Promise<T>): Promise<T>;
}

export type ColumnSource = (scene: Scene) => Promise<Columns>;

export function sceneOf(parts: Omit<Scene, 'once' | 'nodes'> & { readonly nodes?: readonly NodeMetrics[] }): Scene {
  const known = new Map<string, Promise<unknown>>();
  return {
    nodes: [], ...parts,
    once: <T>(what: string, read: () => Promise<T>) => {
      const reading = (known.get(what) as Promise<T> | undefined) ?? read();
      known.set(what, reading);
      return reading;
    },
  };
}

export function podsOf(session: Session, scene: Scene): Promise<readonly PodObject[]> {
  const path = `/api/v1${scene.scope}/pods`;
  return scene.once('pods', async () => (scene.name ? [await session.json(`${path}/${scene.name}`)] : ((await session.json(path, { query: scene.query }))['items'] ?? [])) as unknown as PodObject[]);
}
