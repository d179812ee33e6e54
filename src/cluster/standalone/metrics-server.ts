/** `k7s metrics-server`: inside a pod, or with --kubeconfig. Its flags are its own. */
import { readFileSync } from 'node:fs';
import { httpClient } from '../../client/http.ts';
import { parseOptions } from '../../metrics/metrics-server/options.ts';
import { runMetricsServer } from '../../metrics/metrics-server/server.ts';
import type { Context } from '../context.ts';
import { untilTerminated } from '../lifetime.ts';
import { connection } from './connection.ts';

export async function metricsServer(argv: readonly string[], { surroundings }: Context): Promise<number> {
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
