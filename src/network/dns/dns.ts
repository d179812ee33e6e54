/** The cluster's name server: services and pods from the API, everything else from the node's own servers. */
import { createServer, type Server } from 'node:http';
import { aborted } from '../../base/abort.ts';
import { Metrics, metricsContentType } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Client } from '../../client/client.ts';
import { ClusterCatalog } from './catalog.ts';
import { listen, type Listening } from './listen.ts';
import { authority, lookup, reverseLookup, type Zone } from './records.ts';
import { Forwarder, readResolvers, type Transport, type Upstream } from './upstream.ts';
import { adaptReply, codeOf, codes, encodeReply, parseQuery, types, type Query, type Record, type Reply } from './wire.ts';

export interface DnsOptions {
  readonly client: Client;
  /** cluster.local */
  readonly domain: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Absent: those of /etc/resolv.conf. */
  readonly upstream?: readonly Upstream[];
  /** Absent ones are not served. */
  readonly ports?: { readonly health?: number; readonly ready?: number; readonly metrics?: number };
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
  /** Called with the port once questions are taken. */
  readonly listening?: (port: number) => void;
}

const maxAliases = 8;
const internet = 1;
const maxUdp = 1232;

/** Runs until the signal fires. Rejects when a port cannot be opened. */
export async function runDns(options: DnsOptions): Promise<void> {
  const { signal, ports = {} } = options;
  const surroundings = { ...options.surroundings, log: options.surroundings.log.named('dns') };
  const catalog = new ClusterCatalog(options.client, surroundings);
  const stop = new AbortController();
  const ending = AbortSignal.any([signal, stop.signal]);
  const informing = catalog.run(ending);
  const servers: Server[] = [];
  let listening: Listening | undefined;
  let ready = false;
  try {
    const upstream = options.upstream ?? (await readResolvers());
    const zone: Zone = { domain: options.domain.toLowerCase(), catalog, serial: () => Math.floor(surroundings.clock.now() / 1000) };
    const server = new NameServer(zone, new Forwarder(upstream, surroundings), surroundings);
    if (ports.health !== undefined) servers.push(await serveText(ports.health, '/health', () => [200, 'OK']));
    if (ports.ready !== undefined) servers.push(await serveText(ports.ready, '/ready', () => (ready ? [200, 'OK'] : [503, 'kubernetes'])));
    if (ports.metrics !== undefined) servers.push(await serveText(ports.metrics, '/metrics', () => [200, server.metrics.expose()], metricsContentType));
    await Promise.race([catalog.synced(ending), aborted(signal)]);
    if (signal.aborted) return;
    listening = await listen(options.listen.host, options.listen.port, (message, transport) => server.answer(message, transport));
    ready = true;
    surroundings.log.info('Answering', { domain: zone.domain, port: listening.port, upstream: upstream.map(({ host }) => host).join(',') });
    options.listening?.(listening.port);
    await aborted(signal);
  } finally {
    listening?.close();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    stop.abort();
    await informing;
  }
}

export class NameServer {
  readonly metrics = new Metrics();
  readonly #zone: Zone;
  readonly #forwarder: Forwarder;
  readonly #surroundings: Surroundings;
  readonly #requests = this.metrics.counter({ name: 'coredns_dns_requests_total', help: 'Questions, by zone, protocol and type.', labels: ['zone', 'proto', 'type'] });
  readonly #responses = this.metrics.counter({ name: 'coredns_dns_responses_total', help: 'Answers, by code.', labels: ['rcode'] });
  readonly #seconds = this.metrics.histogram({ name: 'coredns_dns_request_duration_seconds', help: 'Seconds that answering a question took.', labels: ['zone'], buckets: [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4, 8] });

  constructor(zone: Zone, forwarder: Forwarder, surroundings: Surroundings) {
    this.#zone = zone;
    this.#forwarder = forwarder;
    this.#surroundings = surroundings;
    const entries = this.metrics.gauge({ name: 'coredns_cache_entries', help: 'Answers that are remembered.' });
    const hits = this.metrics.gauge({ name: 'coredns_cache_hits_total', help: 'Questions that a remembered answer was there for.' });
    const misses = this.metrics.gauge({ name: 'coredns_cache_misses_total', help: 'Questions that no remembered answer was there for.' });
    this.metrics.onCollect(() => {
      entries.set(forwarder.size);
      hits.set(forwarder.hits);
      misses.set(forwarder.misses);
    });
  }

  async answer(message: Buffer, transport: Transport): Promise<Buffer | undefined> {
    const started = this.#surroundings.clock.monotonic();
    let query: Query;
    try {
      query = parseQuery(message);
    } catch {
      return formatError(message);
    }
    const limit = transport === 'tcp' ? 65_535 : Math.min(query.edns?.size ?? 512, maxUdp);
    const inside = this.#isInside(query.name.toLowerCase());
    let reply: Buffer;
    try {
      reply = await this.#respond(query, transport, limit);
    } catch (error) {
      this.#surroundings.log.error('A question could not be answered', error, { name: query.name });
      reply = encodeReply(query, { code: 'SERVFAIL', authoritative: false, answers: [] }, limit);
    }
    const zone = inside ? `${this.#zone.domain}.` : '.';
    const code = codeOf(reply);
    this.#requests.inc(1, zone, transport, typeName(query.type));
    this.#responses.inc(1, Object.entries(codes).find(([, number]) => number === code)?.[0] ?? String(code));
    this.#seconds.observe((this.#surroundings.clock.monotonic() - started) / 1000, zone);
    return reply;
  }

  #isInside(name: string): boolean {
    return name === this.#zone.domain || name.endsWith(`.${this.#zone.domain}`);
  }

  async #respond(query: Query, transport: Transport, limit: number): Promise<Buffer> {
    if (query.opcode !== 0) return encodeReply(query, { code: 'NOTIMP', authoritative: false, answers: [] }, limit);
    const name = query.name.toLowerCase();
    if (query.class === internet) {
      if (this.#isInside(name)) return encodeReply(query, await this.#inside(query, transport), limit);
      const names = query.type === types.PTR ? reverseLookup(this.#zone, name) : undefined;
      if (names) return encodeReply(query, { code: 'NOERROR', authoritative: true, answers: names }, limit);
    }
    const forwarded = await this.#forwarder.forward(query, transport);
    return forwarded ? adaptReply(query, forwarded, limit) : encodeReply(query, { code: 'SERVFAIL', authoritative: false, answers: [] }, limit);
  }

  /** Follows aliases inside the cluster; one that leads outside is given with what the outside says about it. */
  async #inside(query: Query, transport: Transport): Promise<Reply> {
    const answers: Record[] = [];
    let name = query.name.toLowerCase();
    for (let i = 0; i < maxAliases; i++) {
      if (!this.#isInside(name)) {
        answers.push(...(await this.#outside(name, query.type, transport)));
        return { code: 'NOERROR', authoritative: true, answers };
      }
      const { exists, records, alias, additionals } = lookup(this.#zone, name, query.type);
      answers.push(...this.#shuffled(records));
      if (alias === undefined) {
        const absent = records.length === 0;
        const code = exists ? 'NOERROR' : 'NXDOMAIN';
        return { code, authoritative: true, answers, ...(absent ? { authorities: [authority(this.#zone)] } : {}), ...(additionals ? { additionals } : {}) };
      }
      name = alias.toLowerCase();
    }
    return { code: 'SERVFAIL', authoritative: true, answers: [] };
  }

  /** The addresses of an outside name that a service stands for. */
  async #outside(name: string, type: number, transport: Transport): Promise<Record[]> {
    const query = parseQuery(questionFor(name, type));
    const message = await this.#forwarder.forward(query, transport);
    return message ? addressesIn(message, query.questionEnd, name) : [];
  }

  /** Clients tend to take the first address. */
  #shuffled(records: readonly Record[]): readonly Record[] {
    if (records.length < 2) return records;
    const first = Math.floor(this.#surroundings.random.next() * records.length);
    return [...records.slice(first), ...records.slice(0, first)];
  }
}

function formatError(message: Buffer): Buffer | undefined {
  // An answer to an answer could go on for ever.
  if (message.length < 12 || message.readUInt8(2) & 0x80) return undefined;
  const out = Buffer.alloc(12);
  message.copy(out, 0, 0, 2);
  out.writeUInt16BE(0x8000 | codes.FORMERR, 2);
  return out;
}

function questionFor(name: string, type: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  const tail = Buffer.from([0, type >> 8, type & 0xff, 0, internet]);
  return Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, tail]);
}

/** Addresses of an upstream answer under the name that was asked for; what lies between is of no interest to the client. */
function addressesIn(message: Buffer, questionEnd: number, name: string): Record[] {
  const found: Record[] = [];
  const count = message.readUInt16BE(6);
  let at = questionEnd;
  for (let i = 0; i < count; i++) {
    while (message.readUInt8(at) !== 0 && message.readUInt8(at) < 0xc0) at += message.readUInt8(at) + 1;
    at += message.readUInt8(at) === 0 ? 1 : 2;
    const [type, ttl, size] = [message.readUInt16BE(at), message.readUInt32BE(at + 4), message.readUInt16BE(at + 8)];
    const data = message.subarray(at + 10, at + 10 + size);
    if (type === types.A) found.push({ name, ttl, type: 'A', address: [...data].join('.') });
    if (type === types.AAAA) found.push({ name, ttl, type: 'AAAA', address: data.toString('hex').replace(/(.{4})(?=.)/g, '$1:') });
    at += 10 + size;
  }
  return found;
}

function typeName(type: number): string {
  return Object.entries(types).find(([, number]) => number === type)?.[0] ?? 'other';
}

async function serveText(port: number, path: string, answer: () => [number, string], type = 'text/plain; charset=utf-8'): Promise<Server> {
  const server = createServer((request, response) => {
    if ((request.url ?? '').split('?')[0] !== path) return void response.writeHead(404).end();
    const [code, text] = answer();
    response.writeHead(code, { 'content-type': type }).end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve());
  });
  return server;
}
