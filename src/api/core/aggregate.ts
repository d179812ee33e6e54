/** What the containers of a pod ask for together, exactly: the larger of what runs at once and what any init container needs. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts';
import { isSidecar, type Side } from './podresources.ts';
import type { PodSpec } from './v1/types.ts';

type Amounts = Map<string, Quantity>;

function add(into: Amounts, name: string, amount: Quantity): void {
  const before = into.get(name);
  into.set(name, before ? before.add(amount) : amount);
}

function raise(into: Amounts, from: Amounts): void {
  for (const [name, amount] of from) if ((into.get(name)?.cmp(amount) ?? -1) < 0) into.set(name, amount);
}

export function containerAmounts(spec: DeepReadonly<PodSpec>, side: Side): ReadonlyMap<string, Quantity> {
  const running: Amounts = new Map();
  const sidecars: Amounts = new Map();
  const starting: Amounts = new Map();
  const amounts = (list: Readonly<Record<string, string>> | undefined): [string, Quantity][] => Object.entries(list ?? {}).map(([name, amount]) => [name, parseQuantity(amount)]);
  for (const c of spec.containers ?? []) for (const [name, amount] of amounts(c.resources?.[side])) add(running, name, amount);
  for (const c of spec.initContainers ?? []) {
    if (!isSidecar(c)) {
      const own: Amounts = new Map(amounts(c.resources?.[side]));
      for (const [name, amount] of sidecars) add(own, name, amount);
      raise(starting, own);
      continue;
    }
    for (const [name, amount] of amounts(c.resources?.[side])) {
      add(running, name, amount);
      add(sidecars, name, amount);
    }
    raise(starting, sidecars);
  }
  raise(running, starting);
  return running;
}
