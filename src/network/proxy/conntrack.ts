/**
 * UDP has no connections, but the kernel remembers flows: a client that keeps sending keeps its old endpoint, or none, however the
 * rules change. What no longer fits is made to be forgotten.
 */
import { attempt } from '../../base/command.ts';
import type { Family } from './model.ts';
import type { Fragment } from './rules.ts';

export interface StaleFlow {
  /** `ip:port`, or `:port` for a node port. */
  readonly target: string;
  /** Only flows that are answered from here; all when absent. */
  readonly from?: string;
}

/** The flows that a change of one service leaves behind. */
export function staleFlows(old: Fragment, next: Fragment | undefined): StaleFlow[] {
  const stale: StaleFlow[] = [];
  for (const [target, endpoints] of old.udp) {
    const now = next?.udp.get(target) ?? new Set<string>();
    for (const from of endpoints) if (!now.has(from)) stale.push({ target, from });
  }
  for (const [target, endpoints] of next?.udp ?? []) {
    // Flows that began while there was no endpoint were never translated, and would not be now.
    if (endpoints.size > 0 && !old.udp.get(target)?.size) stale.push({ target });
  }
  return stale;
}

/** Which of the kernel's flows contradict the rules: for a proxy that does not know what was before it. */
export function contradictingFlows(listing: string, fragments: Iterable<Fragment>): StaleFlow[] {
  const wanted = new Map<string, ReadonlySet<string>>();
  for (const fragment of fragments) for (const [target, endpoints] of fragment.udp) wanted.set(target, endpoints);
  const stale = new Map<string, StaleFlow>();
  for (const line of listing.split('\n')) {
    // The first addresses are the client's view, the second those of the answers.
    const [, ip = '', port = '', from = ''] = /\bdst=(\S+) .*?dport=(\d+).*?\bsrc=(\S+)/.exec(line) ?? [];
    if (!port) continue;
    for (const target of [`${ip}:${port}`, `:${port}`]) {
      const endpoints = wanted.get(target);
      if (endpoints?.size && !endpoints.has(from)) stale.set(`${target} ${from}`, { target, from });
    }
  }
  return [...stale.values()];
}

export async function listUdpFlows(family: Family, enter: readonly string[]): Promise<string> {
  return (await attempt([...enter, 'conntrack', '-L', '-f', familyName(family), '-p', 'udp'])) ?? '';
}

export async function forgetFlows(flows: readonly StaleFlow[], family: Family, enter: readonly string[]): Promise<void> {
  for (const { target, from } of flows) {
    const at = target.lastIndexOf(':');
    const ip = target.slice(0, at);
    await attempt([
      ...enter, 'conntrack', '-D', '-f', familyName(family), '-p', 'udp',
      ...(ip ? ['--orig-dst', ip] : []), '--orig-port-dst', target.slice(at + 1),
      ...(from ? ['--reply-src', from] : []),
    ]);
  }
}

function familyName(family: Family): string {
  return family === 'ip' ? 'ipv4' : 'ipv6';
}
