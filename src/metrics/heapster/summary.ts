/** The kubelets' /stats/summary, as far as the model needs it. */
import { request } from 'node:https';
import type { Node } from '../../api/core/v1/index.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { nodeAddress, type KubeletCredentials } from '../metrics-server/scraper.ts';

export interface Fs { readonly usedBytes?: number; readonly capacityBytes?: number; readonly availableBytes?: number; readonly inodes?: number; readonly inodesFree?: number }

export interface Measured {
  readonly startTime?: string | undefined;
  readonly cpu?: { readonly usageCoreNanoSeconds?: number; readonly usageNanoCores?: number } | undefined;
  readonly memory?: { readonly usageBytes?: number; readonly workingSetBytes?: number; readonly rssBytes?: number; readonly pageFaults?: number; readonly majorPageFaults?: number } | undefined;
  readonly network?: { readonly rxBytes?: number; readonly rxErrors?: number; readonly txBytes?: number; readonly txErrors?: number } | undefined;
}

export interface Summary {
  readonly node: Measured & { readonly nodeName: string; readonly fs?: Fs; readonly systemContainers?: readonly (Measured & { readonly name: string })[] };
  readonly pods?: readonly (Measured & {
    readonly podRef: { readonly namespace: string; readonly name: string };
    readonly volume?: readonly (Fs & { readonly name: string })[];
    readonly containers?: readonly (Measured & { readonly name: string; readonly rootfs?: Fs; readonly logs?: Fs })[];
  })[];
}

export type FetchSummary = (node: DeepReadonly<Node>, signal: AbortSignal) => Promise<Summary>;

const maxAnswerBytes = 32 << 20;
const answerMs = 10_000;
const addressTypes = ['InternalIP', 'ExternalIP', 'Hostname'];

export function summaryFetcher(credentials: KubeletCredentials): FetchSummary {
  return (node, signal) => {
    const host = nodeAddress(node, addressTypes);
    if (!host) return Promise.reject(new Error(`node ${node.metadata.name} has no address`));
    const token = credentials.token();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host, port: node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250, path: '/stats/summary', agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
          ...(credentials.authority ? { ca: credentials.authority } : {}), headers: { accept: 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
        },
        (response) => {
          const parts: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > maxAnswerBytes) outgoing.destroy(new Error(`answer is larger than ${maxAnswerBytes} bytes`));
            else parts.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            if (response.statusCode !== 200) return reject(new Error(`request failed, status: "${response.statusCode} ${response.statusMessage ?? ''}"`));
            try {
              resolve(JSON.parse(text) as Summary);
            } catch (error) {
              reject(error as Error);
            }
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  };
}
