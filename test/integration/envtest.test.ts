/** kube-apiserver and etcd as test frameworks start them: with the files, the flags and the health checks of controller-runtime. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually } from '../apiserver.ts';
import { realProgram, runProgram, type Outcome } from '../kubectl.ts';
import { freePort } from '../ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-envtest-'));
const assets = join(folder, 'assets');
const env = { K7S_HOME: join(folder, 'home'), KUBECONFIG: join(folder, 'no-kubeconfig'), KUBECACHEDIR: '/dev/null' };
const running = new Set<ChildProcess>();

const main = join(import.meta.dirname, '../../src/cluster/main.ts');
const k7s = (...args: string[]): Promise<Outcome> => runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { env });

before(async () => {
  const { code, stdout } = await k7s('envtest', assets);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: `export KUBEBUILDER_ASSETS=${assets}\n` });
});
after(async () => {
  await Promise.all([...running].map(stop));
  rmSync(folder, { recursive: true, force: true });
});

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((done) => {
    const handle = (response: IncomingMessage): void => {
      response.resume();
      done(response.statusCode);
    };
    const request = url.startsWith('https:') ? httpsGet(url, { rejectUnauthorized: false, agent: false }, handle) : httpGet(url, { agent: false }, handle);
    request.on('error', () => done(undefined));
  });
}

/** Ready when the address answers 200, as the framework asks it: without a name. */
async function start(program: string, args: readonly string[], health: string): Promise<ChildProcess> {
  const child = spawn(join(assets, program), args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (log += text));
  await eventually(async () => {
    assert.equal(child.exitCode, null, `${program} ended: ${log}`);
    return (await statusOf(health)) === 200 ? true : undefined;
  }, `${program} at ${health}\n${log}`);
  return child;
}

async function stop(child: ChildProcess): Promise<number | null> {
  running.delete(child);
  if (child.exitCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  child.kill('SIGTERM');
  return ended;
}

class Plane {
  readonly #folder: string;
  #etcd!: ChildProcess;
  #api!: ChildProcess;
  #restart!: () => Promise<ChildProcess>;

  constructor(name: string) {
    this.#folder = join(folder, name);
  }

  async start(): Promise<void> {
    const [etcdPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);
    const certificates = join(this.#folder, 'certs');
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    mkdirSync(certificates, { recursive: true });
    const file = (name: string): string => join(certificates, name);
    const [ca, accounts, clients] = [await createAuthority({ commonName: 'ca' }), await createAuthority({ commonName: 'sa' }), await createAuthority({ commonName: 'clients' })];
    const serving = await issue(ca, { commonName: 'localhost', ipAddresses: ['127.0.0.1'], usages: ['server'] });
    const user = await issue(clients, { commonName: 'default', organizations: ['system:masters'], usages: ['client'] });
    writeFileSync(file('apiserver.crt'), serving.certPem);
    writeFileSync(file('apiserver.key'), serving.keyPem);
    writeFileSync(file('sa-signer.crt'), accounts.certPem);
    writeFileSync(file('sa-signer.key'), accounts.keyPem);
    writeFileSync(file('client-cert-auth-ca.crt'), clients.certPem);
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    writeFileSync(join(this.#folder, 'kubeconfig'), JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}/`, 'certificate-authority-data': base64(ca.certPem) } }],
      users: [{ name: 'u', user: { 'client-certificate-data': base64(user.certPem), 'client-key-data': base64(user.keyPem) } }],
    }));
    this.#etcd = await start('etcd', [
      `--advertise-client-urls=${etcdUrl}`, `--data-dir=${join(this.#folder, 'data')}`, `--listen-client-urls=${etcdUrl}`, `--listen-peer-urls=http://127.0.0.1:${peerPort}`, '--unsafe-no-fsync=true',
    ], `${etcdUrl}/health`);
    this.#restart = () => start('kube-apiserver', [
      '--allow-privileged=true', '--authorization-mode=RBAC', '--bind-address=127.0.0.1', `--cert-dir=${certificates}`, `--client-ca-file=${file('client-cert-auth-ca.crt')}`,
      '--disable-admission-plugins=ServiceAccount', `--etcd-servers=${etcdUrl}`, `--secure-port=${port}`, `--service-account-issuer=https://127.0.0.1:${port}/`,
      `--service-account-key-file=${file('sa-signer.crt')}`, `--service-account-signing-key-file=${file('sa-signer.key')}`, '--service-cluster-ip-range=10.0.0.0/24',
    ], `https://127.0.0.1:${port}/healthz`);
    this.#api = await this.#restart();
  }

  async restartApi(): Promise<void> {
    assert.equal(await stop(this.#api), 0);
    this.#api = await this.#restart();
  }

  async kubectl(args: string, input?: string, program = realProgram('kubectl')): Promise<string> {
    const { code, stdout, stderr } = await runProgram(program, [`--kubeconfig=${join(this.#folder, 'kubeconfig')}`, ...args.split(' ')], { env, ...(input === undefined ? {} : { input }) });
    assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
    return stdout;
  }

  async stop(): Promise<void> {
    assert.deepEqual([await stop(this.#api), await stop(this.#etcd)], [0, 0]);
  }
}

const definition = JSON.stringify({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'boats.example.com' },
  spec: {
    group: 'example.com', scope: 'Namespaced', names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { sails: { type: 'integer' } } } } } } }],
  },
});

describe('programs for test frameworks', () => {
  test('tell which flags they know', async () => {
    const [etcd, api] = await Promise.all([runProgram(join(assets, 'etcd'), ['--help'], { env }), runProgram(join(assets, 'kube-apiserver'), ['--help'], { env })]);
    assert.deepEqual([etcd.code, api.code], [0, 0]);
    assert.match(etcd.stdout, /^\s*--unsafe-no-fsync\b/m);
    assert.doesNotMatch(api.stdout, /^\s*--insecure-port\b/m);
    const unknown = await runProgram(join(assets, 'kube-apiserver'), ['--insecure-port=0'], { env });
    assert.deepEqual({ code: unknown.code, stderr: unknown.stderr }, { code: 1, stderr: 'Error: unknown flag: --insecure-port\n' });
  });

  test('several planes at once; one keeps its objects over a restart', async () => {
    const planes = [new Plane('one'), new Plane('two')];
    await Promise.all(planes.map((plane) => plane.start()));
    const [one, two] = planes as [Plane, Plane];
    await one.kubectl('create configmap sea -n default --from-literal=colour=blue');
    await one.kubectl('create -f -', definition);
    await one.kubectl('wait --for=condition=Established crd/boats.example.com --timeout=20s');
    await one.kubectl('create -f -', JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'tug', namespace: 'default' }, spec: { sails: 2 } }));
    assert.equal(await two.kubectl('get configmaps -n default -o name', undefined, join(assets, 'kubectl')), '');
    await one.restartApi();
    assert.equal(await one.kubectl('get configmap sea -n default -o jsonpath={.data.colour}'), 'blue');
    assert.equal(await eventually(() => one.kubectl('get boats -n default -o jsonpath={.items[*].spec.sails}').catch(() => undefined), 'boats'), '2');
    assert.match(await one.kubectl('get pods -n default', undefined, join(assets, 'kubectl')), /^$/);
    await Promise.all(planes.map((plane) => plane.stop()));
  });
});

describe('kube-apiserver with a folder of its own', () => {
  test('makes the certificate and the keys it was not given', async () => {
    const [port, certificates, tokens] = [await freePort(), join(folder, 'own'), join(folder, 'tokens.csv')];
    writeFileSync(tokens, 'secret,tester,1,"system:masters"\n');
    const server = await start('kube-apiserver', [
      '--data-dir', join(folder, 'own-data'), '--cert-dir', certificates, '--bind-address', '127.0.0.1', '--secure-port', String(port), '--authorization-mode=Node,RBAC',
      '--token-auth-file', tokens, '--runtime-config=api/beta=true,coordination.k8s.io/v1alpha2=true', '--enable-admission-plugins=NodeRestriction',
    ], `https://127.0.0.1:${port}/readyz`);
    const kubectl = (args: string): Promise<Outcome> => runProgram(realProgram('kubectl'), [
      `--server=https://127.0.0.1:${port}`, `--certificate-authority=${join(certificates, 'apiserver.crt')}`, '--token=secret', ...args.split(' '),
    ], { env });
    assert.equal((await kubectl('get --raw /readyz')).stdout, 'ok');
    const { stdout } = await kubectl('api-versions');
    assert.match(stdout, /^coordination\.k8s\.io\/v1alpha2$/m);
    assert.match(stdout, /^coordination\.k8s\.io\/v1beta1$/m);
    assert.match(readFileSync(join(certificates, 'sa.key'), 'utf8'), /PRIVATE KEY/);
    assert.equal(await stop(server), 0);
  });

  test('says by name what it cannot do', async () => {
    const refusal = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await k7s('kube-apiserver', '--cert-dir=', '--authorization-mode=RBAC', ...args);
      assert.equal(code, 1);
      return stderr;
    };
    const data = `--data-dir=${join(folder, 'refused')}`;
    assert.equal(await refusal(), 'Error: --etcd-servers must be specified, or --data-dir for a store of its own\n');
    assert.match(await refusal(data, '--authorization-mode=Nonsense'), /authorization-mode "Nonsense" is not a valid mode/);
    assert.match(await refusal(data, '--authorization-mode=Webhook'), /authorization-mode Webhook's authorization config file not passed/);
    assert.match(await refusal(data, '--enable-admission-plugins=Nonsense'), /enable-admission-plugins plugin "Nonsense" is unknown/);
    assert.match(await refusal(data, '--enable-admission-plugins=ImagePolicyWebhook', '--bind-address=127.0.0.1', '--secure-port=0'), /ImagePolicyWebhook: no config specified/);
    assert.match(await refusal(data, '--watch-cache=false'), /--watch-cache=false: the watch cache cannot be switched off/);
    assert.match(await refusal(data, '--storage-media-type=application/xml'), /--storage-media-type "application\/xml" invalid, allowed values: application\/json, application\/yaml, application\/vnd\.kubernetes\.protobuf/);
    assert.match(await refusal(data, '--storage-backend=etcd2'), /--storage-backend invalid, allowed values: etcd3/);
    assert.match(await refusal(data, '--tracing-config-file=x'), /--tracing-config-file=x: no traces are exported/);
    assert.match(await refusal(data, `--client-ca-file=${join(folder, 'missing.crt')}`), /--client-ca-file: open .*missing\.crt: no such file or directory/);
  });
});
