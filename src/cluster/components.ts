/** The parts of a cluster that run as processes of their own: `k7s <component> flags...`. */
import type { Context } from './context.ts';

export type Component = (argv: readonly string[], context: Context) => Promise<number>;

export const components: Readonly<Record<string, Component>> = {
  server: async (argv, context) => (await import('./server.ts')).server(argv, context),
  agent: async (argv, context) => (await import('./agent.ts')).agent(argv, context),
  supervise: async (argv, context) => (await import('./supervise.ts')).superviseProfile(argv, context),
  'metrics-server': async (argv, context) => (await import('./standalone.ts')).metricsServer(argv, context),
  dns: async (argv, context) => (await import('./standalone.ts')).dns(argv, context),
  'kube-proxy': async (argv, context) => (await import('./standalone.ts')).kubeProxy(argv, context),
};
