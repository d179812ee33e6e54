/** One probe, once: a command, an HTTP request, a connection or the gRPC health service. Also the handlers of lifecycle hooks. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { RuntimeError, type Runtime } from '../cri/client.ts';
import { expand } from '../pods/environment.ts';
import type { Container, Pod } from '../pods/model.ts';

export interface CheckResult {
  readonly ok: boolean;
  readonly output: string;
}

export interface CheckTarget {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** Address of the pod, where the check names no host. */
  readonly ip: string;
  readonly signal?: AbortSignal;
}

const outputLimit = 10 * 1024;
const agentName = 'kube-probe/1.34';
const ok = (output = ''): CheckResult => ({ ok: true, output });
const bad = (output: string): CheckResult => ({ ok: false, output });
const deadlineExceeded = 4;

export function portNumber(container: Container, port: number | string): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find((p) => p.name === port);
  const number = named ? named.containerPort : Number(port);
  if (!Number.isInteger(number) || number <= 0 || number > 65_535) throw new Error(`couldn't find port: ${port}`);
  return number;
}

export async function execCheck(target: CheckTarget, command: readonly string[], timeoutSeconds: number): Promise<CheckResult> {
  const env = new Map((target.container.env ?? []).map((e) => [e.name, e.value]));
  const cmd = command.map((text) => expand(text, (name) => env.get(name)));
  try {
    const answer = await target.runtime.call(
      'ExecSync', { containerId: target.containerId, cmd, timeout: timeoutSeconds },
      // The runtime keeps the time; ours only guards against its silence.
      { timeoutMs: timeoutSeconds > 0 ? (timeoutSeconds + 10) * 1000 : 0, ...(target.signal ? { signal: target.signal } : {}) },
    );
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, outputLimit).toString();
    return answer.exitCode === 0 ? ok(output) : bad(output);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === deadlineExceeded) return bad(`command timed out: ${JSON.stringify(cmd.join(' '))} timed out after ${timeoutSeconds}s`);
    return bad(error instanceof RuntimeError ? error.full : String(error));
  }
}

interface HttpTry {
  readonly status?: number;
  readonly location?: string;
  readonly body?: string;
  readonly error?: string;
}

function httpOnce(url: URL, headers: Record<string, string | string[]>, timeoutMs: number, clock: Clock, signal?: AbortSignal): Promise<HttpTry> {
  return new Promise((resolve) => {
    const options = { method: 'GET', headers, rejectUnauthorized: false, agent: false as const, ...(signal ? { signal } : {}) };
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (response) => {
      let size = 0;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        if (size < outputLimit) chunks.push(chunk);
        size += chunk.length;
      });
      const done = (): void => {
        timer.cancel();
        const location = response.headers.location;
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).subarray(0, outputLimit).toString(), ...(location ? { location } : {}) });
      };
      response.once('end', done);
      response.once('error', done);
    });
    const timer = clock.after(timeoutMs, () => request.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')));
    request.once('error', (error) => {
      timer.cancel();
      resolve({ error: `Get ${JSON.stringify(url.href)}: ${dialMessage(error, url.hostname, url.port)}` });
    });
    request.end();
  });
}

function dialMessage(error: Error, host: string, port: string | number): string {
  const { code } = error as NodeJS.ErrnoException;
  const at = `dial tcp ${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  if (code === 'ECONNREFUSED') return `${at}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `${at}: connect: no route to host`;
  if (code === 'ETIMEDOUT') return `${at}: i/o timeout`;
  return code === 'ECONNRESET' ? 'EOF' : error.message;
}

export async function httpCheck(
  target: CheckTarget, action: DeepReadonly<core.HTTPGetAction>, timeoutSeconds: number, userAgent = agentName,
): Promise<CheckResult> {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host || target.ip;
  const port = portNumber(target.container, action.port);
  const path = action.path ?? '/';
  const headers: Record<string, string | string[]> = { 'user-agent': userAgent, accept: '*/*' };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  let url = new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path.startsWith('/') ? path : `/${path}`}`);
  const origin = url.hostname;
  for (let hops = 0; hops < 10; hops++) {
    const answer = await httpOnce(url, headers, timeoutSeconds * 1000, target.clock, target.signal);
    if (answer.error !== undefined) return bad(answer.error);
    const status = answer.status!;
    if (status >= 300 && status < 400 && answer.location) {
      const next = new URL(answer.location, url);
      // Somewhere else is not ours to judge.
      if (next.hostname !== origin) return ok(`Probe terminated redirects, Response body: ${answer.body ?? ''}`);
      url = next;
      continue;
    }
    return status >= 200 && status < 400 ? ok(answer.body) : bad(`HTTP probe failed with statuscode: ${status}`);
  }
  return bad(`Get ${JSON.stringify(url.href)}: stopped after 10 redirects`);
}

export function tcpCheck(target: CheckTarget, action: DeepReadonly<core.TCPSocketAction>, timeoutSeconds: number): Promise<CheckResult> {
  const host = action.host || target.ip;
  const port = portNumber(target.container, action.port);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: CheckResult): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = target.clock.after(timeoutSeconds * 1000, () => finish(bad(`dial tcp ${host}:${port}: i/o timeout`)));
    socket.once('connect', () => finish(ok()));
    socket.once('error', (error) => finish(bad(dialMessage(error, host, port))));
  });
}

const identity = (bytes: Buffer): Buffer => bytes;
const servingStatus = 1;

export function grpcCheck(target: CheckTarget, action: DeepReadonly<core.GRPCAction>, timeoutSeconds: number): Promise<CheckResult> {
  const Client = makeGenericClientConstructor({}, 'Health');
  const host = target.ip.includes(':') ? `[${target.ip}]` : target.ip;
  const client = new Client(`${host}:${action.port}`, credentials.createInsecure(), { 'grpc.primary_user_agent': agentName });
  const service = Buffer.from(action.service ?? '');
  const body = service.length > 0 ? Buffer.concat([Buffer.from([0x0a, service.length]), service]) : Buffer.alloc(0);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check', identity, identity, body, { deadline: target.clock.now() + timeoutSeconds * 1000 },
      (error: { code: number; details: string } | null, answer?: Buffer) => {
        client.close();
        if (error?.code === 12) resolve(bad('error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'));
        else if (error?.code === deadlineExceeded) resolve(bad(`timeout: health rpc did not complete within ${timeoutSeconds}s`));
        else if (error) resolve(bad(`error: health rpc failed: rpc error: code = ${error.code} desc = ${error.details}`));
        else {
          const status = answer && answer[0] === 0x08 ? (answer[1] ?? 0) : 0;
          resolve(status === servingStatus ? ok('service healthy') : bad(`service unhealthy (responded with ${JSON.stringify(['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status] ?? String(status))})`));
        }
      },
    );
  });
}

export async function runProbe(target: CheckTarget, probe: DeepReadonly<core.Probe>): Promise<CheckResult> {
  const timeout = probe.timeoutSeconds ?? 1;
  try {
    if (probe.exec) return await execCheck(target, probe.exec.command ?? [], timeout);
    if (probe.httpGet) return await httpCheck(target, probe.httpGet, timeout);
    if (probe.tcpSocket) return await tcpCheck(target, probe.tcpSocket, timeout);
    if (probe.grpc) return await grpcCheck(target, probe.grpc, timeout);
    return bad('missing probe handler');
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error));
  }
}
