/** How many addresses and node ports services hold, and how allocations went. */
import type { Metrics } from '../../../base/metrics.ts';

export type Scope = 'static' | 'dynamic';

export interface AllocationMeter {
  address(scope: Scope, ok: boolean, milliseconds: number): void;
  port(scope: Scope, ok: boolean): void;
}

export interface Pools {
  readonly cidr: string;
  readonly addresses: { readonly held: () => number; readonly all: number };
  readonly ports: { readonly held: () => number; readonly all: number };
}

export function allocationMeter(metrics: Metrics, { cidr, addresses, ports }: Pools): AllocationMeter {
  const [ip, port] = ['kube_apiserver_clusterip_allocator_', 'kube_apiserver_nodeport_allocator_'];
  const gauge = (name: string, help: string, labels: readonly string[] = []) => metrics.gauge({ name, labels, help: `[ALPHA] ${help}` });
  const counter = (name: string, help: string, labels: readonly string[]) => metrics.counter({ name, labels, help: `[ALPHA] ${help}` });
  const ipHeld = gauge(`${ip}allocated_ips`, 'Cluster IPs that services hold.', ['cidr']);
  const ipFree = gauge(`${ip}available_ips`, 'Cluster IPs that are free.', ['cidr']);
  const portHeld = gauge(`${port}allocated_ports`, 'Node ports that services hold.');
  const portFree = gauge(`${port}available_ports`, 'Node ports that are free.');
  const ipDone = counter(`${ip}allocation_total`, 'Cluster IPs that were given out.', ['cidr', 'scope']);
  const ipFailed = counter(`${ip}allocation_errors_total`, 'Cluster IPs that could not be given out.', ['cidr', 'scope']);
  const ipTook = metrics.histogram({ name: `${ip}allocation_duration_seconds`, labels: ['cidr'], help: '[ALPHA] Seconds that giving out a cluster IP took.' });
  const portDone = counter(`${port}allocation_total`, 'Node ports that were given out.', ['scope']);
  const portFailed = counter(`${port}allocation_errors_total`, 'Node ports that could not be given out.', ['scope']);
  metrics.onCollect(() => {
    ipHeld.set(addresses.held(), cidr);
    ipFree.set(addresses.all - addresses.held(), cidr);
    portHeld.set(ports.held());
    portFree.set(ports.all - ports.held());
  });
  return {
    address(scope, ok, milliseconds) {
      (ok ? ipDone : ipFailed).inc(1, cidr, scope);
      if (ok) ipTook.observe(milliseconds / 1000, cidr);
    },
    port: (scope, ok) => (ok ? portDone : portFailed).inc(1, scope),
  };
}
