/** The whole control plane for tests: API server, controllers, scheduler and simulated nodes, as a cluster runs them. */
import { httpClient, type HttpClient } from '../src/client/http.ts';
import { runControllers, type ControllerOptions } from '../src/controllers/index.ts';
import { runScheduler } from '../src/scheduler/index.ts';
import { runSimulatedNodes, type SimulatedNode } from '../src/simulation/index.ts';
import type { ApiServerConfig } from '../src/apiserver/config.ts';
import { logger } from '../src/base/log.ts';
import { surroundings as quiet, testServer, type TestServer } from './apiserver.ts';

export interface ControlPlane extends TestServer {
  readonly client: HttpClient;
  stop(): Promise<void>;
}

export async function controlPlane(options: { nodes?: readonly SimulatedNode[]; controllers?: ControllerOptions; scheduler?: boolean; api?: Partial<ApiServerConfig> } = {}): Promise<ControlPlane> {
  const server = await testServer({ advertiseAddress: '192.0.2.1', ...options.api });
  const controller = new AbortController();
  const { signal } = controller;
  const surroundings = process.env['K7S_TEST_LOG'] ? { ...quiet, log: logger(quiet.clock, (line) => void process.stderr.write(line)) } : quiet;
  const { authority, admin, api } = server;
  const client = httpClient({ server: api.url, ca: authority.certPem, cert: admin.certPem, key: admin.keyPem, surroundings });
  const running = [
    // In process and each with its own rights, as in a cluster; the scheduler and the nodes come over the network.
    runControllers({
      client: api.client({ name: 'system:kube-controller-manager', groups: ['system:authenticated'] }),
      clientFor: (account) => api.client({ name: `system:serviceaccount:kube-system:${account}`, groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] }),
      surroundings, signal, options: { rootCa: authority.certPem, serviceAccountKey: server.signingKey, signing: authority, ...options.controllers },
    }),
    options.scheduler === false ? Promise.resolve() : runScheduler({ client, surroundings, signal }),
    runSimulatedNodes({ client, nodes: options.nodes ?? [], surroundings, signal }),
  ];
  return {
    ...server, client,
    stop: async () => {
      controller.abort();
      await Promise.all(running);
      client.close();
      await server.stop();
    },
  };
}
