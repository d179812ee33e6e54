/** How fast nodes of a zone may be emptied. When everything seems to be down, it is the network: nothing is evicted. */
import type { Clock } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Node } from '../../api/core/v1/index.ts';

const perNodeMs = 10_000;
const slowPerNodeMs = 100_000;
const unhealthyShare = 0.55;
/** Zones of this size or less stop instead of slowing down. */
const smallZone = 50;

type Mode = 'normal' | 'partial' | 'full';

interface Zone {
  readonly nodes: Map<string, boolean>;
  nextTurn: number;
}

export class ZoneLimits {
  readonly #clock: Clock;
  readonly #zones = new Map<string, Zone>();
  readonly #zoneOf = new Map<string, string>();
  readonly #waiting = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  see(node: DeepReadonly<Node>): void {
    const { name, labels = {} } = node.metadata;
    const key = `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
    if (this.#zoneOf.get(name) !== key) this.forget(name);
    this.#zoneOf.set(name, key);
    let zone = this.#zones.get(key);
    if (!zone) this.#zones.set(key, (zone = { nodes: new Map(), nextTurn: 0 }));
    zone.nodes.set(name, node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false);
  }

  forget(name: string): void {
    const key = this.#zoneOf.get(name);
    if (key === undefined) return;
    this.#zoneOf.delete(name);
    this.#waiting.delete(name);
    const zone = this.#zones.get(key);
    zone?.nodes.delete(name);
    if (zone?.nodes.size === 0) this.#zones.delete(key);
  }

  done(name: string): void {
    this.#waiting.delete(name);
  }

  /** Whether the node stands in line for a turn. */
  waits(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** False when every zone is down altogether. */
  mayEvict(_name: string): boolean {
    for (const zone of this.#zones.values()) if (mode(zone) !== 'full') return true;
    return false;
  }

  /** True when the node may be emptied now; it stands in line otherwise. */
  takeTurn(name: string): boolean {
    this.#waiting.add(name);
    const zone = this.#zones.get(this.#zoneOf.get(name) ?? '');
    if (!zone || !this.mayEvict(name)) return false;
    const current = mode(zone);
    if (current === 'partial' && zone.nodes.size <= smallZone) return false;
    const now = this.#clock.monotonic();
    if (now < zone.nextTurn) return false;
    zone.nextTurn = now + (current === 'partial' ? slowPerNodeMs : perNodeMs);
    this.#waiting.delete(name);
    return true;
  }
}

function mode({ nodes }: Zone): Mode {
  let down = 0;
  for (const ready of nodes.values()) if (!ready) down++;
  if (down === nodes.size && down > 0) return 'full';
  return down > 2 && down / nodes.size >= unhealthyShare ? 'partial' : 'normal';
}
