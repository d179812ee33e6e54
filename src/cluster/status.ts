/** `k7s status`, `k7s node list`, `k7s profile list`: what there is and what of it runs. */
import { clientFor, getText, serverUrl } from './connect.ts';
import type { Context } from './context.ts';
import { configuredServer } from './kubeconfig.ts';
import { nodeAddress } from './machine/network.ts';
import { nodeExists } from './machine/node.ts';
import { boxedTable } from './output.ts';
import { readParts } from './parts.ts';
import { findProcesses } from './processes.ts';
import { listProfiles, profilePaths, readProfile, requireProfile, type NodeConfig, type ProfileConfig, type ProfilePaths } from './profile.ts';
import { isRunning } from './stop.ts';
import { kubernetesVersion } from './version.ts';

type State = 'Running' | 'Stopped' | 'Error';

interface NodeStatus {
  readonly Name: string;
  readonly Host: State;
  readonly Kubelet: State;
  readonly APIServer: State | 'Irrelevant';
  readonly Kubeconfig: 'Configured' | 'Misconfigured' | 'Irrelevant';
  readonly Worker: boolean;
}

/** The exit code is minikube's: a bit each for host, cluster and Kubernetes. */
export async function status(flags: { profile: string; output: string }, context: Context): Promise<number> {
  const paths = profilePaths(flags.profile);
  const config = requireProfile(paths);
  const server = await serverState(paths, config, context);
  const nodes = await Promise.all(config.nodes.map((node) => nodeStatus(paths, config, node, server)));
  if (flags.output === 'json') context.stdout.write(`${JSON.stringify(nodes.length === 1 ? nodes[0] : nodes)}\n`);
  else context.stdout.write(nodes.map(text).join('\n'));
  return nodes.reduce((code, node) => code | (node.Host === 'Running' ? 0 : 1) | (node.Kubelet === 'Running' ? 0 : 2) | (['Running', 'Irrelevant'].includes(node.APIServer) ? 0 : 4), 0);
}

function text(node: NodeStatus): string {
  const lines = [node.Name, `type: ${node.Worker ? 'Worker' : 'Control Plane'}`, `host: ${node.Host}`, `kubelet: ${node.Kubelet}`];
  if (!node.Worker) lines.push(`apiserver: ${node.APIServer}`, `kubeconfig: ${node.Kubeconfig}`);
  return `${lines.join('\n')}\n\n`;
}

async function serverState(paths: ProfilePaths, config: ProfileConfig, { surroundings }: Context): Promise<State> {
  const server = readParts(paths)?.supervised[0];
  if (!server || findProcesses(server.argv).length === 0) return 'Stopped';
  const client = clientFor(paths, config, surroundings);
  try {
    return (await getText(client, '/readyz', AbortSignal.timeout(3000))).status === 200 ? 'Running' : 'Error';
  } catch {
    return 'Error';
  } finally {
    client.close();
  }
}

async function nodeStatus(paths: ProfilePaths, config: ProfileConfig, node: NodeConfig, server: State): Promise<NodeStatus> {
  const simulated = config.runtime === 'simulated';
  const agent = readParts(paths)?.supervised.find((part) => part.name === `agent-${node.name}`);
  const running = (yes: boolean): State => (yes ? 'Running' : 'Stopped');
  return {
    Name: node.name,
    Host: running(simulated ? server !== 'Stopped' : await nodeExists(paths, node.name)),
    Kubelet: simulated ? server : running(agent !== undefined && findProcesses(agent.argv).length > 0),
    APIServer: node.index === 0 ? server : 'Irrelevant',
    Kubeconfig: node.index > 0 ? 'Irrelevant' : configuredServer(config.name) === serverUrl(config) ? 'Configured' : 'Misconfigured',
    Worker: node.index > 0,
  };
}

export function addressOf(config: ProfileConfig, node: NodeConfig): string {
  return config.network ? nodeAddress(config.network, node.index) : config.apiServer.address;
}

export async function nodeList(flags: { profile: string }, context: Context): Promise<void> {
  const config = requireProfile(profilePaths(flags.profile));
  for (const node of config.nodes) context.stdout.write(`${node.name}\t${addressOf(config, node)}\n`);
}

export async function profileList(context: Context): Promise<void> {
  const rows = listProfiles().map((name) => {
    const paths = profilePaths(name);
    try {
      const config = readProfile(paths);
      if (!config) return [name, '', '', '', '', 'Empty', ''];
      return [name, config.runtime, config.apiServer.address, String(config.apiServer.port), kubernetesVersion, isRunning(paths) ? 'Running' : 'Stopped', String(config.nodes.length)];
    } catch (error) {
      return [name, '', '', '', '', error instanceof Error ? 'Broken' : '', ''];
    }
  });
  context.stdout.write(`${boxedTable(['PROFILE', 'RUNTIME', 'IP', 'PORT', 'VERSION', 'STATUS', 'NODES'], rows)}\n`);
}
