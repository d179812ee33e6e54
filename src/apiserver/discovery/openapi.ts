/** /openapi/v2 and /openapi/v3: documents that are built when first asked for. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.ts';
import { encodeOpenapiV2 } from '../../schema/openapi-protobuf.ts';
import { openapiV2, openapiV3, openapiV3OfDiscovery } from '../../schema/openapi.ts';
import { pathsOfDiscovery } from '../../schema/openapi-operations.ts';
import type { Registry } from '../../schema/registry.ts';
import { json, negotiate } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendBytes } from '../../serving/respond.ts';
import { apiVersionOf } from '../objects.ts';
import type { ResourceTable } from '../resources.ts';

/** Documents of extension servers, by path such as `apis/metrics.k8s.io/v1beta1`. */
export interface ForeignOpenapi {
  readonly generation: number;
  paths(): readonly { readonly path: string; readonly hash: string }[];
  /** Answers itself; false: not mine. */
  handle(path: string, request: ServingRequest): Promise<boolean>;
}

const v3Type = 'application/com.github.proto-openapi.spec.v3.v1.0+json';
const v2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The older spelling, which is no well-formed media type and is asked for all the same; the answer bears the newer one. */
const v2ProtobufOlder = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

interface Document {
  readonly bytes: Buffer;
  readonly etag: string;
}

export class Openapi {
  readonly #registry: Registry;
  readonly #table: ResourceTable;
  readonly #isIssuer: boolean;
  readonly #foreign: ForeignOpenapi | undefined;
  #documents = new Map<string, Document>();
  #schemaHash: string | undefined;
  #generation = -1;

  /** `isIssuer`: this server also answers for the issuer of its tokens. */
  constructor(registry: Registry, table: ResourceTable, isIssuer: boolean, foreign?: ForeignOpenapi) {
    this.#registry = registry;
    this.#table = table;
    this.#isIssuer = isIssuer;
    this.#foreign = foreign;
  }

  async handle(request: ServingRequest): Promise<boolean> {
    const { path } = request;
    if (!path.startsWith('/openapi/')) return false;
    if (this.#generation !== this.#table.generation) {
      this.#generation = this.#table.generation;
      this.#documents = new Map();
    }
    if (path === '/openapi/v3' || path === '/openapi/v3/') {
      await send(request, encoded(this.#index()), json);
      return true;
    }
    if (path === '/openapi/v2') {
      const binary = negotiate(request.headers.accept, { mediaTypes: [json, v2ProtobufOlder, v2Protobuf] }).mediaType !== json;
      await send(request, this.#v2(binary), binary ? v2Protobuf : json);
      return true;
    }
    if (!path.startsWith('/openapi/v3/')) return false;
    const inner = path.slice('/openapi/v3/'.length);
    const place = this.#groupVersions().find((gv) => gv.path === inner);
    const discovery = place ? undefined : this.#discovery().get(inner);
    if (!place && !discovery) return (await this.#foreign?.handle(inner, request)) ?? false;
    const type = request.headers.accept?.includes(v3Type) ? v3Type : json;
    const headers = request.query.get('hash') === this.#hash(inner) ? { 'cache-control': 'public, immutable' } : {};
    const make = (): unknown =>
      place ? openapiV3(this.#registry, this.#table.resources(place.group, place.version).map((s) => s.definition), place.group, place.version) : openapiV3OfDiscovery(this.#registry, discovery!);
    await send(request, this.#document(inner, () => encoded(make())), type, headers);
    return true;
  }

  #definitions() {
    return [...this.#table.all()].map((s) => s.definition);
  }

  #discovery() {
    return pathsOfDiscovery(this.#definitions().filter((d) => !d.custom).map((d) => d.group), this.#isIssuer);
  }

  #groupVersions(): { path: string; group: string; version: string }[] {
    return this.#table.groups().flatMap((group) =>
      this.#table.versions(group).map((version) => ({ group, version, path: `${group === '' ? 'api' : 'apis'}/${apiVersionOf(group, version)}` })));
  }

  #index(): JsonObject {
    const paths: JsonObject = {};
    const own = [...this.#groupVersions().map((gv) => gv.path), ...this.#discovery().keys()];
    const all = [...own.map((path) => ({ path, hash: this.#hash(path) })), ...(this.#foreign?.paths() ?? [])];
    for (const { path, hash } of all.sort((a, b) => (a.path < b.path ? -1 : 1))) paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    return { paths };
  }

  /** Changes with the schema or with what is served. Documents are not built for it. */
  #hash(path: string): string {
    this.#schemaHash ??= createHash('sha256').update(JSON.stringify([...this.#registry.packages].map((p) => p.types))).digest('hex');
    const place = this.#groupVersions().find((gv) => gv.path === path);
    const served = place ? this.#table.resources(place.group, place.version).map((s) => s.definition) : [];
    return createHash('sha256').update(this.#schemaHash).update(path).update(JSON.stringify(served)).digest('hex').toUpperCase();
  }

  /** Both forms have the tag of the JSON, as they say the same. */
  #v2(binary: boolean): Document {
    return this.#document(binary ? 'v2 protobuf' : 'v2', () => {
      const document = openapiV2(this.#registry, this.#definitions(), this.#discovery().values());
      const asJson = encoded(document);
      return binary ? { bytes: encodeOpenapiV2(document), etag: asJson.etag } : asJson;
    });
  }

  #document(key: string, make: () => Document): Document {
    let document = this.#documents.get(key);
    if (!document) this.#documents.set(key, (document = make()));
    return document;
  }
}

function encoded(document: unknown): Document {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
}

async function send(request: ServingRequest, { bytes, etag }: Document, type: string, extra: Record<string, string> = {}): Promise<void> {
  const headers = { 'content-type': type, etag, vary: 'Accept', ...extra };
  if (request.headers['if-none-match'] === etag) return request.send(304, headers);
  await sendBytes(request, 200, headers, bytes);
}
