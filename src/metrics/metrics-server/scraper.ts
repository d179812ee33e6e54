import { Agent, request } from 'node:https';
import { request as plainRequest } from 'node:http';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Node } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { decodeResourceMetrics } from './decode.ts';
import type { MetricsServerOptions } from './options.ts';
import type { MetricsBatch } from './storage.ts';

/** Requests are spread over the round, so that a large cluster is not asked all at once; who is asked last still has time to answer. */
const delayPerNodeMs = 8;
const spreadShare = 0.6;
/**
 * An open TLS connection costs about 70 KB, a resumed handshake less than a millisecond: so many nodes' connections are kept open,
 * to those beyond one is made each time.
 */
const keptConnections = 500;
/** A kubelet of hundreds of pods answers with far less. */
const maxAnswerBytes = 32 << 20;

export interface KubeletCredentials {
  /** Bearer token, read anew for each round since projected tokens rotate. */
  readonly token: () => string | undefined;
  /** PEM: who may have signed the kubelets' certificates unless a flag says otherwise. */
  readonly authority?: string;
}

export type Scrape = (nodes: readonly DeepReadonly<Node>[], signal: AbortSignal) => Promise<MetricsBatch>;

export function nodeAddress(node: DeepReadonly<Node>, preferred: readonly string[]): string | undefined {
  for (const type of preferred) {
    const found = node.status.addresses?.find((a) => a.type === type);
    if (found) return found.address;
  }
  return undefined;
}

export function kubeletScraper(options: MetricsServerOptions, credentials: KubeletCredentials, surroundings: Surroundings, metrics: Metrics): Scrape {
  const { clock, random, log } = surroundings;
  const duration = metrics.histogram({ name: 'metrics_server_kubelet_request_duration_seconds', help: 'Duration of requests to Kubelet API in seconds', labels: ['node'] });
  const total = metrics.counter({ name: 'metrics_server_kubelet_request_total', help: 'Number of requests sent to Kubelet API', labels: ['success'] });
  const lastTime = metrics.gauge({ name: 'metrics_server_kubelet_last_request_time_seconds', help: 'Time of last request performed to Kubelet API since unix epoch in seconds', labels: ['node'] });
  const tls = tlsOptions(options, credentials);
  const kept = new Agent({ keepAlive: true, ...tls });
  const single = new Agent({ keepAlive: false, maxCachedSessions: 10_000, ...tls });
  const timeLimit = (delayMs: number): number => Math.floor(Math.min(options.kubeletRequestTimeoutMs, options.metricResolutionMs - delayMs));

  const scrapeNode = async (node: DeepReadonly<Node>, agent: Agent, delayMs: number, signal: AbortSignal): Promise<MetricsBatch | undefined> => {
    const name = node.metadata.name;
    await clock.sleep(delayMs, signal);
    const started = clock.monotonic();
    try {
      const address = nodeAddress(node, options.kubeletPreferredAddressTypes);
      if (!address) throw new Error(`node ${name} has no address of the types ${options.kubeletPreferredAddressTypes.join(', ')}`);
      const port = (options.kubeletUseNodeStatusPort ? node.status.daemonEndpoints?.kubeletEndpoint?.Port : undefined) ?? options.kubeletPort;
      const text = await fetchText({ address, port, agent, plain: options.completelyInsecureKubelet, token: credentials.token(), signal: AbortSignal.timeout(timeLimit(delayMs)) });
      const batch = decodeResourceMetrics(text, name, clock.now());
      total.inc(1, 'true');
      return batch;
    } catch (error) {
      total.inc(1, 'false');
      if (signal.aborted) throw error;
      const ready = node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
      if (ready) log.error('Failed to scrape node', error, { node: name });
      else log.debug('Failed to scrape node, node is not ready', { node: name, err: String(error) });
      return undefined;
    } finally {
      duration.observe((clock.monotonic() - started) / 1000, name);
      lastTime.set(Math.floor(clock.now() / 1000), name);
    }
  };

  return async (nodes, signal) => {
    const spread = nodes.length > 1 ? Math.min(delayPerNodeMs * nodes.length, spreadShare * options.metricResolutionMs) : 0;
    const hangUp = (): void => [kept, single].forEach((agent) => agent.destroy());
    signal.addEventListener('abort', hangUp, { once: true });
    const batches = await Promise.all(nodes.map((node, i) => scrapeNode(node, i < keptConnections ? kept : single, random.next() * spread, signal)));
    const all = { nodes: new Map<string, never>(), pods: new Map<string, never>() };
    for (const batch of batches) {
      for (const [key, point] of batch?.nodes ?? []) all.nodes.set(key, point as never);
      for (const [key, point] of batch?.pods ?? []) all.pods.set(key, point as never);
    }
    signal.removeEventListener('abort', hangUp);
    return all;
  };
}

function tlsOptions(options: MetricsServerOptions, credentials: KubeletCredentials): object {
  const read = (file: string | undefined): string | undefined => (file ? readFileSync(file, 'utf8') : undefined);
  const ca = read(options.kubeletCertificateAuthority) ?? credentials.authority;
  const [cert, key] = [read(options.kubeletClientCertificate), read(options.kubeletClientKey)];
  // One context for all connections: each of its own would parse the authority again.
  const secureContext = createSecureContext({ ...(ca && !options.kubeletInsecureTls ? { ca } : {}), ...(cert && key ? { cert, key } : {}) });
  return { rejectUnauthorized: !options.kubeletInsecureTls, secureContext };
}

interface Fetch { address: string; port: number; agent: Agent; plain: boolean; token: string | undefined; signal: AbortSignal }

function fetchText(f: Fetch): Promise<string> {
  return new Promise((resolve, reject) => {
    const send = f.plain ? plainRequest : request;
    const outgoing = send(
      { host: f.address, port: f.port, path: '/metrics/resource', signal: f.signal, ...(f.plain ? {} : { agent: f.agent }), headers: { accept: 'text/plain', ...(f.token && !f.plain ? { authorization: `Bearer ${f.token}` } : {}) } },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswerBytes) outgoing.destroy(new Error(`answer is larger than ${maxAnswerBytes} bytes`));
          else parts.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(parts).toString());
          else reject(new Error(`request failed, status: "${response.statusCode} ${response.statusMessage ?? ''}"`));
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
