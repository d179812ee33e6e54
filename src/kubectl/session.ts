/** What a command works with: streams, flags, and the API behind them, connected when first needed. */
import type { Readable, Writable } from 'node:stream';
import { systemSurroundings, type Surroundings } from '../base/surroundings.ts';
import { httpClient, type HttpClient } from '../client/http.ts';
import type { RawResponse } from '../client/client.ts';
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import { parseJson } from '../machinery/jsontext.ts';
import { StatusError, type Status } from '../machinery/status.ts';
import { CommandError, Exit } from './errors.ts';
import type { Flags } from './flags.ts';
import { connect, type Connection } from './kubeconfig/connection.ts';
import { discover, type Discovery } from './discovery.ts';

export interface Io {
  readonly stdin: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: Writable;
}

export interface Request {
  readonly method?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly accept?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly signal?: AbortSignal;
}

export class Session {
  readonly io: Io;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: Flags;
  readonly surroundings: Surroundings;
  /** Fires on the first interrupt: streams end, and the command with them. */
  readonly signal: AbortSignal;
  #connection: Connection | undefined;
  #client: HttpClient | undefined;
  #discovery: Promise<Discovery> | undefined;
  #warned = false;
  readonly #own: readonly string[];

  /** `own` are the command's own flags: those that share a name with one of the connection's mean something else. */
  constructor(io: Io, env: NodeJS.ProcessEnv, flags: Flags, signal: AbortSignal, own: readonly string[] = []) {
    this.#own = own;
    this.io = io;
    this.env = env;
    this.flags = flags;
    this.signal = signal;
    this.surroundings = systemSurroundings({ component: 'kubectl', write: (line) => void io.stderr.write(line) });
  }

  get now(): number {
    return this.surroundings.clock.now();
  }

  get connection(): Connection {
    this.#connection ??= connect(this.flags.without(this.#own), this.env);
    return this.#connection;
  }

  get namespace(): string {
    return this.connection.namespace;
  }

  get client(): HttpClient {
    this.#client ??= httpClient({
      ...this.connection.config,
      surroundings: this.surroundings,
      onWarning: (text) => {
        this.#warned = true;
        this.errorLine(`Warning: ${text}`);
      },
    });
    return this.#client;
  }

  get discovery(): Promise<Discovery> {
    this.#discovery ??= discover(this);
    return this.#discovery;
  }

  out(text: string): void {
    this.io.stdout.write(text);
  }

  line(text: string): void {
    this.io.stdout.write(`${text}\n`);
  }

  errorLine(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /** Sends a request; throws StatusError for an answer of 400 and above. */
  async send(path: string, request: Request = {}): Promise<RawResponse> {
    const { body } = request;
    const response = await this.client.raw({
      method: request.method ?? 'GET',
      path: path + queryText(request.query),
      headers: { accept: request.accept ?? 'application/json', ...(body === undefined ? {} : { 'content-type': request.type ?? 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
      signal: request.signal ?? this.signal,
    });
    if (response.status < 400) return response;
    throw await failureOf(response, request.method ?? 'GET');
  }

  /** The object of an answer. */
  async json(path: string, request: Request = {}): Promise<JsonObject> {
    const text = await this.text(path, request);
    const { value } = parseJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CommandError('the server answered with something that is no object');
    return value;
  }

  async text(path: string, request: Request = {}): Promise<string> {
    return readAll((await this.send(path, request)).body);
  }

  async readStdin(): Promise<string> {
    return readAll(this.io.stdin);
  }

  /** Ends what is open. Warnings become an error where that was asked for. */
  close(): void {
    this.#client?.close();
    if (this.#warned && this.flags.flag('warnings-as-errors')) {
      this.errorLine('error: 1 warning received');
      throw new Exit(1);
    }
  }
}

export async function readAll(body: AsyncIterable<Uint8Array | string>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts).toString('utf8');
}

export function queryText(query: Request['query'] = {}): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    for (const item of Array.isArray(value) ? (value as string[]) : [String(value)]) parts.append(name, item);
  }
  const text = parts.toString();
  return text ? `?${text}` : '';
}

async function failureOf(response: RawResponse, method: string): Promise<StatusError> {
  const text = await readAll(response.body);
  let value: JsonValue = null;
  try {
    ({ value } = parseJson(text));
  } catch {
    // Not JSON: plain text of a proxy or of a kubelet.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && value['kind'] === 'Status') return new StatusError(value as unknown as Status);
  const message = text.trim() || `the server responded with the status code ${response.status} but did not return more information`;
  if (response.status === 401) return StatusError.unauthorized('the server has asked for the client to provide credentials');
  if (response.status === 404) return StatusError.pathNotFound();
  return new StatusError({ status: 'Failure', reason: response.status === 400 ? 'BadRequest' : response.status === 403 ? 'Forbidden' : response.status >= 500 ? 'InternalError' : '', message: method === 'GET' && response.status === 503 ? 'the server is currently unable to handle the request' : message, code: response.status });
}
