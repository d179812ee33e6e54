/** The table as it is in the kernel, and the smallest transaction that makes it what it should be. Pure. */
import type { Family } from './model.ts';
import type { Container, Element, Fragment } from './rules.ts';

export const tableName = 'k7s-proxy';
const masqueradeBit = '0x4000';

interface TableOptions {
  readonly family: Family;
  /** Where node ports answer. */
  readonly nodeIPs: readonly string[];
}

/** The part that no service changes: shared maps, hooks and the lookup of services. */
export function frame({ family, nodeIPs }: TableOptions): string {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const byAddress = `type ${address} . inet_proto . inet_service : verdict ;`;
  const byPort = 'type inet_proto . inet_service : verdict ;';
  const lookup = `${family} daddr . meta l4proto . th dport vmap`;
  const own = nodeIPs.length > 0 ? ` elements = { ${nodeIPs.join(', ')} } ;` : '';
  return `table ${family} ${tableName} {
  set nodeport-ips { type ${address} ;${own} }
  set cluster-ips { type ${address} ; }
  set hairpin { type ${address} . ${address} ; }
  map service-ips { ${byAddress} }
  map service-nodeports { ${byPort} }
  map no-endpoint-services { ${byAddress} }
  map no-endpoint-nodeports { ${byPort} }
  map firewall-ips { ${byAddress} }

  chain reject-chain { reject ; }
  chain mark-for-masquerade { meta mark set meta mark | ${masqueradeBit} ; }
  chain services {
    ${lookup} @service-ips
    ${family} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain without-endpoints {
    ${lookup} @no-endpoint-services
    ${family} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
  }
  chain unknown-ports { ${family} daddr @cluster-ips reject comment "a cluster IP, but none of its ports" ; }

  chain nat-prerouting { type nat hook prerouting priority -100 ; policy accept ; jump services ; }
  chain nat-output { type nat hook output priority -100 ; policy accept ; jump services ; }
  chain nat-postrouting {
    type nat hook postrouting priority 100 ; policy accept ;
    ${family} saddr . ${family} daddr @hairpin masquerade fully-random
    meta mark & ${masqueradeBit} == 0 return
    meta mark set meta mark ^ ${masqueradeBit}
    masquerade fully-random
  }
  chain filter-prerouting { type filter hook prerouting priority -110 ; policy accept ; ct state new ${lookup} @firewall-ips ; }
  chain filter-input { type filter hook input priority -110 ; policy accept ; ct state new jump without-endpoints ; }
  chain filter-forward {
    type filter hook forward priority -110 ; policy accept ;
    ct state new jump without-endpoints
    ct state new jump unknown-ports
  }
  chain filter-output { type filter hook output priority -110 ; policy accept ; ct state new ${lookup} @firewall-ips ; }
  chain filter-output-translated {
    type filter hook output priority -90 ; policy accept ;
    ct state new jump without-endpoints
    ct state new jump unknown-ports
  }
}
`;
}

const empty: Fragment = { chains: new Map(), sets: new Map(), elements: [], udp: new Map() };

/** An element may be claimed by several services (a shared endpoint, two services with one external IP): the first one wins. */
interface Claim {
  readonly element: Element;
  readonly owners: Map<string, Element>;
}

export class ProxyTable {
  readonly #options: TableOptions;
  readonly #fragments = new Map<string, Fragment>();
  readonly #claims = new Map<string, Claim>();

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** The whole table in one transaction, whatever is in the kernel. */
  full(): string {
    const { family } = this.#options;
    const table = `${family} ${tableName}`;
    const script = new Script(family);
    for (const fragment of this.#fragments.values()) script.define(fragment, empty);
    for (const { element } of this.#claims.values()) script.add(element);
    return `table ${table}\ndelete table ${table}\n${frame(this.#options)}${script.text()}`;
  }

  fragments(): IterableIterator<Fragment> {
    return this.#fragments.values();
  }

  fragment(service: string): Fragment {
    return this.#fragments.get(service) ?? empty;
  }

  /** Takes in the new fragments (undefined: the service is gone) and answers what to do about it; empty when nothing. */
  update(changes: ReadonlyMap<string, Fragment | undefined>): string {
    const script = new Script(this.#options.family);
    for (const [service, next] of changes) {
      const old = this.fragment(service);
      script.define(next ?? empty, old);
      this.#reclaim(service, old.elements, next?.elements ?? [], script);
      if (next) this.#fragments.set(service, next);
      else this.#fragments.delete(service);
    }
    return script.text();
  }

  #reclaim(service: string, old: readonly Element[], next: readonly Element[], script: Script): void {
    const wanted = new Map(next.map((element) => [identity(element), element]));
    for (const element of old) if (!wanted.has(identity(element))) this.#settle(service, element, undefined, script);
    for (const element of wanted.values()) this.#settle(service, element, element, script);
  }

  /** Enters or withdraws one service's claim and lets the kernel follow the claim that counts. */
  #settle(service: string, element: Element, claimed: Element | undefined, script: Script): void {
    const id = identity(element);
    const before = this.#claims.get(id);
    const owners = before?.owners ?? new Map<string, Element>();
    if (claimed) owners.set(service, claimed);
    else owners.delete(service);
    const [winner] = owners.values();
    if (winner) this.#claims.set(id, { element: winner, owners });
    else this.#claims.delete(id);
    if (before && winner && before.element.value === winner.value) return;
    if (before) script.delete(before.element);
    if (winner) script.add(winner);
  }
}

function identity(element: Element): string {
  return `${element.container} ${element.key}`;
}

/** Statements in the one order that the kernel accepts: define, fill, point elsewhere, remove. */
class Script {
  readonly #table: string;
  readonly #definitions: string[] = [];
  readonly #rules: string[] = [];
  readonly #removals = new Map<Container, string[]>();
  readonly #additions = new Map<Container, string[]>();
  readonly #endedChains: string[] = [];
  readonly #endedSets: string[] = [];

  constructor(family: Family) {
    this.#table = `${family} ${tableName}`;
  }

  define(next: Fragment, old: Fragment): void {
    for (const [name, definition] of next.sets) {
      const before = old.sets.get(name);
      if (before === definition) continue;
      // A set's timeout cannot be changed. Its users are flushed first; those who lose their set are refilled below.
      if (before !== undefined) this.#replaceSet(name, old);
      this.#definitions.push(`add set ${this.#table} ${name} { ${definition} }`);
    }
    const resized = [...next.sets].some(([name, definition]) => old.sets.has(name) && old.sets.get(name) !== definition);
    for (const [name, rules] of next.chains) {
      const before = old.chains.get(name);
      if (before && !resized && sameRules(before, rules)) continue;
      if (before) this.#rules.push(`flush chain ${this.#table} ${name}`);
      else this.#definitions.push(`add chain ${this.#table} ${name}`);
      for (const rule of rules) this.#rules.push(`add rule ${this.#table} ${name} ${rule}`);
    }
    for (const name of old.chains.keys()) if (!next.chains.has(name)) this.#endedChains.push(name);
    for (const name of old.sets.keys()) if (!next.sets.has(name)) this.#endedSets.push(name);
  }

  #replaceSet(name: string, old: Fragment): void {
    for (const [chain, rules] of old.chains) if (rules.some((rule) => rule.includes(`@${name} `))) this.#definitions.push(`flush chain ${this.#table} ${chain}`);
    this.#definitions.push(`delete set ${this.#table} ${name}`);
  }

  add(element: Element): void {
    push(this.#additions, element.container, element.value === undefined ? element.key : `${element.key} : ${element.value}`);
  }

  delete(element: Element): void {
    push(this.#removals, element.container, element.value === undefined ? element.key : `${element.key} : ${element.value}`);
  }

  text(): string {
    const out = [...this.#definitions, ...this.#rules];
    for (const [container, elements] of this.#removals) out.push(`delete element ${this.#table} ${container} { ${elements.join(', ')} }`);
    for (const [container, elements] of this.#additions) out.push(`add element ${this.#table} ${container} { ${elements.join(', ')} }`);
    // Chains that end may still point to one another.
    for (const chain of this.#endedChains) out.push(`flush chain ${this.#table} ${chain}`);
    for (const chain of this.#endedChains) out.push(`delete chain ${this.#table} ${chain}`);
    for (const set of this.#endedSets) out.push(`delete set ${this.#table} ${set}`);
    return out.length > 0 ? `${out.join('\n')}\n` : '';
  }
}

function push(lists: Map<Container, string[]>, container: Container, text: string): void {
  const list = lists.get(container);
  if (list) list.push(text);
  else lists.set(container, [text]);
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule === b[i]);
}
