/** `k7s metrics-server`: inside a pod, or with --kubeconfig. Its flags are its own. */
import { readFileSync } from 'node:fs';
import { httpClient } from '../../client/http.ts';
import { flags, parseOptions } from '../../metrics/metrics-server/options.ts';
import { runMetricsServer } from '../../metrics/metrics-server/server.ts';
import type { Context } from '../context.ts';
import { untilTerminated } from '../lifetime.ts';
import { connection } from './connection.ts';

const historyHelp = `    --history=1h              how far back; 0 keeps none
    --history-resolution=15s  the shortest time between two points
    --history-memory=48Mi     its bound: beyond it points are kept further apart
`;

export async function metricsServer(argv: readonly string[], { surroundings, stdout }: Context): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    const lines = (names: readonly string[]): string => names.map((name) => `    --${name}\n`).join('');
    stdout.write(`Serves metrics.k8s.io from what kubelets measure.\n\nFlags:\n${lines([...flags.strings, ...flags.booleans])}\nOf k7s alone, for the history behind kubectl top --history:\n${historyHelp}\nAccepted, changing nothing here:\n${lines(flags.ignored)}`);
    return 0;
  }
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
