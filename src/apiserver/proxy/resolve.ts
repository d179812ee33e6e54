/** Finds a server behind a service through its endpoint slices: no cluster address is needed. */
import type { Service } from '../../api/core/v1/types.ts';
import type { EndpointSlice } from '../../api/discovery/v1/types.ts';
import type { Random } from '../../base/ids.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import type { Egress } from './egress.ts';

export interface Backend {
  readonly host: string;
  readonly port: number;
}

export class Resolver {
  readonly #services: Storage;
  readonly #slices: Storage;
  readonly #random: Random;
  /** How the servers found are reached; undefined: directly. */
  readonly via: Egress | undefined;

  constructor(services: Storage, slices: Storage, random: Random, via?: Egress) {
    this.via = via;
    this.#services = services;
    this.#slices = slices;
    this.#random = random;
  }

  service(namespace: string, name: string): Promise<DeepReadonly<Service> | undefined> {
    return this.#services.find(namespace, name, 0).then((s) => s?.object as unknown as DeepReadonly<Service> | undefined);
  }

  /** All servers that are ready on this port of the service. */
  async backends(namespace: string, name: string, portName: string): Promise<Backend[]> {
    const { items } = await this.#slices.cacher.list({ selection: { namespace, labels: [['kubernetes.io/service-name', name]] }, notOlderThan: 0 });
    return items.flatMap((item) => {
      const slice = item.object as unknown as DeepReadonly<EndpointSlice>;
      const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port;
      if (port === undefined) return [];
      return ((slice.endpoints as typeof slice.endpoints | null) ?? []).filter((e) => e.conditions?.ready !== false).flatMap((e) => (e.addresses[0] ? [{ host: e.addresses[0], port }] : []));
    });
  }

  async hasSlices(namespace: string, name: string): Promise<boolean> {
    return (await this.#slices.cacher.list({ selection: { namespace, labels: [['kubernetes.io/service-name', name]] }, notOlderThan: 0 })).items.length > 0;
  }

  /** One of them. `port`: number or name; empty where the service has only one. Throws 503 when there is none. */
  async pick(namespace: string, name: string, port: string): Promise<Backend> {
    const service = await this.service(namespace, name);
    if (!service) throw StatusError.notFound({ group: '', resource: 'services' }, name);
    const ports = service.spec.ports ?? [];
    if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port: Number(port) || (ports[0]?.port ?? 443) };
    const chosen = port === '' && ports.length === 1 ? ports[0] : ports.find((p) => p.name === port || String(p.port) === port || (port === '' && !p.name));
    if (!chosen) throw StatusError.serviceUnavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
    const all = await this.backends(namespace, name, chosen.name ?? '');
    if (all.length === 0) throw StatusError.serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
    return all[Math.floor(this.#random.next() * all.length)]!;
  }
}
