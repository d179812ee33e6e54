/** Logs, exec, attach and port-forward: the API server finds the node, the kubelet speaks the protocols. */
import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Node, Pod, PodAttachOptions, PodExecOptions, PodLogOptions, PodPortForwardOptions } from '../../api/core/v1/types.ts';
import { forbidden, invalid } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError, type FieldError, type StatusReason } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ApiServerConfig } from '../config.ts';
import type { ReadonlyObject } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import type { Connector } from '../resources.ts';
import { wantsWebSocket } from '../http/watchsocket.ts';
import { ask, forward, type Target, type Way } from './forward.ts';
import { streamToSocket } from './streamsocket.ts';
import { hostAndPort } from './unreachable.ts';

type ReadPod = DeepReadonly<Pod>;

const defaultAddressTypes = ['InternalIP', 'ExternalIP', 'InternalDNS', 'ExternalDNS', 'Hostname'];
const defaultPort = 10_250;
const longestRefusal = 50_000;

export class Kubelets {
  readonly #nodes: Storage;
  readonly #pods: Storage;
  readonly #credentials: ApiServerConfig['kubelet'];
  readonly #way: Way;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });

  constructor(nodes: Storage, pods: Storage, credentials: ApiServerConfig['kubelet'], way: Way = {}) {
    this.#nodes = nodes;
    this.#pods = pods;
    this.#credentials = credentials;
    this.#way = way;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Where the kubelet of a node listens, as this server's own client; as anybody where it has no credentials. A node that is not there
   * is missed as what was asked for.
   */
  async target(node: string, path: string, resource = this.#nodes.resource): Promise<Target> {
    const found = await this.#nodes.find('', node);
    if (!found) throw StatusError.notFound(resource, node);
    const object = found.object as unknown as DeepReadonly<Node>;
    const addresses = object.status.addresses ?? [];
    const { authority, cert, key, addressTypes = defaultAddressTypes } = this.#credentials ?? {};
    const address = addressTypes.map((type) => addresses.find((a) => a.type === type)).find((a) => a !== undefined);
    if (!address) throw plain(`no preferred addresses found; known addresses: [${addresses.map((a) => `{${a.type} ${a.address}}`).join(' ')}]`);
    return {
      host: address.address, port: object.status.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort, path,
      tls: { ...(authority ? { ca: authority } : { insecure: true }), ...(cert && key ? { cert, key } : {}) }, agent: this.#agent, ...this.#way,
      // The kubelet knows this server by its certificate, not by what the client showed.
      headers: { authorization: undefined, host: undefined },
    };
  }

  readonly log: Connector = async (request, info, given) => {
    const options = given as PodLogOptions;
    const errors = checkLogOptions(options);
    if (errors.length > 0) throw StatusError.invalid({ group: '', kind: 'PodLogOptions' }, info.name, errors);
    const pod = await this.#pod(info);
    const container = chooseContainer(pod, options.container);
    if (!pod.spec.nodeName) return request.send(204, {}, '');
    const { follow, previous, timestamps, sinceSeconds, sinceTime, tailLines, limitBytes } = options;
    const wanted = new URLSearchParams();
    // In the order of their names.
    for (const [name, value] of Object.entries({ follow, limitBytes, previous, sinceSeconds, sinceTime, tailLines, timestamps })) if (value !== undefined) wanted.set(name, String(value));
    const kubelet = await this.target(pod.spec.nodeName, withQuery(`/containerLogs/${place(info)}/${encodeURIComponent(container)}`, wanted), this.#pods.resource);
    const target: Target = options.insecureSkipTLSVerifyBackend && kubelet.tls ? { ...kubelet, tls: { ...kubelet.tls, insecure: true } } : kubelet;
    const response = await ask(target, request.signal).catch((error: Error) => {
      throw plain(`Get "https://${hostAndPort(target)}${target.path}": ${error.message}`);
    });
    const { statusCode = 500 } = response;
    if (statusCode < 200 || statusCode > 206) throw refusal(statusCode, await beginning(response), info.name);
    if (wantsWebSocket(request)) return streamToSocket(request, response);
    const body = request.stream(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
    request.begun?.();
    // A client that has gone, or a kubelet that broke off, has been told by the broken stream.
    await pipeline(response, body.writable).catch(() => body.destroy());
  };

  readonly exec: Connector = async (request, info, given) => {
    const wanted = new URLSearchParams();
    for (const word of (given as Partial<PodExecOptions>).command ?? []) wanted.append('command', word);
    return this.#stream('exec', request, info, given, wanted);
  };

  readonly attach: Connector = (request, info, given) => this.#stream('attach', request, info, given, new URLSearchParams());

  async #stream(what: 'exec' | 'attach', request: ServingRequest, info: RequestInfo, given: ReadonlyObject, wanted: URLSearchParams): Promise<void> {
    const options = given as PodAttachOptions;
    const pod = await this.#pod(info);
    const container = chooseContainer(pod, options.container);
    const { stderr: error, stdin: input, stdout: output, tty } = options;
    for (const [name, value] of Object.entries({ error, input, output, tty })) if (value) wanted.set(name, '1');
    const target = await this.target(placed(pod), withQuery(`/${what}/${place(info)}/${encodeURIComponent(container)}`, wanted), this.#pods.resource);
    return upgraded(request, target);
  }

  readonly portForward: Connector = async (request, info, given) => {
    const pod = await this.#pod(info);
    const wanted = new URLSearchParams();
    const { ports = [] } = given as PodPortForwardOptions;
    if (ports.length > 0) wanted.set('port', ports.join(','));
    return upgraded(request, await this.target(placed(pod), withQuery(`/portForward/${place(info)}`, wanted), this.#pods.resource));
  };

  async #pod(info: RequestInfo): Promise<ReadPod> {
    return (await this.#pods.get(info.namespace, info.name)).object as unknown as ReadPod;
  }
}

/** An error that has no reason but what it says. */
function plain(message: string): StatusError {
  return new StatusError({ status: 'Failure', code: 500, message });
}

function upgraded(request: ServingRequest, target: Target): Promise<void> {
  if (!request.wantsUpgrade) throw StatusError.badRequest('Upgrade request required');
  return forward(request, target);
}

async function beginning(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size >= longestRefusal) break;
  }
  return Buffer.concat(parts).subarray(0, longestRefusal).toString();
}

const refusals: Readonly<Record<number, readonly [reason: StatusReason, message: string]>> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted, but may still be processing the request'],
};

/** What a kubelet refuses with, as the client sees it. */
function refusal(code: number, text: string, name: string): StatusError {
  if (code === 500) return StatusError.internal(text);
  if (code === 400) return StatusError.badRequest(text);
  const [reason, message] = code === 403 ? ['Forbidden' as const, text] : (refusals[code] ?? ['' as const, `the server responded with the status code ${code} but did not return more information`]);
  return new StatusError({ status: 'Failure', code, ...(reason ? { reason } : {}), message: `${message} ( pods/log ${name})`, details: { name, kind: 'pods/log' } });
}

function withQuery(path: string, query: URLSearchParams): string {
  return query.size > 0 ? `${path}?${query}` : path;
}

function place(info: RequestInfo): string {
  return `${encodeURIComponent(info.namespace)}/${encodeURIComponent(info.name)}`;
}

function placed(pod: ReadPod): string {
  if (!pod.spec.nodeName) throw StatusError.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return pod.spec.nodeName;
}

function chooseContainer({ metadata, spec }: ReadPod, asked = ''): string {
  const names = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].map((c) => c.name);
  if (asked !== '') {
    if (names.includes(asked)) return asked;
    throw StatusError.badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  }
  const [only] = spec.containers;
  if (only && spec.containers.length === 1) return only.name;
  throw StatusError.badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`);
}

function checkLogOptions({ tailLines, limitBytes, sinceSeconds, sinceTime, stream }: PodLogOptions): FieldError[] {
  const found: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0) found.push(invalid('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1) found.push(invalid('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== undefined) found.push(forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1) found.push(invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  // The feature that tells them apart is off.
  if (stream !== undefined) found.push(forbidden('stream', 'may not be specified'));
  return found;
}
