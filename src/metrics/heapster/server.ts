/** Heapster for clients that still ask it. Like upstream's it asks nobody who they are: it stands behind the API server's service proxy. */
import { isAbort } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { nodes as nodeResource, pods as podResource } from '../../api/core/v1/index.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1/types.ts';
import type { Client } from '../../client/client.ts';
import { Informers } from '../../client/informer.ts';
import { StatusError } from '../../machinery/status.ts';
import { json } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendText } from '../../serving/respond.ts';
import { serve, type Serving, type TlsOptions } from '../../serving/server.ts';
import { answerOf, ApiError, type ReadMetrics } from './api.ts';
import { collect } from './collect.ts';
import { Model } from './model.ts';
import type { FetchSummary, Summary } from './summary.ts';

export interface HeapsterOptions {
  readonly listen: { readonly host: string; readonly port: number; readonly tls?: TlsOptions };
  readonly resolutionMs: number;
}

export interface HeapsterDependencies {
  readonly client: Client;
  readonly summaries: FetchSummary;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

/** So many kubelets are asked at once. */
const atOnce = 50;

/** Serves until the signal fires. Resolves with the listening server. */
export async function runHeapster(options: HeapsterOptions, { client, summaries, surroundings, signal }: HeapsterDependencies): Promise<Serving & { stopped: Promise<void> }> {
  const { clock, log } = surroundings;
  const informers = new Informers(client, surroundings, signal);
  const nodes = informers.of(nodeResource);
  const pods = informers.of(podResource);
  const model = new Model();
  const metrics = metricsReader(client, signal);

  const summariesOf = async (): Promise<Summary[]> => {
    const waiting = [...nodes.list()];
    const found: Summary[] = [];
    const work = async (): Promise<void> => {
      for (let node = waiting.pop(); node; node = waiting.pop()) {
        try {
          found.push(await summaries(node, signal));
        } catch (error) {
          signal.throwIfAborted();
          // The others are not worse for it; this one lacks what only its kubelet knows.
          log.info('No summary of a node', { node: node.metadata.name, err: error });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return found;
  };
  const round = async (): Promise<void> => {
    const at = Math.floor(clock.now() / 1000) * 1000;
    const none = (error: unknown): { items: never[] } => {
      signal.throwIfAborted();
      log.info('metrics.k8s.io does not answer', { err: error });
      return { items: [] };
    };
    const [nodeMetrics, podMetrics, read] = await Promise.all([
      metrics<{ items: NodeMetrics[] }>('/nodes', '').catch(none), metrics<{ items: PodMetrics[] }>('/pods', '').catch(none), summariesOf(),
    ]);
    model.add(collect({ nodes: nodes.list(), pods: pods.list(), nodeMetrics: nodeMetrics.items, podMetrics: podMetrics.items, summaries: read }, at, model.latest));
  };
  const rounds = async (): Promise<void> => {
    await informers.synced();
    for (;;) {
      const started = clock.monotonic();
      await round();
      await clock.sleep(Math.max(0, options.resolutionMs - (clock.monotonic() - started)), signal);
    }
  };
  const stopped = rounds().catch((error: unknown) => {
    if (!isAbort(error, signal)) log.error('Collecting ended', error);
  });

  const sources = { model, metrics, now: () => clock.now() };
  const handler = async (request: ServingRequest): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return sendText(request, 405, '405: Method Not Allowed\n');
    if (request.path === '/healthz') {
      const age = clock.now() - (model.latest?.at ?? 0);
      return age > 2 * options.resolutionMs + 60_000 ? sendText(request, 500, 'No current data batch available.\n') : sendText(request, 200, 'ok');
    }
    try {
      const answer = await answerOf(request.path, request.query, sources);
      if (answer === undefined) return sendText(request, 404, '404: Page Not Found\n');
      request.send(200, { 'content-type': json }, `${JSON.stringify(answer)}\n`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      sendText(request, error.code, error.message);
    }
  };
  const serving = await serve({ ...options.listen, handler, surroundings, signal });
  log.info('Starting heapster', { address: `${options.listen.host}:${serving.port}` });
  return { ...serving, stopped };
}

function metricsReader(client: Client, signal: AbortSignal): ReadMetrics {
  return async <T>(path: string, labelSelector: string): Promise<T> => {
    const query = labelSelector ? `?labelSelector=${encodeURIComponent(labelSelector)}` : '';
    const response = await client.raw({ method: 'GET', path: `/apis/metrics.k8s.io/v1beta1${path}${query}`, headers: { accept: json }, signal });
    const parts: Uint8Array[] = [];
    for await (const part of response.body) parts.push(part);
    const text = Buffer.concat(parts).toString();
    if (response.status === 200) return JSON.parse(text) as T;
    throw new ApiError(response.status === 400 || response.status === 404 ? response.status : 500, `metrics.k8s.io: ${messageOf(text)}`);
  };
}

function messageOf(text: string): string {
  try {
    return new StatusError(JSON.parse(text) as StatusError['status']).message;
  } catch {
    return text.trim().slice(0, 200);
  }
}
