/** What a pod asks for, as scheduling, quota and cgroups count it. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { Container, Pod } from './v1/types.ts';

/** cpu in thousandths, all others in whole units. */
export type Amounts = Map<string, number>;
export type ReadonlyAmounts = ReadonlyMap<string, number>;
export type Side = 'requests' | 'limits';

export function amounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  const out: Amounts = new Map();
  for (const name in list) {
    const quantity = parseQuantity(list[name]!);
    out.set(name, name === 'cpu' ? quantity.milli() : quantity.value());
  }
  return out;
}

export function addAmounts(into: Amounts, more: ReadonlyAmounts, sign = 1): void {
  for (const [name, value] of more) into.set(name, (into.get(name) ?? 0) + sign * value);
}

function maxAmounts(into: Amounts, more: ReadonlyAmounts): void {
  for (const [name, value] of more) if (value > (into.get(name) ?? 0)) into.set(name, value);
}

/** Sidecars: init containers that keep running. */
export function isSidecar(container: DeepReadonly<Container>): boolean {
  return container.restartPolicy === 'Always';
}

export interface Counting {
  /** Stands in for a container that asks for none, e.g. to rank nodes. */
  readonly missing?: Readonly<Record<string, number>>;
}

/**
 * The larger of what the containers and sidecars need together and what any init container needs beside the sidecars that
 * were started before it; resources of the pod as a whole take precedence; overhead comes on top.
 */
export function podAmounts(pod: DeepReadonly<Pod>, side: Side, counting: Counting = {}): Amounts {
  const of = (container: DeepReadonly<Container>): Amounts => {
    const found = amounts(container.resources?.[side]);
    for (const name in counting.missing) if (!found.has(name)) found.set(name, counting.missing[name]!);
    return found;
  };
  const running: Amounts = new Map();
  for (const container of pod.spec?.containers ?? []) addAmounts(running, of(container));
  const sidecars: Amounts = new Map();
  const starting: Amounts = new Map();
  for (const container of pod.spec?.initContainers ?? []) {
    const own = of(container);
    if (isSidecar(container)) {
      addAmounts(running, own);
      addAmounts(sidecars, own);
      maxAmounts(starting, sidecars);
    } else {
      addAmounts(own, sidecars);
      maxAmounts(starting, own);
    }
  }
  maxAmounts(running, starting);
  for (const [name, value] of amounts(pod.spec?.resources?.[side])) running.set(name, value);
  if (pod.spec?.overhead) {
    for (const [name, value] of amounts(pod.spec.overhead)) {
      if (side === 'requests' || running.has(name)) running.set(name, (running.get(name) ?? 0) + value);
    }
  }
  return running;
}

/** A pod that has ended and holds nothing any more. */
export function isFinished(pod: DeepReadonly<Pod>): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
