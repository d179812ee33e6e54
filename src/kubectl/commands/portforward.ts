/** `kubectl port-forward`: local ports that lead into a pod. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { SpdyConnection } from '../../wire/spdy.ts';
import { aborted } from '../../base/abort.ts';
import type { Pod, Service } from '../../api/core/v1/types.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { pathOf } from '../discovery.ts';
import { podOf } from '../pods.ts';
import { targetsOf } from '../resources.ts';
import { readAll, type Session } from '../session.ts';
import { openTunnel } from '../streams.ts';

export const portForward: Command = {
  name: 'port-forward',
  use: 'port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  short: 'Forward one or more local ports to a pod',
  flags: {
    address: { type: 'strings', default: ['localhost'], help: 'Addresses to listen on (comma separated).' },
    'pod-running-timeout': { type: 'duration', default: '1m0s', help: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running' },
  },
  run: async (session, args) => {
    if (args.length < 2) usageError('TYPE/NAME and list of ports are required for port-forward', 'port-forward');
    const pod = await podOf(session, args[0]!, session.flags.text('pod-running-timeout'));
    if (pod.status.phase !== 'Running') throw new CommandError(`unable to forward port because pod is not running. Current status=${pod.status.phase}`);
    const ports = await Promise.all(args.slice(1).map((text) => portPair(session, text, args[0]!, pod)));
    const path = `/api/v1/namespaces/${pod.metadata.namespace ?? session.namespace}/pods/${pod.metadata.name}/portforward`;
    const connection = new SpdyConnection(await openTunnel(session, path), Buffer.alloc(0));
    let request = 0;
    const ended = new AbortController();
    for (const { local, remote } of ports) {
      await listen(session, local, remote, ended.signal, (socket) => {
        session.line(`Handling connection for ${(socket.address() as AddressInfo).port ?? local}`);
        forward(connection, socket, remote, request++).catch((error: unknown) => {
          session.errorLine(`error: an error occurred forwarding ${local} -> ${remote}: ${(error as Error).message}`);
          socket.destroy();
        });
      });
    }
    try {
      await aborted(session.signal);
    } finally {
      ended.abort();
      connection.close();
    }
  },
};

interface Ports {
  readonly local: number;
  readonly remote: number;
}

/** `8080:80`, `:80`, `80`, `8080:http`; a service's port means the port behind it. */
async function portPair(session: Session, text: string, argument: string, pod: Pod): Promise<Ports> {
  const [first, second] = text.split(':');
  const name = second ?? first!;
  const [target] = argument.includes('/') ? await targetsOf(session, [argument], { allowCollections: false }) : [undefined];
  let remote: number | string = /^\d+$/.test(name) ? Number(name) : name;
  if (target?.mapping.kind === 'Service') {
    const service = (await session.json(pathOf(target.mapping, session.namespace, target.name))) as unknown as Service;
    const port = service.spec.ports?.find((p) => p.port === remote || p.name === remote);
    if (!port) throw new CommandError(`Service ${target.name} does not have a service port ${name}`);
    const behind = port.targetPort || port.port;
    remote = service.spec.clusterIP === 'None' ? port.port : behind;
  }
  if (typeof remote === 'string') {
    const wanted = remote;
    const found = pod.spec.containers.flatMap((c) => c.ports ?? []).find((p) => p.name === wanted)?.containerPort;
    if (found === undefined) throw new CommandError(`Pod '${pod.metadata.name}' does not have a named port '${wanted}'`);
    remote = found;
  }
  const local = second === undefined ? (typeof first === 'string' && /^\d+$/.test(first) ? Number(first) : remote) : first === '' ? 0 : Number(first);
  if (!Number.isInteger(local) || local > 65535 || remote < 1 || remote > 65535) throw new CommandError(`error parsing local port '${first}': it must be a number up to 65535`);
  return { local, remote };
}

async function listen(session: Session, local: number, remote: number, signal: AbortSignal, accept: (socket: Socket) => void): Promise<void> {
  const addresses = session.flags.list('address').flatMap((a) => a.split(',')).flatMap((a) => (a === 'localhost' ? ['127.0.0.1', '::1'] : [a]));
  const failures: string[] = [];
  let port = local;
  for (const address of addresses) {
    const server = createServer({ allowHalfOpen: true }, accept);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, address, resolve);
      });
    } catch (error) {
      failures.push(`unable to create listener: Error ${(error as Error).message}`);
      continue;
    }
    signal.addEventListener('abort', () => server.close());
    port = (server.address() as AddressInfo).port;
    session.line(`Forwarding from ${address.includes(':') ? `[${address}]` : address}:${port} -> ${remote}`);
  }
  if (failures.length === addresses.length) throw new CommandError(`unable to listen on any of the requested ports: [{${local} ${remote}}]`);
}

/** One connection is two streams: errors, and data. */
async function forward(connection: SpdyConnection, socket: Socket, port: number, request: number): Promise<void> {
  const headers = { port: String(port), requestid: String(request) };
  const errors = connection.open({ ...headers, streamtype: 'error' });
  errors.end();
  const data = connection.open({ ...headers, streamtype: 'data' });
  const failed = readAll(errors).then((text) => {
    if (text) throw new Error(text);
  });
  const joined = Promise.all([pipeline(socket, data), pipeline(data, socket)]);
  await Promise.race([Promise.all([joined, failed]), failed.then(() => joined)]);
}
