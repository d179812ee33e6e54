/** Components in processes of their own, with upstream's flags, against an API server with RBAC. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nodes } from '../../src/api/core/v1/index.ts';
import { enterNode } from '../../src/cluster/machine/node.ts';
import { containerdSocket } from '../../src/cluster/machine/containerd.ts';
import { runSimulatedNodes } from '../../src/simulation/index.ts';
import { issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';
import { runProgram, type Outcome } from '../kubectl.ts';
import { freePort } from '../ports.ts';
import { createPod, podWhere, shell, skip, testNode, until, type TestNode } from './kubeletnode.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-standalone-'));
const env = { K7S_HOME: join(folder, 'home') };
const k7s = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../src/cluster/main.ts')];
const running = new Set<ChildProcess>();

function start(args: readonly string[], enter: readonly string[] = []): { child: ChildProcess; log: () => string } {
  const argv = [...enter, ...k7s, ...args];
  const child = spawn(argv[0]!, argv.slice(1), { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (log += text));
  running.add(child);
  return { child, log: () => log };
}

async function stop(child: ChildProcess): Promise<number | null> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  child.kill('SIGTERM');
  return ended;
}

function health(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const request = httpsGet({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, agent: false }, (response) => done(response.resume().statusCode));
    request.on('error', () => done(undefined));
  });
}

const failed = (args: readonly string[]): Promise<Outcome> => runProgram(k7s[0]!, [...k7s.slice(1), ...args], { env });

after(async () => {
  await Promise.all([...running].map(stop));
  rmSync(folder, { recursive: true, force: true });
});

describe('controllers and scheduler', () => {
  let server: TestServer;
  const ending = new AbortController();
  let nodesEnded: Promise<void>;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  before(async () => {
    server = await testServer({ advertiseAddress: '192.0.2.1' });
    nodesEnded = runSimulatedNodes({ client: server.api.client({ name: 'admin', groups: ['system:masters'] }), nodes: [{ name: 'sim' }], surroundings, signal: ending.signal });
  });
  after(async () => {
    ending.abort();
    await nodesEnded;
    await server.stop();
  });
  const kubeconfig = async (name: string): Promise<string> => {
    const { certPem, keyPem } = await issue(server.authority, { commonName: name, usages: ['client'] });
    return server.kubeconfig(name, { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) });
  };

  test('bring a deployment to nodes, each with no more rights than upstream gives it', { timeout: 60_000 }, async () => {
    const [rootCa, key, port] = [join(folder, 'ca.crt'), join(folder, 'sa.key'), await freePort()];
    writeFileSync(rootCa, server.authority.certPem);
    writeFileSync(key, server.signingKey);
    const config = join(folder, 'scheduler.yaml');
    const schedulerConfig = await kubeconfig('system:kube-scheduler');
    writeFileSync(config, `apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection:\n  kubeconfig: ${schedulerConfig}\nleaderElection:\n  retryPeriod: 500ms\n`);
    const manager = start([
      'kube-controller-manager', `--kubeconfig=${await kubeconfig('system:kube-controller-manager')}`, '--use-service-account-credentials=true', `--root-ca-file=${rootCa}`, `--service-account-private-key-file=${key}`,
      '--controllers=*,-cronjob-controller', '--allocate-node-cidrs=true', '--cluster-cidr=10.244.0.0/16', '--bind-address=127.0.0.1', `--secure-port=${port}`, '--v=2',
    ]);
    const schedulers = [1, 2].map(() => start(['kube-scheduler', '--config', config, '--secure-port=0']));
    const apply = await server.kubectl('create deployment web --image=nginx --replicas=3');
    assert.equal(apply.code, 0, apply.stderr);
    const rollout = await server.kubectl('rollout status deployment/web --timeout=40s');
    assert.equal(rollout.code, 0, `${rollout.stderr}\n${manager.log()}\n${schedulers.map((s) => s.log()).join('\n')}`);
    assert.match((await server.kubectl('get node sim -o jsonpath={.spec.podCIDR}')).stdout, /^10\.244\.\d+\.0\/24$/);
    assert.equal(await health(port), 200);
    const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata: { name: 'token', annotations: { 'kubernetes.io/service-account.name': 'default' } } };
    assert.equal((await server.kubectl('create -f -', JSON.stringify(secret))).code, 0);
    const token = await eventually(async () => (await server.kubectl('get secret token -o jsonpath={.data.token}')).stdout || undefined, 'the token');
    const asAccount = await server.as({ token: Buffer.from(token, 'base64').toString() });
    assert.equal((await asAccount('auth whoami -o jsonpath={.status.userInfo.username}')).stdout, 'system:serviceaccount:default:default');
    const holder = (await server.kubectl('get lease kube-scheduler -n kube-system -o jsonpath={.spec.holderIdentity}')).stdout;
    assert.match(holder, /_[0-9a-f-]{36}$/);
    // The one that works gives the lease back; the other goes on.
    const leader = schedulers.find((s) => s.log().includes('Became leader'))!;
    assert.equal(schedulers.filter((s) => s.log().includes('Became leader')).length, 1);
    assert.equal(await stop(leader.child), 0, leader.log());
    const other = schedulers.find((s) => s !== leader)!;
    await eventually(() => other.log().includes('Became leader') || undefined, 'the other scheduler to lead');
    assert.equal((await server.kubectl('scale deployment/web --replicas=5')).code, 0);
    assert.equal((await server.kubectl('rollout status deployment/web --timeout=40s')).code, 0);
    assert.doesNotMatch(manager.log(), /forbidden/);
    assert.deepEqual([await stop(other.child), await stop(manager.child)], [0, 0]);
  });
});

test('the statistics alone', async () => {
  const port = await freePort();
  const { child, log } = start(['cadvisor', `--port=${port}`, '--listen_ip=127.0.0.1', '--housekeeping_interval=500ms']);
  const machine = await eventually(async () => {
    assert.equal(child.exitCode, null, log());
    return fetch(`http://127.0.0.1:${port}/api/v1.3/machine`).then((response) => response.json() as Promise<{ num_cores: number }>).catch(() => undefined);
  }, 'the machine');
  assert.ok(machine.num_cores > 0);
  assert.match(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), /^container_memory_working_set_bytes\{.*id="\/"/m);
  assert.equal(await stop(child), 0);
});

test('what is not supported is refused by name', async () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const cases: readonly (readonly [args: readonly string[], stderr: RegExp])[] = [
    ...['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'dns', 'cadvisor', 'prometheus-adapter', 'heapster'].map((name) => [[name, '--nonsense=1'], /^Error: unknown flag: --nonsense\n$/] as const),
    [['kube-controller-manager', '--controllers=magic'], /^Error: "magic" is not in the list of known controllers\n$/],
    [['kube-controller-manager', '--feature-gates=Magic=true'], /"Magic" is not supported, only HPAConfigurableTolerance\n$/],
    [['kube-scheduler', '--config', file('a.yaml', 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: [{plugins: {}}]\n')], /"profiles\[0\]\.plugins" is not supported/],
    [['kubelet', '--config', file('b.yaml', 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {anonymous: {enabled: true}}\n')], /authentication\.anonymous\.enabled: true is not supported/],
    [['kubelet', '--config', file('c.yaml', 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncpuManagerPolicy: static\n')], /the field "cpuManagerPolicy" is not supported/],
    [['prometheus-adapter'], /^Error: unable to load metrics discovery config: no metrics discovery configuration file specified \(make sure to use --config\)\n$/],
    [['prometheus-adapter', '--config', file('d.yaml', 'rules:\n- nonsense: 1\n')], /^Error: unable to load metrics discovery config: unable to parse metrics discovery config: \S+\/d\.yaml: line 2: rules\[0\]\.nonsense: unknown field "nonsense"\n$/],
    [['prometheus-adapter', '--prometheus-verb=PUT'], /^Error: unable to construct Prometheus client: unsupported Prometheus HTTP verb "PUT"; supported verbs: "GET" and "POST"\n$/],
    [['prometheus-adapter', '--prometheus-auth-incluster', '--prometheus-auth-config=x'], /may not use both in-cluster auth and an explicit kubeconfig at the same time\n$/],
    [['prometheus-adapter', '--metrics-max-age=1m'], /max age must not be less than relist interval\n$/],
    [['kube-proxy', '--proxy-mode=ipvs'], /"ipvs" is not available/],
  ];
  await Promise.all(cases.map(async ([args, stderr]) => {
    const outcome = await failed(args);
    assert.equal(outcome.code, 1, args.join(' '));
    assert.match(outcome.stderr, stderr);
  }));
});

describe('kubelet', { skip }, () => {
  let on: TestNode;
  before(async () => {
    on = await testNode('alone');
  });
  after(async () => on.stop());

  test('makes a node of a machine with a runtime', { timeout: 90_000 }, async () => {
    const { node, authority } = on;
    const at = (name: string): string => join(folder, name);
    const client = await issue(authority, { commonName: `system:node:${node.name}`, organizations: ['system:nodes'], usages: ['client'] });
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    writeFileSync(at('kubelet.conf'), JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: on.api.url, 'certificate-authority-data': base64(authority.certPem) } }],
      users: [{ name: 'u', user: { 'client-certificate-data': base64(client.certPem), 'client-key-data': base64(client.keyPem) } }],
    }));
    writeFileSync(at('authority.crt'), authority.certPem);
    writeFileSync(at('kubelet.yaml'), [
      'apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', 'authentication:', `  x509: {clientCAFile: ${at('authority.crt')}}`, 'authorization: {mode: Webhook}',
      'clusterDNS: [10.96.0.10]', 'maxPods: 7', `cgroupRoot: ${node.cgroup}`, `podLogsDir: ${join(node.directory, 'pods')}`, `resolvConf: ${node.resolvConf}`,
      `containerRuntimeEndpoint: unix://${containerdSocket(node)}`, 'registerWithTaints: [{key: fresh, effect: PreferNoSchedule}]', '',
    ].join('\n'));
    const { child, log } = start([
      'kubelet', '--kubeconfig', at('kubelet.conf'), '--config', at('kubelet.yaml'), `--hostname-override=${node.name}`, `--node-ip=${node.address}`, `--root-dir=${join(node.directory, 'kubelet')}`,
      `--cert-dir=${at('pki')}`, '--node-labels=disk=ssd',
    ], enterNode(node));
    const ready = await until('the node to be ready', async () => {
      assert.equal(child.exitCode, null, log());
      const found = await on.client.get(nodes, node.name);
      return found.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') && found;
    });
    assert.equal(ready.metadata.labels?.['disk'], 'ssd');
    assert.equal(ready.status?.capacity?.['pods'], '7');
    assert.equal(ready.spec?.taints?.[0]?.key, 'fresh');
    await createPod(on, 'hello', { containers: [shell('c', 'echo hello; sleep 1000')] } as never);
    await podWhere(on, 'hello', 'running', (pod) => pod.status?.phase === 'Running');
    // Its own certificate is nobody's but its own; who asks shows one of the authority.
    const { certPem, keyPem } = on.admin;
    const logs = await new Promise<string>((done, reject) => {
      httpsGet({ host: node.address, port: 10_250, path: '/containerLogs/default/hello/c', cert: certPem, key: keyPem, rejectUnauthorized: false, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => done(text));
      }).on('error', reject);
    });
    assert.equal(logs, 'hello\n');
    assert.equal(await stop(child), 0, log());
  });
});
