/** Components that run alone, with the flags of their upstream counterparts. */
import { readFileSync } from 'node:fs';
import { httpClient, type HttpClientConfig } from '../client/http.ts';
import { inClusterConfig } from '../client/incluster.ts';
import type { Context } from './context.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { untilTerminated } from './lifetime.ts';

/** From a kubeconfig when there is one, else as a pod does. */
function connection(kubeconfig: string | undefined): HttpClientConfig {
  return kubeconfig === undefined ? inClusterConfig(process.env) : readKubeconfig(kubeconfig);
}

/** `k7s metrics-server`: inside a pod, or with --kubeconfig. */
export async function metricsServer(argv: readonly string[], { surroundings }: Context): Promise<number> {
  const { parseOptions } = await import('../metrics/metrics-server/options.ts');
  const { runMetricsServer } = await import('../metrics/metrics-server/server.ts');
  const options = parseOptions(argv);
  const signal = untilTerminated();
  const config = connection(options.kubeconfig);
  const client = httpClient({ ...config, userAgent: 'metrics-server', surroundings });
  const token = (): string | undefined => (config.tokenFile ? readFileSync(config.tokenFile, 'utf8').trim() : config.token);
  const server = await runMetricsServer(options, { client, kubelets: { token, ...(config.ca ? { authority: config.ca } : {}) }, surroundings, signal });
  await server.stopped;
  client.close();
  return 0;
}
