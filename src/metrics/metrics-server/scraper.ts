import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Node } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { Connections, type Target } from './connections.ts';
import { decodeResourceMetrics, type NodeReading } from './decode.ts';
import type { MetricsServerOptions } from './options.ts';

/** Requests are spread over the round, so that a large cluster is not asked all at once; who is asked last still has time to answer. */
const delayPerNodeMs = 8;
const spreadShare = 0.6;
/** So many requests are under way at once: a machine that is short of time answers fewer nodes, instead of none in time. */
const mostAtOnce = 64;
/** A request that takes longer than this does not keep others waiting, nor does a node that failed in the round before. */
const patienceMs = 1000;
/** Up to so many nodes have their connections kept open. */
const mostKept = 100;

export interface KubeletCredentials {
  /** Bearer token, read anew for each round since projected tokens rotate. */
  readonly token: () => string | undefined;
  /** PEM: who may have signed the kubelets' certificates unless a flag says otherwise. */
  readonly authority?: string;
}

/** The parts of a node that scraping needs. */
export type ScrapedNode = DeepReadonly<{ metadata: Pick<Node['metadata'], 'name'>; status: Pick<Node['status'], 'addresses' | 'daemonEndpoints' | 'conditions'> }>;

/** One round over the nodes; `store` hears what each says as soon as it says it. */
export type Scrape = (nodes: readonly ScrapedNode[], store: (node: string, reading: NodeReading) => void, signal: AbortSignal) => Promise<void>;

/** Most of a node is the list of its images, which is of no use here. */
export function scrapedPart({ metadata: { name, uid, resourceVersion, labels }, status: { addresses, daemonEndpoints, conditions } }: DeepReadonly<Node>): DeepReadonly<Node> {
  const ready = conditions?.filter((condition) => condition.type === 'Ready');
  return { metadata: { name, uid, resourceVersion, ...(labels ? { labels } : {}) }, spec: {}, status: { addresses, daemonEndpoints, conditions: ready } } as unknown as DeepReadonly<Node>;
}

export function nodeAddress(node: ScrapedNode, preferred: readonly string[]): string | undefined {
  for (const type of preferred) {
    const found = node.status.addresses?.find((a) => a.type === type);
    if (found) return found.address;
  }
  return undefined;
}

export function kubeletScraper(options: MetricsServerOptions, credentials: KubeletCredentials, surroundings: Surroundings, metrics: Metrics): Scrape {
  const { clock, random, log } = surroundings;
  const duration = metrics.histogram({ name: 'metrics_server_kubelet_request_duration_seconds', help: 'Seconds that a node took to answer.', labels: ['node'] });
  const total = metrics.counter({ name: 'metrics_server_kubelet_request_total', help: 'Requests to nodes, by whether they went well.', labels: ['success'] });
  const lastTime = metrics.gauge({ name: 'metrics_server_kubelet_last_request_time_seconds', help: 'When a node was asked last, as a Unix time.', labels: ['node'] });
  const connections = new Connections({ path: '/metrics/resource', clock, ...(options.completelyInsecureKubelet ? {} : { tls: tlsOptions(options, credentials) }) });

  const targetOf = (node: ScrapedNode): Target | undefined => {
    const address = nodeAddress(node, options.kubeletPreferredAddressTypes);
    const port = (options.kubeletUseNodeStatusPort ? node.status.daemonEndpoints?.kubeletEndpoint?.Port : undefined) ?? options.kubeletPort;
    return address ? { address, port } : undefined;
  };

  const scrapeNode = async (node: ScrapedNode, request: { keep: boolean; token: string | undefined; limitMs: number }, signal: AbortSignal): Promise<NodeReading | undefined> => {
    const name = node.metadata.name;
    const started = clock.monotonic();
    try {
      const target = targetOf(node);
      if (!target) throw new Error(`node ${name} has no address of the types ${options.kubeletPreferredAddressTypes.join(', ')}`);
      const reading = decodeResourceMetrics(await connections.get(target, request), clock.now());
      total.inc(1, 'true');
      return reading;
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

  let failing = new Set<string>();
  /** Whose end closes the connections, those too that are kept between two rounds. */
  let hearing: AbortSignal | undefined;
  return async (nodes, store, signal) => {
    const failed = new Set<string>();
    const queue = waitingQueue(mostAtOnce);
    connections.retain(nodes.map(targetOf).filter((target) => target !== undefined));
    const spread = nodes.length > 1 ? Math.min(delayPerNodeMs * nodes.length, spreadShare * options.metricResolutionMs) : 0;
    // In the order of their times, so that one timer at a time is enough.
    const order = nodes.map((node) => ({ node, delayMs: random.next() * spread })).sort((a, b) => a.delayMs - b.delayMs);
    const token = credentials.token();
    const keep = nodes.length <= mostKept;
    const began = clock.monotonic();
    if (hearing !== signal) signal.addEventListener('abort', () => connections.close(), { once: true });
    hearing = signal;
    const running: Promise<void>[] = [];
    for (const { node, delayMs } of order) {
      const wait = delayMs - (clock.monotonic() - began);
      if (wait > 0) await clock.sleep(wait, signal);
      const { name } = node.metadata;
      const leave = failing.has(name) ? () => {} : await queue.enter();
      signal.throwIfAborted();
      if (clock.monotonic() - began >= options.metricResolutionMs) {
        leave();
        log.warn('The round took too long: the rest of its nodes are left out', { asked: running.length, nodes: nodes.length });
        break;
      }
      const limitMs = Math.floor(Math.min(options.kubeletRequestTimeoutMs, options.metricResolutionMs - (clock.monotonic() - began)));
      const patience = clock.after(patienceMs, leave);
      const one = scrapeNode(node, { keep, token, limitMs }, signal).then((reading) => void (reading ? store(name, reading) : failed.add(name))).finally(() => {
        patience.cancel();
        leave();
      });
      one.catch(() => {}); // It is awaited below, with the others.
      running.push(one);
    }
    await Promise.all(running);
    failing = failed;
  };
}

/** Lets so many in; `enter` resolves with what lets the next one in, to be called any number of times. */
function waitingQueue(room: number): { enter(): Promise<() => void> } {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    enter: async () => {
      if (inside >= room) await new Promise<void>((resolve) => waiting.push(resolve));
      inside++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        inside--;
        waiting.shift()?.();
      };
    },
  };
}

function tlsOptions(options: MetricsServerOptions, credentials: KubeletCredentials): ConnectionOptions {
  const read = (file: string | undefined): string | undefined => (file ? readFileSync(file, 'utf8') : undefined);
  const ca = read(options.kubeletCertificateAuthority) ?? credentials.authority;
  const [cert, key] = [read(options.kubeletClientCertificate), read(options.kubeletClientKey)];
  // One context for all connections: each of its own would parse the authority again.
  // Only the plain curves: a key for the hybrid one costs more than all the rest of a resumed handshake.
  const secureContext = createSecureContext({ ecdhCurve: 'X25519:P-256:P-384', ...(ca && !options.kubeletInsecureTls ? { ca } : {}), ...(cert && key ? { cert, key } : {}) });
  return { rejectUnauthorized: !options.kubeletInsecureTls, secureContext };
}
