/** A whole cluster in this process: memory store, control plane, simulated nodes, and the API on a loopback port. */
import { generateKeyPairSync } from 'node:crypto';
import { silent } from '../base/log.ts';
import { systemSurroundings, type Surroundings } from '../base/surroundings.ts';
import type { Client } from '../client/client.ts';
import type { SimulatedNode } from '../simulation/index.ts';
import { memoryStore } from '../store/memory.ts';
import { createAuthority, issue } from '../wire/certificates.ts';
import { startControlPlane } from './controlplane.ts';
import { kubeconfigText } from './kubeconfig.ts';

export interface ClusterOptions {
  /** How many simulated nodes, or what they are like. Default 1. */
  readonly nodes?: number | readonly SimulatedNode[];
  /** Default: any free port on 127.0.0.1. */
  readonly port?: number;
  /** Name of cluster, user and context in the kubeconfig. */
  readonly name?: string;
  /** Clock, randomness and log; the log is silent by default. */
  readonly surroundings?: Surroundings;
}

export interface Cluster {
  /** YAML, for an administrator. */
  readonly kubeconfig: string;
  readonly url: string;
  /** The administrator's client, without a network in between. */
  readonly client: Client;
  stop(): Promise<void>;
}

/** Resolves when the API is served; several clusters may live in one process. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const surroundings = options.surroundings ?? { ...systemSurroundings(), log: silent };
  const { clock } = surroundings;
  const name = options.name ?? 'k7s';
  const ca = await createAuthority({ commonName: 'k7sCA', clock });
  const [serving, admin] = await Promise.all([
    issue(ca, { commonName: 'kube-apiserver', dnsNames: ['localhost', 'kubernetes.default.svc'], ipAddresses: ['127.0.0.1', '10.96.0.1'], usages: ['server'], clock }),
    issue(ca, { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'], clock }),
  ]);
  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const nodes = options.nodes ?? 1;
  const ending = new AbortController();
  const store = memoryStore({ clock });
  const { api, client, ended } = await startControlPlane(
    {
      api: { store, port: options.port ?? 0, tls: { cert: serving.certPem, key: serving.keyPem }, clientAuthority: ca.certPem, serviceAccounts: { signingKey } },
      controllers: { rootCa: ca.certPem, serviceAccountKey: signingKey, clusterCidr: '10.244.0.0/16', signing: ca, hostPathVolumes: { folder: '/var/lib/k7s/volumes', simulated: true } },
      simulatedNodes: typeof nodes === 'number' ? Array.from({ length: nodes }, (_, i) => ({ name: nodes === 1 ? name : `${name}-${i}` })) : nodes,
    },
    surroundings,
    ending.signal,
  );
  // Told by stop(); a part that fails earlier ends the cluster, and stop() says why.
  ended.catch(() => ending.abort());
  return {
    kubeconfig: kubeconfigText({ name, server: api.url, caPem: ca.certPem, certPem: admin.certPem, keyPem: admin.keyPem }),
    url: api.url,
    client,
    stop: async () => {
      ending.abort();
      await ended;
      await store.close();
    },
  };
}
