/** Components that run alone, with the flags of their upstream counterparts. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { nodes } from '../api/core/v1/index.ts';
import { httpClient, type HttpClientConfig } from '../client/http.ts';
import { inClusterConfig } from '../client/incluster.ts';
import type { Context } from './context.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { untilTerminated } from './lifetime.ts';
import { CliError } from './output.ts';

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

/** `k7s dns`: the cluster's name server. */
export async function dns(argv: readonly string[], { surroundings }: Context): Promise<number> {
  const { runDns } = await import('../network/dns/dns.ts');
  const { values } = parseArgs({
    args: [...argv],
    options: {
      domain: { type: 'string', default: 'cluster.local' },
      port: { type: 'string', default: '53' },
      'bind-address': { type: 'string', default: '0.0.0.0' },
      kubeconfig: { type: 'string' },
    },
  });
  const client = httpClient({ ...connection(values.kubeconfig), userAgent: 'coredns', surroundings });
  await runDns({
    client, domain: values.domain, listen: { host: values['bind-address'], port: Number(values.port) },
    ports: { health: 8080, ready: 8181, metrics: 9153 }, surroundings, signal: untilTerminated(),
  });
  client.close();
  return 0;
}

/** `k7s kube-proxy`: the service proxy of the node whose network namespace it runs in. */
export async function kubeProxy(argv: readonly string[], { surroundings }: Context): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kubeconfig: { type: 'string' },
      'hostname-override': { type: 'string', default: hostname() },
      'cluster-cidr': { type: 'string', default: '' },
      'proxy-mode': { type: 'string', default: 'nftables' },
      'healthz-bind-address': { type: 'string', default: '0.0.0.0:10256' },
      'metrics-bind-address': { type: 'string', default: '127.0.0.1:10249' },
    },
  });
  if (values['proxy-mode'] !== 'nftables') throw new CliError(`proxy mode "${values['proxy-mode']}" is not available here`, { mend: 'Leave --proxy-mode out: it is nftables', exitCode: 64 });
  const { runProxy } = await import('../network/proxy/proxy.ts');
  const signal = untilTerminated();
  const client = httpClient({ ...connection(values.kubeconfig), userAgent: 'kube-proxy', surroundings });
  const nodeName = values['hostname-override'];
  const node = await client.get(nodes, nodeName, { signal });
  const nodeIPs = (node.status?.addresses ?? []).filter((address) => address.type === 'InternalIP').map((address) => address.address);
  const port = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
  await runProxy({
    client, nodeName, nodeIPs, clusterCIDRs: values['cluster-cidr'].split(',').filter(Boolean),
    healthPort: port(values['healthz-bind-address']), metricsPort: port(values['metrics-bind-address']), surroundings, signal,
  });
  client.close();
  return 0;
}
