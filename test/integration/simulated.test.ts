/** The command line with simulated nodes: what needs neither root nor containers. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { realProgram, runProgram, type Outcome } from '../kubectl.ts';

const launcher = join(import.meta.dirname, '../../bin/k7s');

describe('k7s with simulated nodes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-simulated-'));
  const env = { K7S_HOME: join(folder, 'home'), KUBECONFIG: join(folder, 'kubeconfig') };
  const k7s = (...args: string[]): Promise<Outcome> => runProgram(launcher, args, { env, timeoutMs: 60_000 });
  const kubectl = (...args: string[]): Promise<Outcome> => runProgram(realProgram('kubectl'), args, { env });
  after(async () => {
    await k7s('delete', '-p', 'sim');
    rmSync(folder, { recursive: true, force: true });
  });

  test('start, status, stop, start again, delete', async () => {
    const started = await k7s('start', '-p', 'sim', '--runtime=simulated', '--nodes', '2');
    assert.equal(started.code, 0, `${started.stdout}${started.stderr}`);
    assert.match(started.stdout, /\* Done in [\d.]+ s! kubectl is now configured to use "sim" cluster and "default" namespace by default\n\* Next: /);
    assert.equal((await k7s('status', '-p', 'sim')).stdout, [
      'sim\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n\n',
      'sim-m02\ntype: Worker\nhost: Running\nkubelet: Running\n\n',
    ].join('\n'));
    assert.match((await kubectl('get', 'nodes', '--no-headers')).stdout, /^sim +Ready .*\nsim-m02 +Ready .*\n$/);
    assert.equal((await kubectl('create', 'configmap', 'kept', '--from-literal=a=b')).code, 0);

    assert.equal((await k7s('stop', '-p', 'sim')).code, 0);
    const stopped = await k7s('status', '-p', 'sim');
    assert.match(stopped.stdout, /apiserver: Stopped/);
    assert.equal(stopped.code, 7);
    assert.equal((await k7s('start', '-p', 'sim')).code, 0);
    assert.equal((await kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).stdout, 'b');

    const deleted = await k7s('delete', '-p', 'sim');
    assert.match(deleted.stdout, /Removed all traces of the "sim" cluster\.\n$/);
    assert.ok(!existsSync(env.K7S_HOME));
    assert.doesNotMatch(readFileSync(env.KUBECONFIG, 'utf8'), /sim/);
  });

  test('what cannot be is said in one line, with its mend', async () => {
    const says = async (outcome: Promise<Outcome>, text: RegExp): Promise<void> => {
      const { code, stderr } = await outcome;
      assert.notEqual(code, 0);
      assert.match(stderr, text);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    };
    await says(k7s('stop', '-p', 'none'), /^k7s: Profile "none" not found\. To start a cluster, run: "k7s start -p none"\n$/);
    await says(k7s('start', '--kubernetes-version', 'v1.29.0'), /^k7s: .* speaks Kubernetes v1\.34, not v1\.29\.0\. Leave --kubernetes-version out\n$/);
    await says(k7s('start', '-p', 'A/b'), /^k7s: "A\/b" is not a valid profile name\./);
    await says(k7s('start', '--runtime=simulated', '--addons', 'nonsense'), /^k7s: there is no add-on "nonsense"\. Known are: coredns, default-storageclass, metrics-server, heapster, prometheus-adapter\n$/);
    mkdirSync(join(env.K7S_HOME, 'profiles/half'), { recursive: true });
    writeFileSync(join(env.K7S_HOME, 'profiles/half/deleting'), '');
    await says(k7s('start', '-p', 'half', '--runtime=simulated'), /^k7s: the profile "half" is half deleted\. Remove what is left of it with: k7s delete -p half\n$/);
    assert.equal((await k7s('delete', '-p', 'half')).code, 0);
    if (process.getuid?.() !== 0) await says(k7s('start'), /^k7s: real containers need root\. Run k7s start as root\. The same cluster with simulated nodes runs anywhere: k7s start --runtime=simulated\n$/);
  });

  test('a port that is taken at a restart is named', async () => {
    assert.equal((await k7s('start', '-p', 'sim', '--runtime=simulated')).code, 0);
    const { port } = (JSON.parse(readFileSync(join(env.K7S_HOME, 'profiles/sim/config.json'), 'utf8')) as { apiServer: { port: number } }).apiServer;
    assert.equal((await k7s('stop', '-p', 'sim')).code, 0);
    const squatter = createServer().listen(port, '127.0.0.1');
    try {
      const { code, stderr } = await k7s('start', '-p', 'sim');
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^k7s: port ${port} on 127\\.0\\.0\\.1 is in use\\.`));
    } finally {
      squatter.close();
    }
  });
});
