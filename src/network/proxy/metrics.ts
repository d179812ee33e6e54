/** The proxy's metrics, on the loopback address as upstream serves them. */
import { createServer } from 'node:http';
import { metricsContentType, type Metrics } from '../../base/metrics.ts';

/** Answers what closes it. */
export async function serveMetrics(port: number, metrics: Metrics): Promise<() => void> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/metrics') response.writeHead(200, { 'content-type': metricsContentType }).end(metrics.expose());
    else if (path === '/proxyMode') response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('nftables');
    else if (path === '/healthz') response.writeHead(200).end('ok');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
