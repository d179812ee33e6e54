/** `k7s agent --directory D --node N`: kubelet, service proxy and network plugin of one node. It runs inside the node's namespaces. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAbort } from '../base/abort.ts';
import { Metrics } from '../base/metrics.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { StaticPart } from '../kubelet/config.ts';
import { runKubelet } from '../kubelet/kubelet.ts';
import { runNetworkPlugin } from '../network/cni/plugin.ts';
import { runProxy } from '../network/proxy/proxy.ts';
import { clientFor } from './connect.ts';
import type { Context } from './context.ts';
import { directoryFlag, nodeFlag } from './flags.ts';
import { untilTerminated } from './lifetime.ts';
import { cniConfigDirectory, containerdSocket, sweepShims, waitForSocket } from './machine/containerd.ts';
import { addonImage, addonImageName } from './machine/images/addon.ts';
import { busyboxImage } from './machine/images/busybox.ts';
import { ensureImages } from './machine/images/load.ts';
import { pauseImage } from './machine/images/pause.ts';
import type { MachineNode } from './machine/node.ts';
import { CliError } from './output.ts';
import { nodeSystemCgroup, partCgroup, readParts, type Parts } from './parts.ts';
import { findProcesses, isAlive, type ProcessIdentity } from './processes.ts';
import { readPki } from './pki.ts';
import { podNetwork, podRange } from './podnetwork.ts';
import { pathsOf, readMachine, requireProfile, type ProfileConfig, type ProfilePaths } from './profile.ts';
import { productVersion } from './version.ts';

export async function agent(argv: readonly string[], { surroundings }: Context): Promise<number> {
  const paths = pathsOf(directoryFlag(argv));
  const name = nodeFlag(argv);
  const config = requireProfile(paths);
  const node = readMachine(paths).find((candidate) => candidate.name === name);
  const parts = readParts(paths);
  if (!node || !parts) throw new CliError(`the profile "${paths.name}" has no node "${name}"`);
  const signal = untilTerminated();
  try {
    await run(paths, config, node, parts, surroundings, signal);
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
  return 0;
}

async function run(paths: ProfilePaths, config: ProfileConfig, node: MachineNode, parts: Parts, surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  const { name } = node;
  const pki = readPki(paths.pki);
  const own = pki.node(name);
  const index = config.nodes.findIndex((candidate) => candidate.name === name);
  const podCIDR = podRange(config.clusterCIDR, index);
  const socket = config.containerRuntimeEndpoint ?? containerdSocket(node);
  const cni = podNetwork(node, config.clusterCIDR, index);
  const metrics = new Metrics();
  const kubeletClient = clientFor(paths, config, surroundings, { credential: own.client, userAgent: 'kubelet', metrics });
  const proxyClient = clientFor(paths, config, surroundings, { credential: own.proxy, userAgent: 'kube-proxy' });
  await waitForSocket(socket, surroundings.clock, signal);
  await sweepShims(node);
  await bringImages(node, socket, parts.build, surroundings);
  try {
    await Promise.all([
      runKubelet(
        {
          nodeName: name,
          nodeIPs: [node.address],
          containerRuntimeEndpoint: socket,
          rootDir: join(node.directory, 'kubelet'),
          podLogsDir: join(node.directory, 'pods'),
          cgroupRoot: node.cgroup,
          systemCgroup: nodeSystemCgroup(node),
          server: { host: node.address, port: 10250, cert: own.serving.certPem, key: own.serving.keyPem, clientAuthority: pki.ca.certPem },
          clusterDNS: [config.clusterDNS],
          clusterDomain: config.clusterDomain,
          podCIDR,
          staticParts: index === 0 ? controlPlaneParts(paths, name, parts) : [],
        },
        { client: kubeletClient, surroundings, signal, metrics },
      ),
      runProxy({ client: proxyClient, nodeName: name, nodeIPs: [node.address], clusterCIDRs: [config.clusterCIDR], healthPort: 10256, metricsPort: 10249, surroundings, signal }),
      runNetworkPlugin({ client: proxyClient, device: 'eth0', node: { name, configDirectory: cniConfigDirectory(node), dataDirectory: cni.dataDirectory }, surroundings, signal }),
    ]);
  } finally {
    kubeletClient.close();
    proxyClient.close();
  }
}

/** What no registry has: the pause image, the add-ons' image, and something small to try things with. */
async function bringImages(node: MachineNode, socket: string, build: string, surroundings: Surroundings): Promise<void> {
  const marker = join(node.directory, 'images');
  const target = { socket, scratch: node.directory };
  mkdirSync(node.directory, { recursive: true });
  // Brought by an earlier start of the same program: looked after, but not waited for.
  const known = existsSync(marker) && readFileSync(marker, 'utf8') === build;
  const needed = (async () => ensureImages(target, [pauseImage(), await addonImage(productVersion)]))().then(() => writeFileSync(marker, build));
  const rest = needed
    .then(async () => ensureImages(target, [await busyboxImage()].filter((image) => image !== undefined)))
    .catch((error: unknown) => surroundings.log.error('Images could not be brought to the runtime', error));
  await (known ? undefined : needed);
  void rest;
}

/** The control plane lives in the server's process; here is where its parts show as pods. */
function controlPlaneParts(paths: ProfilePaths, node: string, parts: Parts): StaticPart[] {
  const server = parts.supervised[0]!;
  let known: ProcessIdentity | undefined;
  const serverPid = (): number | undefined => {
    if (!known || !isAlive(known)) [known] = findProcesses(server.argv);
    return known?.pid;
  };
  const part = (name: string, pid: () => number | undefined, logFile: string, more: Partial<StaticPart> = {}): StaticPart => ({
    name, namespace: 'kube-system', image: addonImageName(productVersion), command: ['k7s', name],
    pid, logFile, labels: { component: name, tier: 'control-plane' }, ...more,
  });
  const agentLog = parts.supervised.find((candidate) => candidate.name === `agent-${node}`)!.log;
  return [
    part('etcd', serverPid, server.log),
    // All of the server's use is shown here, once.
    part('kube-apiserver', serverPid, server.log, { cgroup: partCgroup(paths, 'server') }),
    part('kube-controller-manager', serverPid, server.log),
    part('kube-scheduler', serverPid, server.log),
    part('kube-proxy', () => process.pid, agentLog, { labels: { 'k8s-app': 'kube-proxy' } }),
  ];
}
