/** Serves /api, /apis and what hangs below them short of resources. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { encodeJson } from '../../schema/json.ts';
import { encodeProtobufBody } from '../../schema/protobuf.ts';
import type { Registry } from '../../schema/registry.ts';
import { json, negotiate, protobuf, yaml, type Offer } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendBytes } from '../../serving/respond.ts';
import { dumpYaml } from '../../machinery/yaml.ts';
import type { ResourceTable } from '../resources.ts';
import { apiGroup, apiVersions, groupDiscovery, groupEntry, groupsInOrder, priorityOf, resourceList, versionsInOrder } from './documents.ts';

/** What other servers contribute, through the aggregator. */
export interface ForeignDiscovery {
  readonly generation: number;
  /** Groups with their priority; `discovery` is the aggregated form, `group` the APIGroup. */
  groups(): readonly { readonly name: string; readonly priority: number; readonly group: JsonObject; readonly discovery: JsonObject }[];
}

interface Encoded {
  readonly json: Buffer;
  readonly protobuf: () => Buffer;
  readonly etag: string;
}

const aggregatedKind = 'APIGroupDiscoveryList';
const aggregatedVersions = ['v2', 'v2beta1'];

const offer: Offer = {
  mediaTypes: [json, yaml, protobuf],
  as: (kind, group, version) => kind === aggregatedKind && group === 'apidiscovery.k8s.io' && aggregatedVersions.includes(version),
};

export class Discovery {
  readonly #registry: Registry;
  readonly #table: ResourceTable;
  readonly #foreign: ForeignDiscovery;
  readonly #address: () => string;
  #documents = new Map<string, Encoded>();
  #generation = '';

  constructor(registry: Registry, table: ResourceTable, foreign: ForeignDiscovery, address: () => string) {
    this.#registry = registry;
    this.#table = table;
    this.#foreign = foreign;
    this.#address = address;
  }

  /** Answers when the path is one of discovery; false: somebody else's. */
  async handle(request: ServingRequest): Promise<boolean> {
    const path = request.path.endsWith('/') && request.path.length > 1 ? request.path.slice(0, -1) : request.path;
    const parts = path.split('/');
    if (parts[1] === 'api' ? parts.length > 3 : parts[1] !== 'apis' || parts.length > 4) return false;
    const accepted = negotiate(request.headers.accept, offer);
    const root = parts.length === 2;
    const aggregated = root && accepted.as === aggregatedKind;
    const document = this.#document(aggregated ? `${path}?${accepted.version}` : path, () => (aggregated ? this.#aggregated(parts[1]!, accepted.version) : this.#plain(parts)));
    if (!document) return false;
    // The lists of groups, and of a group's versions, do not look at the method.
    if (request.method !== 'GET' && (parts[1] === 'api' || parts.length === 4)) throw StatusError.methodNotAllowedHere();
    const suffix = aggregated ? `;g=apidiscovery.k8s.io;v=${accepted.version};as=${aggregatedKind}` : '';
    const headers: Record<string, string> = { 'content-type': `${accepted.mediaType}${suffix}`, vary: 'Accept', 'cache-control': aggregated ? 'public' : 'no-cache, private' };
    if (aggregated) {
      headers['etag'] = document.etag;
      if (request.headers['if-none-match'] === document.etag) {
        request.send(304, headers);
        return true;
      }
    }
    const bytes = accepted.mediaType === protobuf ? document.protobuf() : accepted.mediaType === yaml ? Buffer.from(dumpYaml(JSON.parse(document.json.toString()))) : document.json;
    await sendBytes(request, 200, headers, bytes);
    return true;
  }

  #document(key: string, make: () => { type: string; object: JsonObject } | undefined): Encoded | undefined {
    const generation = `${this.#table.generation}/${this.#foreign.generation}`;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#documents = new Map();
    }
    const known = this.#documents.get(key);
    if (known) return known;
    const made = make();
    if (!made) return undefined;
    const bytes = encodeJson(made.object);
    let binary: Buffer | undefined;
    const encoded: Encoded = {
      json: bytes,
      protobuf: () => (binary ??= encodeProtobufBody(this.#registry, made.type, made.object)),
      etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"`,
    };
    this.#documents.set(key, encoded);
    return encoded;
  }

  #plain(parts: readonly string[]): { type: string; object: JsonObject } | undefined {
    const [, root, first, second] = parts;
    if (root === 'api') {
      if (first === undefined) return { type: 'meta.v1.APIVersions', object: apiVersions(this.#address()) };
      return typed('meta.v1.APIResourceList', resourceList(this.#table, '', first));
    }
    if (first === undefined) return { type: 'meta.v1.APIGroupList', object: { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groups().map((g) => groupEntry(g.group)) } };
    if (second === undefined) return typed('meta.v1.APIGroup', this.#groups().find((g) => g.name === first)?.group);
    return typed('meta.v1.APIResourceList', resourceList(this.#table, first, second));
  }

  /** Local and foreign groups in one order; a group served by both lists the versions of both. */
  #groups(): { name: string; priority: number; group: JsonObject; discovery: () => JsonObject }[] {
    const local = groupsInOrder(this.#table).map((name) => ({ name, priority: priorityOf(name), group: apiGroup(this.#table, name)!, discovery: () => groupDiscovery(this.#table, name) }));
    const all = new Map<string, { name: string; priority: number; group: JsonObject; discovery: () => JsonObject }>(local.map((l) => [l.name, l]));
    for (const f of this.#foreign.groups()) {
      const own = all.get(f.name);
      all.set(f.name, own ? { ...own, group: withVersions(own.group, f.group), discovery: () => withVersions(own.discovery(), f.discovery) } : { ...f, discovery: () => f.discovery });
    }
    return [...all.values()].sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  }

  #aggregated(root: string, version: string): { type: string; object: JsonObject } {
    const items = root === 'api' ? (versionsInOrder(this.#table, '').length > 0 ? [groupDiscovery(this.#table, '')] : []) : this.#groups().map((g) => g.discovery());
    return { type: 'apidiscovery.v2.APIGroupDiscoveryList', object: { kind: aggregatedKind, apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items } };
  }
}

/** A group that is served here and elsewhere: the own versions first. */
function withVersions(own: JsonObject, foreign: JsonObject): JsonObject {
  const versions = own['versions'] as readonly JsonObject[];
  const known = new Set(versions.map((v) => v['version']));
  return { ...own, versions: [...versions, ...(foreign['versions'] as readonly JsonObject[]).filter((v) => !known.has(v['version']!))] };
}

function typed(type: string, object: JsonObject | undefined): { type: string; object: JsonObject } | undefined {
  return object && { type, object };
}
