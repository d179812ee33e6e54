/** Pods of a real runtime on two nodes: addresses, routes, host ports, mounts that arrive later. Needs root and containerd. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findProgram, run } from '../../src/base/command.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { nodes as nodeRef } from '../../src/api/core/v1/index.ts';
import { cniConfigDirectory, containerdSocket, sweepShims } from '../../src/cluster/machine/containerd.ts';
import { busyboxImage } from '../../src/cluster/machine/images/busybox.ts';
import { ensureImages } from '../../src/cluster/machine/images/load.ts';
import { pauseImage } from '../../src/cluster/machine/images/pause.ts';
import { destroyMachine, inspectLeftovers, isClean } from '../../src/cluster/machine/leftovers.ts';
import { ensureNetwork, type Network } from '../../src/cluster/machine/network.ts';
import { enterNode, ensureNode, type MachineNode } from '../../src/cluster/machine/node.ts';
import type { Profile } from '../../src/cluster/machine/profile.ts';
import { connectRuntime, type Runtime } from '../../src/kubelet/cri/client.ts';
import { runNetworkPlugin } from '../../src/network/cni/plugin.ts';
import { needs, startContainerd } from '../machine.ts';
import { ObjectClient } from '../objectclient.ts';

const skip = needs('containerd', 'runc', 'nft', 'iptables', 'busybox');
const image = 'docker.io/library/busybox:latest';
const ending = new AbortController();
let profile: Profile;
let network: Network;
const machines: MachineNode[] = [];
const runtimes: Runtime[] = [];
const daemons: number[] = [];
let plugins: Promise<void>[] = [];

interface Pod {
  readonly ip: string;
  readonly container: string;
  readonly runtime: Runtime;
}

async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const deadline = clock.monotonic() + 15_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (clock.monotonic() > deadline) throw error;
      await clock.sleep(50);
    }
  }
}

interface PodOptions {
  readonly hostPort?: number;
  readonly mount?: string;
}

/** A pod that answers with its name over HTTP. */
async function startPod(index: number, name: string, { hostPort, mount }: PodOptions = {}): Promise<Pod> {
  const [node, runtime] = [machines[index]!, runtimes[index]!];
  const logDirectory = join(node.directory, 'pods', name);
  await mkdir(logDirectory, { recursive: true });
  const config = {
    metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory,
    portMappings: hostPort ? [{ protocol: 'TCP' as const, containerPort: 80, hostPort, hostIp: '' }] : [],
    linux: { cgroupParent: `${node.cgroup}/kubepods/pod-${name}` },
  };
  const { podSandboxId } = await runtime.call('RunPodSandbox', { config, runtimeHandler: '' });
  const program = `mkdir /www && echo ${name} > /www/index.html && exec httpd -f -p 80 -h /www`;
  const { containerId } = await runtime.call('CreateContainer', {
    podSandboxId,
    sandboxConfig: config,
    config: {
      metadata: { name: 'main', attempt: 0 }, image: { image }, command: ['sh', '-c', program], logPath: 'main.log',
      mounts: mount ? [{ containerPath: '/host', hostPath: mount, propagation: 'PROPAGATION_HOST_TO_CONTAINER' as const }] : [],
    },
  });
  await runtime.call('StartContainer', { containerId });
  const { status } = await runtime.call('PodSandboxStatus', { podSandboxId, verbose: false });
  return { ip: status!.network!.ip, container: containerId, runtime };
}

async function inPod(pod: Pod, ...cmd: string[]): Promise<string> {
  const answer = await pod.runtime.call('ExecSync', { containerId: pod.container, cmd, timeout: 10n as never });
  if (answer.exitCode !== 0) throw new Error(Buffer.from(answer.stderr).toString() || `exit code ${answer.exitCode}`);
  return Buffer.from(answer.stdout).toString().trim();
}

function fromHost(host: string, port = 80): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, timeout: 3000 }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => resolve(text.trim()));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time'))).on('error', reject);
  });
}

before(async () => {
  if (skip) return;
  profile = { name: 'podnet', directory: await mkdtemp(join(tmpdir(), 'k7s-podnet-')) };
  network = await ensureNetwork(profile);
  const objects = new ObjectClient();
  const busybox = await busyboxImage();
  assert.ok(busybox, 'busybox-static is missing');
  const surroundings = { ...systemSurroundings(), log: silent };
  for (const index of [0, 1]) {
    const node = await ensureNode(profile, { name: `n${index}`, index, network });
    machines.push(node);
    daemons.push(await startContainerd(node));
    const socket = containerdSocket(node);
    await ensureImages({ socket, scratch: node.directory }, [pauseImage(), busybox]);
    runtimes.push(connectRuntime({ runtime: socket }, clock));
    const cidr = network.clusterCIDR.replace(/0\.0\/16$/, `${index}.0/24`);
    objects.put(nodeRef, { metadata: { name: node.name }, spec: { podCIDR: cidr, podCIDRs: [cidr] }, status: { addresses: [{ type: 'InternalIP', address: node.address }] } });
  }
  const common = { client: objects.client, surroundings, signal: ending.signal };
  plugins = machines.map((node) =>
    runNetworkPlugin({
      ...common, device: 'eth0', enter: enterNode(node),
      node: { name: node.name, configDirectory: cniConfigDirectory(node), dataDirectory: join(node.directory, 'cni/networks') },
    }),
  );
  plugins.push(runNetworkPlugin({ ...common, device: network.bridge }));
  // A sandbox asked for before would fail, and keep its name reserved.
  for (const runtime of runtimes) {
    await eventually(async () => {
      const { status } = await runtime.call('Status', { verbose: false });
      assert.deepEqual(status!.conditions.map((condition) => condition.status), [true, true]);
    });
  }
});

after(async () => {
  if (skip) return;
  ending.abort();
  await Promise.all(plugins);
  for (const runtime of runtimes) runtime.close();
  await destroyMachine(profile, { clock, data: true });
  assert.ok(isClean(await inspectLeftovers(profile)), JSON.stringify(await inspectLeftovers(profile)));
  await rm(profile.directory, { recursive: true });
});

test('pods of two nodes, the nodes and the host reach one another; a host port answers', { skip }, async () => {
  const [a, b] = await Promise.all([startPod(0, 'a', { hostPort: 8088 }), startPod(1, 'b')]);
  assert.equal(a.ip.split('.')[2], '0');
  assert.equal(b.ip.split('.')[2], '1');
  assert.equal(await eventually(() => fromHost(a.ip)), 'a');
  assert.equal(await eventually(() => fromHost(b.ip)), 'b');
  assert.equal(await inPod(a, 'wget', '-qO-', `http://${b.ip}/`), 'b');
  assert.equal(await inPod(b, 'wget', '-qO-', `http://${a.ip}/`), 'a');
  assert.equal(await fromHost(machines[0]!.address, 8088), 'a');
  assert.equal(await inPod(b, 'wget', '-qO-', `http://${machines[0]!.address}:8088/`), 'a');
  assert.equal(await inPod(a, 'hostname'), 'a');
  // What leaves the cluster carries the node's address: the host sees a node, not a pod.
  assert.match(await run([...enterNode(machines[0]!), findProgram('nft')!, 'list', 'table', 'ip', 'k7s-node']), /masquerade/);
});

test('a file system that is mounted in the node later is seen in the pod', { skip }, async () => {
  const folder = join(profile.directory, 'later');
  await mkdir(join(folder, 'inner'), { recursive: true });
  const pod = await startPod(0, 'mounts', { mount: folder });
  await run([...enterNode(machines[0]!), findProgram('mount')!, '-t', 'tmpfs', 'x', join(folder, 'inner')]);
  await run([...enterNode(machines[0]!), '/bin/sh', '-c', `echo seen > ${folder}/inner/file`]);
  assert.equal(await inPod(pod, 'cat', '/host/inner/file'), 'seen');
  await run([...enterNode(machines[0]!), findProgram('umount')!, join(folder, 'inner')]);
});

test('pods and their network go on while the runtime is killed and started again', { skip }, async () => {
  const pod = await startPod(1, 'survivor');
  assert.equal(await eventually(() => fromHost(pod.ip)), 'survivor');
  process.kill(daemons[1]!, 'SIGKILL');
  assert.equal(await fromHost(pod.ip), 'survivor');
  await ensureNode(profile, { name: 'n1', index: 1, network });
  await startContainerd(machines[1]!);
  assert.equal(await sweepShims(machines[1]!), 0);
  await eventually(async () => assert.equal(await inPod(pod, 'hostname'), 'survivor'));
  assert.equal(await fromHost(pod.ip), 'survivor');
  const next = await startPod(1, 'next');
  assert.notEqual(next.ip, pod.ip);
});
