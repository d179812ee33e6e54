/** What the name server knows of the cluster: informers, and the indexes that its questions need. */
import type { Surroundings } from '../../base/surroundings.ts';
import { namespaces, services, type Namespace, type Service } from '../../api/core/v1/index.ts';
import { endpointslices, type EndpointSlice } from '../../api/discovery/v1/index.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';

export interface EndpointName {
  readonly hostname: string;
  readonly service: string;
  readonly namespace: string;
}

export interface Catalog {
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): DeepReadonly<Service> | undefined;
  slices(namespace: string, service: string): readonly DeepReadonly<EndpointSlice>[];
  serviceAt(ip: string): DeepReadonly<Service> | undefined;
  /** Endpoints that have a host name of their own. */
  endpointsAt(ip: string): readonly EndpointName[];
}

const serviceName = 'kubernetes.io/service-name';

export class ClusterCatalog implements Catalog {
  readonly #namespaces: Informer<Namespace>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;

  constructor(client: Client, surroundings: Surroundings) {
    this.#namespaces = new Informer(client, namespaces, surroundings);
    this.#services = new Informer(client, services, surroundings).addIndex('ip', (service) => clusterIPs(service));
    this.#slices = new Informer(client, endpointslices, surroundings)
      .addIndex('service', (slice) => [`${slice.metadata.namespace ?? ''}/${slice.metadata.labels?.[serviceName] ?? ''}`])
      .addIndex('ip', (slice) => (slice.endpoints ?? []).filter((endpoint) => endpoint.hostname).flatMap((endpoint) => endpoint.addresses));
  }

  /** Keeps the catalog until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#namespaces.run(signal), this.#services.run(signal), this.#slices.run(signal)]);
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#namespaces.synced(signal), this.#services.synced(signal), this.#slices.synced(signal)]);
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.get(name) !== undefined;
  }

  service(namespace: string, name: string): DeepReadonly<Service> | undefined {
    return this.#services.get(name, namespace);
  }

  slices(namespace: string, service: string): readonly DeepReadonly<EndpointSlice>[] {
    return this.#slices.by('service', `${namespace}/${service}`);
  }

  serviceAt(ip: string): DeepReadonly<Service> | undefined {
    return this.#services.by('ip', ip)[0];
  }

  endpointsAt(ip: string): readonly EndpointName[] {
    return this.#slices.by('ip', ip).flatMap((slice) =>
      (slice.endpoints ?? [])
        .filter((endpoint) => endpoint.hostname && endpoint.addresses.includes(ip) && endpoint.conditions?.ready !== false)
        .map((endpoint) => ({ hostname: endpoint.hostname!, service: slice.metadata.labels?.[serviceName] ?? '', namespace: slice.metadata.namespace ?? '' })),
    );
  }
}

/** None for headless services. */
export function clusterIPs(service: DeepReadonly<Service>): readonly string[] {
  const { clusterIPs: all, clusterIP } = service.spec;
  return (all ?? (clusterIP ? [clusterIP] : [])).filter((ip) => ip !== 'None' && ip !== '');
}
