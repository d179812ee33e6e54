/** API server, controllers and scheduler in one process, speaking to one another over the loopback. */
import { storageclasses } from '../api/storage/v1/index.ts';
import { startApiServer, type ApiServer } from '../apiserver/server.ts';
import type { ApiServerConfig } from '../apiserver/config.ts';
import type { Component } from '../apiserver/registry/core/components.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Client } from '../client/client.ts';
import type { ControllerOptions } from '../controllers/harness/controller.ts';
import { runControllers } from '../controllers/index.ts';
import { standardClass } from '../controllers/volumes/hostpath.ts';
import { hasReason } from '../machinery/status.ts';
import { runNetworkPlugin } from '../network/cni/plugin.ts';
import { runScheduler } from '../scheduler/index.ts';
import { runSimulatedNodes, type SimulatedNode } from '../simulation/index.ts';

export interface ControlPlaneConfig {
  readonly api: ApiServerConfig;
  readonly controllers: ControllerOptions;
  /** The profile's bridge: over it go the host's routes to the pods of all nodes, so that the API server reaches them. */
  readonly bridge?: string;
  readonly simulatedNodes?: readonly SimulatedNode[];
}

export interface ControlPlane {
  readonly api: ApiServer;
  readonly client: Client;
  /** Settles when all parts have come to rest; rejects when one fails. */
  readonly ended: Promise<void>;
}

/** Resolves when the API is served. Ends with the signal. */
export async function startControlPlane(config: ControlPlaneConfig, surroundings: Surroundings, signal: AbortSignal): Promise<ControlPlane> {
  const health = new Map<string, string>();
  const components = ['scheduler', 'controller-manager'].map((name): Component => ({
    name,
    check: async () => {
      const wrong = health.get(name);
      if (wrong !== undefined) throw new Error(wrong);
      return 'ok';
    },
  }));
  for (const { name } of components) health.set(name, 'has not started');
  const api = await startApiServer({ enabledAdmission: ['NodeRestriction'], components, ...config.api }, surroundings);
  /** As long as it runs it is well; how it ended is told from then on. */
  const watched = (name: string, running: Promise<void>): Promise<void> => {
    health.delete(name);
    return running.finally(() => health.set(name, 'has ended'));
  };
  const as = (name: string, ...groups: string[]): Client => api.client({ name, groups: [...groups, 'system:authenticated'] });
  const account = (name: string): Client => as(`system:serviceaccount:kube-system:${name}`, 'system:serviceaccounts', 'system:serviceaccounts:kube-system');
  const admin = as('system:apiserver', 'system:masters');
  // With real containers this is an add-on.
  if (config.simulatedNodes) await createStandardClass(admin);
  const parts = [
    watched('controller-manager', runControllers({ client: as('system:kube-controller-manager'), clientFor: account, surroundings, signal, options: config.controllers, metrics: api.metrics })),
    watched('scheduler', runScheduler({ client: as('system:kube-scheduler'), surroundings, signal })),
  ];
  if (config.bridge) parts.push(runNetworkPlugin({ client: admin, device: config.bridge, surroundings, signal }));
  if (config.simulatedNodes) parts.push(runSimulatedNodes({ client: admin, nodes: config.simulatedNodes, surroundings, signal }));
  const ended = Promise.all(parts).then(() => api.close());
  return { api, client: admin, ended };
}

async function createStandardClass(client: Client): Promise<void> {
  try {
    await client.create(storageclasses, standardClass);
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}
