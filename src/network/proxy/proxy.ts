/**
 * The service proxy of one node: Service and EndpointSlice objects in, nftables transactions out. The work of a change is that
 * of the services that changed. Rules stay when the process ends; a new one puts the whole table in place in one step.
 */
import { backoffDelay } from '../../base/backoff.ts';
import { isAbort } from '../../base/abort.ts';
import { attempt, run } from '../../base/command.ts';
import { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { Wake } from '../../base/wake.ts';
import { nodes, services, type Node, type Service } from '../../api/core/v1/index.ts';
import { endpointslices, type EndpointSlice } from '../../api/discovery/v1/index.ts';
import type { Client } from '../../client/client.ts';
import { Informer, keyOf } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { contradictingFlows, forgetFlows, listUdpFlows, staleFlows, type StaleFlow } from './conntrack.ts';
import { ProxyHealth, type ServiceHealth } from './health.ts';
import { serveMetrics } from './metrics.ts';
import { portRules, type Family, type NodeContext } from './model.ts';
import { compileService, type Fragment } from './rules.ts';
import { ProxyTable, tableName } from './table.ts';

export interface ProxyOptions {
  readonly client: Client;
  readonly nodeName: string;
  /** Where node ports answer; also tells which address families are served. */
  readonly nodeIPs: readonly string[];
  /** The pods' addresses, one range for each family. */
  readonly clusterCIDRs: readonly string[];
  /** Absent: not served. */
  readonly healthPort?: number;
  readonly metricsPort?: number;
  /** An argv prefix under which nft and conntrack run, for a proxy outside of its node's network namespace. */
  readonly enter?: readonly string[];
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

const retry = { initialMs: 100, maxMs: 10_000, factor: 2, jitter: 0.5 };
const settleMs = 10;
const checkMs = 30_000;
/** Rules that wait longer than this for the kernel make the proxy unhealthy. */
const patienceMs = 60_000;
const serviceNameLabel = 'kubernetes.io/service-name';
const ownWork = '!service.kubernetes.io/service-proxy-name';
const byService = 'service';

export async function runProxy(options: ProxyOptions): Promise<void> {
  await new ServiceProxy(options).run();
}

class ServiceProxy {
  readonly #options: ProxyOptions;
  readonly #surroundings: Surroundings;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #tables: ReadonlyMap<Family, ProxyTable>;
  readonly #health: ProxyHealth;
  readonly #wake = new Wake();
  readonly #dirty = new Set<string>();
  readonly #healthChecks = new Map<string, { port: number; health: ServiceHealth }>();
  readonly #metrics = new Metrics();
  readonly #syncSeconds = this.#metrics.histogram({
    name: 'kubeproxy_sync_proxy_rules_duration_seconds', help: 'Seconds that writing the rules took.', buckets: [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  });
  readonly #failures = this.#metrics.counter({ name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total', help: 'How often the rules could not be written.' });
  /** The kernel's table is not known to be ours: put all of it there. */
  #broken = true;
  #lastUpdated = 0;
  #waitingSince: number | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
    const { client, nodeName, nodeIPs } = options;
    const surroundings = { ...options.surroundings, log: options.surroundings.log.named('kube-proxy') };
    this.#surroundings = surroundings;
    this.#services = new Informer(client, services, surroundings, { labelSelector: ownWork });
    this.#slices = new Informer(client, endpointslices, surroundings, { labelSelector: `${ownWork},!service.kubernetes.io/headless` });
    this.#nodes = new Informer(client, nodes, surroundings, { fieldSelector: `metadata.name=${nodeName}` });
    const families: Family[] = nodeIPs.some((ip) => ip.includes(':')) ? ['ip', 'ip6'] : ['ip'];
    this.#tables = new Map(families.map((family) => [family, new ProxyTable({ family, nodeIPs: nodeIPs.filter((ip) => isOf(ip, family)) })]));
    this.#health = new ProxyHealth({
      clock: surroundings.clock,
      host: '0.0.0.0',
      trouble: () => this.#trouble(),
      nodeEligible: () => this.#nodeEligible(),
      lastUpdated: () => this.#lastUpdated,
    });
  }

  async run(): Promise<void> {
    const { signal, healthPort, metricsPort } = this.#options;
    const { clock, log, random } = this.#surroundings;
    this.#watch();
    const listing = [this.#services.run(signal), this.#slices.run(signal), this.#nodes.run(signal)];
    const closeMetrics = metricsPort === undefined ? undefined : await serveMetrics(metricsPort, this.#metrics);
    try {
      if (healthPort !== undefined) await this.#health.serve(healthPort);
      await Promise.all([this.#services.synced(signal), this.#slices.synced(signal), this.#nodes.synced(signal)]);
      let failures = 0;
      for (;;) {
        try {
          await this.#sync();
          failures = 0;
        } catch (error) {
          if (isAbort(error, signal)) throw error;
          this.#broken = true;
          this.#failures.inc();
          log.error('The service rules could not be written', error);
          await clock.sleep(backoffDelay(retry, failures++, random), signal);
          continue;
        }
        await this.#wake.wait(clock, checkMs, signal);
        await clock.sleep(settleMs, signal);
        if (!(await this.#present())) this.#broken = true;
      }
    } catch (error) {
      if (!isAbort(error, signal)) throw error;
    } finally {
      this.#health.close();
      closeMetrics?.();
    }
    await Promise.all(listing);
  }

  #watch(): void {
    const mark = (key: string): void => {
      this.#dirty.add(key);
      this.#waitingSince ??= this.#surroundings.clock.monotonic();
      this.#wake.notify();
    };
    const ofService = (service: DeepReadonly<Service>): void => mark(keyOf(service));
    const ofSlice = (slice: DeepReadonly<EndpointSlice>): void => {
      for (const key of serviceOf(slice)) mark(key);
    };
    this.#services.on({ added: ofService, updated: ofService, deleted: ofService });
    this.#slices.addIndex(byService, serviceOf).on({
      added: ofSlice,
      updated: (slice, old) => {
        ofSlice(old);
        ofSlice(slice);
      },
      deleted: ofSlice,
    });
    this.#nodes.on({
      updated: (node, old) => {
        // Which endpoints are near depends on where the node is.
        if (zoneOf(node) !== zoneOf(old)) for (const service of this.#services.values()) ofService(service);
      },
    });
  }

  async #sync(): Promise<void> {
    const { clock, log } = this.#surroundings;
    if (!this.#broken && this.#dirty.size === 0) return;
    const started = clock.monotonic();
    const keys = [...this.#dirty];
    this.#dirty.clear();
    const enter = this.#options.enter ?? [];
    for (const [family, table] of this.#tables) {
      const changes = new Map<string, Fragment | undefined>();
      const flows: StaleFlow[] = [];
      for (const key of keys) {
        const fragment = this.#compile(key, family);
        flows.push(...staleFlows(table.fragment(key), fragment));
        changes.set(key, fragment);
      }
      const step = table.update(changes);
      const script = this.#broken ? table.full() : step;
      if (script) await run([...enter, 'nft', '-f', '-'], { input: script });
      const stale = this.#broken ? contradictingFlows(await listUdpFlows(family, enter), table.fragments()) : flows;
      await forgetFlows(stale, family, enter);
    }
    this.#broken = false;
    for (const error of await this.#health.setServices(new Map([...this.#healthChecks.values()].map(({ port, health }) => [port, health])))) {
      log.warn('A health check port cannot be opened', { err: error });
    }
    this.#lastUpdated = clock.now();
    this.#waitingSince = this.#dirty.size > 0 ? clock.monotonic() : undefined;
    const seconds = (clock.monotonic() - started) / 1000;
    this.#syncSeconds.observe(seconds);
    log.debug('Service rules written', { services: keys.length, seconds });
  }

  #compile(key: string, family: Family): Fragment | undefined {
    const service = this.#services.getByKey(key);
    this.#healthChecks.delete(key);
    if (!service) return undefined;
    const node = this.#nodes.get(this.#options.nodeName);
    const clusterCIDR = this.#options.clusterCIDRs.find((cidr) => isOf(cidr, family));
    const zone = node ? zoneOf(node) : undefined;
    const context: NodeContext = { nodeName: this.#options.nodeName, family, ...(zone ? { zone } : {}) };
    const ports = portRules(service, this.#slices.by(byService, key), context);
    const port = service.spec.healthCheckNodePort;
    if (port && service.spec.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local') {
      const local = new Set(ports.flatMap((rules) => rules.local.map((backend) => backend.ip)));
      this.#healthChecks.set(key, { port, health: { service: key, localEndpoints: local.size } });
    }
    return compileService(ports, family, clusterCIDR);
  }

  /** Somebody may have flushed the whole ruleset. */
  async #present(): Promise<boolean> {
    for (const family of this.#tables.keys()) {
      if ((await attempt([...(this.#options.enter ?? []), 'nft', 'list', 'chain', family, tableName, 'services'])) === undefined) return false;
    }
    return true;
  }

  #trouble(): string | undefined {
    if (this.#lastUpdated === 0) return 'no rules have been written yet';
    const waiting = this.#waitingSince === undefined ? 0 : this.#surroundings.clock.monotonic() - this.#waitingSince;
    return waiting > patienceMs ? 'changes have been waiting for too long' : undefined;
  }

  #nodeEligible(): boolean {
    const node = this.#nodes.get(this.#options.nodeName);
    if (!node) return true;
    return !node.metadata.deletionTimestamp && !node.spec.taints?.some((taint) => taint.key === 'ToBeDeletedByClusterAutoscaler');
  }
}

function serviceOf(slice: DeepReadonly<EndpointSlice>): readonly string[] {
  const name = slice.metadata.labels?.[serviceNameLabel];
  return name ? [`${slice.metadata.namespace ?? ''}/${name}`] : [];
}

function zoneOf(node: DeepReadonly<Node>): string | undefined {
  return node.metadata.labels?.['topology.kubernetes.io/zone'];
}

function isOf(address: string, family: Family): boolean {
  return address.includes(':') === (family === 'ip6');
}
