/** Logs, exec, attach and port-forward: the API server finds the node, the kubelet speaks the protocols. */
import { Agent } from 'node:https';
import type { Node, Pod } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ApiServerConfig } from '../config.ts';
import type { Storage } from '../registry/storage.ts';
import type { Connector } from '../resources.ts';
import { forward, type Target } from './forward.ts';

type ReadPod = DeepReadonly<Pod>;

const defaultAddressTypes = ['InternalIP', 'ExternalIP', 'InternalDNS', 'ExternalDNS', 'Hostname'];
const defaultPort = 10_250;

export class Kubelets {
  readonly #nodes: Storage;
  readonly #pods: Storage;
  readonly #credentials: ApiServerConfig['kubelet'];
  readonly #through: Target['through'];
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });

  constructor(nodes: Storage, pods: Storage, credentials: ApiServerConfig['kubelet'], through?: Target['through']) {
    this.#nodes = nodes;
    this.#pods = pods;
    this.#credentials = credentials;
    this.#through = through;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Where the kubelet of a node listens, as this server's own client. */
  async target(node: string, path: string, port?: number): Promise<Target> {
    if (!this.#credentials) throw StatusError.serviceUnavailable('this server has no credentials for kubelets');
    const object = (await this.#nodes.get('', node)).object as unknown as DeepReadonly<Node>;
    const addresses = object.status.addresses ?? [];
    const { authority, cert, key, addressTypes = defaultAddressTypes } = this.#credentials;
    const address = addressTypes.map((type) => addresses.find((a) => a.type === type)).find((a) => a !== undefined);
    if (!address) throw StatusError.internal(`no preferred addresses found; known addresses: [${addresses.map((a) => `{${a.type} ${a.address}}`).join(' ')}]`);
    return {
      host: address.address, port: port ?? (object.status.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort), path,
      tls: { ...(authority ? { ca: authority } : { insecure: true }), cert, key }, agent: this.#agent, through: this.#through,
      // The kubelet knows this server by its certificate, not by what the client showed.
      headers: { authorization: undefined, host: undefined },
    };
  }

  readonly log: Connector = async (request, info) => {
    const pod = await this.#pod(info);
    const { query } = request;
    const container = chooseContainer(pod, query.get('container') ?? '', true);
    const errors = checkLogOptions(query);
    if (errors) throw errors;
    if (!pod.spec.nodeName) return request.send(200, { 'content-type': 'text/plain' }, '');
    const wanted = new URLSearchParams();
    for (const name of ['follow', 'previous', 'timestamps', 'sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes', 'stream']) {
      const value = query.get(name);
      if (value !== null && value !== '' && value !== 'false') wanted.set(name, value);
    }
    return forward(request, await this.target(pod.spec.nodeName, `/containerLogs/${place(info)}/${encodeURIComponent(container)}?${wanted}`));
  };

  readonly exec: Connector = (request, info) => this.#stream('exec', request, info);
  readonly attach: Connector = (request, info) => this.#stream('attach', request, info);

  async #stream(what: 'exec' | 'attach', request: ServingRequest, info: RequestInfo): Promise<void> {
    const pod = await this.#pod(info);
    const { query } = request;
    const container = chooseContainer(pod, query.get('container') ?? '', false);
    const node = placed(pod);
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') {
      throw StatusError.badRequest(`cannot ${what} ${what === 'exec' ? 'into' : 'to'} a container in a completed pod; current phase is ${pod.status.phase}`);
    }
    const wanted = new URLSearchParams();
    const on = (name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';
    if (on('stdin')) wanted.set('input', '1');
    if (on('stdout')) wanted.set('output', '1');
    if (on('stderr')) wanted.set('error', '1');
    if (on('tty')) wanted.set('tty', '1');
    if (what === 'exec') for (const word of query.getAll('command')) wanted.append('command', word);
    return forward(request, await this.target(node, `/${what}/${place(info)}/${encodeURIComponent(container)}?${wanted}`));
  }

  readonly portForward: Connector = async (request, info) => {
    const pod = await this.#pod(info);
    const node = placed(pod);
    const wanted = new URLSearchParams();
    for (const port of request.query.getAll('ports').flatMap((p) => p.split(','))) wanted.append('port', port);
    const query = wanted.size > 0 ? `?${wanted}` : '';
    return forward(request, await this.target(node, `/portForward/${place(info)}${query}`));
  };

  async #pod(info: RequestInfo): Promise<ReadPod> {
    return (await this.#pods.get(info.namespace, info.name)).object as unknown as ReadPod;
  }
}

function place(info: RequestInfo): string {
  return `${encodeURIComponent(info.namespace)}/${encodeURIComponent(info.name)}`;
}

function placed(pod: ReadPod): string {
  if (!pod.spec.nodeName) throw StatusError.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return pod.spec.nodeName;
}

function chooseContainer(pod: ReadPod, asked: string, forLogs: boolean): string {
  const names = (list: readonly { readonly name: string }[] | undefined): string[] => (list ?? []).map((c) => c.name);
  const { containers, initContainers, ephemeralContainers } = pod.spec;
  if (asked !== '') {
    if ([...names(containers), ...names(initContainers), ...names(ephemeralContainers)].includes(asked)) return asked;
    throw StatusError.badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const only = containers[0];
  if (only && containers.length === 1 && !(forLogs && (initContainers?.length ?? 0) > 0)) return only.name;
  const init = names(initContainers);
  const rest = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  if (only && containers.length === 1) return only.name;
  throw StatusError.badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names(containers).join(' ')}]${rest}`);
}

function checkLogOptions(query: URLSearchParams): StatusError | undefined {
  const found: { type: 'FieldValueInvalid' | 'FieldValueForbidden'; field: string; detail: string }[] = [];
  const least = (name: string, limit: number, words: string): void => {
    const value = query.get(name);
    if (value !== null && value !== '' && !(Number(value) >= limit)) found.push({ type: 'FieldValueInvalid', field: name, detail: `Invalid value: ${value}: ${words}` });
  };
  least('tailLines', 0, 'must be greater than or equal to 0');
  least('limitBytes', 1, 'must be greater than 0');
  least('sinceSeconds', 1, 'must be greater than 0');
  if (query.get('sinceSeconds') && query.get('sinceTime')) found.push({ type: 'FieldValueForbidden', field: '', detail: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified' });
  return found.length > 0 ? StatusError.invalid({ group: '', kind: 'PodLogOptions' }, '', found) : undefined;
}
