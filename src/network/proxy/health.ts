/** What load balancers ask a node: whether its proxy works, and whether a service has endpoints here. */
import { createServer, type Server } from 'node:http';
import type { Clock } from '../../base/clock.ts';

export interface ServiceHealth {
  /** namespace/name */
  readonly service: string;
  readonly localEndpoints: number;
}

export interface HealthOptions {
  readonly clock: Clock;
  readonly host: string;
  /** Why the proxy is not healthy; undefined when it is. */
  readonly trouble: () => string | undefined;
  /** False while the node is on its way out. */
  readonly nodeEligible: () => boolean;
  readonly lastUpdated: () => number;
}

export class ProxyHealth {
  readonly #options: HealthOptions;
  readonly #servers = new Map<number, Server>();
  #services: ReadonlyMap<number, ServiceHealth> = new Map();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** The proxy's own answer, on /healthz and /livez. */
  async serve(port: number): Promise<void> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0];
      if (path !== '/healthz' && path !== '/livez') return void response.writeHead(404).end();
      const { clock, trouble, nodeEligible, lastUpdated } = this.#options;
      const eligible = nodeEligible();
      const healthy = trouble() === undefined && (eligible || path === '/livez');
      response.writeHead(healthy ? 200 : 503, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
      const body = { lastUpdated: new Date(lastUpdated()).toISOString(), currentTime: new Date(clock.now()).toISOString(), nodeEligible: eligible };
      response.end(JSON.stringify(body));
    });
    await listen(server, this.#options.host, port);
    this.#servers.set(port, server);
  }

  /** Opens and closes the health check ports of services with externalTrafficPolicy Local. A port that is taken is reported. */
  async setServices(services: ReadonlyMap<number, ServiceHealth>): Promise<Error[]> {
    const failures: Error[] = [];
    for (const [port, server] of this.#servers) {
      if (!this.#services.has(port) || services.has(port)) continue;
      server.close();
      this.#servers.delete(port);
    }
    this.#services = services;
    for (const port of services.keys()) {
      if (this.#servers.has(port)) continue;
      const server = this.#serviceServer(port);
      try {
        await listen(server, this.#options.host, port);
        this.#servers.set(port, server);
      } catch (error) {
        failures.push(error as Error);
      }
    }
    return failures;
  }

  #serviceServer(port: number): Server {
    return createServer((_request, response) => {
      const health = this.#services.get(port);
      const [namespace, name] = (health?.service ?? '/').split('/');
      const proxyHealthy = this.#options.trouble() === undefined;
      const count = health?.localEndpoints ?? 0;
      response.writeHead(count > 0 && proxyHealthy ? 200 : 503, {
        'content-type': 'application/json', 'x-content-type-options': 'nosniff', 'x-load-balancing-endpoint-weight': String(count),
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints: count, serviceProxyHealthy: proxyHealthy }));
    });
  }

  close(): void {
    for (const server of this.#servers.values()) {
      server.close();
      server.closeAllConnections();
    }
    this.#servers.clear();
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
