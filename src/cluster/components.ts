/** The parts of a cluster that run as processes of their own: `k7s <component> flags...`. */
import type { Context } from './context.ts';

import type { Program } from './standalone/program.ts';

export type Component = (argv: readonly string[], context: Context) => Promise<number>;

function alone(load: () => Promise<Program>): Component {
  return async (argv, context) => (await import('./standalone/program.ts')).runProgram(await load(), argv, context);
}

export const components: Readonly<Record<string, Component>> = {
  server: async (argv, context) => (await import('./server.ts')).server(argv, context),
  agent: async (argv, context) => (await import('./agent.ts')).agent(argv, context),
  supervise: async (argv, context) => (await import('./supervise.ts')).superviseProfile(argv, context),
  'kube-apiserver': alone(async () => (await import('./standalone/kube-apiserver.ts')).kubeApiserver),
  'envtest-etcd': alone(async () => (await import('./standalone/envtest.ts')).etcdStandIn),
  'plain-kubectl': async (argv) => kubectl(argv),
  top: async (argv) => kubectl(['top', ...argv]),
  'kube-controller-manager': alone(async () => (await import('./standalone/kube-controller-manager.ts')).kubeControllerManager),
  'kube-scheduler': alone(async () => (await import('./standalone/kube-scheduler.ts')).kubeScheduler),
  kubelet: alone(async () => (await import('./standalone/kubelet.ts')).kubelet),
  'kube-proxy': alone(async () => (await import('./standalone/kube-proxy.ts')).kubeProxy),
  dns: alone(async () => (await import('./standalone/dns.ts')).dns),
  cadvisor: alone(async () => (await import('./standalone/cadvisor.ts')).cadvisor),
  'metrics-server': async (argv, context) => (await import('./standalone/metrics-server.ts')).metricsServer(argv, context),
};

/** Our own kubectl as the user's kubeconfig has it, whatever profiles there are. */
async function kubectl(argv: readonly string[]): Promise<number> {
  const { main } = await import('../kubectl/main.ts');
  return main(argv, process, process.env);
}
