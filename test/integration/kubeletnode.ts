/** A real node for tests of the agent: an API server in memory, a node with its containerd, and the agent in a process of its own inside it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/clock.ts';
import { findProgram } from '../../src/base/command.ts';
import { silent } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { events, namespaces, nodes, pods, serviceaccounts, type Pod } from '../../src/api/core/v1/index.ts';
import { startApiServer, type ApiServer } from '../../src/apiserver/server.ts';
import type { Client } from '../../src/client/client.ts';
import { containerdCommand, cniConfigDirectory, containerdSocket, waitForSocket } from '../../src/cluster/machine/containerd.ts';
import { busyboxImage } from '../../src/cluster/machine/images/busybox.ts';
import { ensureImages } from '../../src/cluster/machine/images/load.ts';
import { pauseImage } from '../../src/cluster/machine/images/pause.ts';
import { destroyMachine } from '../../src/cluster/machine/leftovers.ts';
import { ensureNetwork } from '../../src/cluster/machine/network.ts';
import { enterNode, ensureNode, type MachineNode } from '../../src/cluster/machine/node.ts';
import type { KubeletConfig } from '../../src/kubelet/config.ts';
import type { DeepReadonly, Draft } from '../../src/machinery/json.ts';
import { hasReason } from '../../src/machinery/status.ts';
import { writeCniConfig } from '../../src/network/cni/config.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { createAuthority, issue, type Credential } from '../../src/wire/certificates.ts';

const missing =
  process.getuid?.() !== 0 ? 'needs root' : ['containerd', 'runc', 'nft', 'busybox'].every((p) => findProgram(p)) ? undefined : 'needs containerd, runc, nft and busybox';
export const skip = missing !== undefined && process.env['CI'] !== 'true' ? missing : false;

const surroundings = { clock, random: systemRandom, log: silent };

export interface TestNode {
  readonly node: MachineNode;
  readonly api: ApiServer;
  readonly client: Client;
  readonly authority: Credential;
  readonly admin: Credential;
  readonly logFile: string;
  agent: ChildProcess;
  startAgent(config?: Partial<KubeletConfig>): Promise<void>;
  stop(): Promise<void>;
}

export async function until<T>(what: string, question: () => Promise<T | undefined | false>, seconds = 30): Promise<T> {
  const deadline = AbortSignal.timeout(seconds * 1000);
  let last: unknown;
  while (!deadline.aborted) {
    try {
      const answer = await question();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await clock.sleep(50);
  }
  throw new Error(`waited ${seconds} s for: ${what}`, { cause: last });
}

async function unlessThere(created: Promise<unknown>): Promise<void> {
  await created.catch((error: unknown) => {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  });
}

export async function testNode(name: string): Promise<TestNode> {
  const directory = mkdtempSync(join(tmpdir(), `k7s-${name}-`));
  const profile = { name, directory };
  const network = await ensureNetwork(profile);
  const node = await ensureNode(profile, { name: `${name}-node`, index: 0, network });
  const podCIDR = network.clusterCIDR.replace(/\.0\.0\/16$/, '.0.0/24');
  await writeCniConfig(cniConfigDirectory(node), { podCIDRs: [podCIDR], dataDirectory: join(node.directory, 'cni/networks') });
  const command = await containerdCommand(node);
  const containerd = spawn(command.argv[0]!, command.argv.slice(1), { env: command.env, stdio: 'ignore' });

  const authority = await createAuthority({ commonName: 'k7s-ca' });
  const addresses = ['127.0.0.1', network.gateway];
  const [serving, admin, kubelet, toKubelet, ofNode] = await Promise.all([
    issue(authority, { commonName: 'kube-apiserver', ipAddresses: addresses, usages: ['server'] }),
    issue(authority, { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'] }),
    issue(authority, { commonName: node.name, ipAddresses: [node.address], usages: ['server'] }),
    issue(authority, { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], usages: ['client'] }),
    issue(authority, { commonName: `system:node:${node.name}`, organizations: ['system:nodes'], usages: ['client'] }),
  ]);
  const signer = await createAuthority({ commonName: 'service-accounts' });
  const api = await startApiServer({
    store: memoryStore(), bindAddress: network.gateway, tls: { cert: serving.certPem, key: serving.keyPem }, clientAuthority: authority.certPem,
    serviceAccounts: { signingKey: signer.keyPem },
    kubelet: { cert: toKubelet.certPem, key: toKubelet.keyPem, authority: authority.certPem },
  }, surroundings);
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  // What controllers and the server's start-up do for a whole cluster.
  for (const name of ['default', 'kube-node-lease']) await unlessThere(client.create(namespaces, { metadata: { name } }));
  await unlessThere(client.create(serviceaccounts, { metadata: { name: 'default', namespace: 'default' } }));

  await waitForSocket(containerdSocket(node), clock, AbortSignal.timeout(20_000));
  const busybox = await busyboxImage();
  await ensureImages({ socket: containerdSocket(node), scratch: node.directory }, [pauseImage(), ...(busybox ? [busybox] : [])]);

  const logFile = join(directory, 'agent.log');
  const self: TestNode = {
    node, api, client, authority, admin, logFile, agent: undefined as unknown as ChildProcess,
    startAgent: async (extra = {}) => {
      const config: KubeletConfig = {
        nodeName: node.name, nodeIPs: [node.address], containerRuntimeEndpoint: containerdSocket(node),
        rootDir: join(node.directory, 'kubelet'), podLogsDir: join(node.directory, 'pods'), cgroupRoot: node.cgroup, resolvConf: node.resolvConf,
        clusterDNS: ['10.96.0.10'], clusterDomain: 'cluster.local',
        server: { host: node.address, port: 10250, cert: kubelet.certPem, key: kubelet.keyPem, clientAuthority: authority.certPem, readOnlyPort: 10255 },
        ...extra,
      };
      const transport = { server: api.url, ca: authority.certPem, cert: ofNode.certPem, key: ofNode.keyPem };
      const enter = enterNode(node);
      const program = join(import.meta.dirname, 'kubelet-agent.ts');
      const agent = spawn(enter[0]!, [...enter.slice(1), process.execPath, program, JSON.stringify({ config, client: transport })], { stdio: ['ignore', 'pipe', 'pipe'] });
      const log = createWriteStream(logFile, { flags: 'a' });
      agent.stdout.pipe(log, { end: false });
      agent.stderr.pipe(log, { end: false });
      self.agent = agent;
      await until('the node to be ready', async () => (await client.get(nodes, node.name)).status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    },
    stop: async () => {
      for (const child of [self.agent, containerd]) {
        if (!child || child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await api.close();
      if (process.env['K7S_TEST_VERBOSITY']) process.stderr.write(readFileSync(logFile, 'utf8'));
      await destroyMachine(profile, { clock, data: true });
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return self;
}

/** A pod bound to the node, as a scheduler would leave it. */
export async function createPod(on: TestNode, name: string, spec: Draft<Pod['spec']>): Promise<DeepReadonly<Pod>> {
  return on.client.create(pods, {
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { nodeName: on.node.name, terminationGracePeriodSeconds: 5, automountServiceAccountToken: false, ...spec },
  }, { namespace: 'default' });
}

export const shell = (name: string, script: string, more: object = {}): object => ({
  name, image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...more,
});

export async function podWhere(on: TestNode, name: string, what: string, test: (pod: DeepReadonly<Pod>) => unknown, seconds = 30): Promise<DeepReadonly<Pod>> {
  let last: unknown;
  return until(`pod ${name}: ${what}`, async () => {
    const pod = await on.client.get(pods, name, { namespace: 'default' });
    last = pod.status;
    return test(pod) ? pod : undefined;
  }, seconds).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; its status: ${JSON.stringify(last)}; its events: ${(await eventsOf(on, name)).join('; ')}`);
  });
}

export async function deletePod(on: TestNode, name: string, gracePeriodSeconds?: number): Promise<void> {
  await on.client.delete(pods, name, { namespace: 'default', ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) });
  await until(`pod ${name} to be gone`, async () => (await on.client.list(pods, { namespace: 'default' })).items.every((p) => p.metadata.name !== name));
}

export async function eventsOf(on: TestNode, name: string): Promise<string[]> {
  const all = await on.client.list(events, { namespace: 'default' });
  return all.items.filter((e) => e.involvedObject.name === name).map((e) => `${e.reason ?? ''}: ${e.message ?? ''}`);
}
