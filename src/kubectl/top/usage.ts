/** The arithmetic of `kubectl top`: sums, order, percentages, and the words of each figure. */
import { parseQuantity, Quantity } from '../../machinery/quantity.ts';

export type Resource = 'cpu' | 'memory' | 'swap';
export type Amounts = Readonly<Record<string, string>>;

export interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly containers?: readonly { readonly name: string; readonly usage?: Amounts }[] | null;
}

export interface NodeMetrics {
  readonly metadata: { readonly name: string };
  readonly usage?: Amounts;
}

export type Usage = Readonly<Partial<Record<Resource, Quantity>>>;

export function usageOf(amounts: Amounts | undefined): Usage {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([resource, text]) => [resource, parseQuantity(text)]));
}

const none = new Quantity(0n);

export function sum(usages: readonly Usage[], resources: readonly Resource[]): Usage {
  return Object.fromEntries(resources.map((resource) => [resource, usages.reduce((total, usage) => total.add(usage[resource] ?? none), none)]));
}

export function usageOfPod(pod: PodMetrics, resources: readonly Resource[]): Usage {
  return sum((pod.containers ?? []).map((c) => usageOf(c.usage)), resources);
}

/** `250m`, `12Mi`: whole millicores rounded up, whole mebibytes rounded down. */
export function usageText(resource: Resource, usage: Usage): string {
  const quantity = usage[resource] ?? none;
  return resource === 'cpu' ? `${quantity.milli()}m` : `${quantity.scaled(0) / (1024n * 1024n)}Mi`;
}

/** The share of what is available, cut to whole percent. */
export function percentText(resource: Resource, usage: Usage, available: Quantity): string {
  if (available.isZero()) return '0%';
  return `${Math.trunc((Number((usage[resource] ?? none).scaled(-3)) / Number(available.scaled(-3))) * 100)}%`;
}

/** Largest first by cpu or memory, else by name. */
export function byUsage<T>(sortBy: string, usage: (item: T) => Usage, name: (item: T) => string): (a: T, b: T) => number {
  const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  if (sortBy === 'cpu') return (a, b) => Number((usage(b).cpu ?? none).scaled(-3) - (usage(a).cpu ?? none).scaled(-3));
  if (sortBy === 'memory') return (a, b) => Number((usage(b).memory ?? none).scaled(0) - (usage(a).memory ?? none).scaled(0));
  return (a, b) => compareText(name(a), name(b));
}

/** `950B`, `12Ki`, `1.4Gi`; `-` where nothing is known. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return '-';
  const units = ['B', 'Ki', 'Mi', 'Gi', 'Ti'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.floor(value)}${units[unit]}`;
}
