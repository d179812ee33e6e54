/**
 * Cluster addresses and node ports of services. An address is taken by creating an IPAddress object of that name, which only
 * one can do; node ports are kept by this server, which alone writes services.
 */
import type { Service } from '../../../api/core/v1/types.ts';
import { needsClusterIP, needsHealthCheckNodePort, needsNodePort } from '../../../api/core/service-facts.ts';
import { hasReason, StatusError, type FieldError } from '../../../machinery/status.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { Metrics } from '../../../base/metrics.ts';
import type { Surroundings } from '../../../base/surroundings.ts';
import { parseTime, timestamp } from '../../../base/clock.ts';
import type { ApiObject } from '../../objects.ts';
import type { KindHooks, Reservation, Storage, WriteScope } from '../storage.ts';
import { allocationMeter, type AllocationMeter, type Scope } from './allocationmetrics.ts';
import { addressAt, contains, reservedBand, type Range } from './addresses.ts';
import { setFamilies } from './servicefamilies.ts';

type ReadService = DeepReadonly<Service>;
type Undo = () => Promise<void> | void;

const randomAttempts = 64;

export interface ServiceOptions {
  readonly services: Storage;
  readonly addresses: Storage;
  readonly range: Range;
  readonly nodePorts: { readonly from: number; readonly to: number };
  readonly surroundings: Surroundings;
  readonly metrics: Metrics;
}

/** Work that may have to be taken back, and what may go once the write is done. */
class Holding implements Reservation {
  readonly #undo: Undo[] = [];
  readonly #done: Undo[] = [];

  onUndo(action: Undo): void {
    this.#undo.push(action);
  }

  onDone(action: Undo): void {
    this.#done.push(action);
  }

  async undo(): Promise<void> {
    for (const action of this.#undo.reverse()) await action();
  }

  async done(): Promise<void> {
    for (const action of this.#done) await action();
  }
}

export class ServiceAllocator {
  readonly #options: ServiceOptions;
  /** node port -> how many reservations of it (protocols of one service share a number). */
  readonly #ports = new Map<number, number>();

  readonly #meter: AllocationMeter;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { range, nodePorts: { from, to }, addresses, metrics } = options;
    this.#meter = allocationMeter(metrics, { cidr: range.cidr, addresses: { held: () => addresses.cacher.count, all: range.size }, ports: { held: () => this.#ports.size, all: to - from + 1 } });
  }

  /** Learns which node ports are taken. Before the first service is written. */
  async start(): Promise<void> {
    const { items } = await this.#options.services.cacher.list();
    for (const item of items) for (const port of portsOf(item.object as unknown as ReadService)) this.#ports.set(port, 1);
    await this.repair();
  }

  /** Gives back addresses whose service is gone: a server that was killed between two writes leaves such. */
  async repair(): Promise<void> {
    const { services, addresses, surroundings } = this.#options;
    const now = surroundings.clock.now();
    for (const item of (await addresses.cacher.list()).items) {
      const parent = (item.object['spec'] as { parentRef?: { resource?: string; namespace?: string; name?: string } } | undefined)?.parentRef;
      if (parent?.resource !== 'services' || now - parseTime(item.object.metadata.creationTimestamp!) < 60_000) continue;
      const service = await services.find(parent.namespace ?? '', parent.name ?? '');
      const ips = (service?.object as ReadService | undefined)?.spec.clusterIPs ?? [];
      if (!ips.includes(item.object.metadata.name!)) await this.#release(item.object.metadata.name!);
    }
  }

  readonly hooks: KindHooks = {
    beforeCreate: (object, scope) => this.#reserve(object as unknown as Service, undefined, scope),
    beforeUpdate: (object, old, scope) => (scope.subresource === '' ? this.#reserve(object as unknown as Service, old as unknown as ReadService, scope) : Promise.resolve()),
    afterRemove: async (object) => {
      const service = object as unknown as ReadService;
      for (const port of portsOf(service)) this.#ports.delete(port);
      for (const ip of addressesOf(service)) await this.#release(ip);
    },
  };

  async #reserve(service: Service, old: ReadService | undefined, scope: WriteScope): Promise<Reservation> {
    const holding = new Holding();
    setFamilies(service, old);
    try {
      await this.#reserveAddress(service, old, scope, holding);
      this.#reservePorts(service, old, scope, holding);
    } catch (error) {
      await holding.undo();
      throw error;
    }
    return holding;
  }

  async #reserveAddress(service: Service, old: ReadService | undefined, scope: WriteScope, holding: Holding): Promise<void> {
    const held = old ? addressesOf(old) : [];
    const { spec } = service;
    if (!needsClusterIP(service) || spec.clusterIP === 'None') {
      holding.onDone(() => this.#releaseAll(held));
      return;
    }
    const asked = spec.clusterIP;
    if (asked && held.includes(asked)) return;
    const { clock } = this.#options.surroundings;
    const began = clock.monotonic();
    let ip: string | undefined;
    try {
      if (asked) await this.#takeAsked(asked, service, scope);
      ip = asked || (await this.#takeAny(service, scope));
    } finally {
      this.#meter.address(asked ? 'static' : 'dynamic', ip !== undefined, clock.monotonic() - began);
    }
    if (!scope.dryRun) holding.onUndo(() => this.#release(ip!));
    spec.clusterIP = ip;
    spec.clusterIPs = [ip];
    holding.onDone(() => this.#releaseAll(held));
  }

  async #takeAsked(ip: string, service: Service, scope: WriteScope): Promise<void> {
    const invalid = (why: string): StatusError =>
      StatusError.invalid({ group: '', kind: 'Service' }, service.metadata.name, [
        { type: 'FieldValueInvalid', field: 'spec.clusterIPs', detail: `Invalid value: ${JSON.stringify(service.spec.clusterIPs ?? [ip])}: failed to allocate IP ${ip}: ${why}` },
      ]);
    if (!contains(this.#options.range, ip)) throw invalid(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.#options.range.cidr}`);
    if (!(await this.#take(ip, service, scope))) throw invalid('provided IP is already allocated');
  }

  async #takeAny(service: Service, scope: WriteScope): Promise<string> {
    const { range, surroundings } = this.#options;
    const band = reservedBand(range.size);
    const pick = (from: number, to: number): string => addressAt(range, from + Math.floor(surroundings.random.next() * (to - from + 1)));
    for (const [from, to] of [[band + 1, range.size], [1, band]] as const) {
      if (to < from) continue;
      for (let i = 0; i < randomAttempts; i++) {
        const ip = pick(from, to);
        if (await this.#take(ip, service, scope)) return ip;
      }
      // Nearly full: look at each.
      for (let offset = from; offset <= to && range.size <= 65_536; offset++) {
        const ip = addressAt(range, offset);
        if (await this.#take(ip, service, scope)) return ip;
      }
    }
    throw StatusError.internal('failed to allocate a serviceIP: range is full');
  }

  /** False when somebody has it. */
  async #take(ip: string, service: Service, scope: WriteScope): Promise<boolean> {
    const { addresses } = this.#options;
    if (await addresses.find('', ip)) return false;
    const { namespace = '', name } = service.metadata;
    const object: ApiObject = {
      kind: 'IPAddress', apiVersion: 'networking.k8s.io/v1',
      metadata: { name: ip, labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
      spec: { parentRef: { group: '', resource: 'services', namespace, name } },
    };
    try {
      await addresses.create(object, '', { ...scope, subresource: '', warnings: [] });
      return true;
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return false;
      throw error;
    }
  }

  async #releaseAll(ips: readonly string[]): Promise<void> {
    for (const ip of ips) await this.#release(ip);
  }

  async #release(ip: string): Promise<void> {
    const { addresses, surroundings } = this.#options;
    try {
      await addresses.delete('', ip, {}, { now: timestamp(surroundings.clock.now()), user: { name: 'system:apiserver', groups: ['system:masters'] }, dryRun: false, subresource: '', warnings: [] });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #reservePorts(service: Service, old: ReadService | undefined, scope: WriteScope, holding: Holding): void {
    const held = new Set(old ? portsOf(old) : []);
    const { spec } = service;
    if (needsNodePort(service)) {
      const own = new Map<number, Set<string>>();
      (spec.ports ?? []).forEach((port, i) => {
        const asked = port.nodePort;
        const protocols = asked ? own.get(asked) : undefined;
        const shared = protocols !== undefined && !protocols.has(port.protocol ?? 'TCP');
        if (asked && !held.has(asked) && !shared) this.#takePort(asked, `spec.ports[${i}].nodePort`, service, scope, holding);
        if (!asked) port.nodePort = this.#anyPort(service, port.port, port.protocol ?? 'TCP', holding);
        const number = port.nodePort!;
        // Of an update, upstream says so before it is judged.
        if (old && own.get(number)?.has(port.protocol ?? 'TCP')) throw new StatusError({ status: 'Failure', code: 500, message: `duplicate nodePort: {${port.protocol ?? 'TCP'} ${number}}` });
        own.set(number, (own.get(number) ?? new Set()).add(port.protocol ?? 'TCP'));
      });
    }
    if (needsHealthCheckNodePort(service)) {
      if (!spec.healthCheckNodePort) spec.healthCheckNodePort = this.#freePort(holding);
      else if (!held.has(spec.healthCheckNodePort)) this.#takePort(spec.healthCheckNodePort, 'spec.healthCheckNodePort', service, scope, holding);
    }
    const kept = new Set(portsOf(service));
    holding.onDone(() => {
      for (const port of held) if (!kept.has(port)) this.#ports.delete(port);
    });
  }

  #takePort(port: number, field: string, service: Service, scope: WriteScope, holding: Holding): void {
    const { from, to } = this.#options.nodePorts;
    const refuse = (why: string): never => {
      this.#meter.port('static', false);
      const error: FieldError = { type: 'FieldValueInvalid', field, detail: `Invalid value: ${port}: ${why}` };
      throw StatusError.invalid({ group: '', kind: 'Service' }, service.metadata.name, [error]);
    };
    // What is only tried is not held against the range.
    if (!scope.dryRun && (port < from || port > to)) refuse(`provided port is not in the valid range. The range of valid ports is ${from}-${to}`);
    if (this.#ports.has(port)) refuse('provided port is already allocated');
    this.#hold(port, holding, 'static');
  }

  /** Ports of one service with the same number but other protocols share a node port. */
  #anyPort(service: Service, port: number, protocol: string, holding: Holding): number {
    const twin = service.spec.ports?.find((p) => p.port === port && p.nodePort && (p.protocol ?? 'TCP') !== protocol);
    return twin?.nodePort ?? this.#freePort(holding);
  }

  #freePort(holding: Holding): number {
    const { from, to } = this.#options.nodePorts;
    const size = to - from + 1;
    const band = size >= 32 ? Math.min(Math.max(16, Math.floor(size / 32)), 128) : 0;
    const start = Math.floor(this.#options.surroundings.random.next() * (size - band));
    for (let i = 0; i < size; i++) {
      // Above the band that is left for ports asked for by number, then the band itself.
      const offset = i < size - band ? band + ((start + i) % (size - band)) : i - (size - band);
      if (this.#ports.has(from + offset)) continue;
      this.#hold(from + offset, holding, 'dynamic');
      return from + offset;
    }
    this.#meter.port('dynamic', false);
    throw StatusError.internal('failed to allocate a nodePort: range is full');
  }

  #hold(port: number, holding: Holding, scope: Scope): void {
    this.#meter.port(scope, true);
    this.#ports.set(port, 1);
    holding.onUndo(() => void this.#ports.delete(port));
  }
}

function portsOf(service: ReadService): number[] {
  const { ports = [], healthCheckNodePort } = service.spec;
  return [...new Set([...ports.map((p) => p.nodePort ?? 0), healthCheckNodePort ?? 0])].filter((p) => p > 0);
}

function addressesOf(service: ReadService): string[] {
  const { clusterIP, clusterIPs } = service.spec;
  const all = clusterIPs?.length ? [...clusterIPs] : clusterIP ? [clusterIP] : [];
  return all.filter((ip) => ip !== 'None');
}
