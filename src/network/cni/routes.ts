/**
 * Routes to the pods of the other nodes, through those nodes' addresses. Runs in every node, and once on the host, which
 * thereby reaches pods as a node does. Routes carry a protocol number of their own: what is not ours is never touched.
 */
import { attempt, run } from '../../base/command.ts';
import type { Logger } from '../../base/log.ts';
import type { Node } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';

/** Marks our routes in the kernel's table. */
const protocol = '179';

export interface Route {
  readonly destination: string;
  readonly gateway: string;
}

/** The routes that one node, or the host when `self` is absent, needs to reach all pods. */
export function podRoutes(nodes: Iterable<DeepReadonly<Node>>, self?: string): Route[] {
  const routes: Route[] = [];
  for (const node of nodes) {
    if (node.metadata.name === self || node.metadata.deletionTimestamp) continue;
    const addresses = (node.status?.addresses ?? []).filter((address) => address.type === 'InternalIP').map((address) => address.address);
    const cidrs = node.spec.podCIDRs ?? (node.spec.podCIDR ? [node.spec.podCIDR] : []);
    for (const destination of cidrs) {
      const gateway = addresses.find((address) => address.includes(':') === destination.includes(':'));
      if (gateway) routes.push({ destination, gateway });
    }
  }
  return routes;
}

interface KernelRoute {
  readonly dst: string;
  readonly gateway?: string;
}

/**
 * Makes the routes of our protocol through one device equal to `wanted`: the host has a device, and routes, for each profile.
 * A gateway that is not reachable yet is reported and left for the next call.
 */
export async function syncRoutes(wanted: readonly Route[], device: string, options: { log: Logger; enter?: readonly string[] }): Promise<void> {
  const ip = [...(options.enter ?? []), 'ip'];
  for (const family of ['-4', '-6']) {
    const own = wanted.filter((route) => route.destination.includes(':') === (family === '-6'));
    const listed = await attempt([...ip, family, '-j', 'route', 'show', 'proto', protocol, 'dev', device]);
    const present = new Map((JSON.parse(listed || '[]') as KernelRoute[]).map((route) => [route.dst, route.gateway]));
    for (const { destination, gateway } of own) {
      const known = present.get(destination);
      present.delete(destination);
      if (known === gateway) continue;
      try {
        await run([...ip, family, 'route', 'replace', destination, 'via', gateway, 'dev', device, 'proto', protocol]);
      } catch (error) {
        options.log.warn('No route to the pods of a node', { destination, gateway, err: error });
      }
    }
    for (const destination of present.keys()) await attempt([...ip, family, 'route', 'delete', destination, 'dev', device, 'proto', protocol]);
  }
}
