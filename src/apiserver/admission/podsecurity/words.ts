/** How findings are worded: quoted lists, singular and plural. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { Container, Pod } from '../../../api/core/v1/types.ts';

export type PodView = DeepReadonly<Pick<Pod, 'metadata' | 'spec'>>;
export type AnyContainer = DeepReadonly<Container>;

/** Why a pod does not fit: `reason (detail)`. */
export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

export const quoted = (names: readonly string[]): string => names.map((n) => JSON.stringify(n)).join(', ');
export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);
export const containersNamed = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quoted(names)}`;
export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** All containers in the order in which upstream visits them. */
export function containersOf(pod: PodView): AnyContainer[] {
  const { spec } = pod;
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...((spec.ephemeralContainers ?? []) as unknown as AnyContainer[])];
}

export function namesWhere(pod: PodView, test: (container: AnyContainer) => boolean): string[] {
  return containersOf(pod).filter(test).map((c) => c.name);
}

/** `pod and container "a"`; empty when nobody did it. */
export function setters(byPod: boolean, containers: readonly string[]): string {
  return [...(byPod ? ['pod'] : []), ...(containers.length > 0 ? [containersNamed(containers)] : [])].join(' and ');
}
