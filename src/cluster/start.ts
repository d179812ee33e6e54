/** `k7s start`: makes what is missing of a cluster, starts its processes, waits, and writes the kubeconfig. */
import { createServer } from 'node:net';
import { arch, platform } from 'node:os';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { nodes } from '../api/core/v1/index.ts';
import type { HttpClient } from '../client/http.ts';
import { findProgram } from '../base/command.ts';
import { applyEnabledAddons } from './addons/apply.ts';
import { addons as knownAddons, defaultAddons } from './addons/index.ts';
import { clientFor, serverUrl } from './connect.ts';
import type { Context } from './context.ts';
import { install, removeUnusedBuilds } from './installation.ts';
import { installMissing, requireContainers } from './install.ts';
import { kubeconfigText, mergeKubeconfig, type ClusterAccess } from './kubeconfig.ts';
import { withLock } from './lock.ts';
import { writeCniConfig } from '../network/cni/config.ts';
import { cniConfigDirectory } from './machine/containerd.ts';
import { ensureNetwork, type Network } from './machine/network.ts';
import { ensureNode, type MachineNode } from './machine/node.ts';
import { CliError, progress, type Progress } from './output.ts';
import { profileParts, readParts, type Parts } from './parts.ts';
import { podNetwork } from './podnetwork.ts';
import { ensurePki, readPki, type PkiRequest } from './pki.ts';
import { findProcesses } from './processes.ts';
import { profilePaths, profilesDirectory, readProfile, writeJson, writeProfile, writeText, type ProfileConfig, type ProfilePaths, type Runtime } from './profile.ts';
import { launch } from './supervisor.ts';
import { productVersion, kubernetesVersion } from './version.ts';
import { waitForMetrics, waitForNodes, waitForServer } from './wait.ts';

export interface StartFlags {
  readonly profile: string;
  readonly runtime?: Runtime;
  readonly nodes?: number;
  readonly containerRuntimeEndpoint?: string;
  readonly install: boolean;
  readonly kubernetesVersion?: string;
  readonly apiserverPort?: number;
  readonly serviceClusterIpRange?: string;
  readonly addons?: readonly string[];
  readonly wait: boolean;
  readonly waitTimeout: number;
}

export async function start(flags: StartFlags, context: Context): Promise<void> {
  const { clock } = context.surroundings;
  const began = clock.monotonic();
  const report = progress(context, clock);
  checkFlags(flags);
  report.say(`k7s ${productVersion} on ${systemName()} (${arch() === 'x64' ? 'amd64' : arch()})`);
  const paths = profilePaths(flags.profile);
  const existing = readProfile(paths);
  const wanted = desired(flags, existing);
  if (wanted.runtime === 'containerd') {
    requireContainers();
    await installMissing(report, { containerd: wanted.containerRuntimeEndpoint === undefined, install: flags.install });
  }
  mkdirSync(profilesDirectory(), { recursive: true });
  await withLock(paths, 'start', clock, async () => {
    await bringUp(paths, wanted, existing === undefined, flags, report, context);
  });
  report.say(`Done in ${((clock.monotonic() - began) / 1000).toFixed(1)} s! kubectl is now configured to use "${flags.profile}" cluster and "default" namespace by default`);
  report.say(hints(flags.profile));
}

async function bringUp(paths: ProfilePaths, wanted: ProfileConfig, isNew: boolean, flags: StartFlags, report: Progress, context: Context): Promise<void> {
  const { surroundings } = context;
  const { clock } = surroundings;
  const since = clock.now();
  const before = readParts(paths);
  const supervised = before !== undefined && findProcesses(before.supervisor.argv).length > 0;
  const serving = before !== undefined && findProcesses(before.supervised[0]!.argv).length > 0;
  let config = wanted;
  if (supervised) {
    report.say(`The cluster "${paths.name}" is running already`);
  } else {
    const made = await report.step(isNew ? 'Creating network, node and certificates' : 'Restoring network, node and certificates', () => prepare(paths, wanted, clock));
    config = made.config;
    await startParts(paths, made, serving, report);
  }
  const access = accessOf(paths, config);
  writeKubeconfigs(paths, access);
  const client = clientFor(paths, config, surroundings);
  try {
    const failed = new AbortController();
    const deadline = AbortSignal.any([AbortSignal.timeout(flags.waitTimeout * 1000), failed.signal]);
    await report.step('Starting the control plane', () => waitForServer(client, paths, clock, deadline));
    const file = await mergeKubeconfig(access, clock);
    if (process.env['KUBECONFIG']) report.say(`The context "${access.name}" is in ${file}`);
    const applying = config.runtime === 'containerd' ? report.step('Applying add-ons', () => applyEnabledAddons(paths, config, client)) : Promise.resolve();
    const ready = flags.wait ? report.step(`Waiting for ${config.nodes.map((node) => node.name).join(', ')} to be Ready`, () => waitForNodes(client, config, paths, supervised ? 0 : since, clock, deadline)) : undefined;
    await Promise.all([applying, ready]).catch((error: unknown) => {
      failed.abort();
      throw error;
    });
    if (isNew && flags.wait) await nameControlPlane(client, config);
    if (isNew && flags.wait && config.runtime === 'containerd' && config.addons.includes('metrics-server')) {
      await report.step('Waiting for the first metrics', () => waitForMetrics(client, clock, deadline)).catch((error: unknown) => {
        // The cluster is usable; what is wrong with one add-on is said, and is no reason to fail.
        report.say(`There are no metrics yet: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  } finally {
    client.close();
  }
}

/** The label by which kubectl shows a node's role; a kubelet may not give it to itself. */
async function nameControlPlane(client: HttpClient, config: ProfileConfig): Promise<void> {
  const labels = { 'node-role.kubernetes.io/control-plane': '' };
  await client.patch(nodes, config.nodes[0]!.name, { type: 'application/merge-patch+json', body: { metadata: { labels } } });
}

function checkFlags(flags: StartFlags): void {
  const version = flags.kubernetesVersion;
  if (version !== undefined && !['stable', 'latest'].includes(version) && !/^v?1\.34(\.\d+)?$/.test(version)) {
    throw new CliError(`k7s ${productVersion} speaks Kubernetes ${kubernetesVersion.replace(/\.\d+$/, '')}, not ${version}`, { mend: 'Leave --kubernetes-version out', exitCode: 64 });
  }
  for (const name of flags.addons ?? []) {
    if (!(name in knownAddons)) throw new CliError(`there is no add-on "${name}"`, { mend: `Known are: ${Object.keys(knownAddons).join(', ')}`, exitCode: 64 });
  }
}

/** What the profile is to be: what it was, else what the flags say. */
function desired(flags: StartFlags, existing: ProfileConfig | undefined): ProfileConfig {
  if (existing) {
    if (flags.runtime && flags.runtime !== existing.runtime) {
      throw new CliError(`the cluster "${existing.name}" was made with --runtime=${existing.runtime}`, { mend: `Delete it first: k7s delete -p ${existing.name}` });
    }
    return { ...existing, addons: [...new Set([...existing.addons, ...(flags.addons ?? [])])] };
  }
  const runtime = flags.runtime ?? 'containerd';
  const serviceCIDR = flags.serviceClusterIpRange ?? '10.96.0.0/12';
  const count = flags.nodes ?? 1;
  return {
    name: flags.profile,
    runtime,
    ...(flags.containerRuntimeEndpoint ? { containerRuntimeEndpoint: flags.containerRuntimeEndpoint.replace(/^unix:\/\//, '') } : {}),
    apiServer: { address: '127.0.0.1', port: flags.apiserverPort ?? 8443 },
    serviceCIDR,
    clusterCIDR: '10.244.0.0/16',
    clusterDNS: nthAddress(serviceCIDR, 10),
    clusterDomain: 'cluster.local',
    nodes: Array.from({ length: count }, (_, index) => ({ name: index === 0 ? flags.profile : `${flags.profile}-m${String(index + 1).padStart(2, '0')}`, index })),
    addons: runtime === 'simulated' ? [] : [...new Set([...defaultAddons, ...(flags.addons ?? [])])],
  };
}

export function nthAddress(cidr: string, n: number): string {
  const base = cidr.split('/')[0]!.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.');
}

interface Prepared {
  readonly config: ProfileConfig;
  readonly machines: readonly MachineNode[];
  readonly parts: Parts;
}

async function prepare(paths: ProfilePaths, wanted: ProfileConfig, clock: Context['surroundings']['clock']): Promise<Prepared> {
  mkdirSync(paths.directory, { recursive: true, mode: 0o711 });
  let config = wanted;
  let machines: MachineNode[] = [];
  const building = Promise.resolve().then(() => install());
  if (config.runtime === 'containerd') {
    const network: Network = await ensureNetwork(paths, config.network ? { previous: config.network } : {});
    config = { ...config, network, clusterCIDR: network.clusterCIDR, apiServer: { ...config.apiServer, address: network.gateway } };
    // Known before anything lies on the machine that would have to be found again.
    writeProfile(paths, config);
    const request = pkiRequest(config);
    const { clusterCIDR } = config;
    [machines] = await Promise.all([
      Promise.all(
        config.nodes.map(async ({ name, index }) => {
          const node = await ensureNode(paths, { name, index, network });
          // There before the runtime starts, so that it is ready at once.
          await writeCniConfig(cniConfigDirectory(node), podNetwork(node, clusterCIDR, index));
          return node;
        }),
      ),
      ensurePki(paths.pki, request, clock),
    ]);
  } else {
    config = { ...config, apiServer: { ...config.apiServer, port: await freePort(config, readParts(paths) !== undefined) } };
    writeProfile(paths, config);
    await ensurePki(paths.pki, pkiRequest(config), clock);
  }
  const installation = await building;
  rmSync(paths.program, { force: true });
  symlinkSync(installation.folders[0]!, paths.program);
  writeJson(paths.machine, machines);
  const parts = await profileParts(paths, config, machines, installation);
  writeJson(paths.parts, parts);
  removeUnusedBuilds(installation.build);
  return { config, machines, parts };
}

function pkiRequest(config: ProfileConfig): PkiRequest {
  const addresses = config.nodes.map((node) => ({ name: node.name, address: config.network ? config.network.gateway.replace(/\.\d+$/, `.${node.index + 2}`) : '127.0.0.1' }));
  return {
    dnsNames: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${config.clusterDomain}`, 'localhost', config.name],
    ipAddresses: [...new Set([config.apiServer.address, nthAddress(config.serviceCIDR, 1), '127.0.0.1', ...addresses.map((node) => node.address)])],
    nodes: config.runtime === 'containerd' ? addresses : [],
  };
}

/** On loopback several profiles share the ports; each keeps the one it was given first. */
async function freePort(config: ProfileConfig, fixed: boolean): Promise<number> {
  for (let port = config.apiServer.port; ; port++) {
    if (fixed || port > config.apiServer.port + 100 || (await canListen(config.apiServer.address, port))) return port;
  }
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function startParts(paths: ProfilePaths, { config, parts }: Prepared, serving: boolean, report: Progress): Promise<void> {
  const { address, port } = config.apiServer;
  if (!serving && !(await canListen(address, port))) {
    throw new CliError(`port ${port} on ${address} is in use`, { mend: `End what listens there, or delete the cluster and choose another: k7s delete -p ${paths.name} && k7s start -p ${paths.name} --apiserver-port ${port + 1}` });
  }
  if (serving) report.say('Taking over processes that were still running');
  const { ended } = launch(parts.supervisor);
  void ended.then((how) => report.say(`The supervisor ended: ${how}; see ${parts.supervisor.log}`));
}

export function accessOf(paths: ProfilePaths, config: ProfileConfig): ClusterAccess {
  const pki = readPki(paths.pki);
  return { name: config.name, server: serverUrl(config), caPem: pki.ca.certPem, certPem: pki.admin.certPem, keyPem: pki.admin.keyPem };
}

function writeKubeconfigs(paths: ProfilePaths, access: ClusterAccess): void {
  const text = kubeconfigText(access);
  if (existsSync(paths.kubeconfig) && readFileSync(paths.kubeconfig, 'utf8') === text) return;
  writeText(paths.kubeconfig, text);
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? platform();
  } catch {
    return platform();
  }
}

function hints(profile: string): string {
  const flag = profile === 'k7s' ? '' : ` -p ${profile}`;
  const kubectl = findProgram('kubectl') ? 'kubectl' : `k7s kubectl${flag} --`;
  return `Next: ${kubectl} get pods -A    ${kubectl} top node    k7s stop${flag}    k7s delete${flag}`;
}
