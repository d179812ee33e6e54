/** `/containerLogs/<namespace>/<pod>/<container>`. What is refused is refused in plain text: the API server makes a Status of it. */
import { open } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendText } from '../../serving/respond.ts';
import type { StaticPart } from '../config.ts';
import { readLog, type LogOptions, type LogSource } from '../logs/read.ts';
import { startOfTail } from '../logs/tail.ts';
import { containerSpecs } from '../pods/model.ts';
import type { PodManager } from '../pods/manager.ts';
import type { PodWorker } from '../pods/worker.ts';

function integer(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw StatusError.badRequest(`invalid ${name}: ${text}`);
  return value;
}

export function logOptions(query: URLSearchParams, now: number): LogOptions & { previous: boolean } {
  const tailLines = integer(query, 'tailLines', 0);
  const limitBytes = integer(query, 'limitBytes', 1);
  const sinceSeconds = integer(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  const since = sinceSeconds !== undefined ? now - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined;
  const stream = query.get('stream');
  return {
    follow: query.get('follow') === 'true' || query.get('follow') === '1',
    previous: query.get('previous') === 'true' || query.get('previous') === '1',
    timestamps: query.get('timestamps') === 'true' || query.get('timestamps') === '1',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === 'Stdout' ? { stream: 'stdout' as const } : stream === 'Stderr' ? { stream: 'stderr' as const } : {}),
  };
}

/** The file of the present or the previous run; errors in upstream's words. */
export function logSource(worker: PodWorker, container: string, previous: boolean): LogSource {
  const pod = worker.pod.metadata.name;
  if (!containerSpecs(worker.pod).some((s) => s.container.name === container)) {
    throw StatusError.badRequest(`container ${container} is not valid for pod ${pod}`);
  }
  const views = worker.runtime.containers.filter((c) => c.name === container && c.state !== 'CONTAINER_CREATED');
  if (previous) {
    const view = views.find((c, i) => i > 0 || c.state === 'CONTAINER_EXITED');
    const last = views[0]?.state === 'CONTAINER_RUNNING' ? views[1] : view;
    if (!last) throw StatusError.badRequest(`previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)} not found`);
    return { path: last.logPath, isLive: () => false };
  }
  const [view] = views;
  if (!view) {
    const status = [...(worker.pod.status?.containerStatuses ?? []), ...(worker.pod.status?.initContainerStatuses ?? [])].find((s) => s.name === container);
    const waiting = status?.state.waiting;
    if (waiting?.reason && waiting.reason.includes('Image')) {
      throw StatusError.badRequest(`container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)} is waiting to start: ${waiting.message || "image can't be pulled"}`);
    }
    throw StatusError.badRequest(`container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)} is waiting to start: ${waiting?.reason ?? 'ContainerCreating'}`);
  }
  const live = (): boolean => {
    const now = worker.runtime.containers.find((c) => c.id === view.id);
    return now?.state === 'CONTAINER_RUNNING';
  };
  return { path: view.logPath, isLive: live };
}

export async function serveLogs(request: ServingRequest, manager: PodManager, parts: readonly StaticPart[], nodeName: string, clock: Clock): Promise<void> {
  try {
    await answerLogs(request, manager, parts, nodeName, clock);
  } catch (error) {
    if (!(error instanceof StatusError) || request.answered) throw error;
    sendText(request, error.code, error.message);
  }
}

async function answerLogs(request: ServingRequest, manager: PodManager, parts: readonly StaticPart[], nodeName: string, clock: Clock): Promise<void> {
  const [, , namespace = '', name = '', container = ''] = request.path.split('/').map(decodeURIComponent);
  const options = logOptions(request.query, clock.now());
  const mirror = manager.mirror(namespace, name);
  if (mirror) {
    const part = parts.find((p) => `${p.name}-${nodeName}` === name);
    if (!part?.logFile) throw StatusError.badRequest(`the logs of ${name} are not kept on this node`);
    return sendPlain(request, part.logFile, options, clock);
  }
  const worker = manager.byName(namespace, name);
  if (!worker) throw StatusError.notFound({ group: '', resource: 'pods' }, name);
  const source = logSource(worker, container, options.previous);
  await send(request, readLog(source, options, clock, request.signal));
}

async function send(request: ServingRequest, chunks: AsyncIterable<Buffer>): Promise<void> {
  const body = request.stream(200, { 'content-type': 'text/plain' });
  for await (const chunk of chunks) {
    if (!body.write(chunk)) await body.drained();
    if (request.signal.aborted) return;
  }
  body.end();
}

/** A process's own log has no times or streams in it. */
async function sendPlain(request: ServingRequest, path: string, options: LogOptions, clock: Clock): Promise<void> {
  async function* chunks(): AsyncGenerator<Buffer> {
    let at = options.tailLines === undefined ? 0 : await startOfTail(path, options.tailLines);
    let left = options.limitBytes ?? Infinity;
    const file = await open(path, 'r');
    try {
      while (!request.signal.aborted && left > 0) {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(65_536), 0, Math.min(65_536, left), at);
        at += bytesRead;
        left -= bytesRead;
        if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
        else if (!options.follow) return;
        else await clock.sleep(200, request.signal).catch(() => undefined);
      }
    } finally {
      await file.close();
    }
  }
  await send(request, chunks());
}
