/** `k7s kube-apiserver --etcd-servers`: a process of its own over an etcd that asks for certificates. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, run } from '../apiserver.ts';
import { skipWithoutEtcd, startEtcd } from '../etcd.ts';
import { realProgram } from '../kubectl.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-alone-'));
const main = join(import.meta.dirname, '../../src/cluster/main.ts');
const running = new Set<ChildProcess>();
after(async () => {
  for (const child of running) child.kill('SIGKILL');
  await Promise.all([...running].filter((child) => child.exitCode === null && child.signalCode === null).map((child) => once(child, 'exit')));
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function serve(flags: readonly string[]): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'kube-apiserver', ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, K7S_HOME: folder } });
  running.add(child);
  let log = '';
  child.stderr.on('data', (chunk) => (log += String(chunk)));
  const url = await eventually(() => {
    assert.equal(child.exitCode, null, log);
    return /Serving url="([^"]+)"/.exec(log)?.[1];
  }, 'the API server', 30);
  return { child, url };
}

test('what one kube-apiserver has written outlives its kill -9, in an etcd behind TLS', { skip: skipWithoutEtcd }, async () => {
  const authority = await createAuthority({ commonName: 'etcd-ca' });
  const pair = async (name: string, usages: ('server' | 'client')[]): Promise<{ cert: string; key: string }> => {
    const { certPem, keyPem } = await issue(authority, { commonName: name, ipAddresses: ['127.0.0.1'], usages });
    return { cert: file(`${name}.crt`, certPem), key: file(`${name}.key`, keyPem) };
  };
  const ca = file('ca.crt', authority.certPem);
  const etcd = await startEtcd({ tls: { ca, ...(await pair('etcd', ['server', 'client'])) } });
  try {
    const client = await pair('client', ['client']);
    const flags = [
      `--etcd-servers=${etcd.endpoints.join(',')}`, `--etcd-cafile=${ca}`, `--etcd-certfile=${client.cert}`, `--etcd-keyfile=${client.key}`,
      '--bind-address=127.0.0.1', '--secure-port=0', `--cert-dir=${folder}`, `--client-ca-file=${ca}`,
    ];
    const kubectl = (url: string, args: string) => run(realProgram('kubectl'), [
      `--server=${url}`, '--insecure-skip-tls-verify', `--client-certificate=${client.cert}`, `--client-key=${client.key}`, `--cache-dir=${join(folder, 'cache')}`, '--kubeconfig=/dev/null', ...args.split(' '),
    ]);
    const first = await serve(flags);
    const created = await kubectl(first.url, '-n default create configmap kept --from-literal=a=b');
    assert.equal(created.stdout, 'configmap/kept created\n', created.stderr);
    first.child.kill('SIGKILL');
    const second = await serve(flags);
    assert.equal((await kubectl(second.url, '-n default get configmap kept -o jsonpath={.data.a}')).stdout, 'b');
    second.child.kill('SIGTERM');
    assert.deepEqual(await once(second.child, 'exit'), [0, null]);

    const refused = await run(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'kube-apiserver', `--etcd-servers=${etcd.endpoints.join(',')}`, `--cert-dir=${folder}`], { env: { K7S_HOME: folder } });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^Error: --etcd-servers: no etcd member answers/m);
  } finally {
    await etcd.stop();
  }
});
