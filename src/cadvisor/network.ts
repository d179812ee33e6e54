import { readText } from './files.ts';
import type { InterfaceSample } from './sample.ts';

/** Interfaces of the network namespace in which `pid` lives (`/proc/<pid>/net/dev`), loopback left out; undefined when the process is gone. */
export function readInterfaces(pid: number | 'self', proc = '/proc'): readonly InterfaceSample[] | undefined {
  const text = readText(`${proc}/${pid}/net/dev`);
  return text === undefined ? undefined : parseInterfaces(text);
}

/** Devices that belong to the node's plumbing rather than to a pod. */
const ignored = /^(lo|veth|docker|nerdctl|tunl|gre|gretap|erspan|ip_vti|ip6_vti|sit|ip6tnl|ip6gre)/;

export function parseInterfaces(text: string): readonly InterfaceSample[] {
  const out: InterfaceSample[] = [];
  for (const line of text.split('\n').slice(2)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    if (ignored.test(name)) continue;
    const v = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (v.length < 12) continue;
    out.push({ name, rxBytes: v[0]!, rxPackets: v[1]!, rxErrors: v[2]!, rxDropped: v[3]!, txBytes: v[8]!, txPackets: v[9]!, txErrors: v[10]!, txDropped: v[11]! });
  }
  return out;
}
