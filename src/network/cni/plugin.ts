/** The network plugin's daemon: from Node objects to the runtime's configuration and the kernel's routes. */
import { isDeepStrictEqual } from 'node:util';
import { isAbort } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { Wake } from '../../base/wake.ts';
import { nodes, type Node } from '../../api/core/v1/index.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { writeCniConfig } from './config.ts';
import { podRoutes, syncRoutes } from './routes.ts';

export interface NetworkPluginOptions {
  readonly client: Client;
  /** The device towards the other nodes: eth0 in a node, the profile's bridge on the host. */
  readonly device: string;
  /** Absent on the host, which only needs routes. */
  readonly node?: {
    readonly name: string;
    /** The runtime's CNI configuration folder. */
    readonly configDirectory: string;
    /** The node's own folder for addresses in use. */
    readonly dataDirectory: string;
    readonly mtu?: number;
  };
  /** An argv prefix under which ip runs, for a plugin outside of its node's network namespace. */
  readonly enter?: readonly string[];
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

const settleMs = 20;
const resyncMs = 60_000;

/** Runs until the signal fires. Configuration and routes stay when it ends: pods go on talking. */
export async function runNetworkPlugin(options: NetworkPluginOptions): Promise<void> {
  const { client, node, signal } = options;
  const surroundings = { ...options.surroundings, log: options.surroundings.log.named('network-plugin') };
  const { clock, log } = surroundings;
  const informer = new Informer(client, nodes, surroundings);
  const wake = new Wake();
  const changed = (): void => wake.notify();
  // Heartbeats change a node all the time, and nothing here.
  const updated = (now: DeepReadonly<Node>, old: DeepReadonly<Node>): void => {
    if (!isDeepStrictEqual([now.spec.podCIDRs, now.status?.addresses], [old.spec.podCIDRs, old.status?.addresses])) changed();
  };
  informer.on({ added: changed, updated, deleted: changed });
  const listing = informer.run(signal);
  try {
    await informer.synced(signal);
    while (!signal.aborted) {
      const own = node ? informer.get(node.name) : undefined;
      const podCIDRs = own?.spec.podCIDRs ?? (own?.spec.podCIDR ? [own.spec.podCIDR] : []);
      if (node && podCIDRs.length > 0 && (await writeCniConfig(node.configDirectory, { podCIDRs, dataDirectory: node.dataDirectory, ...(node.mtu ? { mtu: node.mtu } : {}) }))) {
        log.info('Pod network configured', { podCIDRs: podCIDRs.join(',') });
      }
      await syncRoutes(podRoutes(informer.values(), node?.name), options.device, { log, ...(options.enter ? { enter: options.enter } : {}) });
      await wake.wait(clock, resyncMs, signal);
      await clock.sleep(settleMs, signal);
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
  await listing;
}
