/** The service proxy with real packets: two nodes, pods in namespaces of their own, and the host outside. Needs root and nft. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findProgram, run } from '../../src/base/command.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { nodes as nodeRef, services } from '../../src/api/core/v1/index.ts';
import { endpointslices } from '../../src/api/discovery/v1/index.ts';
import { destroyMachine } from '../../src/cluster/machine/leftovers.ts';
import { ensureNetwork, type Network } from '../../src/cluster/machine/network.ts';
import { enterNode, ensureNode, type MachineNode } from '../../src/cluster/machine/node.ts';
import { runDirectory, type Profile } from '../../src/cluster/machine/profile.ts';
import { syncRoutes } from '../../src/network/cni/routes.ts';
import { runProxy } from '../../src/network/proxy/proxy.ts';
import { needs } from '../machine.ts';
import { ObjectClient } from '../objectclient.ts';

const skip = needs('nft', 'conntrack');
const objects = new ObjectClient();
const children: ChildProcess[] = [];
const ending = new AbortController();
let profile: Profile;
let network: Network;
/** The first two numbers of pod addresses. */
let podPrefix: string;
const machineNodes: MachineNode[] = [];
let proxies: Promise<void>[] = [];

interface TestPod {
  readonly ip: string;
  readonly node: string;
  readonly enter: readonly string[];
}
const pods = new Map<string, TestPod>();

/** Answers each connection and datagram with `<its name> <the client's address>`. */
const serverProgram = `
const [name, port] = process.argv.slice(1);
const plain = (a) => a.replace('::ffff:', '');
require('node:net').createServer((s) => { s.on('error', () => {}); s.end(name + ' ' + plain(s.remoteAddress)); }).listen(Number(port), '0.0.0.0', () => console.log('ready'));
const u = require('node:dgram').createSocket('udp4').bind(Number(port));
u.on('message', (m, r) => u.send(name + ' ' + r.address, r.port, r.address));
`;

/** Prints what each of a number of connections was answered, or the error's code. */
const clientProgram = `
const [host, port, count] = process.argv.slice(1);
const once = () => new Promise((done) => {
  let text = '';
  const s = require('node:net').connect(Number(port), host);
  s.setTimeout(1500, () => { s.destroy(); done('TIMEOUT'); });
  s.on('data', (d) => (text += d)).on('error', (e) => done(e.code)).on('close', () => done(text));
});
(async () => { for (let i = 0; i < Number(count); i++) console.log(await once()); })();
`;

async function addPod(name: string, node: MachineNode, number: number): Promise<void> {
  const cidr = `${podPrefix}.${node.name === 'n0' ? 0 : 1}`;
  const pin = `${runDirectory(profile)}/pods/${name}`;
  await mkdir(`${runDirectory(profile)}/pods`, { recursive: true });
  await writeFile(pin, '');
  await run(['unshare', `--net=${pin}`, 'true']);
  const enter = [findProgram('nsenter')!, `--net=${pin}`, '--'];
  const inNode = [findProgram('nsenter')!, `--net=${node.runDirectory}/ns/net`, '--', 'ip'];
  await run([...inNode, 'link', 'add', 'name', `v${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pin]);
  await run([...inNode, 'link', 'set', 'dev', `v${number}`, 'master', 'cni0', 'up']);
  await run([...inNode, 'link', 'set', 'dev', `v${number}`, 'type', 'bridge_slave', 'hairpin', 'on']);
  const ip = `${cidr}.${number}`;
  await run([...enter, 'ip', '-batch', '-'], { input: `link set dev lo up\naddress add ${ip}/24 dev eth0\nlink set dev eth0 up\nroute add default via ${cidr}.1\n` });
  const server = spawn(enter[0]!, [...enter.slice(1), process.execPath, '-e', serverProgram, name, '8080'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(server);
  await new Promise((resolve) => server.stdout!.once('data', resolve));
  pods.set(name, { ip, node: node.name, enter });
}

async function connect(from: readonly string[], host: string, port: number, count = 1): Promise<string[]> {
  const output = await run([...from, process.execPath, '-e', clientProgram, host, String(port), String(count)]);
  return output.trimEnd().split('\n');
}

function putService(name: string, spec: object): void {
  const ports = [{ name: 'p', port: 80, protocol: 'TCP', targetPort: 8080 }];
  objects.put(services, { metadata: { name, namespace: 'default' }, spec: { type: 'ClusterIP', ports, ...spec }, status: { loadBalancer: {} } });
}

function putSlice(service: string, names: readonly string[], protocol = 'TCP'): void {
  const endpoints = names.map((name) => ({ addresses: [pods.get(name)!.ip], nodeName: pods.get(name)!.node, conditions: { ready: true, serving: true, terminating: false } }));
  objects.put(endpointslices, {
    metadata: { name: `${service}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4', endpoints, ports: [{ name: 'p', port: 8080, protocol }],
  });
}

/** Rules follow objects after a moment. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const deadline = clock.monotonic() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (clock.monotonic() > deadline) throw error;
      await clock.sleep(50);
    }
  }
}

before(async () => {
  if (skip) return;
  profile = { name: 'proxy', directory: await mkdtemp(join(tmpdir(), 'k7s-proxy-')) };
  network = await ensureNetwork(profile);
  podPrefix = network.clusterCIDR.split('.').slice(0, 2).join('.');
  for (const index of [0, 1]) machineNodes.push(await ensureNode(profile, { name: `n${index}`, index, network }));
  for (const [index, node] of machineNodes.entries()) {
    const inNode = [findProgram('nsenter')!, `--net=${node.runDirectory}/ns/net`, '--', 'ip'];
    await run([...inNode, '-batch', '-'], { input: `link add name cni0 type bridge\naddress add ${podPrefix}.${index}.1/24 dev cni0\nlink set dev cni0 up\n` });
    const other = machineNodes[1 - index]!;
    await run([...inNode, 'route', 'add', `${podPrefix}.${1 - index}.0/24`, 'via', other.address]);
    objects.put(nodeRef, {
      metadata: { name: node.name },
      spec: { podCIDR: `${podPrefix}.${index}.0/24`, podCIDRs: [`${podPrefix}.${index}.0/24`] },
      status: { addresses: [{ type: 'InternalIP', address: node.address }] },
    });
  }
  for (const [name, index, number] of [['a', 0, 10], ['b', 0, 11], ['c', 1, 12], ['client', 1, 13]] as const) await addPod(name, machineNodes[index]!, number);
  const surroundings = { ...systemSurroundings(), log: silent };
  proxies = machineNodes.map((node) =>
    runProxy({
      client: objects.client, nodeName: node.name, nodeIPs: [node.address], clusterCIDRs: [network.clusterCIDR],
      enter: [findProgram('nsenter')!, `--net=${node.runDirectory}/ns/net`, '--'], surroundings, signal: ending.signal,
    }),
  );
});

after(async () => {
  if (skip) return;
  ending.abort();
  await Promise.all(proxies);
  for (const child of children) child.kill('SIGKILL');
  for (const name of pods.keys()) await run(['umount', `${runDirectory(profile)}/pods/${name}`]);
  await rm(`${runDirectory(profile)}/pods`, { recursive: true });
  await destroyMachine(profile, { clock, data: true });
  await rm(profile.directory, { recursive: true });
});

const from = (name: string): readonly string[] => pods.get(name)!.enter;
const names = (answers: readonly string[]): string[] => [...new Set(answers.map((answer) => answer.split(' ')[0]!))].sort();

test('a cluster IP reaches all endpoints from pods on both nodes and from a node', { skip }, async () => {
  putService('web', { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20'] });
  putSlice('web', ['a', 'b', 'c']);
  await eventually(async () => assert.deepEqual(names(await connect(from('client'), '10.96.0.20', 80, 30)), ['a', 'b', 'c']));
  await eventually(async () => assert.deepEqual(names(await connect(from('a'), '10.96.0.20', 80, 30)), ['a', 'b', 'c']));
  await eventually(async () => assert.deepEqual(names(await connect(enterNode(machineNodes[0]!), '10.96.0.20', 80, 30)), ['a', 'b', 'c']));
  // Between pods the source stays what it is.
  putSlice('web', ['c']);
  await eventually(async () => assert.deepEqual(await connect(from('a'), '10.96.0.20', 80), [`c ${pods.get('a')!.ip}`]));
});

test('a pod reaches itself through its own service', { skip }, async () => {
  putService('self', { clusterIP: '10.96.0.21', clusterIPs: ['10.96.0.21'] });
  putSlice('self', ['a']);
  await eventually(async () => assert.deepEqual(names(await connect(from('a'), '10.96.0.21', 80, 3)), ['a']));
});

test('without endpoints, and at an unknown port, a connection is refused', { skip }, async () => {
  putService('none', { clusterIP: '10.96.0.22', clusterIPs: ['10.96.0.22'] });
  await eventually(async () => assert.deepEqual(await connect(from('a'), '10.96.0.22', 80), ['ECONNREFUSED']));
  await eventually(async () => assert.deepEqual(await connect(enterNode(machineNodes[1]!), '10.96.0.22', 80), ['ECONNREFUSED']));
  assert.deepEqual(await connect(from('a'), '10.96.0.22', 81), ['ECONNREFUSED']);
  putSlice('none', ['b']);
  await eventually(async () => assert.deepEqual(names(await connect(from('a'), '10.96.0.22', 80)), ['b']));
  objects.remove(services, 'none', 'default');
  await eventually(async () => assert.ok(!(await run([...enterNode(machineNodes[0]!), findProgram('nft')!, 'list', 'table', 'ip', 'k7s-proxy'])).includes('10.96.0.22')));
});

test('a node port answers from the host on every node', { skip }, async () => {
  const ports = [{ name: 'p', port: 80, protocol: 'TCP', nodePort: 30080 }];
  putService('outside', { type: 'NodePort', clusterIP: '10.96.0.23', clusterIPs: ['10.96.0.23'], ports });
  putSlice('outside', ['a', 'c']);
  for (const node of machineNodes) await eventually(async () => assert.deepEqual(names(await connect([], node.address, 30080, 20)), ['a', 'c']));
  await eventually(async () => assert.deepEqual(names(await connect(from('b'), machineNodes[0]!.address, 30080, 20)), ['a', 'c']));
});

test('externalTrafficPolicy Local keeps the source address and answers only where an endpoint is', { skip }, async () => {
  const ports = [{ name: 'p', port: 80, protocol: 'TCP', nodePort: 30081 }];
  putService('near', { type: 'NodePort', externalTrafficPolicy: 'Local', clusterIP: '10.96.0.24', clusterIPs: ['10.96.0.24'], ports });
  putSlice('near', ['a']);
  const gateway = machineNodes[0]!.gateway;
  await syncRoutes([{ destination: `${podPrefix}.0.0/24`, gateway: machineNodes[0]!.address }], network.bridge, { log: silent });
  await eventually(async () => assert.deepEqual(await connect([], machineNodes[0]!.address, 30081), [`a ${gateway}`]));
  assert.deepEqual(await connect([], machineNodes[1]!.address, 30081), ['TIMEOUT']);
  assert.deepEqual(names(await connect(enterNode(machineNodes[1]!), machineNodes[1]!.address, 30081)), ['a']);
  assert.deepEqual(names(await connect(from('client'), machineNodes[1]!.address, 30081)), ['a']);
});

test('session affinity sends a client to one endpoint', { skip }, async () => {
  putService('sticky', { clusterIP: '10.96.0.25', clusterIPs: ['10.96.0.25'], sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } });
  putSlice('sticky', ['a', 'b', 'c']);
  await eventually(async () => assert.equal(names(await connect(from('client'), '10.96.0.25', 80, 1)).filter((name) => pods.has(name)).length, 1));
  assert.equal(names(await connect(from('client'), '10.96.0.25', 80, 20)).length, 1);
  putService('sticky', { clusterIP: '10.96.0.25', clusterIPs: ['10.96.0.25'], sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } });
  await eventually(async () => assert.match(await run([...enterNode(machineNodes[1]!), findProgram('nft')!, 'list', 'table', 'ip', 'k7s-proxy']), /timeout 1m/));
  assert.equal(names(await connect(from('client'), '10.96.0.25', 80, 20)).length, 1);
});

test('a UDP client that goes on sending follows its service to another endpoint', { skip }, async () => {
  const ports = [{ name: 'p', port: 53, protocol: 'UDP' }];
  putService('udp', { clusterIP: '10.96.0.26', clusterIPs: ['10.96.0.26'], ports });
  putSlice('udp', ['a'], 'UDP');
  const program = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m) => console.log(String(m))); setInterval(() => s.send('x', 53, '10.96.0.26'), 50);`;
  const enter = from('client');
  const client = spawn(enter[0]!, [...enter.slice(1), process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(client);
  let last = '';
  client.stdout!.on('data', (chunk: Buffer) => (last = String(chunk).trimEnd().split('\n').at(-1)!.split(' ')[0]!));
  await eventually(async () => assert.equal(last, 'a'));
  putSlice('udp', ['b'], 'UDP');
  await eventually(async () => assert.equal(last, 'b'));
  client.kill('SIGKILL');
});

test('rules of all protocols load, and stay when the proxy ends', { skip }, async () => {
  const ports = [{ name: 'p', port: 9, protocol: 'SCTP', nodePort: 30009 }];
  const spec = { type: 'LoadBalancer', clusterIP: '10.96.0.27', clusterIPs: ['10.96.0.27'], externalIPs: ['203.0.113.9'], loadBalancerSourceRanges: ['198.51.100.0/24'], ports };
  objects.put(services, { metadata: { name: 'sctp', namespace: 'default' }, spec, status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } });
  putSlice('sctp', ['a', 'c'], 'SCTP');
  const table = (): Promise<string> => run([...enterNode(machineNodes[0]!), findProgram('nft')!, 'list', 'table', 'ip', 'k7s-proxy']);
  await eventually(async () => assert.match(await table(), /203\.0\.113\.1 \. sctp \. 9 : goto firewall-/));
  ending.abort();
  await Promise.all(proxies);
  assert.deepEqual(names(await connect(from('a'), '10.96.0.20', 80)), ['c']);
});
