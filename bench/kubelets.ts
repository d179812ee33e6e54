/** Thousands of simulated kubelets behind one HTTPS server: every address of 127.0.0.0/8 is one. Ends when its input does. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue } from '../src/wire/certificates.ts';

export interface BenchKubelets {
  readonly port: number;
}

export const podsPerNode = 30;

/** The node behind a loopback address, and back. */
export function addressOf(node: number): string {
  return `127.1.${node >> 8}.${node & 255}`;
}

export function podName(node: number, pod: number): string {
  return `app-${node}-5d9c7b6f4-${String(pod).padStart(5, 'x')}`;
}

/** What a kubelet with so many pods says at `now`; its counters have run since the epoch. */
function resourceText(node: number, now: number): string {
  const out: string[] = [];
  const started = 1_700_000_000;
  const family = (name: string, line: (pod: number) => string): void => {
    out.push(`# HELP ${name} [STABLE] as the kubelet describes it\n# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n`);
    for (let pod = 0; pod < podsPerNode; pod++) out.push(`${name}{container="main",namespace="bench",pod="${podName(node, pod)}"} ${line(pod)}\n`);
  };
  family('container_cpu_usage_seconds_total', (pod) => `${((now / 1000 - started) * (pod + 1)) / 1000} ${now}`);
  family('container_memory_working_set_bytes', (pod) => `${(20 + pod) * 1048576} ${now}`);
  family('container_start_time_seconds', () => String(started));
  family('container_swap_usage_bytes', () => `0 ${now}`);
  out.push(`# TYPE node_cpu_usage_seconds_total counter\nnode_cpu_usage_seconds_total ${(now / 1000 - started) * 0.5} ${now}\n`);
  out.push(`# TYPE node_memory_working_set_bytes gauge\nnode_memory_working_set_bytes 4294967296 ${now}\n`);
  const total = (name: string, value: number): void => void out.push(`# TYPE ${name} gauge\n`, ...Array.from({ length: podsPerNode }, (_, pod) => `${name}{namespace="bench",pod="${podName(node, pod)}"} ${value} ${now}\n`));
  total('pod_cpu_usage_seconds_total', 12.5);
  total('pod_memory_working_set_bytes', 31457280);
  out.push('# TYPE resource_scrape_error gauge\nresource_scrape_error 0\n');
  return out.join('');
}

async function serve(): Promise<void> {
  const authority = await createAuthority({ commonName: 'bench-ca' });
  const pair = await issue(authority, { commonName: 'system:node:bench', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const server = createServer({ cert: pair.certPem, key: pair.keyPem, keepAliveTimeout: 120_000 }, (request, response) => {
    const [, , high, low] = (request.socket.localAddress ?? '').replace('::ffff:', '').split('.').map(Number);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(resourceText((high ?? 0) * 256 + (low ?? 0), Date.now()));
  });
  server.listen(0, '0.0.0.0', () => process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port } satisfies BenchKubelets)}\n`));
  process.stdin.resume().on('end', () => process.exit());
}

if (import.meta.main) await serve();
