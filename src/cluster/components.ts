/** The parts of a cluster that run as processes of their own: `k7s <component> flags...`. */
import type { Context } from './context.ts';
import type { Program } from './standalone/program.ts';

export type Component = (argv: readonly string[], context: Context) => Promise<number>;

function program(load: () => Promise<Program>): Component {
  return async (argv, context) => (await import('./standalone/program.ts')).runProgram(await load(), argv, context);
}

/** Those that users start by themselves. */
export const alone = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'metrics-server', 'prometheus-adapter', 'heapster', 'dns', 'cadvisor', 'etcd'] as const;

export const components: Readonly<Record<string, Component>> = {
  server: async (argv, context) => (await import('./server.ts')).server(argv, context),
  agent: async (argv, context) => (await import('./agent.ts')).agent(argv, context),
  supervise: async (argv, context) => (await import('./supervise.ts')).superviseProfile(argv, context),
  'kube-apiserver': program(async () => (await import('./standalone/kube-apiserver.ts')).kubeApiserver),
  etcd: program(async () => (await import('./standalone/etcd.ts')).etcd),
  'plain-kubectl': async (argv) => kubectl(argv),
  top: async (argv) => kubectl(['top', ...argv]),
  'kube-controller-manager': program(async () => (await import('./standalone/kube-controller-manager.ts')).kubeControllerManager),
  'kube-scheduler': program(async () => (await import('./standalone/kube-scheduler.ts')).kubeScheduler),
  kubelet: program(async () => (await import('./standalone/kubelet.ts')).kubelet),
  'kube-proxy': program(async () => (await import('./standalone/kube-proxy.ts')).kubeProxy),
  dns: program(async () => (await import('./standalone/dns.ts')).dns),
  cadvisor: program(async () => (await import('./standalone/cadvisor.ts')).cadvisor),
  heapster: program(async () => (await import('./standalone/heapster.ts')).heapster),
  'prometheus-adapter': program(async () => (await import('./standalone/prometheus-adapter.ts')).prometheusAdapter),
  'metrics-server': async (argv, context) => (await import('./standalone/metrics-server.ts')).metricsServer(argv, context),
};

/** Our own kubectl as the user's kubeconfig has it, whatever profiles there are. */
async function kubectl(argv: readonly string[]): Promise<number> {
  const { main } = await import('../kubectl/main.ts');
  return main(argv, process, process.env);
}
