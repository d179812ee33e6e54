/**
 * `/exec`, `/attach`, `/portForward` and `/run`. A client that speaks SPDY is joined to the runtime's streaming server byte by byte;
 * one that speaks WebSocket channels is translated (remotecommand.ts), because runtimes know only the older of their forms.
 */
import type { IncomingMessage } from 'node:http';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendText } from '../../serving/respond.ts';
import { requestUpgrade, splice, switchingProtocols, UpgradeRefused } from '../../wire/upgrade.ts';
import { acceptWebSocket, byteTunnel, offeredProtocols } from '../../wire/websocket.ts';
import { containerSpecs, type ContainerView } from '../pods/model.ts';
import type { PodManager } from '../pods/manager.ts';
import { errorText } from '../pods/start.ts';
import type { Runtime } from '../cri/client.ts';
import { channelProtocols, serveChannels, type StreamsWanted } from './remotecommand.ts';

interface StreamingContext {
  readonly manager: PodManager;
  readonly runtime: Runtime;
}

const tunnelled = 'SPDY/3.1+portforward.k8s.io';
const spdy = 'SPDY/3.1';
const streamVersion = 'x-stream-protocol-version';

function truthy(query: URLSearchParams, ...names: string[]): boolean {
  return names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));
}

/** Upstream's own names for the kubelet, or those of the API. */
function streamsOf(query: URLSearchParams): StreamsWanted {
  const tty = truthy(query, 'tty');
  return {
    stdin: truthy(query, 'input', 'stdin'), stdout: truthy(query, 'output', 'stdout'),
    // A terminal has one output.
    stderr: !tty && truthy(query, 'error', 'stderr'), tty,
  };
}

function workerOf(context: StreamingContext, namespace: string, name: string) {
  const mirror = context.manager.mirror(namespace, name);
  if (mirror) {
    throw StatusError.badRequest(`pod ${name} shows a part of the control plane that runs as a process of its own: there is no container to enter`);
  }
  const worker = context.manager.byName(namespace, name);
  if (!worker) throw StatusError.notFound({ group: '', resource: 'pods' }, name);
  return worker;
}

function runningContainer(context: StreamingContext, parts: readonly string[]): ContainerView {
  const [namespace = '', name = ''] = parts;
  const container = parts.at(-1)!;
  const worker = workerOf(context, namespace, name);
  if (!containerSpecs(worker.pod).some((s) => s.container.name === container)) {
    throw StatusError.badRequest(`container ${container} is not valid for pod ${name}`);
  }
  const view = worker.find(container);
  if (view?.state !== 'CONTAINER_RUNNING') throw StatusError.internal(`container not found (${JSON.stringify(container)})`);
  return view;
}

/** The one-shot address that the runtime gives for what is asked. */
async function streamingUrl(request: ServingRequest, context: StreamingContext): Promise<{ url: string; wanted: StreamsWanted }> {
  const [, action, ...parts] = request.path.split('/').map(decodeURIComponent);
  const wanted = streamsOf(request.query);
  if (action === 'portForward') {
    const worker = workerOf(context, parts[0] ?? '', parts[1] ?? '');
    const sandbox = worker.runtime.sandboxes.find((s) => s.ready);
    if (!sandbox) throw StatusError.badRequest(`unable to forward port because pod is not running. Current status=${worker.pod.status?.phase ?? 'Pending'}`);
    const port = request.query.getAll('port').map(Number);
    return { url: (await context.runtime.call('PortForward', { podSandboxId: sandbox.id, port })).url, wanted };
  }
  const view = runningContainer(context, parts);
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) throw StatusError.badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (action === 'attach') return { url: (await context.runtime.call('Attach', { containerId: view.id, ...wanted })).url, wanted };
  const cmd = request.query.getAll('command');
  if (cmd.length === 0) throw StatusError.badRequest('you must specify a command to execute');
  return { url: (await context.runtime.call('Exec', { containerId: view.id, cmd, ...wanted })).url, wanted };
}

export async function serveStreaming(request: ServingRequest, context: StreamingContext): Promise<void> {
  if (!request.wantsUpgrade) throw StatusError.badRequest('Upgrade request required');
  const { url, wanted } = await streamingUrl(request, context).catch((error: unknown) => {
    throw error instanceof StatusError ? error : StatusError.internal(errorText(error));
  });
  try {
    if ((request.headers.upgrade ?? '').toLowerCase() !== 'websocket') return await passThrough(request, url, spdy, 'POST');
    const offered = offeredProtocols(request.headers['sec-websocket-protocol']);
    if (offered.includes(tunnelled)) return await tunnel(request, url);
    if (request.path.startsWith('/portForward/')) return await passThrough(request, url, 'websocket', 'GET');
    const protocol = channelProtocols.find((p) => offered.includes(p));
    if (offered.length > 0 && !protocol) throw StatusError.badRequest(`none of the offered protocols is known: ${offered.join(', ')}`);
    const { socket, head } = request.hijack();
    const ws = await acceptWebSocket(request.incoming as IncomingMessage, socket, head, protocol);
    await serveChannels(ws, protocol ?? '', url, wanted);
  } catch (error) {
    if (error instanceof UpgradeRefused) throw StatusError.internal(`error dialing backend: ${error.message}`);
    throw error;
  }
}

const copied = [streamVersion, 'sec-websocket-protocol', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions'];

/** The client and the runtime speak the same protocol: bytes are only carried. */
async function passThrough(request: ServingRequest, url: string, protocol: string, method: string): Promise<void> {
  const headers: Record<string, string | string[]> = { connection: 'Upgrade', upgrade: protocol };
  for (const name of copied) {
    const values = request.headerValues(name);
    if (values.length > 0) headers[name] = values.length === 1 ? values[0]! : values;
  }
  const backend = await requestUpgrade(url, method, headers);
  const { socket, head } = request.hijack();
  const answer: Record<string, string> = { Connection: 'Upgrade', Upgrade: protocol };
  for (const name of [...copied, 'sec-websocket-accept']) {
    const value = backend.headers[name];
    if (typeof value === 'string') answer[name] = value;
  }
  socket.write(switchingProtocols(answer));
  if (backend.head.length > 0) socket.write(backend.head);
  if (head.length > 0) backend.socket.write(head);
  splice(socket, backend.socket);
}

/** SPDY inside WebSocket messages: what is inside goes to the runtime as it is. */
async function tunnel(request: ServingRequest, url: string): Promise<void> {
  const backend = await requestUpgrade(url, 'POST', { connection: 'Upgrade', upgrade: spdy, [streamVersion]: 'portforward.k8s.io' });
  const { socket, head } = request.hijack();
  const ws = await acceptWebSocket(request.incoming as IncomingMessage, socket, head, tunnelled);
  const inside = byteTunnel(ws);
  if (backend.head.length > 0) inside.write(backend.head);
  splice(inside, backend.socket);
}

/** Runs a command and answers with what it wrote. */
export async function serveRun(request: ServingRequest, context: StreamingContext): Promise<void> {
  const [, , ...parts] = request.path.split('/').map(decodeURIComponent);
  const view = runningContainer(context, parts);
  const query = request.query;
  const cmd = query.has('command') ? query.getAll('command') : (query.get('cmd') ?? '').split(' ').filter((c) => c !== '');
  const answer = await context.runtime.call('ExecSync', { containerId: view.id, cmd }, { timeoutMs: 0, signal: request.signal });
  const output = Buffer.concat([answer.stdout, answer.stderr]).toString();
  if (answer.exitCode !== 0) throw StatusError.internal(`command terminated with exit code ${answer.exitCode}: ${output}`);
  sendText(request, 200, output);
}
