/** The way into the cluster where this server has no route of its own: each connection goes through a proxy that is asked for it (HTTP CONNECT). */
import { Agent as HttpAgent, request as httpRequest, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import { hostAndPort, unreachable, type Address } from './unreachable.ts';

/** Where the proxy listens: a socket, or an address, with TLS or without. */
export type EgressProxy = { readonly socketPath: string } | (Address & { readonly tls?: { readonly ca?: string; readonly cert: string; readonly key: string } });

/** Connections into the cluster, as clients of HTTP take them. */
export interface Egress {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

type Made = (error: Error | null, socket?: Duplex) => void;
type Stage = 'connect' | 'proxy';

class Refused extends Error {
  readonly stage: Stage;

  constructor(stage: Stage, message: string) {
    super(message);
    this.stage = stage;
  }
}

const keeping: AgentOptions = { keepAlive: true, maxFreeSockets: 64 };

export function egress(proxy: EgressProxy, metrics: Metrics, clock: Clock): Egress {
  const labels = ['http_connect', 'socketPath' in proxy ? 'uds' : 'tcp'] as const;
  const name = (end: string): string => `apiserver_egress_dialer_${end}`;
  const started = metrics.counter({ name: name('dial_start_total'), help: '[ALPHA] Connections asked of a proxy.', labels: ['protocol', 'transport'] });
  const failed = metrics.counter({ name: name('dial_failure_count'), help: '[ALPHA] Connections that a proxy did not give: it was not there (connect), or refused (proxy).', labels: ['protocol', 'transport', 'stage'] });
  const took = metrics.histogram({ name: name('dial_duration_seconds'), help: '[ALPHA] How long connections through a proxy took to come about.', labels: ['protocol', 'transport'], buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 12.5] });
  const dial = async (to: Address): Promise<Socket> => {
    started.inc(1, ...labels);
    const begun = clock.monotonic();
    try {
      const socket = await tunnel(proxy, hostAndPort(to));
      took.observe((clock.monotonic() - begun) / 1000, ...labels);
      return socket;
    } catch (error) {
      failed.inc(1, ...labels, (error as Refused).stage);
      throw error;
    }
  };
  const open = (options: ConnectionOptions, made: Made, dress: (socket: Socket) => Duplex): undefined => {
    void dial({ host: options.host ?? '', port: options.port ?? 0 }).then((socket) => made(null, dress(socket)), (error: Error) => made(error));
  };
  const http = new HttpAgent(keeping);
  const https = new HttpsAgent(keeping);
  http.createConnection = (options, made) => open(options as ConnectionOptions, made as Made, (socket) => socket);
  https.createConnection = (options, made) => open(options as ConnectionOptions, made as Made, (socket) => connectTls({ ...(options as ConnectionOptions), socket }));
  return { http, https };
}

/** A connection to `address`, from the proxy's side. Rejects with Refused. */
function tunnel(proxy: EgressProxy, address: string): Promise<Socket> {
  const shown = 'socketPath' in proxy ? proxy.socketPath : hostAndPort(proxy);
  const asking = { method: 'CONNECT', path: address, headers: { host: '127.0.0.1' }, agent: false as const };
  return new Promise((resolve, reject) => {
    const outgoing = 'socketPath' in proxy ? httpRequest({ ...asking, socketPath: proxy.socketPath }) : proxy.tls ? httpsRequest({ ...asking, host: proxy.host, port: proxy.port, ...proxy.tls }) : httpRequest({ ...asking, host: proxy.host, port: proxy.port });
    let asked = false;
    outgoing.once('socket', (socket) => socket.once('socketPath' in proxy || !proxy.tls ? 'connect' : 'secureConnect', () => (asked = true)));
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      if (asked) return reject(new Refused('proxy', `reading HTTP response from CONNECT to ${address} via proxy ${shown} failed: ${unreachable(error, { host: shown, port: 0 })}`));
      const why = 'socketPath' in proxy ? `dial unix ${shown}: connect: ${unixError(error)}` : unreachable(error, proxy);
      reject(new Refused('connect', `dialing proxy ${JSON.stringify(shown)} failed: ${why}`));
    });
    outgoing.once('connect', (response, socket, head) => {
      const { statusCode = 0, statusMessage = '' } = response;
      const why = statusCode !== 200 ? `proxy error from ${shown} while dialing ${address}, code ${statusCode}: ${statusCode} ${statusMessage}`
        : head.length > 0 ? `unexpected ${head.length} bytes of buffered data from CONNECT proxy ${JSON.stringify(shown)}` : undefined;
      if (why === undefined) return resolve(socket as Socket);
      socket.destroy();
      reject(new Refused('proxy', why));
    });
    outgoing.end();
  });
}

function unixError({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'no such file or directory' : code === 'ECONNREFUSED' ? 'connection refused' : code === 'EACCES' ? 'permission denied' : message;
}
